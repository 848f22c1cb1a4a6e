"""The kill matrix: its figures, its text, its files."""

from __future__ import annotations

import io
import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from syrupy.assertion import SnapshotAssertion

from ringspec.reports import (
    FleetRun,
    KillMatrix,
    console,
    print_template,
    render_matrix,
)
from ringspec.spec import Level, load

MUST, SHOULD, MAY = Level
SCHEMA = files("ringspec.reports") / "matrix.schema.json"


def trial(name: str, rule: str = "", **more: Any) -> FleetRun:
    kind = "mutant" if rule else "lawful"
    rules = {str(each.id): each.level for each in load().rules.values()}
    known = {
        "kind": kind,
        "level": MAY,
        "way": "in process",
        "requests": 100,
        "binding": rules.get(rule, MAY),
    }
    return FleetRun(name=name, rule=rule, **{"exit_code": 0, **known, **more})


def killed(
    name: str, rule: str, cases: dict[str, int], until: int, **noticed: Level
) -> FleetRun:
    names = {key.replace("_", "."): level for key, level in noticed.items()}
    return trial(
        name, rule, exit_code=1, noticed=names, cases=cases, until=until, defect="Off."
    )


TRIALS = (
    trial("reference", kind="reference", requests=120),
    killed("short", "from.length", {"a": 1, "b": 1}, 7, from_length=SHOULD),
    killed("nameless", "name.required", {"b": 1}, 10, name_required=MUST),
    killed(
        "both", "name.type", {"c": 3, "d": 1}, 20, name_type=MUST, body_accepted=MAY
    ),
    killed("wrong-rule", "voice.enum", {"c": 3}, 40, language_enum=SHOULD),
    trial("missed", "voice.type", defect="Takes <any> voice."),
    trial("unheard-of", "no.such.rule"),
    trial("fair"),
    trial("accused", exit_code=3, reason="inconclusive: nobody knows", level=MUST),
)


def matrix(*trials: FleetRun, **more: Any) -> KillMatrix:
    trials = trials or TRIALS
    return KillMatrix(load(), MAY, trials, **{"expected": len(trials), **more})


def text(shown: KillMatrix) -> str:
    out = io.StringIO()
    print_template(console(out), "matrix.txt", found=shown)
    return out.getvalue()


def test_what_is_printed(
    monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    weak = killed("weak", "name.type", {"a": 1}, 3, name_type=MAY)

    shown = matrix(*TRIALS, weak, duration_s=1.25, whole=False)

    assert text(shown) == snapshot


@pytest.mark.parametrize(
    ("trials", "status"),
    [
        (TRIALS[:4], 0),
        (TRIALS[4:5], 1),
        (TRIALS[5:6], 1),
        (TRIALS[7:8], 0),
        (TRIALS[8:], 1),
    ],
    ids=["all-noticed", "misnamed", "survived", "quiet", "accused"],
)
def test_exit_status_is_1_where_anything_is_amiss(
    trials: tuple[FleetRun, ...], status: int
) -> None:
    assert matrix(*trials).exit_code == status


def test_rules_that_no_mutant_shows_alone_are_listed_with_their_reason() -> None:
    reasons = {str(rule): why for rule, why in matrix().unisolated.items()}

    assert "from.length" not in reasons
    assert "name.required" not in reasons
    assert reasons["name.type"] == ""  # its mutant is noticed by another rule too
    assert reasons["retryDelays.length"].startswith("More than three delays")


def test_json_keeps_to_its_schema(snapshot: SnapshotAssertion) -> None:
    shown = matrix(equivalents={"same": "it is the same"}, whole=False)

    written = json.loads(render_matrix(shown))

    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(written)
    assert {**written, "contract": {}} == snapshot
