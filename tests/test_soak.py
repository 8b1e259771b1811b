"""Strangers and friends at one server, in small; `make soak` is the same in large."""

import pytest

from tests.soak.__main__ import run


@pytest.mark.slow
def test_nothing_that_strangers_send_disturbs_a_friend() -> None:
    figures = run(hostile=2000, friendly=1000, seed=1)

    assert figures["problems"] == []
