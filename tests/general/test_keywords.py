"""Every keyword of JSON Schema 2020-12 is served by cases, or refused by its name.

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

from .test_contracts import document

TEXT = {"type": "string", "examples": ["abcd"]}
WAYS = {"type": "string", "enum": ["air", "road", "sea"]}
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
    Served(
        "$ref", {"$ref": "#/components/schemas/Few"}, is_(7), is_(8), broken="maximum"
    ),
]
COMPONENTS = {"schemas": {"Few": {"type": "integer", "maximum": 7}}}

# Each at the member `it`: the keyword, and what stands beside it.
REFUSED: dict[str, dict[str, Json]] = {
    "patternProperties": {"type": "object", "patternProperties": {"^x": TEXT}},
    "propertyNames": {"type": "object", "propertyNames": {"maxLength": 3}},
    "prefixItems": {"type": "array", "prefixItems": [TEXT]},
    "unevaluatedItems": {"type": "array", "unevaluatedItems": False},
    "contentSchema": {
        **TEXT,
        "contentMediaType": "application/json",
        "contentSchema": {"type": "object"},
    },
    "$dynamicRef": {"$dynamicRef": "#node"},
    "$dynamicAnchor": {**TEXT, "$dynamicAnchor": "node"},
    "$anchor": {**TEXT, "$anchor": "node"},
    "$id": {**TEXT, "$id": "https://example.com/it"},
    "$vocabulary": {**TEXT, "$vocabulary": {}},
    # Of older drafts, where they asserted something, and one misspelt.
    "dependencies": choices(dependencies={"a": ["b"]}),
    "additionalItems": {"type": "array", "additionalItems": False},
    "$recursiveRef": {"$recursiveRef": "#"},
    "minimun": {"type": "integer", "minimun": 3},
}
# They say nothing about a value.
SILENT = {
    *("$schema", "$comment", "$defs", "title", "description", "default", "examples"),
    *("deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType"),
}


def contract_of(schema: Json, folder: Path) -> Path:
    path = folder / "contract.yaml"
    body = {"type": "object", "required": ["it"], "properties": {"it": schema}}
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


@pytest.mark.parametrize("keyword", REFUSED)
def test_a_keyword_without_support_is_refused_by_name_and_place(
    keyword: str, tmp_path: Path
) -> None:
    with pytest.raises(SpecError) as caught:
        compile_cases(load(contract_of(REFUSED[keyword], tmp_path)))

    assert f"{POINTER}/properties/it has {keyword}" in str(caught.value)
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_a_misspelt_keyword_is_told_from_the_one_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        compile_cases(load(contract_of(REFUSED["minimun"], tmp_path)))

    assert caught.value.hint == "did you mean 'minimum'?"


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        pytest.param(
            {"type": "integer", "not": {"multipleOf": 3}},
            "it/not has multipleOf inside `if` or `not`",
            id="a contrary that cannot be worked out",
        ),
        pytest.param(
            {"type": "string", "if": {"format": "uuid"}, "then": {"maxLength": 36}},
            "it/if has format inside `if` or `not`",
            id="a condition likewise",
        ),
        pytest.param(
            {"type": "string", "then": {"maxLength": 36}},
            "it has then without `if`",
            id="a branch without a condition",
        ),
        pytest.param(
            {"type": "integer", "maximum": 3, "example": 7},
            "it/example breaks what it is an example of",
            id="an example that breaks a bound",
        ),
    ],
)
def test_what_would_be_skipped_is_refused_with_its_place(
    schema: Json, said: str, tmp_path: Path
) -> None:
    with pytest.raises(SpecError) as caught:
        compile_cases(load(contract_of(schema, tmp_path)))

    assert f"{POINTER}/properties/{said}" in str(caught.value)
    assert caught.value.hint


def test_what_is_defined_and_never_used_is_not_refused(tmp_path: Path) -> None:
    unused = {"$defs": {"never": REFUSED["prefixItems"]}}

    assert compile_cases(load(contract_of({**TEXT, **unused}, tmp_path)))


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
    ],
)
def test_a_keyword_without_support_is_refused_wherever_it_stands(
    around: Callable[[Json], Json], tmp_path: Path
) -> None:
    schema = around(REFUSED["patternProperties"])

    with pytest.raises(SpecError, match="patternProperties"):
        compile_cases(load(contract_of(schema, tmp_path)))


def test_every_keyword_of_the_standard_is_accounted_for() -> None:
    standard = {
        keyword
        for uri in REGISTRY
        if "draft/2020-12/meta/" in uri
        for keyword in REGISTRY.contents(uri).get("properties", {})
    }

    # `dependentSchemas` becomes `if` and `then`.
    known = {*(row.keyword for row in SERVED), *REFUSED, *SILENT, "dependentSchemas"}

    assert len(standard) > 50
    assert standard - known == set()
