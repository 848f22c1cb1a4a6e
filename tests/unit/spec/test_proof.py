"""Where two validators are known to differ, and how their findings are made one."""

from __future__ import annotations

import re

import pytest

from ringspec.spec import Disagreement, Json, Prover, is_irregular
from ringspec.spec.assertions import assertions
from ringspec.spec.document import inline


def prover_of(schema: Json) -> Prover:
    inlined = inline({"s": schema}, "#/s")
    return Prover(inlined.schema, assertions(inlined))


COUNTED = {
    "items": {"type": "integer"},
    "contains": {"const": 1},
    "minContains": 0,
    "maxContains": 1,
}
BOUNDED = {"properties": {"a": {"type": "integer", "enum": [1, 2], "minimum": 1}}}
NAMES = {"propertyNames": {"pattern": "^a"}}
ASKING = {"dependentRequired": {"a": ["b"], "c": ["d", "b"]}}
KEYS = {"properties": {"6": {"type": "array", "items": {"required": ["7"]}}}}
BRANCH = {
    "if": {"properties": {"k": {"const": "x"}}, "required": ["k"]},
    "then": {"required": ["a", "b"]},
    "else": {"required": ["c"]},
}
CLOSED = {
    "allOf": [{"properties": {"a": True}}],
    "unevaluatedProperties": {"type": "null"},
}
ID = {"properties": {"id": {"type": "string", "format": "uuid"}}}
TUPLE = {"prefixItems": [{"type": "string"}], "items": False}
DEEP = {"additionalProperties": {"patternProperties": {"^x": {"type": "null"}}}}

# Schema, body, the rules it breaks.
TRAPS: dict[str, tuple[Json, Json, set[str]]] = {
    "a member called 6 is no index": (KEYS, {"6": 5}, {"6.type"}),
    "an item below a member called 6": (KEYS, {"6": [{"7": 1}, {}]}, {"6.7.required"}),
    "contains may count none": (COUNTED, [], set()),
    "contains may count one": (COUNTED, [1, 2], set()),
    "contains counts two": (COUNTED, [1, 1], {"body.contains"}),
    "contains and an item": (
        COUNTED,
        [1, 1, "x"],
        {"body.contains", "body.items.type"},
    ),
    "a condition that holds": (BRANCH, {"k": "x", "a": 1}, {"b.required"}),
    "a condition that does not hold": (BRANCH, {"k": "y"}, {"c.required"}),
    "a condition that holds, both names": (
        BRANCH,
        {"k": "x"},
        {"a.required", "b.required"},
    ),
    "a wrong type hides the enum": (BOUNDED, {"a": "1"}, {"a.type"}),
    "a wrong type hides the bound": (BOUNDED, {"a": 0.5}, {"a.type"}),
    "a right type hides nothing": (BOUNDED, {"a": 0}, {"a.enum", "a.min"}),
    "true is no integer": (BOUNDED, {"a": True}, {"a.type"}),
    "2.0 is an integer": (BOUNDED, {"a": 2.0}, set()),
    "an integer beyond 64 bits": (BOUNDED, {"a": 2**70}, {"a.enum"}),
    "an integer far below": (BOUNDED, {"a": -(2**70)}, {"a.enum", "a.min"}),
    "an integer of 400 digits": (BOUNDED, {"a": 10**400}, {"a.enum"}),
    "a name asked for by a present one": (ASKING, {"a": 1}, {"b.required"}),
    "names asked for by an absent one": (ASKING, {"d": 1}, set()),
    "a name asked for twice": (ASKING, {"a": 1, "c": 1, "d": 1}, {"b.required"}),
    "names that do not fit": (NAMES, {"b": 1, "c": 2, "a": 3}, {"body.names"}),
    "unnamed members of a type": (CLOSED, {"a": 1, "b": 2}, {"body.unknown"}),
    "too many items": (TUPLE, ["x", 2, 3], {"body.items.absent"}),
    "an item by position": (TUPLE, [1], {"body.items.type"}),
    "members by pattern": (DEEP, {"p": {"x": 1}}, {"body.values.values.type"}),
    "an id in capitals": (ID, {"id": "3B0F8A52-6C1D-4E7B-9A44-0D2F5C6E7A81"}, set()),
    "an id without dashes": (
        ID,
        {"id": "3b0f8a526c1d4e7b9a440d2f5c6e7a81"},
        {"id.format"},
    ),
    "NUL in an id": (ID, {"id": "\x00"}, {"id.format"}),
    "NUL in a name": ({"required": ["\x00"]}, {}, {"\x00.required"}),
    "an empty body": ({"type": "object"}, {}, set()),
    "null for a body": ({"type": "object", "required": ["a"]}, None, {"body.type"}),
}


@pytest.mark.parametrize(("schema", "body", "rules"), TRAPS.values(), ids=TRAPS)
def test_both_validators_name_the_same_rules(
    schema: Json, body: Json, rules: set[str]
) -> None:
    prover = prover_of(schema)

    assert prover.prove(body) == rules
    assert prover.broken(body) == rules
    assert prover.is_valid(body) == (not rules)


def test_a_breach_tells_where_in_the_body() -> None:
    body = {"6": [{"7": 1}, {}]}
    prover = prover_of(KEYS)

    for breaches in (prover.breaches(body), prover.breaches_by_second(body)):
        assert [each.location for each in breaches] == [("6", 1)]


def test_a_lone_surrogate_is_left_to_one_validator() -> None:
    prover = prover_of({"properties": {"a": {"pattern": "^[^x]", "maxLength": 1}}})

    assert prover.is_valid({"a": "\ud800"})
    assert not prover.is_valid({"a": "\ud800\ud800"})
    assert prover.broken({"a": "\ud800\ud800"}) == {"a.length"}


def test_a_breach_by_lone_surrogates_is_not_proven() -> None:
    prover = prover_of({"properties": {"a": {"maxLength": 1}}})

    with pytest.raises(Disagreement, match="only one validator reads"):
        prover.prove({"a": "\ud800\ud800"})


def test_validators_that_differ_are_told() -> None:
    # A bare `$` also stands before a last line break to Python, and only to it.
    prover = prover_of({"properties": {"a": {"pattern": "^x$"}}})

    with pytest.raises(Disagreement, match=re.escape("['a.pattern'] and []")) as raised:
        prover.prove({"a": "x\n"})

    assert raised.value.exit_code == 4


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2, False),
        (2.5, False),
        (2.0, True),
        (-0.0, True),
        (True, False),
        ("text \N{GRINNING FACE} \N{LINE SEPARATOR}", False),
        ("\ud800", True),
        ("nul \x00", True),
        ("line\n", True),
        ({"\x00": 1}, True),
        ({"a": [1, {"b": 3.0}]}, True),
        ({"a": [1, {"b": None}]}, False),
    ],
)
def test_what_no_keyword_can_unsettle_is_odd(value: Json, *, expected: bool) -> None:
    assert is_irregular(value) is expected
