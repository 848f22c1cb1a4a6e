"""Samples built from a schema are judged by jsonschema, which knows nothing of us."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringspec.strategies.shapes.build import Builder, Unfit
from ringspec.strategies.shapes.compile import compile_schema, negate
from ringspec.strategies.shapes.draw import Drawer

SCHEMAS: dict[str, Any] = {
    "enum": {"enum": [1, "a", None]},
    "const": {"const": {"a": [1]}},
    "types": {"type": ["integer", "null"]},
    "minimum": {"type": "integer", "minimum": 7},
    "a bound between integers": {"type": "integer", "minimum": 1.5, "maximum": 3.5},
    "an exclusive bound of a large number": {
        "type": "number",
        "exclusiveMinimum": 1_000_000_000,
        "maximum": 1_000_000_001,
    },
    "two steps": {"type": "integer", "multipleOf": 4, "allOf": [{"multipleOf": 6}]},
    "steps of fractions": {"type": "number", "multipleOf": 0.1, "minimum": 0.25},
    "maximum": {"type": "number", "maximum": -7},
    "exclusive bounds": {
        "type": "integer",
        "exclusiveMinimum": 1,
        "exclusiveMaximum": 3,
    },
    "multipleOf": {"type": "integer", "multipleOf": 7, "minimum": 8},
    "lengths": {"type": "string", "minLength": 5, "maxLength": 6},
    "pattern": {"type": "string", "pattern": "^a+$", "examples": ["aaa"]},
    "items": {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
    "maxItems": {"type": "array", "maxItems": 0},
    "uniqueItems": {
        "type": "array",
        "uniqueItems": True,
        "minItems": 3,
        "items": {"enum": [1, 2, 3]},
    },
    "unlisted items that differ": {
        "type": "array",
        "uniqueItems": True,
        "minItems": 3,
        "items": {"type": "object", "required": ["a"], "properties": {"a": {}}},
    },
    "a map": {
        "type": "object",
        "additionalProperties": {"type": "integer"},
        "minProperties": 2,
        "required": ["b"],
    },
    "not a pattern": {"type": "string", "not": {"pattern": "^t"}},
    "not contains": {
        "type": "array",
        "items": {"enum": [1, 2]},
        "minItems": 2,
        "not": {"contains": {"const": 1}, "maxContains": 2},
    },
    "not all items": {
        "type": "array",
        "items": {"enum": [1, 2]},
        "not": {"items": {"const": 1}},
    },
    "not dependentRequired": {
        "type": "object",
        "properties": {"a": {"const": 1}, "b": {"const": 2}},
        "not": {"dependentRequired": {"a": ["b"]}},
    },
    "not exclusive bounds": {
        "type": "integer",
        "not": {"exclusiveMinimum": 1, "exclusiveMaximum": 9},
    },
    "not so many members": {
        "type": "object",
        "properties": {"a": {"const": 1}, "b": {"const": 2}},
        "not": {"minProperties": 1, "maxProperties": 1},
    },
    "not if": {
        "type": "integer",
        "not": {"if": {"minimum": 5}, "then": {"maximum": 9}, "else": {"maximum": 1}},
    },
    "contains": {
        "type": "array",
        "items": {"enum": [1, 2]},
        "contains": {"const": 1},
        "maxContains": 1,
        "minItems": 2,
    },
    "required": {"type": "object", "required": ["a"], "properties": {"a": {}}},
    "closed": {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "additionalProperties": False,
    },
    "minProperties": {
        "type": "object",
        "minProperties": 2,
        "properties": {"a": {"const": 1}, "b": {"const": 2}, "c": {"const": 3}},
    },
    "dependentRequired": {
        "type": "object",
        "properties": {"a": {"const": 1}, "b": {"const": 2}},
        "dependentRequired": {"a": ["b"]},
        "required": ["a"],
    },
    "allOf": {"type": "integer", "allOf": [{"minimum": 2}, {"maximum": 2}]},
    "anyOf": {"anyOf": [{"type": "integer", "minimum": 9}, {"const": "x"}]},
    "oneOf": {
        "type": "object",
        "properties": {"a": {"const": 1}, "b": {"const": 2}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "not": {"type": "integer", "minimum": 1, "maximum": 2, "not": {"const": 1}},
    "if then else": {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": ["a", "b"]}, "x": {"const": 1}},
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"required": ["x"]},
        "else": {"properties": {"x": {"not": {}}}},
    },
}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_each_alternative_of_a_keyword_is_valid(schema: Any) -> None:
    validator = jsonschema.Draft202012Validator(schema)
    shapes = compile_schema(schema)

    assert shapes
    for shape in shapes:
        assert validator.is_valid(Builder().build((shape,)))


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_whatever_is_drawn_from_a_keyword_is_valid(schema: Any) -> None:
    validator = jsonschema.Draft202012Validator(schema)

    @settings(max_examples=40, deadline=None, database=None, derandomize=True)
    @given(Drawer().drawn(compile_schema(schema)))
    def drawn(value: Any) -> None:
        assert validator.is_valid(value)

    drawn()


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_what_is_built_against_a_keyword_is_invalid(schema: Any) -> None:
    validator = jsonschema.Draft202012Validator(schema)

    for shape in negate(schema):
        try:
            value = Builder().build((shape,))
        except Unfit:
            continue
        assert not validator.is_valid(value), shape


SCALARS = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("integer")},
        optional={
            "minimum": st.integers(-9, 3),
            "maximum": st.integers(4, 9),
            "multipleOf": st.integers(1, 3),
        },
    ),
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={"minLength": st.integers(0, 3), "maxLength": st.integers(4, 9)},
    ),
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"enum": [1, "a", True]}]),
)


def nested(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from("abc")
    members = st.dictionaries(names, children, max_size=3)
    return st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("array"), "items": children},
            optional={"minItems": st.integers(0, 2), "maxItems": st.integers(2, 3)},
        ),
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": members},
            optional={
                "required": st.lists(names, unique=True, max_size=2),
                "additionalProperties": st.booleans(),
            },
        ),
        st.fixed_dictionaries({"anyOf": st.lists(children, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"oneOf": st.lists(children, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"allOf": st.lists(children, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"if": children, "then": children, "else": children}),
    )


RANDOM = st.recursive(SCALARS, nested, max_leaves=6)


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(RANDOM, st.binary(max_size=64))
def test_random_schemas_give_values_that_jsonschema_takes(
    schema: Any, tape: bytes
) -> None:
    from ringspec.strategies.shapes.draw import ByteChoices  # noqa: PLC0415 - slow to load

    validator = jsonschema.Draft202012Validator(schema)
    shapes = compile_schema(schema)

    try:
        built = Builder().build(shapes)
        drawn = Drawer().reader(shapes)(ByteChoices(tape))
    except Unfit:
        return  # nothing fits, or nothing that we know how to make
    assert validator.is_valid(built)
    assert validator.is_valid(drawn)
