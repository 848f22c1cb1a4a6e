"""What comes back: of arrays, of what is put together, of one direction alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ringspec.harness.judging import checks
from ringspec.spec import Contract, Json, load

from .test_contracts import document

ITEM = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"type": "string"}, "n": {"type": "integer", "default": 1}},
}
REQUESTS: dict[str, Json] = {
    "items": {"type": "array", "minItems": 1, "items": ITEM},
    "items of a branch": {"allOf": [{"type": "array"}, {"items": ITEM}]},
    "items put together": {
        "type": "array",
        "items": {"allOf": [ITEM, {"properties": {"a": {"maxLength": 9}}}]},
    },
}


@pytest.fixture(params=REQUESTS.values(), ids=list(REQUESTS))
def contract(request: pytest.FixtureRequest, tmp_path: Path) -> Contract:
    path = tmp_path / "contract.yaml"
    path.write_text(yaml.safe_dump(document(request.param, answered=True)))
    return load(path)


@pytest.mark.parametrize(
    ("got", "told"),
    [
        pytest.param([{"a": "x"}, {"a": "y", "id": 1}], [], id="as it was sent"),
        pytest.param([{"a": "x"}, {"a": "x"}], ['/1/a is "x"; "y" was sent'], id="one"),
        pytest.param([{"a": "x"}], [], id="another number of items"),
        pytest.param({"items": []}, [], id="something else around them"),
    ],
)
def test_items_of_a_body_are_compared_one_by_one(
    contract: Contract, got: Json, told: list[str]
) -> None:
    answer = contract.answers.of(200)
    sent = [{"a": "x"}, {"a": "y"}]

    assert answer
    assert checks.echo_faults(contract, answer, sent, got) == told


def test_a_list_of_values_is_compared_where_the_answer_describes_it(
    tmp_path: Path,
) -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    path = tmp_path / "contract.yaml"
    path.write_text(yaml.safe_dump(document(schema, answered=True)))
    contract = load(path)
    answer = contract.answers.of(200)

    assert answer
    assert checks.echo_faults(contract, answer, [1, 2], [1, 2]) == []
    assert checks.echo_faults(contract, answer, [1, 2], [1, 3]) == [
        "/1 is 3; 2 was sent"
    ]
    assert checks.echo_faults(contract, answer, [1, 2], 7) == []


SECRET = {"type": "string", "writeOnly": True}
NAME = {"type": "string"}


def thing(**members: Json) -> dict[str, Any]:
    return {"type": "object", "required": [*members], "properties": members}


def test_what_is_only_written_is_not_expected_back(tmp_path: Path) -> None:
    schema = thing(a=NAME, secret={**SECRET, "default": "x"}, in_=thing(secret=SECRET))
    path = tmp_path / "contract.yaml"
    path.write_text(yaml.safe_dump(document(schema, answered=True)))
    contract = load(path)
    answer = contract.answers.of(200)
    sent = {"a": "text", "secret": "s", "in_": {"secret": "s"}}

    assert answer
    assert checks.echo_faults(contract, answer, sent, {"a": "text", "in_": {}}) == []
    same = {"a": "text"}
    assert list(checks.default_faults(contract, answer, same, same)) == []
    assert checks.echo_faults(contract, answer, sent, {"in_": {}}) == [
        '/a is missing; "text" was sent'
    ]
