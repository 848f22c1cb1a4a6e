from __future__ import annotations

import re
from typing import Any

import pytest

from ringspec.spec import Contract, Json
from ringspec.strategies.shapes.text import matching, of_media_type, shown

CODE = {"type": "string", "pattern": "^[A-Z]{3}$"}


@pytest.mark.parametrize(
    ("schema", "examples"),
    [
        pytest.param({**CODE, "example": "XYZ"}, None, id="its own stays alone"),
        pytest.param(CODE, ["AAA"], id="a text of the pattern"),
        pytest.param(
            {"type": "string", "format": "date"}, ["2031-04-30"], id="of the format"
        ),
        pytest.param({"type": "string", "format": "other"}, [], id="nobody knows"),
        pytest.param({"type": "string"}, None, id="free text needs none"),
    ],
)
def test_a_text_of_a_form_gets_an_example(
    schema: dict[str, Any], examples: list[str] | None
) -> None:
    assert shown(schema).get("examples") == examples


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        ({"properties": {"it": CODE}}, [{"it": "QQQ"}, {}]),
        ({"properties": {"it": CODE}, "example": {"it": "QQQ"}}, []),
        ({"properties": {"it": CODE}, "examples": [{"it": "QQQ"}]}, []),
        ({"items": {"properties": {"it": CODE}}}, [[{"it": "QQQ"}, {"it": 7}]]),
        ({"allOf": [{"properties": {"it": CODE}}]}, [{"it": "QQQ"}]),
        ({"then": {"properties": {"it": CODE}}}, [{"it": "QQQ"}]),
    ],
    ids=["a body", "beside", "among several", "items", "a branch", "a condition"],
)
def test_what_the_examples_around_a_text_show_is_taken(
    schema: Json, values: list[Json]
) -> None:
    assert "['QQQ']" in str(shown(schema, values))


def test_values_of_any_other_member_get_examples_too() -> None:
    changed = shown({"additionalProperties": CODE})

    assert changed["additionalProperties"]["examples"] == ["AAA"]


@pytest.mark.parametrize(
    "pattern", ["^[a-z]+$", "^#[0-9a-fA-F]{4}$", r"^(?=.*\d)[a-z0-9-]{6}$", "^A1|b2$"]
)
def test_a_text_has_the_pattern_and_the_length(pattern: str) -> None:
    text = matching(pattern, 2, 6)

    assert text is not None
    assert re.search(pattern, text)
    assert 2 <= len(text) <= 6


@pytest.mark.parametrize(
    ("pattern", "least", "most", "form"),
    [
        pytest.param("^a$", 2, 9, "", id="no text is that long"),
        pytest.param(r"^\d{10}$", 0, 99, "", id="it could be somebody's number"),
        pytest.param("^x", 0, 99, "date", id="a format says otherwise"),
    ],
)
def test_no_text_is_better_than_a_wrong_one(
    pattern: str, least: int, most: int, form: str
) -> None:
    assert matching(pattern, least, most, form) is None


def test_the_bodies_that_an_operation_shows_are_found(contract: Contract) -> None:
    found = of_media_type(contract.operation)

    assert [body["retries"] for body in found] == [0, 2]
