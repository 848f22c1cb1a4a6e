"""Members that are only read, or only written: each direction asks for its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ringspec.harness.judging import checks
from ringspec.spec import Inlined, Json, load
from ringspec.spec.forms import for_answer, for_request

from .test_contracts import document

ID = {"type": "string", "format": "uuid", "readOnly": True}
SECRET = {"type": "string", "writeOnly": True}
NAME = {"type": "string"}


def thing(**members: Json) -> dict[str, Any]:
    return {"type": "object", "required": [*members], "properties": members}


@pytest.mark.parametrize(
    ("schema", "asked"),
    [
        pytest.param(thing(id=ID, a=NAME), thing(a=NAME), id="a member"),
        pytest.param(
            {
                "allOf": [{"properties": {"id": {"allOf": [ID]}}}],
                "required": ["id", "a"],
                "dependentRequired": {"a": ["id", "b"]},
            },
            {
                "allOf": [{"properties": {}}],
                "required": ["a"],
                "dependentRequired": {"a": ["b"]},
            },
            id="a member that a branch names",
        ),
        pytest.param(
            {"type": "array", "items": thing(id=ID)},
            {"type": "array", "items": thing()},
            id="a member of items",
        ),
        pytest.param(
            {**thing(id=ID), "if": {}, "then": {"required": ["id"]}},
            {**thing(), "if": {}, "then": {"required": []}},
            id="a member that a condition asks for",
        ),
        pytest.param(
            thing(inner=thing(secret=SECRET)),
            thing(inner=thing(secret=SECRET)),
            id="what is written is asked for",
        ),
    ],
)
def test_a_request_has_no_members_that_are_only_read(schema: Json, asked: Json) -> None:
    assert for_request(Inlined(schema, {(): "#"})).schema == asked


def test_an_answer_may_have_members_that_are_only_written_and_need_not() -> None:
    schema = {**thing(id=ID, secret=SECRET), "additionalProperties": True}

    told = for_answer(Inlined(schema, {(): "#"})).schema

    assert told == {**schema, "required": ["id"]}


def test_what_is_only_written_is_not_expected_back(tmp_path: Path) -> None:
    schema = thing(a=NAME, secret={**SECRET, "default": "x"}, in_=thing(secret=SECRET))
    given = document(schema)
    content = {"application/json": {"schema": schema}}
    operation = given["paths"]["/t"]["post"]
    operation["responses"] = {"200": {"description": "Done.", "content": content}}
    path = tmp_path / "contract.yaml"
    path.write_text(yaml.safe_dump(given))
    contract = load(path)
    answer = contract.answers.of(200)
    sent = {"a": "text", "secret": "s", "in_": {"secret": "s"}}

    assert answer
    assert checks.echo_faults(contract, answer, sent, {"a": "text", "in_": {}}) == []
    assert checks.default_faults(contract, answer, {"a": "text"}, {"a": "text"}) == []
    assert checks.echo_faults(contract, answer, sent, {"in_": {}}) == [
        '/a is missing; "text" was sent'
    ]
