"""The faults of each family, by name."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema_rs
import pytest

from ringspec.spec import ITEM, Assertion, Contract, Level, RuleId, patched
from ringspec.strategies.faults import Fault, Spot, faults
from ringspec.strategies.shapes.bodies import Bodies

# Keyword, schema, a valid value, and the names of the faults there.
TABLE = [
    json.loads(line)
    for line in Path(__file__).with_name("faults.jsonl").read_text().splitlines()
]


def spotted(
    bodies: Bodies, keyword: str, schema: dict[str, Any], value: Any
) -> list[Fault]:
    assertion = Assertion(
        path=(keyword,),
        keyword=keyword,
        rule=RuleId("a.rule"),
        # The body itself is tried in fewer ways.
        instance=("a",) if keyword == "type" else (),
        place="#",
        value=schema[keyword],
    )
    known: Any = SimpleNamespace(
        contract=SimpleNamespace(
            request=SimpleNamespace(schema=schema),
            rules={assertion.rule: SimpleNamespace(level=Level.MUST)},
        ),
        shapes_at=bodies.shapes_at,
        needed=bodies.needed,
    )
    return list(
        faults(Spot(bodies=known, assertion=assertion, location=(), value=value))
    )


@pytest.mark.parametrize(
    "row", TABLE, ids=[f"{each['keyword']} of {each['value']!r:.30}" for each in TABLE]
)
def test_a_family_lists_its_faults_and_each_is_one(
    bodies: Bodies, row: dict[str, Any]
) -> None:
    schema, value = row["schema"], row["value"]
    found = spotted(bodies, row["keyword"], schema, value)

    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert [each.name for each in found] == row["faults"].split()
    assert validator.is_valid(value)
    for each in found:
        assert not validator.is_valid(patched(value, each.patch)), each.name


def test_deep_inside_a_place_is_dealt_some_of_the_rarer_forms(
    contract: Contract, bodies: Bodies
) -> None:
    def dealt(*instance: str) -> list[str]:
        assertion = next(
            each
            for each in contract.assertions
            if each.instance == instance and each.keyword == "type"
        )
        spot = Spot(bodies=bodies, assertion=assertion, location=("x",), value="text")
        return [each.name for each in faults(spot)]

    choice = ("voiceFlow", "menu", "choices", ITEM)
    assert dealt("name") == ["number", "array", "true", "object", "null"]
    # What must stand there has one more than what need not.
    assert dealt(*choice, "key") == ["number", "array", "object", "null"]
    assert dealt(*choice, "say") == ["number", "array", "null"]


def test_a_value_of_another_members_list_stands_for_an_unknown_one(
    contract: Contract, bodies: Bodies
) -> None:
    assertion = next(each for each in contract.assertions if each.rule == "voice.enum")
    spot = Spot(
        bodies=bodies,
        assertion=assertion,
        location=("voice",),
        value="man",
    )

    name, value = next((each.name, each.patch[0]["value"]) for each in faults(spot))

    assert (name, value) == ("of-another-member", "default")


def test_a_missing_member_is_dropped_only_where_it_stands(
    contract: Contract, bodies: Bodies
) -> None:
    assertion = next(
        each for each in contract.assertions if each.rule == "name.required"
    )

    def found(body: Any) -> list[str]:
        spot = Spot(bodies=bodies, assertion=assertion, location=(), value=body)
        return [each.name for each in faults(spot)]

    assert found({"name": "a"}) == ["missing"]
    assert found({}) == []


def test_values_of_another_kind_keep_to_a_keyword(bodies: Bodies) -> None:
    assert spotted(bodies, "maximum", {"maximum": 3}, "text") == []
    assert spotted(bodies, "minLength", {"minLength": 3}, 7) == []
    assert spotted(bodies, "maxItems", {"maxItems": 3}, {}) == []


def test_a_repeated_item_differs_only_in_free_text(
    contract: Contract, bodies: Bodies
) -> None:
    """An address turned around would break another sentence: it stays."""
    assertion = next(
        each
        for each in contract.assertions
        if each.keyword == "contains"
        and each.value["properties"]["key"]["const"] == "1"
    )
    prompt = "https://example.com/audio/notice.mp3"

    def repeated(item: dict[str, str]) -> Any:
        spot = Spot(bodies=bodies, assertion=assertion, location=(), value=[item])
        return next(iter(faults(spot))).patch[0]["value"]

    assert assertion.instance[-1] != ITEM
    assert repeated({"key": "1", "prompt": prompt}) == {"key": "1", "prompt": prompt}
    assert repeated({"key": "1", "say": "Hello"}) == {"key": "1", "say": "olleH"}
