from __future__ import annotations

import json
from dataclasses import replace
from types import ModuleType

import pytest

from ringspec.harness import Conclusion, Known, Result, Stale
from ringspec.reports import Record, rendered


def badge(record: Record, result: Result) -> tuple[str, str]:
    told = json.loads(rendered("badge", replace(record, result=result)))
    assert told.keys() == {"schemaVersion", "label", "message", "color"}
    assert told["schemaVersion"] == 1
    assert told["label"] == "conformance"
    return told["message"], told["color"]


def test_failures_are_counted(sample: ModuleType, record: Record) -> None:
    assert badge(record, sample.result()) == (
        "2 of 6 rules fail, 1 of 9 rules untested",
        "red",
    )


def test_conformant_says_at_which_level(sample: ModuleType, record: Record) -> None:
    assert badge(record, sample.clean()) == (
        "conformant (must), 1 of 2 rules untested",
        "green",
    )


def test_known_failures_are_no_failures(sample: ModuleType, record: Record) -> None:
    result = replace(sample.excused(), stale=())
    conformant = replace(
        result, rules=result.rules[:2], conclusion=Conclusion.CONFORMANT
    )

    assert badge(record, result) == (
        "1 of 6 rules fails, 1 of 9 rules untested",
        "red",
    )
    assert badge(record, conformant) == ("conformant (must), 1 known failure", "green")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {"conclusion": Conclusion.INCONCLUSIVE},
            ("inconclusive, 1 of 2 rules untested", "yellow"),
        ),
        (
            {"conclusion": Conclusion.INCONCLUSIVE, "interrupted": True},
            ("interrupted, 1 of 2 rules untested", "yellow"),
        ),
        (
            {
                "conclusion": Conclusion.NONCONFORMANT,
                "stale": (Stale(known=Known(id="a.b", reason="r"), why="it passes"),),
            },
            ("1 stale known failure, 1 of 2 rules untested", "red"),
        ),
        (
            {"conclusion": Conclusion.NONCONFORMANT},
            ("nonconformant, 1 of 2 rules untested", "red"),
        ),
    ],
    ids=["inconclusive", "interrupted", "stale", "nothing learnt"],
)
def test_other_ends_have_words_of_their_own(
    sample: ModuleType,
    record: Record,
    more: dict[str, object],
    expected: tuple[str, str],
) -> None:
    assert badge(record, replace(sample.clean(), **more)) == expected
