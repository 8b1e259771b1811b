"""A program that is missing is a skip on a desk, and a failure where everything must run."""

import pytest
from _pytest.outcomes import Failed, Skipped

from tests.needs import needs


@pytest.mark.parametrize(("ci", "outcome"), [("", Skipped), ("true", Failed)])
def test_a_test_whose_program_is_missing_is_skipped_on_a_desk_and_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)

    with pytest.raises(outcome, match="no-such-program is not installed here"):
        needs("no-such-program")
