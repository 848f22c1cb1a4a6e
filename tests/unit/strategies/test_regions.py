"""Regions err to one side only: what fits a schema is never left out of its region."""

from __future__ import annotations

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringspec.spec import Json
from ringspec.strategies.adequacy.verdicts import Regions, pruned
from ringspec.strategies.shapes.compile import avoid, reach

Schemas = st.SearchStrategy[Json]

SCALARS: st.SearchStrategy[Json] = st.sampled_from(
    [None, True, False, 0, 1, 2, 12, 2.0, 1.5, -3, "", "a", "ab", "A"]
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    ),
    max_leaves=6,
)
COUNTS = st.integers(0, 3)
NAMES = st.lists(st.sampled_from(["a", "b", "c"]), max_size=2, unique=True)
KINDS = st.sampled_from(
    ["integer", "number", "string", "boolean", "null", "array", "object"]
)


def keywords(inner: Schemas) -> dict[str, Schemas]:
    listed = st.lists(inner, min_size=1, max_size=2)
    named = st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
    return {
        "type": st.one_of(KINDS, st.lists(KINDS, min_size=1, max_size=2, unique=True)),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        **dict.fromkeys(("minimum", "maximum"), st.sampled_from([0, 1, 1.5, 2, 12])),
        "exclusiveMinimum": st.sampled_from([0, 1, 1.5]),
        "exclusiveMaximum": st.sampled_from([1, 2, 1.5]),
        "multipleOf": st.sampled_from([1, 2, 12, 0.5]),
        **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), COUNTS),
        **dict.fromkeys(("minProperties", "maxProperties"), COUNTS),
        "pattern": st.just("^a"),
        "uniqueItems": st.just(value=True),
        "items": inner,
        "contains": inner,
        "minContains": COUNTS,
        "maxContains": COUNTS,
        "properties": named,
        "required": NAMES,
        "dependentRequired": st.dictionaries(st.sampled_from(["a", "b"]), NAMES),
        "additionalProperties": st.one_of(st.booleans(), inner),
        "allOf": listed,
        "anyOf": listed,
        "oneOf": listed,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
    }


def schemas(depth: int) -> Schemas:
    inner = st.just({}) if depth == 0 else schemas(depth - 1)
    known = keywords(inner)
    if depth == 0:
        known = {name: known[name] for name in known if name not in _NESTED}

    @st.composite
    def schema(draw: st.DrawFn) -> Json:
        names = draw(st.lists(st.sampled_from(sorted(known)), min_size=1, max_size=3))
        return {name: draw(known[name]) for name in names}

    return schema()


_NESTED = {
    *("items", "contains", "properties", "additionalProperties"),
    *("allOf", "anyOf", "oneOf", "not", "if", "then", "else"),
}
SCHEMAS = schemas(2)


def fits(schema: Json, value: Json) -> bool:
    return bool(jsonschema_rs.Draft202012Validator(schema).is_valid(value))


@settings(max_examples=500, deadline=None)
@given(SCHEMAS, VALUES)
def test_no_value_that_fits_is_left_out(schema: Json, value: Json) -> None:
    if fits(schema, value):
        assert reach({"allOf": [schema, {"const": value}]})
        assert reach({"allOf": [{"const": value}, schema]})
        assert Regions().of({"allOf": [schema, {"const": value}]})
        assert [*Regions().some({"allOf": [{"const": value}, schema]})]
    else:
        assert reach({"allOf": [{"not": schema}, {"const": value}]})
        assert avoid(schema)


@settings(max_examples=500, deadline=None)
@given(SCHEMAS, SCHEMAS, VALUES)
def test_what_fits_two_schemas_touches_both_regions(
    one: Json, other: Json, value: Json
) -> None:
    if fits(one, value) and fits(other, value):
        assert Regions().both(reach(one), reach(other))


@settings(max_examples=500, deadline=None)
@given(SCHEMAS, VALUES)
def test_a_pruned_schema_admits_no_less(schema: Json, value: Json) -> None:
    if fits(schema, value):
        for place in ((), ("a",), ("a", "b"), ("*",), ("*", "a")):
            assert fits(pruned(schema, place), value)


def test_conditions_side_by_side_do_not_multiply_without_end() -> None:
    names = [f"m{number}" for number in range(40)]
    choices = [
        {"if": {"required": [name]}, "then": {"maxProperties": 30}} for name in names
    ]
    schema = {"type": "object", "allOf": choices}

    assert 100 < len(Regions().of(schema)) <= 2000
    assert [*Regions().some(schema)]


@pytest.mark.parametrize(
    ("schema", "empty"),
    [
        ({"type": "integer", "minimum": 3, "maximum": 2}, True),
        ({"type": "integer", "minimum": 1, "maximum": 11, "multipleOf": 12}, True),
        ({"type": "integer", "minimum": 1, "maximum": 12, "multipleOf": 12}, False),
        ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2}, True),
        ({"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 2}, False),
        ({"type": "integer", "minimum": 0, "maximum": 10_000}, False),
        ({"type": "string", "enum": [1, 2]}, True),
        ({"enum": [1, 2], "not": {"minimum": 0}}, True),
        ({"enum": [2.0], "not": {"const": 2}}, True),
        ({"type": "number", "multipleOf": 1, "not": {"type": "integer"}}, True),
        ({"type": "array", "minItems": 2, "maxItems": 1}, True),
        ({"type": "array", "minItems": 1, "items": {"not": {}}}, True),
        ({"type": "array", "items": {"const": 1}, "contains": {"const": 2}}, True),
        ({"type": "array", "contains": {}, "minContains": 2, "maxContains": 1}, True),
        ({"type": "array", "contains": {}, "maxItems": 0}, True),
        ({"type": "object", "required": ["a"], "maxProperties": 0}, True),
        ({"type": "object", "additionalProperties": False, "minProperties": 1}, True),
        ({"type": "object", "required": ["a"], "additionalProperties": False}, True),
        ({"type": "object", "required": ["a"], "properties": {"a": False}}, True),
        ({"type": "object", "dependentRequired": {"a": ["b"]}}, False),
        ({"oneOf": [{"const": 1}, {"const": 1}]}, True),
        ({"if": {"const": 1}, "then": {"const": 2}, "else": {"const": 1}}, True),
    ],
)
def test_what_nothing_fits_has_no_region(schema: Json, *, empty: bool) -> None:
    assert (reach(schema) == ()) is empty
