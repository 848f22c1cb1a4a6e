from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ringspec.spec import Contract, Json, load
from ringspec.spec.operations import is_json
from ringspec.spec.plain import STYLES, fitting, styled

OBJECT = {"R": 100, "G": 200}


@pytest.fixture
def loaded(written: Callable[..., Path]) -> Callable[..., Contract]:
    """Load a contract of one operation."""

    def load_it(content: Json = None, answers: Json = None, **more: Any) -> Contract:
        schema: Json = {"schema": {"type": "object"}}
        path = more.pop("path", "/t")
        post = {
            "requestBody": {"content": content or {"application/json": schema}},
            "responses": {"201": {"description": "Made.", "content": answers or {}}},
            "parameters": [{"required": True, **each} for each in more["parameters"]],
        }
        given = {
            "openapi": "3.1.0",
            "info": {"title": "T", "version": "1"},
            "paths": {path: {"post": post}},
        }
        return load(written(json.dumps(given), "t.json"))

    return load_it


# OpenAPI 3.1, Style Examples, and RFC 6570, 3.2.
@pytest.mark.parametrize(
    ("style", "text", "listed", "exploded", "pairs", "apart"),
    [
        ("simple", "blue", "blue,b%2Fk", "blue,b%2Fk", "R,100,G,200", "R=100,G=200"),
        (
            "label",
            ".blue",
            ".blue,b%2Fk",
            ".blue.b%2Fk",
            ".R,100,G,200",
            ".R=100.G=200",
        ),
        (
            *("matrix", ";c=blue", ";c=blue,b%2Fk", ";c=blue;c=b%2Fk"),
            *(";c=R,100,G,200", ";R=100;G=200"),
        ),
        (
            *("form", "c=blue", "c=blue,b%2Fk", "c=blue&c=b%2Fk"),
            *("c=R,100,G,200", "R=100&G=200"),
        ),
        (
            *("spaceDelimited", "c=blue", "c=blue%20b%2Fk", "c=blue&c=b%2Fk"),
            *("c=R%20100%20G%20200", "R=100&G=200"),
        ),
        (
            *("pipeDelimited", "c=blue", "c=blue%7Cb%2Fk", "c=blue&c=b%2Fk"),
            *("c=R%7C100%7CG%7C200", "R=100&G=200"),
        ),
        (
            *("deepObject", "c=blue", "c=blue&b%2Fk", "c=blue&c=b%2Fk"),
            *("c%5BR%5D=100&c%5BG%5D=200", "c%5BR%5D=100&c%5BG%5D=200"),
        ),
    ],
)
def test_a_parameter_is_written_by_its_style(
    style: str, text: str, listed: str, exploded: str, pairs: str, apart: str
) -> None:
    def written(value: Json, *, explode: bool) -> str:
        return styled("c", value, style, explode=explode, raw=False)

    assert written("blue", explode=False) == text
    assert written(["blue", "b/k"], explode=False) == listed
    assert written(["blue", "b/k"], explode=True) == exploded
    assert written(OBJECT, explode=False) == pairs
    assert written(OBJECT, explode=True) == apart
    assert style in STYLES


def test_requests_have_what_their_parameters_need(
    loaded: Callable[..., Contract],
) -> None:
    uuid = {"type": "string", "format": "uuid"}
    operation = loaded(
        path="/t/{id}{tags}",
        parameters=[
            {"name": "id", "in": "path", "schema": {"type": "integer", "minimum": 3}},
            {"name": "tags", "in": "path", "style": "matrix", "example": ["a b", 1]},
            {"name": "n", "in": "query", "example": ["email", "post"]},
            {"name": "N", "in": "query", "explode": False, "example": [True, "é"]},
            {
                "name": "filter",
                "in": "query",
                "content": {"application/json": {"example": {"a": [1]}}},
            },
            {"name": "any", "in": "query"},
            {"name": "off", "in": "query", "required": False, "example": 1},
            {"name": "X-Id", "in": "header", "schema": uuid},
            {"name": "X-List", "in": "header", "example": ["a", "é"]},
            {"name": "X-Off", "in": "header", "required": False, "schema": uuid},
            {"name": "a", "in": "cookie", "schema": {"enum": ["x"]}},
            {"name": "b", "in": "cookie", "examples": {"one": {"value": 2}}},
        ],
    ).operation

    path, _, query = operation.path.partition("?")
    assert path == "/t/3;tags=a%20b,1"
    assert query == (
        "n=email&n=post&N=true,%C3%A9&filter=%7B%22a%22%3A%20%5B1%5D%7D&any=text"
    )
    headers = {each.name: each.value for each in operation.headers}
    assert headers == {
        "X-Id": "7c1de6f0-52b4-4d0a-9e3b-0a6f4b8c2d11",
        "X-List": "a,é",
        "X-Off": None,
        "Cookie": "a=x; b=2",
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "exclusiveMinimum": 10, "multipleOf": 7},
        {"type": "number", "minimum": 0.2, "exclusiveMaximum": 0.3},
        {"type": "integer", "maximum": -3},
        {"type": "integer", "exclusiveMaximum": -8, "multipleOf": 4},
        {"type": "string", "format": "date"},
        {"type": "string", "format": "uuid"},
        {"type": "string", "format": "ipv6"},
        {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"},
        {"type": "string", "minLength": 30, "maxLength": 40},
        {"type": "string", "maxLength": 2},
        {"type": ["null", "string"], "minLength": 7},
        {"type": "boolean"},
        {"enum": [None, "a"]},
        {"const": 4},
        {"default": "x", "minLength": 1},
        {"allOf": [{"type": "string"}, {"minLength": 8}, {"pattern": "^a+$"}]},
        {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 8}]},
        {"oneOf": [{"format": "ipv4"}, {"format": "ipv6"}], "type": "string"},
        {"type": "array", "minItems": 2, "items": {"type": "boolean"}},
        {
            "type": "array",
            "minItems": 2,
            "uniqueItems": True,
            "items": {"enum": [1, 2]},
        },
        {"type": "object", "required": ["a"], "properties": {"a": {"minimum": 2}}},
        {},
    ],
    ids=str,
)
def test_a_plain_value_fits_its_schema(schema: Json) -> None:
    value = fitting(schema)

    assert value is not None
    jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.FormatChecker()
    ).validate(value)


@pytest.mark.parametrize(
    ("media", "is_one"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/problem+json", True),
        ("text/json", True),
        ("application/jsonlines", False),
        ("application/jsonp", False),
        ("application/json-seq", False),
        ("text/x-json-seq", False),
        ("application/x-ndjson", False),
        ("application/xml", False),
        ("*/*", False),
    ],
)
def test_a_media_type_is_json_by_its_name(media: str, is_one: bool) -> None:  # noqa: FBT001
    assert is_json(media) is is_one


@pytest.mark.parametrize(
    ("described", "sent", "accepted"),
    [
        (["application/vnd.x+json", "application/json"], "application/json", ""),
        (["application/jsonlines", "a/b+json"], "a/b+json", ""),
        (["application/json-seq", "*/*"], "application/json", ""),
        (["text/plain", "application/*"], "application/json", ""),
        (["application/*+json"], "application/x+json", "application/*"),
    ],
)
def test_json_is_chosen_among_the_media_types(
    loaded: Callable[..., Contract], described: list[str], sent: str, accepted: str
) -> None:
    content = {each: {"schema": {"type": "object"}} for each in described}
    contract = loaded(content, content, parameters=[])

    assert contract.operation.media_type == sent
    assert contract.answers.media_type == (accepted or sent)
    assert contract.answers.of(201) is not None
    assert all(contract.operation.admits(each.lower()) for each in [sent, *described])


NAMES = ["body", "a.b", "a", "values", "*", "", "unnamed", "answer", "error", "~2"]
NAMES += ["auth", "wire", "items", "body.unknown", "a/b", "a~1b"]


def test_ids_of_rules_are_unique_whatever_members_are_called(
    loaded: Callable[..., Contract],
) -> None:
    text: Json = {"type": "string", "maxLength": 4}
    inner: Json = {"type": "object", "properties": {"b": text, "values": text}}
    members = {**dict.fromkeys(NAMES, text), "a": {**inner, "required": ["b"]}}
    schema = {
        "type": "object",
        "required": NAMES,
        "properties": members,
        "additionalProperties": {"type": "array", "items": text},
    }
    headers = [{"name": name, "in": "header"} for name in ("body", "answer", "x")]
    contract = loaded({"application/json": {"schema": schema}}, parameters=headers)

    about: dict[str, set[Any]] = {}
    for each in contract.assertions:
        missing = each.value if each.keyword == "required" else None
        about.setdefault(each.rule, set()).add((each.instance, missing))
    assert [each for each in about.values() if len(each) > 1] == []
    assert len(about) == len(contract.assertions)
    accepted = {each.rule for each in contract.operation.headers}
    assert accepted == {"header.body.accepted", "header.answer.accepted", "x.accepted"}
    # First words that say what a rule is about stay with those rules.
    assert not {each for each in about if each.startswith(("auth.", "answer."))}
