"""Known violations: tolerated with a reason until a date, told when they no longer happen."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from contract_tests import cli
from contract_tests.baseline import UNEXPLAINED
from contract_tests.document import Contract
from tests.contract_tests.conftest import breaking

PLACE = "PAGE-08@listMyAccountOrders"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["run", "--depth=quick", *arguments])


def written(path: Path, law: str = PLACE, reason: str = "sorted next week", until: str = "") -> str:
    entry = {"law": law, "reason": reason, "until": date.fromisoformat(until or "2999-01-01")}
    path.write_text(yaml.safe_dump({"known": [entry]}))
    return f"--baseline={path}"


@pytest.fixture(scope="module")
def broken(url: str, contract: Contract) -> Iterator[str]:
    """A sandbox in which orders come in another order."""
    with breaking(url, contract) as show:
        yield show("two-orders-are-swapped").base_url


@pytest.mark.slow
def test_a_known_violation_is_printed_and_tolerated_a_documented_one_too(
    broken: str, tmp_path: Path
) -> None:
    only = "--only=PAGE-08", "--only=AUTH-01@getMyAccountDetails"
    result = run("-u", broken, *only, written(tmp_path / "known.yaml"))

    assert result.exit_code == 0
    assert "sorted next week" in result.stdout
    assert "1 known" in result.stdout


@pytest.mark.slow
def test_what_is_not_in_the_baseline_is_a_violation_still(broken: str, tmp_path: Path) -> None:
    known = written(tmp_path / "known.yaml", "PAGE-03@listMyAccountOrders")

    assert (
        run("-u", broken, "--only=PAGE-08", "--only=AUTH-01@getMyAccountDetails", known).exit_code
        == 1
    )


@pytest.mark.slow
def test_an_entry_whose_day_is_over_counts_again(broken: str, tmp_path: Path) -> None:
    known = written(tmp_path / "known.yaml", until="2020-02-29")
    result = run("-u", broken, "--only=PAGE-08", known)

    assert result.exit_code == 1
    assert "tolerated until 2020-02-29" in result.stdout


@pytest.mark.slow
def test_an_entry_that_no_longer_happens_is_told(url: str, tmp_path: Path) -> None:
    result = run("-u", url, "--only=PAGE-08", written(tmp_path / "known.yaml"))

    assert result.exit_code == 0
    assert f"{PLACE} no longer happens" in result.stdout


@pytest.mark.slow
def test_a_profile_can_name_them(broken: str, tmp_path: Path) -> None:
    profile = tmp_path / "staging.yaml"
    written(profile)
    profile.write_text(f"base_url: {broken}\n{profile.read_text()}")

    assert (
        run(
            f"--profile={profile}", "--only=PAGE-08", "--only=AUTH-01@getMyAccountDetails"
        ).exit_code
        == 0
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"known: [{{law: {PLACE}, until: 2999-01-01}}]", "reason"),
        (f"known: [{{law: {PLACE}, reason: ' ', until: 2999-01-01}}]", "needs a reason"),
        (f"known: [{{law: {PLACE}, reason: x}}]", "until"),
        (f"known: [{{law: {PLACE}, reason: x, until: soon}}]", "until"),
        ("known: [{law: PAGE-08, reason: x, until: 2999-01-01}]", "is not like"),
        ("known: [{law: PAGE-99@none, reason: x, until: 2999-01-01}]", "nothing to judge"),
        ("known: [", "known.yaml"),
    ],
)
def test_a_baseline_that_says_nothing_usable_is_exit_2_in_one_line(
    url: str, tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "known.yaml"
    path.write_text(text)
    result = run("-u", url, f"--baseline={path}")

    assert result.exit_code == 2
    assert told in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.long
def test_what_a_run_writes_the_next_one_tolerates_and_reasons_stay(
    broken: str, tmp_path: Path
) -> None:
    path, only = (
        tmp_path / "known.yaml",
        ("--only=pagination", "--only=AUTH-01@getMyAccountDetails"),
    )
    first = run("-u", broken, *only, f"--write-baseline={path}")
    entries = yaml.safe_load(path.read_text())["known"]
    path.write_text(path.read_text().replace(UNEXPLAINED, "an old index"))
    again = run("-u", broken, *only, f"--baseline={path}", f"--write-baseline={path}")

    assert first.exit_code == 1
    assert PLACE in [each["law"] for each in entries]
    assert again.exit_code == 0
    assert UNEXPLAINED not in path.read_text()
    assert "an old index" in path.read_text()
