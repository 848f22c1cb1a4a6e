"""What comparisons of the sample's report look like, to the letter."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from syrupy.assertion import SnapshotAssertion

from ringspec.reports import Record, compare_reports
from ringspec.reports.comparison import Comparison
from ringspec.reports.json_report import report_json


@pytest.fixture
def paths(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, ...]:
    """Four reports: of the sample, of a better run, a worse one, and fewer rules."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    first = json.loads(json.dumps(report_json(record)))
    better, worse, narrow = (copy.deepcopy(first) for _ in range(3))
    _rule(better, "delays.count").update(outcome="pass", failures=[])
    _rule(better, "file.required").update(outcome="pass", inconclusive=[])
    hung = _rule(worse, "robustness")["failures"]
    _rule(worse, "body.accepted").update(outcome="fail", failures=hung)
    _rule(worse, "voice.enum").update(
        outcome="inconclusive", why="given up", failures=[]
    )
    narrow["rules"] = narrow["rules"][:4]
    made = {"first": first, "better": better, "worse": worse, "narrow": narrow}
    for name, data in made.items():
        Path(f"{name}.json").write_text(json.dumps(data))
    return tuple(Path(f"{name}.json") for name in made)


def _rule(data: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(it for it in data["rules"] if it["id"] == name)
    return found


def _told(found: Comparison, **options: Any) -> str:
    out = io.StringIO()
    found.show(out, **options)
    return out.getvalue()


def test_providers(paths: tuple[Path, ...], snapshot: SnapshotAssertion) -> None:
    found = compare_reports(paths)

    assert _told(found) == snapshot(name="table")
    assert _told(found, everything=True) == snapshot(name="all")
    assert _told(found, color="always") == snapshot(name="colour")


def test_two_providers_in_words(
    paths: tuple[Path, ...], snapshot: SnapshotAssertion
) -> None:
    assert _told(compare_reports(paths[:2], "providers")) == snapshot


@pytest.mark.parametrize("later", [1, 2, 3], ids=["better", "worse", "narrow"])
def test_runs(paths: tuple[Path, ...], later: int, snapshot: SnapshotAssertion) -> None:
    assert _told(compare_reports((paths[0], paths[later]))) == snapshot


@pytest.mark.parametrize("name", ["json", "markdown", "html"])
@pytest.mark.parametrize("mode", ["providers", "runs"])
def test_files(
    paths: tuple[Path, ...],
    name: str,
    mode: Literal["runs", "providers"],
    snapshot: SnapshotAssertion,
) -> None:
    found = compare_reports(paths[:3] if mode == "providers" else paths[1:3], mode)

    text = found.render(name, everything=True).decode()

    # The dress is that of the HTML report, and no business of ours.
    assert (text.partition("</head>")[2] or text) == snapshot
