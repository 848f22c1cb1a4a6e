"""What the reports of the sample run look like, to the letter."""

from __future__ import annotations

import io
from contextlib import closing
from dataclasses import replace
from types import ModuleType

import pytest
from syrupy.assertion import SnapshotAssertion

from ringspec.reports import Record, Terminal, print_rules, rendered, rules_json
from ringspec.reports.github import commands


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


# How the sample run was begun.
AGAIN = {"": "http://127.0.0.1:8080", "--seed": "--seed 7"}


@pytest.mark.parametrize(
    "options",
    [{}, {"verbose": True}, {"quiet": True}, {"color": "always"}],
    ids=["log", "verbose", "quiet", "colour"],
)
def test_terminal_of_a_nonconformant_run(
    sample: ModuleType, options: dict[str, bool], snapshot: SnapshotAssertion
) -> None:
    out, err = io.StringIO(), io.StringIO()

    with closing(Terminal(out, err, again=AGAIN, **options)) as terminal:  # type: ignore[arg-type] # a table's row
        for event in sample.events():
            terminal.handle(event)

    assert out.getvalue() == snapshot(name="stdout")
    assert err.getvalue() == snapshot(name="stderr")


@pytest.mark.parametrize("ended", ["clean", "excused"])
@pytest.mark.parametrize("quiet", [False, True], ids=["log", "quiet"])
def test_terminal_of_another_end(
    sample: ModuleType,
    ended: str,
    quiet: bool,  # noqa: FBT001 - a parameter
    snapshot: SnapshotAssertion,
) -> None:
    out = io.StringIO()

    with closing(Terminal(out, io.StringIO(), quiet=quiet, again=AGAIN)) as terminal:
        for event in sample.events(getattr(sample, ended)()):
            terminal.handle(event)

    assert out.getvalue() == snapshot


@pytest.mark.parametrize("name", ["json", "ndjson", "junit", "markdown", "badge"])
def test_file_report(name: str, record: Record, snapshot: SnapshotAssertion) -> None:
    assert rendered(name, record).decode() == snapshot


@pytest.mark.parametrize("name", ["json", "ndjson", "junit", "markdown", "badge"])
def test_file_report_of_known_failures(
    sample: ModuleType, name: str, record: Record, snapshot: SnapshotAssertion
) -> None:
    known = replace(record, result=sample.excused())

    assert rendered(name, known).decode() == snapshot


@pytest.mark.parametrize("ended", ["result", "clean", "excused"])
def test_html_page(
    sample: ModuleType, record: Record, ended: str, snapshot: SnapshotAssertion
) -> None:
    ended_so = replace(record, result=getattr(sample, ended)())

    page = rendered("html", ended_so).decode()

    # Without style and script, and what the script fills in.
    assert page.partition("</head>")[2].partition("<template")[0] == snapshot


def test_annotations(sample: ModuleType, snapshot: SnapshotAssertion) -> None:
    assert list(commands(sample.result())) == snapshot(name="failures")
    assert list(commands(sample.excused())) == snapshot(name="known")


def test_rules_table(sample: ModuleType, snapshot: SnapshotAssertion) -> None:
    out = io.StringIO()

    print_rules("table", rules_json(it.rule for it in sample.RULES), out, "rules")

    assert out.getvalue() == snapshot
