from __future__ import annotations

from typing import Any

import pytest

from ringspec.strategies.shapes.build import (
    Absent,
    Builder,
    Exactly,
    Narrowed,
    Present,
    Sized,
    Unfit,
    Wish,
)
from ringspec.strategies.shapes.compile import compile_schema

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "sizes"],
    "properties": {
        "kind": {"enum": ["plain", "fancy"]},
        "sizes": {
            "type": "array",
            "items": {"type": "integer", "minimum": 1},
            "maxItems": 3,
        },
        "note": {"type": "string", "maxLength": 20, "examples": ["a note"]},
        "inner": {
            "type": "object",
            "required": ["deep"],
            "properties": {"deep": {"type": "boolean"}},
        },
    },
    "if": {"properties": {"kind": {"const": "fancy"}}, "required": ["kind"]},
    "then": {"required": ["note"]},
}
# As bodies are ranked: the plainest alternative first.
SHAPES = compile_schema(SCHEMA)[::-1]


def test_without_wishes_the_plainest_value_is_built() -> None:
    assert Builder().build(SHAPES) == {"kind": "plain", "sizes": []}


@pytest.mark.parametrize(
    ("wishes", "built"),
    [
        pytest.param(
            {("kind",): Exactly("fancy")},
            {"kind": "fancy", "sizes": [], "note": "a note"},
            id="a value takes its branch",
        ),
        pytest.param(
            {("sizes",): Sized(2)}, {"kind": "plain", "sizes": [1, 1]}, id="a size"
        ),
        pytest.param(
            {("sizes", 1): Exactly(7)},
            {"kind": "plain", "sizes": [1, 7]},
            id="an item brings those before it",
        ),
        pytest.param(
            {("inner",): Present()},
            {"kind": "plain", "sizes": [], "inner": {"deep": False}},
            id="an optional member",
        ),
        pytest.param(
            {("inner", "deep"): Exactly(True)},  # noqa: FBT003
            {"kind": "plain", "sizes": [], "inner": {"deep": True}},
            id="a wish below brings what is above",
        ),
        pytest.param(
            {
                ("sizes",): Sized(1),
                ("sizes", 0): Narrowed(compile_schema({"minimum": 5})),
            },
            {"kind": "plain", "sizes": [5]},
            id="narrowed",
        ),
        pytest.param(
            {("note",): Absent()}, {"kind": "plain", "sizes": []}, id="absent as it is"
        ),
    ],
)
def test_a_wish_is_met(wishes: dict[tuple[str | int, ...], Wish], built: Any) -> None:
    assert Builder(wishes).build(SHAPES) == built


@pytest.mark.parametrize(
    "wishes",
    [
        pytest.param({("kind",): Exactly("other")}, id="a value that is not listed"),
        pytest.param({("kind",): Absent()}, id="a required member absent"),
        pytest.param({("sizes",): Sized(4)}, id="too many items"),
        pytest.param({("nothing",): Present()}, id="a member that nobody names"),
        pytest.param(
            {("kind",): Exactly("fancy"), ("note",): Absent()},
            id="against the branch's demand",
        ),
        pytest.param({("kind", "below"): Present()}, id="something below a scalar"),
    ],
)
def test_a_wish_that_cannot_be_met_is_unfit(
    wishes: dict[tuple[str | int, ...], Wish],
) -> None:
    with pytest.raises(Unfit):
        Builder(wishes).build(SHAPES)


def test_a_full_value_has_every_member() -> None:
    assert set(Builder(full=True, items=2).build(SHAPES)) == set(SCHEMA["properties"])


def test_a_full_value_keeps_to_the_greatest_number_of_members() -> None:
    schema = {**SCHEMA, "maxProperties": 3}

    assert len(Builder(full=True).build(compile_schema(schema))) == 3


def test_what_nobody_gave_an_example_of_is_unfit() -> None:
    shapes = compile_schema({"type": "string", "pattern": "^[a-z]{4}$"})

    with pytest.raises(Unfit):
        Builder().build(shapes)


def test_items_differ_where_they_must() -> None:
    schema = {
        "type": "array",
        "uniqueItems": True,
        "minItems": 3,
        "items": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "required": ["a"]},
        },
    }

    built = Builder().build(compile_schema(schema))

    assert built == [[{"a": "text"}], [{"a": "tex1"}], [{"a": "tex2"}]]


def test_there_are_no_more_different_items_than_there_are() -> None:
    schema = {"type": "array", "uniqueItems": True, "items": {"type": "boolean"}}

    with pytest.raises(Unfit):
        Builder().build(compile_schema({**schema, "minItems": 3}))
    with pytest.raises(Unfit):
        Builder().build(
            compile_schema({**schema, "items": {"type": "null"}, "minItems": 2})
        )


def test_items_of_which_nothing_is_said_are_plain_values() -> None:
    built = Builder(items=9).build(compile_schema({"type": "array"}))

    assert not any(isinstance(each, list | dict) for each in built)


def test_a_member_that_is_wished_for_in_an_array_is_unfit() -> None:
    shapes = compile_schema({"type": "array"})

    with pytest.raises(Unfit):
        Builder({("a",): Present()}).build(shapes)


def test_a_single_word_is_not_changed_by_turns() -> None:
    word = compile_schema({"type": "string", "examples": ["last_call"]})
    prose = compile_schema({"type": "string", "examples": ["Any text will do"]})

    assert {Builder(turn=turn).build(word) for turn in range(9)} == {"last_call"}
    assert len({Builder(turn=turn).build(prose) for turn in range(9)}) > 5
