"""The live form: what the contract lets a target get that acts on what it takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ringspec.spec import Json, SpecError, load
from ringspec.spec.forms import live_form

KEPT = {"x-live": {"const": 1}}


def admits(schema: Json, body: Json) -> bool:
    return jsonschema.Draft202012Validator(live_form(schema)).is_valid(body)


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"properties": {"a": KEPT}}, {"a": 1}, {"a": 2}),
        ({"properties": {"a": KEPT}}, {}, {"a": None}),
        ({"properties": {"a": {"x-live": {"not": {}}}}}, {"b": 1}, {"a": 1}),
        (
            {"properties": {"a": {"properties": {"b": KEPT}}}},
            {"a": {}},
            {"a": {"b": 2}},
        ),
        ({"items": KEPT}, [1, 1], [1, 2]),
        ({"allOf": [{"properties": {"a": KEPT}}]}, {"a": 1}, {"a": 2}),
        ({"oneOf": [{"properties": {"a": KEPT}}, {}]}, {"a": 1}, {"a": 2}),
        ({"if": {}, "then": {"properties": {"a": KEPT}}}, {"a": 1}, {"a": 2}),
        ({"patternProperties": {"^a": KEPT}}, {"ab": 1}, {"ab": 2}),
        ({"additionalProperties": KEPT}, {"z": 1}, {"z": 2}),
        ({"dependentSchemas": {"b": {"properties": {"a": KEPT}}}}, {"a": 1}, {"a": 2}),
    ],
    ids=[
        *("member", "absent", "kept-away", "deep", "items", "all-of", "one-of"),
        *("condition", "pattern", "others", "dependent"),
    ],
)
def test_what_is_annotated_anywhere_holds(schema: Json, good: Json, bad: Json) -> None:
    assert admits(schema, good)
    assert not admits(schema, bad)


def test_nothing_else_of_a_schema_holds() -> None:
    schema = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "string", "maxLength": 3}},
    }

    assert live_form(schema) == {}
    assert live_form(True) == {}  # noqa: FBT003 - a schema may be a boolean


@pytest.mark.parametrize(
    ("dialect", "flag"),
    [(None, "includeUnsubscribed"), ("naxai-sdk", "inclubeUnsubscribed")],
)
def test_our_contract_keeps_phones_still(dialect: str | None, flag: str) -> None:
    prover = load(dialect=dialect).live_prover

    assert prover.is_valid({flag: False, "scheduledAt": None, "name": 7})
    assert prover.is_valid({})
    assert not prover.is_valid({flag: True})
    assert not prover.is_valid({flag: "yes"})
    assert not prover.is_valid({"scheduledAt": 1893456000})
    assert not prover.is_valid({"allowMultiple": False})


def test_fixtures_are_named_by_member() -> None:
    assert load().holders == {
        "from": "caller",
        "segmentIds": "segment",
        "file": "file",
        "calendarId": "calendar",
        "dynamicName": "dynamic",
        "prompt": "prompt",
        "destination": "destination",
        "senderServiceId": "sender",
    }


@pytest.fixture
def written(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Write a contract whose body has one member."""

    def write(member: dict[str, Any]) -> Path:
        schema = {"type": "object", "properties": {"a": member}}
        content = {"application/json": {"schema": schema}}
        answers = {"200": {"description": "Done."}}
        post = {"requestBody": {"content": content}, "responses": answers}
        document = {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {"/x": {"post": post}},
        }
        path = tmp_path / "contract.yaml"
        path.write_text(yaml.safe_dump(document))
        return path

    return write


@pytest.mark.parametrize(
    "member",
    [
        {"x-live": {"type": "nothing"}},
        {"x-live": 7},
        {"x-live": {"properties": []}},
        {"x-fixture": 7},
        {"x-fixture": ["caller"]},
    ],
    ids=str,
)
def test_annotation_that_is_malformed_is_refused_with_its_place(
    written: Callable[[dict[str, Any]], Path], member: dict[str, Any]
) -> None:
    with pytest.raises(SpecError, match="properties/a"):
        load(written(member))
