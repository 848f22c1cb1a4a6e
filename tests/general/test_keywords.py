"""Every keyword of JSON Schema 2020-12 is served by cases, or left out by its name.

In: schemas of one member, `it`. A keyword is served when a valid body stands on its
boundary and an invalid one just beyond, which both validators have proven.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped] # no types

from ringspec.spec import Contract, Json, SpecError, load
from ringspec.strategies import Case, Expect
from ringspec.strategies.case_list import compile_cases
from ringspec.strategies.certificate import untested

from .test_contracts import document

TEXT = {"type": "string", "examples": ["abcd"]}
WAYS = {"type": "string", "enum": ["air", "road", "sea"]}
FEW = {"type": "integer", "maximum": 7}
POINTER = "#/paths/~1t/post/requestBody/content/application~1json/schema"


@dataclass(frozen=True)
class Served:
    """A keyword that cases are made for.

    Attributes:
        schema: of the member `it`.
        inside: tells the values on the boundary; a valid body has one.
        beyond: tells the values past it; an invalid body has one.
        broken: the keyword that fails, where it is one below.
    """

    keyword: str
    schema: dict[str, Json]
    inside: Callable[[Any], bool]
    beyond: Callable[[Any], bool]
    broken: str = ""


def has(*names: str) -> Callable[[Any], bool]:
    """Return what tells whether an object has just these members."""
    return lambda it: isinstance(it, dict) and set(it) == set(names)


def is_(*values: Json) -> Callable[[Any], bool]:
    return lambda it: it in values and not isinstance(it, bool)


def long(length: int) -> Callable[[Any], bool]:
    return lambda it: isinstance(it, str | list) and len(it) == length


def size(number: int) -> Callable[[Any], bool]:
    """Return what tells whether an object has so many members."""
    return lambda it: isinstance(it, dict) and len(it) == number


def choices(**more: Json) -> dict[str, Json]:
    """Write an object whose members are all optional."""
    members = dict.fromkeys(("a", "b", "c"), TEXT)
    return {"type": "object", "properties": members, **more}


def conditional(**branch: Json) -> dict[str, Json]:
    """Write an object in which something depends on the way."""
    return {
        "type": "object",
        "required": ["way"],
        "properties": {"way": WAYS, "size": {"type": "integer"}},
        "if": {"properties": {"way": {"const": "air"}}, "required": ["way"]},
        **branch,
    }


def by(way: str, *others: str) -> Callable[[Any], bool]:
    return lambda it: has("way", *others)(it) and it["way"] == way


SERVED = [
    Served("type", {"type": "integer"}, is_(1), is_("1")),
    Served("enum", WAYS, is_("road"), is_("Road", "ROAD")),
    Served("const", {"type": "string", "const": "air"}, is_("air"), is_("AIR")),
    Served("minimum", {"type": "integer", "minimum": 3}, is_(3), is_(2)),
    Served("maximum", {"type": "integer", "maximum": 7}, is_(7), is_(8)),
    Served(
        "exclusiveMinimum", {"type": "integer", "exclusiveMinimum": 3}, is_(4), is_(3)
    ),
    Served(
        "exclusiveMaximum", {"type": "integer", "exclusiveMaximum": 7}, is_(6), is_(7)
    ),
    Served("multipleOf", {"type": "integer", "multipleOf": 3}, is_(3), is_(4)),
    Served("minLength", {**TEXT, "minLength": 3}, long(3), long(2)),
    Served("maxLength", {**TEXT, "maxLength": 6}, long(6), long(7)),
    Served(
        "pattern",
        {"type": "string", "pattern": "^[a-z]{4}(?![\\s\\S])", "examples": ["abcd"]},
        is_("abcd"),
        is_("abcd0"),
    ),
    Served(
        "format",
        {"type": "string", "format": "date", "examples": ["2031-04-30"]},
        is_("2031-04-30"),
        is_("2031-04-3"),
    ),
    Served(
        "minItems", {"type": "array", "items": TEXT, "minItems": 2}, long(2), long(1)
    ),
    Served(
        "maxItems", {"type": "array", "items": TEXT, "maxItems": 3}, long(3), long(4)
    ),
    Served(
        "uniqueItems",
        {"type": "array", "items": WAYS, "uniqueItems": True, "maxItems": 9},
        is_(["air", "road", "sea"]),
        lambda it: len(set(it)) < len(it),
    ),
    Served(
        "maxContains",
        {
            "type": "array",
            "items": WAYS,
            "contains": {"const": "air"},
            "minContains": 0,
            "maxContains": 1,
        },
        lambda it: it.count("air") == 1,
        lambda it: it.count("air") == 2,
        broken="contains",
    ),
    Served(
        "contains",
        {"type": "array", "items": WAYS, "contains": {"const": "air"}},
        lambda it: "air" in it,
        lambda it: "air" not in it,
    ),
    Served(
        "minContains",
        {
            "type": "array",
            "items": WAYS,
            "contains": {"const": "air"},
            "minContains": 2,
        },
        lambda it: it.count("air") == 2,
        lambda it: it.count("air") == 1,
        broken="contains",
    ),
    Served("not", {**WAYS, "not": {"const": "sea"}}, is_("air"), is_("sea")),
    Served(
        "unevaluatedProperties",
        {
            "type": "object",
            "required": ["a"],
            "allOf": [{"properties": {"a": TEXT}}],
            "unevaluatedProperties": False,
        },
        has("a"),
        has("a", "unknown"),
    ),
    Served("minProperties", choices(minProperties=2), has("a", "b"), has("a")),
    Served(
        "maxProperties",
        choices(maxProperties=2, required=["a"]),
        has("a", "b"),
        lambda it: len(it) == 3,
    ),
    Served("required", choices(required=["a"]), has("a"), has()),
    Served(
        "dependentRequired",
        choices(dependentRequired={"a": ["b"]}),
        has("a", "b"),
        has("a"),
    ),
    Served(
        "additionalProperties",
        choices(required=["a"], additionalProperties=False),
        has("a", "b", "c"),
        has("a", "unknown"),
    ),
    Served("properties", choices(required=["a"]), has("a"), is_({"a": 7}), "type"),
    Served(
        "items",
        {"type": "array", "items": {"type": "integer"}, "minItems": 1},
        is_([1]),
        lambda it: isinstance(it, list) and "1" in it,
        "type",
    ),
    Served(
        "allOf",
        {"allOf": [{"type": "integer"}, {"maximum": 7}]},
        is_(7),
        is_(8),
        "maximum",
    ),
    Served(
        "anyOf",
        choices(anyOf=[{"required": ["a"]}, {"required": ["b"]}]),
        has("a"),
        has(),
    ),
    Served(
        "oneOf",
        choices(oneOf=[{"required": ["a"]}, {"required": ["b"]}]),
        has("b"),
        lambda it: isinstance(it, dict) and {"a", "b"} <= set(it),
    ),
    Served(
        "if",
        conditional(then={"required": ["size"]}),
        by("road"),
        by("air"),
        "required",
    ),
    Served(
        "then",
        conditional(then={"required": ["size"]}),
        by("air", "size"),
        by("air"),
        "required",
    ),
    Served(
        "else",
        conditional(**{"else": {"required": ["size"]}}),
        by("air"),
        lambda it: by("road")(it) or by("sea")(it),
        "required",
    ),
    *(
        Served(keyword, {**more, "$ref": to}, is_(7), is_(8), broken="maximum")
        for keyword, to, more in (
            ("$ref", "#/components/schemas/Few", {}),
            ("$anchor", "#few", {}),
            ("$id", "https://example.com/few", {}),
            ("$defs", "#/$defs/few", {"$id": "urn:it", "$defs": {"few": FEW}}),
            # Keywords beside a reference bind too.
            ("$ref", "#/components/schemas/Wide", {"maximum": 7}),
        )
    ),
    Served("$dynamicRef", {"$dynamicRef": "#one"}, is_(7), is_(8), "maximum"),
    Served(
        "patternProperties",
        {"type": "object", "patternProperties": {r"^x-\p{L}": {"type": "integer"}}},
        lambda it: it == {"x-A": 1},
        lambda it: isinstance(it, dict) and it.get("x-A") == "1",
        "type",
    ),
    Served(
        "propertyNames",
        {"type": "object", "propertyNames": {"maxLength": 3}},
        has(),
        lambda it: isinstance(it, dict) and any(len(name) > 3 for name in it),
    ),
    Served(
        "prefixItems",
        {"type": "array", "prefixItems": [WAYS, {"type": "integer"}]},
        is_(["air", 1]),
        lambda it: it[1:] == ["1"],
        "type",
    ),
    Served(
        "unevaluatedItems",
        {"type": "array", "prefixItems": [WAYS], "unevaluatedItems": False},
        is_(["air"]),
        lambda it: it[:1] == ["AIR"],
        "enum",
    ),
    Served("minProperties", {"type": "object", "minProperties": 2}, size(2), size(1)),
    Served(
        "oneOf",
        {"oneOf": [{"type": "integer"}, {"type": "number"}]},
        is_(1.5),
        is_(1),
    ),
]
COMPONENTS = {
    "schemas": {
        "Few": {**FEW, "$anchor": "few", "$dynamicAnchor": "one"},
        "Named": {**FEW, "$id": "https://example.com/few"},
        "Wide": {"type": "integer", "maximum": 9},
        "A": {"$dynamicAnchor": "many"},
        "B": {"$dynamicAnchor": "many"},
    }
}

# Each at the member `it`: what stands there, the rules that nothing is known of, and
# what is said.
LEFT_OUT: dict[str, tuple[Json, set[str], str]] = {
    "a pattern of another language": (
        {"type": "string", "pattern": r"\A[a-z]+\z"},
        {"it.type", "it.pattern"},
        r"it/pattern: '\\A[a-z]+\\z' is no pattern of ECMA 262",
    ),
    "a pattern that no text is found of": (
        {"type": "string", "pattern": "/^[a-z]+$/"},
        {"it.type", "it.pattern"},
        "",
    ),
    "a pattern of names of another language": (
        {"type": "object", "patternProperties": {r"x\Z": TEXT}},
        {"it.type", "it.values.type"},
        "it/patternProperties: ",
    ),
    "a keyword of older drafts": (
        choices(dependencies={"a": ["b"]}),
        {"it.type", "it.a.type", "it.b.type", "it.c.type"},
        "it has dependencies, which JSON Schema 2020-12 lacks",
    ),
    "a reference to what it stands in": ({"$recursiveRef": "#"}, set(), "it has $rec"),
    "a reference to one of several": ({"$dynamicRef": "#many"}, set(), "several"),
    "a reference to nothing": ({"$ref": "#/no"}, set(), "points at nothing"),
    "a bound that is a text": (
        {"type": "integer", "maximum": "3"},
        {"it.type"},
        "it/maximum: ",
    ),
    "a type that is none": ({"type": "any"}, set(), "it/type: "),
    "a schema that is none": (5, set(), "it is not a schema"),
    "a contrary that cannot be worked out": (
        {"type": "integer", "not": {"multipleOf": 3}},
        {"it.type", "it.absent"},
        "",
    ),
}
FOREIGN: dict[str, Json] = {"type": "string", "pattern": r"\A[a-z]+\z"}
# They say nothing about a value, as every keyword that nobody knows.
SILENT = {
    *("$schema", "$comment", "title", "description", "default", "examples"),
    *("deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType"),
    *(
        "contentSchema",
        "$vocabulary",
        "$dynamicAnchor",
        "dependencies",
        "$recursiveRef",
    ),
    "$recursiveAnchor",
}


def contract_of(schema: Json, folder: Path, *, needed: bool = True) -> Path:
    path = folder / "contract.yaml"
    members = {"it": schema, "other": {"type": "boolean"}}
    body = {"type": "object", "required": ["it"] * needed, "properties": members}
    path.write_text(yaml.safe_dump(document(body, components=COMPONENTS)))
    return path


def values(cases: tuple[Case, ...], expect: Expect) -> list[Json]:
    """List what stands at `it` in the bodies of a kind."""
    return [
        case.body["it"]
        for case in cases
        if case.expect == expect and isinstance(case.body, dict) and "it" in case.body
    ]


def breaking(contract: Contract, cases: tuple[Case, ...], keyword: str) -> list[Json]:
    """List what stands at `it` where both validators find the keyword broken."""
    return [
        case.body["it"]
        for case in cases
        if case.broken and isinstance(case.body, dict) and "it" in case.body
        for breach in contract.prover.breaches(case.body)
        if breach.assertion.keyword == keyword
        and contract.prover.proven_broken(case.body) == set(case.broken)
    ]


@pytest.mark.parametrize("row", SERVED, ids=lambda each: each.keyword)
def test_a_keyword_has_a_case_on_its_boundary_and_one_beyond(
    row: Served, tmp_path: Path
) -> None:
    contract = load(contract_of(row.schema, tmp_path))
    cases = compile_cases(contract)

    beyond = breaking(contract, cases, row.broken or row.keyword)

    assert any(map(row.inside, values(cases, Expect.ACCEPT)))
    assert any(map(row.beyond, beyond))
    assert {case.rule for case in cases} <= set(contract.rules)


@pytest.mark.parametrize(("schema", "rules", "said"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_cannot_be_tested_is_left_out_by_name(
    schema: Json, rules: set[str], said: str, tmp_path: Path
) -> None:
    contract = load(contract_of(schema, tmp_path, needed=False))
    cases = compile_cases(contract)

    found = untested(contract, cases)

    assert values(cases, Expect.ACCEPT) == []
    assert {case.rule for case in cases} >= {"other.type", "body.type"}
    assert found.keys() == rules
    assert all(f"reaches it: {POINTER}" in why for why in found.values()) or not said
    (*_, notice) = contract.notices or ("",)
    assert said in notice


@pytest.mark.parametrize(("schema", "said"), [row[::2] for row in LEFT_OUT.values()])
def test_of_a_required_member_it_refuses_the_operation_by_place(
    schema: Json, said: str, tmp_path: Path
) -> None:
    with pytest.raises(SpecError) as caught:
        compile_cases(load(contract_of(schema, tmp_path)))

    assert f"{POINTER}/properties/it" in str(caught.value)
    assert said in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "integer", "maximun": 3}, "has maximun, which says nothing: did you"),
        ({"type": "integer", "unit": "kg", "x-maximun": 3}, ""),
        ({"type": "integer", "maximum": 3, "example": 7}, "/example breaks what it"),
        ({"type": "integer", "examples": ["x", 5]}, "/examples/0 breaks what it"),
        ({"type": "integer", "default": None}, "/default breaks what it stands in"),
        ({"type": "integer", "examples": {"a": 5}}, "/examples: "),
        ({"type": "integer", "required": True}, "/required is no list: no rule is"),
    ],
)
def test_what_is_odd_is_said_once_and_stops_nothing(
    schema: Json, said: str, tmp_path: Path
) -> None:
    contract = load(contract_of(schema, tmp_path, needed=False))
    cases = compile_cases(contract)

    assert len(contract.notices) == bool(said)
    assert all(said in each for each in contract.notices)
    shown = values(cases, Expect.ACCEPT)
    assert shown
    assert all(isinstance(value, int) and value <= 5 for value in shown)
    # To draft 3, it is required.
    sent = [each.body for each in cases if each.expect == Expect.ACCEPT]
    assert not schema.get("required") or all("it" in body for body in sent)


@pytest.mark.parametrize(
    "around",
    [
        pytest.param(lambda it: {"allOf": [it]}, id="in allOf"),
        pytest.param(lambda it: {"anyOf": [{"type": "null"}, it]}, id="in anyOf"),
        pytest.param(lambda it: {"oneOf": [{"type": "null"}, it]}, id="in oneOf"),
        pytest.param(lambda it: {"if": it, "then": {}}, id="in if"),
        pytest.param(lambda it: {"if": {}, "then": it}, id="in then"),
        pytest.param(lambda it: {"if": {}, "else": it}, id="in else"),
        pytest.param(lambda it: {"type": "array", "items": it}, id="in items"),
        pytest.param(lambda it: {"type": "array", "contains": it}, id="in contains"),
        pytest.param(
            lambda it: {"type": "object", "properties": {"deep": it}},
            id="in an optional member",
        ),
        pytest.param(lambda it: {"x-settled": it}, id="in what is settled"),
        pytest.param(lambda it: {"not": it}, id="in not"),
        pytest.param(
            lambda it: {"type": "object", "additionalProperties": it},
            id="in any other member",
        ),
        pytest.param(
            lambda it: {"type": "object", "unevaluatedProperties": it},
            id="in a member that is left to evaluate",
        ),
        pytest.param(lambda it: {"$ref": "#/$defs/a", "$defs": {"a": it}}, id="below"),
    ],
)
def test_what_cannot_be_read_is_never_sent_wherever_it_stands(
    around: Callable[[Json], Json], tmp_path: Path
) -> None:
    schema = around(FOREIGN)
    contract = load(contract_of(schema, tmp_path, needed=False))

    sent = values(compile_cases(contract), Expect.ACCEPT)

    texts = [each for each in sent if each not in ([], {}, None)]
    assert texts == []
    assert len(contract.notices) == 1


def test_every_keyword_of_the_standard_is_accounted_for() -> None:
    standard = {
        keyword
        for uri in REGISTRY
        if "draft/2020-12/meta/" in uri
        for keyword in REGISTRY.contents(uri).get("properties", {})
    }

    # `dependentSchemas` becomes `if` and `then`.
    known = {*(row.keyword for row in SERVED), *SILENT, "dependentSchemas"}

    assert len(standard) > 50
    assert standard - known == set()
