"""Which tests are quick: those that show a thing once."""

from collections.abc import Iterable
from itertools import chain, repeat
from typing import Any

import pytest

SLOW = pytest.mark.slow


def rest_is_slow(cases: Iterable[Any], *, quick: int = 1) -> list[Any]:
    """Cases for a test that shows the same with each: the first are quick, the others are not."""
    marks = chain(repeat((), quick), repeat(SLOW))
    several = (case if isinstance(case, tuple) else (case,) for case in cases)
    return [pytest.param(*each, marks=mark) for each, mark in zip(several, marks, strict=False)]
