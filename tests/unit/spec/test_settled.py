from __future__ import annotations

import jsonschema_rs
import pytest

from ringspec.spec import Contract, Json
from ringspec.spec.forms import settle

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


def test_settling_leaves_the_schema_alone() -> None:
    schema = {"type": "object", "properties": {"a": dict(TEXT)}}

    settle(schema)

    assert schema == {"type": "object", "properties": {"a": TEXT}}


@pytest.mark.parametrize("schema", [True, False])
def test_a_boolean_is_settled(schema: Json) -> None:
    assert settle(schema) is schema


# Source: product.md, "Three-valued": what no source settles.
UNSETTLED: dict[str, Json] = {
    "an empty name": {"name": ""},
    "a name of 101 characters": {"name": "x" * 101},
    "a caller who is no number": {"from": "Anonymous"},
    "a caller with a plus": {"from": "+441632960101"},
    "a caller with a leading zero": {"from": "01632960101"},
    "a delay of 0": {"retries": 1, "retryDelays": [0]},
    "an unknown member": {"unknown": 1},
    "another type of broadcast": {"type": "marketing"},
    "allow-multiple with people": {"allowMultiple": True},
    "a file beside people": {"file": {"id": "c2a7e0d4-51b8-4f36-8a9e-7b6d3c1f0e25"}},
    "a start long ago": {"scheduledAt": 1},
    "a name for no distribution": {"dynamicName": "Evening load"},
    "one reaction to how a call ended": {"actions": {"status": {"failed": []}}},
    "both text and audio in a choice": {
        "voiceFlow": {
            "welcome": {"say": "x"},
            "menu": {
                "say": "x",
                "choices": [
                    {
                        "key": "1",
                        "say": "x",
                        "prompt": "https://example.com/audio/notice.mp3",
                    }
                ],
            },
        }
    },
}


@pytest.mark.parametrize("members", UNSETTLED.values(), ids=UNSETTLED)
def test_what_no_source_settles_is_neither_valid_nor_invalid(
    contract: Contract, plain: dict[str, Json], members: Json
) -> None:
    body = {**plain, **members}

    assert contract.prover.prove(body) == frozenset()
    assert not contract.settled_prover.is_valid(body)


def test_segments_beside_a_file_are_not_settled(
    contract: Contract, plain: dict[str, Json]
) -> None:
    file = {"id": "c2a7e0d4-51b8-4f36-8a9e-7b6d3c1f0e25"}
    beside = {**plain, "source": "file", "file": file}
    alone = {
        name: value
        for name, value in beside.items()
        if name not in {"segmentIds", "includeUnsubscribed"}
    }

    assert contract.prover.prove(beside) == frozenset()
    assert not contract.settled_prover.is_valid(beside)
    assert contract.settled_prover.prove(alone) == frozenset()
