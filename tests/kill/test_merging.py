"""Parts of a list, joined, say what one run of the whole list says."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.inprocess import plan_of, reference, suite

from ringspec.harness import Known
from ringspec.harness.judging.verdict import KnownList
from ringspec.harness.running.plan import Part, part_of
from ringspec.harness.running.run import run
from ringspec.reports import Recorder, merge_reports, rendered
from ringspec.strategies import Phase

WHOLES, FEWER = (2, 3, 5), (3,)
# What a server makes up differs from run to run.
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def reported(
    path: Path, mutant: str | None, part: Part | None, **more: Any
) -> dict[str, Any]:
    """Run against a server in this process, and return the report as it is written."""
    plan = plan_of(reference(mutant=mutant), *suite(), part=part, **more)
    recorder = Recorder()
    for event in run(plan):
        recorder.handle(event)
    path.write_bytes(rendered("json", recorder.record))
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def told(report: dict[str, Any]) -> dict[str, Any]:
    """Return what has to be the same, whoever fired it."""
    return {
        "conclusion": report["conclusion"],
        "message": report["message"],
        "stale": report["stale"],
        "counts": {name: report["counts"][name] for name in ("rules", "cases")},
        "rules": {
            rule["id"]: {
                "outcome": rule["outcome"],
                "cases": rule["cases"],
                "excused": rule["excused"],
                "failures": [
                    (it["case"], _ID.sub("#", it["reason"])) for it in rule["failures"]
                ],
                "inconclusive": rule["inconclusive"],
            }
            for rule in report["rules"]
        },
    }


def merged(path: Path, mutant: str | None, of: int, **more: Any) -> Any:
    """Run each part of so many, and join their reports."""
    paths = [path / f"{number}-{of}.json" for number in range(1, of + 1)]
    for number, each in enumerate(paths, 1):
        reported(each, mutant, part_of(suite()[1], number, of), **more)
    return merge_reports(paths)


def assert_equal(
    path: Path, mutant: str | None = None, wholes: tuple[int, ...] = WHOLES
) -> None:
    whole = told(reported(path / "whole.json", mutant, None))
    for of in wholes:
        found = merged(path, mutant, of)

        assert told(json.loads(found.render("json"))) == whole
        assert found.record.result.conclusion == whole["conclusion"]


def test_parts_of_a_run_against_the_reference(tmp_path: Path) -> None:
    assert_equal(tmp_path)


@pytest.mark.parametrize(
    ("mutant", "wholes"),
    [
        ("last-delay-unbounded", WHOLES),
        ("crash-on-emoji", WHOLES),
        ("deleted-but-listed", WHOLES),
        ("token-by-beginning", FEWER),
    ],
    ids=["body", "breakdown", "life", "auth"],
)
def test_parts_of_a_run_against_a_mutant(
    mutant: str, wholes: tuple[int, ...], tmp_path: Path
) -> None:
    assert_equal(tmp_path, mutant, wholes=wholes)


# A rule that fails, one that does not, a case that passes, a rule of answers, none.
KNOWN = (
    "retryDelays.items.max",
    "name.required",
    "name.type/null",
    "answer.echo",
    "retryDelays.items.min/0-last",
)


@pytest.mark.parametrize("expires", [None, date(2026, 1, 1)], ids=["lasts", "expired"])
def test_known_failures_are_stale_as_in_a_whole_run(
    expires: date | None, tmp_path: Path
) -> None:
    entries = (Known(id=each, reason="known", expires=expires) for each in KNOWN)
    ledger = KnownList(entries=tuple(entries), today=date(2026, 6, 1))
    given: dict[str, Any] = {
        "known": ledger,
        "select": ("retryDelays", "name", "answer"),
        "phases": frozenset({Phase.CASES}),
    }
    mutant = "last-delay-unbounded"
    whole = told(reported(tmp_path / "whole.json", mutant, None, **given))
    found = told(json.loads(merged(tmp_path, mutant, 3, **given).render("json")))

    assert found == whole
    assert [each["id"] for each in found["stale"]]
