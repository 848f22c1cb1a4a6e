"""The whole: what all parts of a list say together, ready to be told and written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ringspec.harness import Ended, Notice
from ringspec.reports.compare.reading import read_reports
from ringspec.reports.files import FORMATS, check, rendered, write_data
from ringspec.reports.json_report import written
from ringspec.reports.merging.belonging import Report, ordered
from ringspec.reports.merging.joining import joined
from ringspec.reports.merging.revival import revived
from ringspec.reports.record import Record, Reporter
from ringspec.spec import UsageError

# These tell of every exchange, and reports of parts hold those that failed.
_ALL = {"har": "every exchange", "ndjson": "every event"}
MERGED_FORMATS = tuple(name for name in FORMATS if name not in _ALL)


@dataclass(frozen=True)
class Whole:
    """The report of a whole, and the record that other formats are made of."""

    report: Report
    record: Record

    @property
    def exit_code(self) -> int:
        """The status that a run of the whole would have ended with."""
        return self.record.result.exit_code

    def render(self, name: str) -> bytes:
        """Return the whole in a format that there is for it."""
        make: Callable[[], bytes] = partial(rendered, name, self.record)
        return written(self.report) if name == "json" else make()

    def write(self, name: str, path: Path) -> None:
        """Write the whole in a format to a path.

        Raises:
            ReportError: the path cannot be written.
        """
        write_data(name, path, self.render(name))


def merged(paths: Sequence[Path], *, one_deployment: bool = False) -> Whole:
    """Read the reports of all parts of a list, and join them.

    Args:
        paths: of JSON reports, in any order.
        one_deployment: whether parts that went to several URLs are of one target.

    Raises:
        UsageError: some cannot be read, or they are not the parts of one whole.
    """
    if not paths:
        raise UsageError("nothing to join", hint="give the report of every part")
    named = list(zip(paths, read_reports(paths), strict=True))
    parts = ordered(named, one_deployment=one_deployment)
    report = joined(parts)
    learnt = any(each["shard"]["learnt"] for each in parts)
    record = revived({**report, "learnt": learnt})
    return Whole({**report, "conclusion": str(record.result.conclusion)}, record)


def tell(record: Record, reporter: Reporter) -> None:
    """Tell of a run that is over, without its beginning: as its last lines."""
    for notice in record.notices:
        reporter.handle(Notice(message=notice))
    for judged in record.judged:
        reporter.handle(judged)
    reporter.handle(Ended(result=record.result))


def check_merged(name: str, path: Path) -> None:
    """Find out beforehand whether a whole can be written in a format.

    Raises:
        UsageError: there is no such format, or none for a whole.
        ReportError: the path does not look writable.
    """
    if name in _ALL:
        raise UsageError(
            f"a whole cannot be written as {name}, which tells of {_ALL[name]}",
            hint="the reports of parts hold only what failed: write it for each part",
        )
    check(path, name)
