"""Reports as files: where they go is looked at before a run, and one bad place spoils no other."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from contract_tests.report import data, html, junit, markdown
from contract_tests.report.summary import Report
from contract_tests.target import TargetError

WRITERS: dict[str, Callable[[Report], str]] = {
    "junit": junit.render,
    "json": data.as_json,
    "html": html.render,
    "sarif": data.as_sarif,
    "markdown": markdown.render,
    "badge": data.as_badge,
}


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report that is asked for."""

    kind: str
    path: Path


def parse_reports(texts: Sequence[str]) -> list[ReportFile]:
    """
    The reports of `KIND=FILE` texts, whose folders are made.

    Raises:
        TargetError: a text says something else, or the file cannot be written.
    """
    report_files = [_parse(text) for text in texts]
    for file in report_files:
        if [each.path for each in report_files].count(file.path) > 1:
            raise TargetError(f"--report: two reports go to {file.path}")
    return report_files


def _parse(text: str) -> ReportFile:
    kind, equals, name = text.partition("=")
    if kind not in WRITERS or not equals or not name:
        raise TargetError(f"--report {text}: say KIND=FILE with one of {', '.join(WRITERS)}")
    return ReportFile(kind, writable(Path(name), f"--report {kind}"))


def writable(path: Path, option: str) -> Path:
    """
    A path that a file can be written to; its folder is made.

    Raises:
        TargetError: it cannot.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TargetError(f"{option}: {error.filename}: {error.strerror}") from None
    if path.is_dir():
        raise TargetError(f"{option}: {path} is a folder; name a file in it")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise TargetError(f"{option}: {path} must not be written by this user")
    return path


def write(report: Report, files: Sequence[ReportFile]) -> Iterator[str]:
    """Write every report that can be; yield what kept the others from it."""
    for file in files:
        try:
            file.path.write_text(WRITERS[file.kind](report), "utf-8")
        except OSError as error:
            yield f"--report {file.kind}: {error.filename or file.path}: {error.strerror}"
