"""What the reports of the sample run look like, to the letter."""

from __future__ import annotations

import io
from types import ModuleType

import pytest
from syrupy.assertion import SnapshotAssertion

from ringspec.reports import Record, Terminal, rendered
from ringspec.reports.catalogue import rules_table


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"verbose": True},
        {"quiet": True},
        {"color": "always"},
    ],
    ids=["log", "verbose", "quiet", "colour"],
)
def test_terminal_of_a_nonconformant_run(
    sample: ModuleType, options: dict[str, bool], snapshot: SnapshotAssertion
) -> None:
    out, err = io.StringIO(), io.StringIO()

    with Terminal(out, err, **options) as terminal:  # type: ignore[arg-type] # a table's row
        for event in sample.events():
            terminal.handle(event)

    assert out.getvalue() == snapshot(name="stdout")
    assert err.getvalue() == snapshot(name="stderr")


def test_terminal_of_a_conformant_run(
    sample: ModuleType, snapshot: SnapshotAssertion
) -> None:
    out = io.StringIO()

    with Terminal(out, io.StringIO()) as terminal:
        for event in sample.events(sample.clean()):
            terminal.handle(event)

    assert out.getvalue() == snapshot


@pytest.mark.parametrize("name", ["json", "ndjson", "junit", "markdown", "badge"])
def test_file_report(name: str, record: Record, snapshot: SnapshotAssertion) -> None:
    assert rendered(name, record).decode() == snapshot


def test_rules_table(sample: ModuleType, snapshot: SnapshotAssertion) -> None:
    out = io.StringIO()

    rules_table([each.rule for each in sample.RULES], out)

    assert out.getvalue() == snapshot
