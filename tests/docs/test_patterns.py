"""The patterns of docs/holds.md mean what they are said to, by both evaluators."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ringspec.spec import SpecError
from ringspec.spec.expressions import Expression, Types

PAGE = (Path(__file__).parents[2] / "docs" / "holds.md").read_text("utf-8")
ROWS = re.findall(r"^\| ([^`|\n]*) \|(?:.*\|)? `(.*)` \|$", PAGE, re.MULTILINE)
REFUSED = re.findall(r"^\| `(self.*|later.*)` \| (.*) \|$", PAGE, re.MULTILINE)
NEAR = {"kind": "near"}
# By pattern, bodies that keep to it, and bodies that do not.
MEANT: dict[str, tuple[list[Any], list[Any]]] = {
    "Requires": (
        [{}, {"type": "any"}, {"definition": 1, "type": "video"}],
        [{"definition": 1}, {"definition": 1, "type": "any"}],
    ),
    "Or": ([{"query": 1}, {"query": 1, "type": 1}], [{}]),
    "OnlyOne": ([{"amount": 1}], [{}, {"amount": 1, "percent": 1}]),
    "AllOrNone": ([{}, {"lat": 1, "lng": 1}], [{"lat": 1}, {"lng": 1}]),
    "ZeroOrOne": ([{}, {"rank": 1}], [{"radius": 1, "rank": 1}]),
    "relational": ([{}, {"start": 1, "end": 2}], [{"start": 1, "end": 1}]),
    "arithmetic": (
        [{"limit": 1001}, {"limit": 999, "offset": 1}],
        [{"limit": 1000, "offset": 1}],
    ),
    "complex": (
        [{"kind": "far"}, {**NEAR, "lat": 1, "lng": 1}, {**NEAR, "place": 1}],
        [NEAR, {**NEAR, "lat": 1}, {**NEAR, "lat": 1, "lng": 1, "place": 1}],
    ),
    "There are as many delays as retries.": (
        [{"delays": [7], "retries": 1}],
        [{"delays": [7], "retries": 2}],
    ),
    "The shares add up to 100.": (
        [{"shares": [{"percent": 40}, {"percent": 60}]}],
        [{"shares": []}, {"shares": [{"percent": 40}]}],
    ),
    "The fallback is one of the languages.": (
        [{"fallback": "de", "languages": ["fr", "de"]}],
        [{"fallback": "de", "languages": []}],
    ),
    "No output has the name of an input.": (
        [{"inputs": [], "outputs": [{"name": "a"}]}],
        [{"inputs": [{"name": "b"}, {"name": "a"}], "outputs": [{"name": "a"}]}],
    ),
    "A visit is not longer than a day.": (
        [{"since": "2024-02-03T04:00:00Z", "until": "2024-02-04T06:00:00+02:00"}],
        [{"since": "2024-02-03T04:00:00Z", "until": "2024-02-04T04:00:01Z"}],
    ),
    "No more is asked for than the limit.": ([{"ids": [1, 2]}], [{"ids": [1, 2, 3]}]),
}


def read(text: str, *times: str) -> Expression:
    """Read an expression about a body that has points in time."""
    types = Types()
    time = {"type": "string", "format": "date-time"}
    types.add({"properties": dict.fromkeys(times, time)}, ("body",))
    return Expression(text, types, ("body",))


def holds(text: str, body: Any) -> set[bool]:
    """Say whether an expression is not broken, by each of the evaluators."""
    expression, request = read(text, "since", "until"), {"query": {"limit": 2}}
    request["body"] = body
    found = [expression.holds(body, request, quick=each) for each in (True, False)]
    return {each is not False for each in found}


@pytest.mark.parametrize(("pattern", "text"), ROWS, ids=lambda it: it)
def test_a_pattern_means_what_it_is_said_to(pattern: str, text: str) -> None:
    kept, broken = MEANT[pattern]

    assert [holds(text, each) for each in kept] == [{True}] * len(kept)
    assert [holds(text, each) for each in broken] == [{False}] * len(broken)


def test_each_pattern_is_on_the_page() -> None:
    assert {pattern for pattern, _ in ROWS} == MEANT.keys()


def refusal(expression: Expression) -> str:
    """Say why an expression is refused; empty if it is not."""
    try:
        expression.check()
    except SpecError as error:
        return str(error)
    return expression.lacking()


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_what_is_refused_is_told(text: str, said: str) -> None:
    assert said in refusal(read(text, "start", "end"))
