"""The settled form of a schema, and the level of what a body uses."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema_rs
import pytest

from ringspec.spec import Contract, Disagreement, Json, Level, is_irregular, reading
from ringspec.spec.assertions import assertions
from ringspec.spec.document import Inlined, inline
from ringspec.spec.forms import settle
from ringspec.spec.proof import Prover

TEXT = {"type": "string"}
PAIR = {"type": "object", "properties": {"a": TEXT}}


def keeps(schema: Json, body: Json) -> bool:
    return jsonschema_rs.Draft202012Validator(settle(schema)).is_valid(body)


@pytest.mark.parametrize(
    ("schema", "body", "settled"),
    [
        (TEXT, "x", True),
        (TEXT, "", False),
        (TEXT, " \t", False),
        (TEXT, "x" * 100, True),
        (TEXT, "x" * 101, False),
        ({**TEXT, "minLength": 200}, "x" * 200, True),
        ({**TEXT, "maxLength": 300}, "x" * 300, True),
        ({**TEXT, "maxLength": 0}, "", True),
        ({**TEXT, "enum": [""]}, "", True),
        ({**TEXT, "pattern": "^ *"}, " ", True),
        ({"type": ["string", "null"]}, "", False),
        ({"type": ["string", "null"]}, None, True),
        (PAIR, {"a": "x"}, True),
        (PAIR, {"a": ""}, False),
        (PAIR, {"b": 1}, False),
        ({"type": "object"}, {"b": 1}, True),
        ({**PAIR, "additionalProperties": TEXT}, {"b": "x"}, True),
        ({"type": "array", "items": PAIR}, [{"b": 1}], False),
        ({"type": "integer", "x-settled": {"minimum": 1}}, 0, False),
        ({"type": "integer", "x-settled": {"minimum": 1}}, 1, True),
    ],
)
def test_valid_bodies_keep_to_what_is_settled(
    schema: Json, body: Json, *, settled: bool
) -> None:
    assert keeps(schema, body) is settled


@pytest.mark.parametrize("body", [{"a": "x"}, {"b": 1}, {"a": "x", "b": 1}, {}])
def test_branches_of_one_object_do_not_close_each_other(body: Json) -> None:
    other = {"type": "object", "properties": {"b": {"type": "integer"}}}

    assert keeps({"allOf": [PAIR, other]}, body)
    assert not keeps({"allOf": [PAIR, other]}, {**body, "c": 1})


def test_a_condition_is_left_as_it_is_written() -> None:
    schema = {
        **PAIR,
        "if": {"properties": {"a": {"type": "string", "const": ""}}},
        "then": {"properties": {"b": {"type": "string"}}},
    }

    assert settle(schema)["if"] == schema["if"]
    assert keeps(schema, {"a": "x"})


UNSETTLED = reading.read(Path(__file__).parent / "data" / "unsettled.yaml")


@pytest.mark.parametrize("members", UNSETTLED.values(), ids=UNSETTLED)
def test_what_no_source_settles_is_neither_valid_nor_invalid(
    contract: Contract, plain: dict[str, Json], members: Json
) -> None:
    body = {**plain, **members}

    assert contract.prover.proven_broken(body) == frozenset()
    assert not contract.settled_prover.is_valid(body)


FILE: Json = {"source": "file", "file": {"id": "c2a7e0d4-51b8-4f36-8a9e-7b6d3c1f0e25"}}


# Source: product.md, "An acceptance case is of the weakest level …".
@pytest.mark.parametrize(
    ("members", "level"),
    [
        ({}, Level.MUST),
        ({"calendarId": "5a1c9f60-2e34-4b7d-8f02-6d7e8c9b0a12"}, Level.MUST),
        ({"language": "fr-BE", "voice": "woman"}, Level.MUST),
        ({"language": "de-DE"}, Level.SHOULD),
        ({"voice": "man"}, Level.SHOULD),
        ({"distribution": "none"}, Level.MUST),
        ({"distribution": "dynamic", "dynamicName": "Evening"}, Level.SHOULD),
        ({"voiceFlow": {"welcome": {"say": "x", "replay": 1}}}, Level.SHOULD),
        ({"voiceFlow": {"welcome": {"prompt": "x"}}}, Level.SHOULD),
        ({"voiceFlow": {"welcome": {"say": "x"}, "menu": {}}}, Level.SHOULD),
        ({"actions": {"inputs": {}}}, Level.SHOULD),
        ({"allowMultiple": True}, Level.MAY),
        (FILE, Level.MAY),
        ({**FILE, "language": "de-DE"}, Level.MAY),
    ],
)
def test_a_body_is_of_the_weakest_level_it_uses(
    contract: Contract, plain: dict[str, Json], members: Json, level: Level
) -> None:
    assert contract.level_of_use({**plain, **members}) is level


def prover_of(schema: Json) -> Prover:
    inlined = inline({"s": schema}, "#/s")
    return Prover(inlined.schema, assertions(inlined))


DATA = reading.read(Path(__file__).parent / "data" / "traps.yaml")


@pytest.mark.parametrize("trap", DATA["traps"].values(), ids=DATA["traps"])
def test_both_validators_name_the_same_rules(trap: Json) -> None:
    prover, body, rules = prover_of(trap["schema"]), trap["body"], set(trap["rules"])

    assert prover.proven_broken(body) == rules
    assert prover.broken(body) == rules
    assert prover.is_valid(body) == (not rules)


def test_a_breach_tells_where_in_the_body() -> None:
    body = {"6": [{"7": 1}, {}]}
    prover = prover_of(DATA["schemas"]["keys"])

    for breaches in (prover.breaches(body), prover.breaches_by(body, quick=False)):
        assert [each.location for each in breaches] == [("6", 1)]


def test_a_lone_surrogate_is_left_to_one_validator() -> None:
    prover = prover_of({"properties": {"a": {"pattern": "^[^x]", "maxLength": 1}}})

    assert prover.is_valid({"a": "\ud800"})
    assert not prover.is_valid({"a": "\ud800\ud800"})
    assert prover.broken({"a": "\ud800\ud800"}) == {"a.length"}


def test_a_breach_by_lone_surrogates_is_not_proven() -> None:
    prover = prover_of({"properties": {"a": {"maxLength": 1}}})

    with pytest.raises(Disagreement, match="only one validator reads"):
        prover.proven_broken({"a": "\ud800\ud800"})


def test_validators_that_differ_are_told() -> None:
    # A bare `$` also stands before a last line break to Python, and only to it.
    schema = {"properties": {"a": {"pattern": "^x$"}}}
    prover = Prover(schema, assertions(Inlined(schema, {})))

    with pytest.raises(Disagreement, match=re.escape("['a.pattern'] and []")) as raised:
        prover.proven_broken({"a": "x\n"})

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
