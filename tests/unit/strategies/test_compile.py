"""Samples built from a schema are judged by jsonschema, which knows nothing of us."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringspec.strategies.shapes.build import Builder, Unfit
from ringspec.strategies.shapes.compile import compile_schema, negate
from ringspec.strategies.shapes.draw import Drawer

ROWS = Path(__file__).with_name("schemas.jsonl").read_text().splitlines()
SCHEMAS: dict[str, Any] = {row["name"]: row["schema"] for row in map(json.loads, ROWS)}


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
