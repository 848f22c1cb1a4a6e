"""Samples built from a schema are judged by jsonschema, which knows nothing of us."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

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
