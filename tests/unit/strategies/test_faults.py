"""One table a family: a schema and a value, and the names of the faults there."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from ringspec.spec import ITEM, Assertion, Contract, RuleId, patched
from ringspec.strategies.faults import Fault, Spot, faults
from ringspec.strategies.shapes.bodies import Bodies

UUID = "3b0f8a52-6c1d-4e7b-9a44-0d2f5c6e7a81"

DATES = [
    *("text", "one-short", "one-long", "something-before", "other-character"),
    *("blank-after", "newline-after", "empty"),
]

TABLE: list[tuple[str, dict[str, Any], Any, list[str]]] = [
    (
        "type",
        {"type": "integer"},
        3,
        [
            *("text", "fraction", "boolean", "array", "object", "empty"),
            *("padded", "null"),
        ],
    ),
    (
        "type",
        {"type": "integer"},
        1,
        ["text", "fraction", "one", "array", "object", "empty", "padded", "null"],
    ),
    (
        "type",
        {"type": "integer"},
        0,
        ["text", "fraction", "zero", "array", "object", "empty", "padded", "null"],
    ),
    (
        "type",
        {"type": "integer"},
        1924992000,
        [
            *("text", "fraction", "date", "boolean", "array", "object", "empty"),
            *("padded", "null"),
        ],
    ),
    ("type", {"type": ["integer", "null"]}, None, ["false"]),
    (
        "type",
        {"type": "boolean"},
        True,
        ["true-as-text", "one", "array", "empty", "digit", "null"],
    ),
    (
        "type",
        {"type": "boolean"},
        False,
        ["text", "number", "array", "empty", "digit", "null"],
    ),
    ("type", {"type": "string"}, "7x", ["number", "array", "true", "object", "null"]),
    (
        "type",
        {"type": "array"},
        ["a"],
        ["item", "by-index", "text", "empty", "number", "null"],
    ),
    (
        "type",
        {"type": "array"},
        [15, 240],
        ["by-index", "text", "empty", "number", "joined", "null"],
    ),
    ("type", {"type": "array"}, [], ["by-index", "text", "empty", "number", "null"]),
    (
        "type",
        {"type": "object"},
        {},
        ["text", "array", "number", "empty-array", "null"],
    ),
    (
        "type",
        {"type": ["string", "integer", "boolean"]},
        1,
        ["fraction", "array", "object", "null"],
    ),
    ("enum", {"enum": [0, 1, 2, 3]}, 3, ["4"]),
    ("enum", {"enum": [0, 1, 2, 3]}, 0, ["-1"]),
    ("enum", {"enum": [0, 1, 2, 3]}, 1, ["far-above"]),
    (
        "enum",
        {"enum": ["man", "woman"], "x-mistaken": ["female", "\uff11"]},
        "man",
        [
            "unknown",
            "man-in-other-case",
            "with-a-tail",
            "blank-after",
            "empty",
            "blank-before",
            "newline-after",
            "capitalised",
            "shortened",
            "something-before",
            "mistaken-female",
            "mistaken-uff11",
        ],
    ),
    (
        "enum",
        {"enum": ["fr-FR", "nl-BE"]},
        "nl-BE",
        [
            "unknown",
            "nl-BE-in-other-case",
            "with-a-tail",
            "blank-after",
            "empty",
            "blank-before",
            "newline-after",
            "capitalised",
            "shortened",
            "something-before",
            "underscored",
            "first-half",
            "crossed",
        ],
    ),
    (
        "enum",
        {"enum": ["0", "*"]},
        "*",
        [
            *("unknown", "doubled", "blank-after", "empty"),
            *("blank-before", "newline-after"),
        ],
    ),
    ("minimum", {"minimum": 5}, 7, ["4", "far-below", "zero"]),
    ("minimum", {"minimum": 1}, 7, ["0", "far-below"]),
    ("exclusiveMinimum", {"exclusiveMinimum": 5}, 7, ["5", "far-below", "zero"]),
    ("maximum", {"maximum": 5}, 4, ["6", "far-above"]),
    ("exclusiveMaximum", {"exclusiveMaximum": 5}, 4, ["5", "far-above"]),
    ("multipleOf", {"multipleOf": 3}, 6, ["between", "next"]),
    ("minLength", {"minLength": 3}, "abc", ["2-characters", "empty"]),
    ("minLength", {"minLength": 0}, "abc", []),
    ("maxLength", {"maxLength": 3}, "abc", ["4-characters", "far-too-long"]),
    ("minItems", {"minItems": 2}, [1, 2], ["1-for-2", "0-for-2"]),
    (
        "maxItems",
        {"maxItems": 1},
        [UUID],
        ["2-for-1", "3-for-1", "4-for-1", "same-again"],
    ),
    ("maxItems", {"maxItems": 1}, [15], ["2-for-1", "3-for-1", "4-for-1"]),
    ("uniqueItems", {"uniqueItems": True}, ["a"], ["same-again"]),
    ("minProperties", {"minProperties": 1}, {"a": 1}, ["0-members"]),
    (
        "maxProperties",
        {"maxProperties": 1},
        {"a": 1},
        ["2-members", "2-named-members"],
    ),
    (
        "format",
        {"type": "string", "format": "uuid"},
        UUID,
        [
            "text",
            "one-short",
            "one-long",
            "something-before",
            "other-character",
            "blank-after",
            "newline-after",
            "empty",
            "other-character-1",
            "other-character-2",
            "other-character-3",
            "other-character-4",
            "short-before",
            "blank-before",
            "moved-hyphen",
            "without-hyphens",
            "braces",
            "urn",
        ],
    ),
    ("format", {"type": "string", "format": "date"}, "2031-01-01", DATES),
    (
        "anyOf",
        {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"a": 1, "c": 2},
        ["none"],
    ),
    (
        "oneOf",
        {
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        {"a": "x"},
        ["none", "both"],
    ),
    (
        "contains",
        {"contains": {"const": "a"}, "minContains": 0, "maxContains": 1},
        ["a", "b"],
        ["again-at-the-end-first", "twice-in-a-row", "same-again"],
    ),
    (
        "additionalProperties",
        {
            "properties": {"star": {}, "1": {}},
            "additionalProperties": False,
            "x-mistaken": ["*"],
        },
        {"star": 1},
        [
            *("unknown", "doubled", "in-other-case"),
            *("capitalised", "blank-after", "mistaken-u002a"),
        ],
    ),
]


def spotted(
    contract: Contract, bodies: Bodies, keyword: str, schema: dict[str, Any], value: Any
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
    spot = Spot(
        bodies=bodies, assertion=assertion, node=schema, location=(), value=value
    )
    return list(faults(spot))


@pytest.mark.parametrize(
    ("keyword", "schema", "value", "names"),
    TABLE,
    ids=[f"{keyword} of {value!r:.30}" for keyword, _, value, _ in TABLE],
)
def test_a_family_lists_its_faults_and_each_is_one(
    contract: Contract,
    bodies: Bodies,
    keyword: str,
    schema: dict[str, Any],
    value: Any,
    names: list[str],
) -> None:
    found = spotted(contract, bodies, keyword, schema, value)

    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert [each.name for each in found] == names
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
        spot = Spot(
            bodies=bodies, assertion=assertion, node={}, location=("x",), value="text"
        )
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
        node=contract.request.schema["properties"]["voice"],
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
        spot = Spot(
            bodies=bodies, assertion=assertion, node={}, location=(), value=body
        )
        return [each.name for each in faults(spot)]

    assert found({"name": "a"}) == ["missing"]
    assert found({}) == []


def test_values_of_another_kind_keep_to_a_keyword(
    contract: Contract, bodies: Bodies
) -> None:
    assert spotted(contract, bodies, "maximum", {"maximum": 3}, "text") == []
    assert spotted(contract, bodies, "minLength", {"minLength": 3}, 7) == []
    assert spotted(contract, bodies, "maxItems", {"maxItems": 3}, {}) == []


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
        spot = Spot(
            bodies=bodies, assertion=assertion, node={}, location=(), value=[item]
        )
        return next(iter(faults(spot))).patch[0]["value"]

    assert assertion.instance[-1] != ITEM
    assert repeated({"key": "1", "prompt": prompt}) == {"key": "1", "prompt": prompt}
    assert repeated({"key": "1", "say": "Hello"}) == {"key": "1", "say": "olleH"}
