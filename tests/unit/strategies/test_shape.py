from __future__ import annotations

from typing import Any

import pytest

from ringspec.strategies.shapes.compile import compile_schema
from ringspec.strategies.shapes.shape import (
    Shape,
    admitted,
    interned,
    is_multiple,
    meet,
)


@pytest.mark.parametrize(
    ("left", "right", "inside", "outside"),
    [
        pytest.param(
            {"type": "integer", "minimum": 1},
            {"type": "integer", "maximum": 3},
            [1, 3],
            [0, 4, 2.5, True, "2"],
            id="bounds meet",
        ),
        pytest.param(
            {"type": "number"}, {"type": "integer"}, [2], [2.5], id="the narrower kind"
        ),
        pytest.param(
            {"enum": ["a", "b", 1]},
            {"enum": ["b", 1, "c"]},
            ["b", 1],
            ["a", "c", True],
            id="listed in both",
        ),
        pytest.param(
            {"type": "string", "minLength": 2},
            {"type": "string", "maxLength": 3},
            ["ab", "abc"],
            ["a", "abcd"],
            id="lengths meet",
        ),
        pytest.param(
            {"type": "array", "items": {"type": "integer"}},
            {"type": "array", "minItems": 1, "items": {"minimum": 2}},
            [[2, 3]],
            [[], [1], ["2"]],
            id="items meet",
        ),
        pytest.param(
            {"type": "object", "properties": {"a": {"type": "integer"}}},
            {
                "type": "object",
                "required": ["a"],
                "additionalProperties": False,
                "properties": {"a": {"maximum": 5}},
            },
            [{"a": 5}],
            [{}, {"a": 6}, {"a": 1, "b": 1}],
            id="members meet",
        ),
    ],
)
def test_what_meets_fits_both(
    left: Any, right: Any, inside: list[Any], outside: list[Any]
) -> None:
    both = meet(compile_schema(left), compile_schema(right))

    assert all(admitted(both, value) for value in inside)
    assert not any(admitted(both, value) for value in outside)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"type": "integer"}, {"type": "string"}),
        ({"minimum": 3, "type": "integer"}, {"maximum": 2, "type": "integer"}),
        ({"const": "a"}, {"not": {"const": "a"}}),
        (
            {"type": "object", "required": ["a"]},
            {"type": "object", "properties": {"a": {"not": {}}}},
        ),
        ({"type": "array", "minItems": 3}, {"type": "array", "maxItems": 2}),
    ],
)
def test_what_excludes_each_other_leaves_nothing(left: Any, right: Any) -> None:
    assert meet(compile_schema(left), compile_schema(right)) == ()


def test_meeting_is_the_same_both_ways_round() -> None:
    left = compile_schema({"enum": [1, "a", None, True]})
    right = compile_schema({"type": ["integer", "boolean", "string"]})

    values = [1, "a", None, True, "b", 2, 1.5]

    one = [admitted(meet(left, right), value) for value in values]
    other = [admitted(meet(right, left), value) for value in values]
    assert one == other == [True, True, False, True, False, False, False]


@pytest.mark.parametrize(
    ("left", "right", "both"),
    [(4, 6, 12), (0.1, 0.25, 0.5), (3, 3, 3), (0.5, 2, 2)],
)
def test_a_multiple_of_two_steps_is_one_of_both(
    left: float, right: float, both: float
) -> None:
    (shape,) = meet(
        compile_schema({"type": "number", "multipleOf": left}, ("number",)),
        compile_schema({"type": "number", "multipleOf": right}, ("number",)),
    )

    assert shape.multiple == both


def test_a_multiple_is_one_as_it_is_written() -> None:
    assert is_multiple(0.3, 0.1)
    assert not is_multiple(0.35, 0.1)


def test_patterns_and_steps_are_minded() -> None:
    assert not admitted(compile_schema({"pattern": "^a"}, ("string",)), "b")
    assert not admitted(compile_schema({"multipleOf": 3}, ("integer",)), 4)


def test_true_and_one_are_two_choices() -> None:
    assert Shape(kind="integer", enum=(1,)).admits(1)
    assert not Shape(kind="integer", enum=(1,)).admits(True)  # noqa: FBT003
    assert not Shape(kind="boolean", enum=(True,)).admits(1)


def test_equal_parts_of_interned_shapes_are_the_same_objects() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "object", "properties": {"x": {"const": 1}}},
            "b": {"type": "object", "properties": {"x": {"const": 1}}},
            "c": {"type": "object", "properties": {"x": {"const": True}}},
        },
    }
    before = compile_schema(schema)

    (shape,) = interned(before)

    assert (shape,) == before
    assert shape.members["a"] is shape.members["b"]
    assert shape.members["a"] is not shape.members["c"]  # 1 and True differ to us
