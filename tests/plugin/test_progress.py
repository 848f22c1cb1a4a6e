"""A screen is told how far a run is; a log is not."""

from __future__ import annotations

import time

import pytest

from ringspec.plugin.suite_run import _SuiteReporter


class Reporter:
    """Stands for pytest's terminal reporter."""

    def __init__(self, *, isatty: bool) -> None:
        self.isatty = isatty
        self.shown: list[str] = []

    def ensure_newline(self) -> None:
        self.shown.append("newline")

    def rewrite(self, line: str, **_: bool) -> None:
        self.shown.append(line)


def test_a_screen_shows_a_line_now_and_then_and_none_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = Reporter(isatty=True)
    progress = _SuiteReporter(screen)

    for second in (10.0, 10.1, 10.3):
        monkeypatch.setattr(time, "monotonic", lambda now=second: now)
        progress.show(f"at {second}")
    progress.wipe()

    told = ["newline", "ringspec: at 10.0", "ringspec: at 10.3"]
    assert screen.shown == [*told, "", ""]


@pytest.mark.parametrize("reporter", [None, Reporter(isatty=False)], ids=["no", "log"])
def test_who_has_no_screen_is_told_nothing(reporter: Reporter | None) -> None:
    progress = _SuiteReporter(reporter)

    progress.show("1/2 cases")
    progress.wipe()

    assert reporter is None or reporter.shown == []
