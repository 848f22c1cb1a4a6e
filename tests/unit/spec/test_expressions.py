"""Expressions of rules: what they say of a body, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ringspec.spec.contract import Contract, load
from ringspec.spec.errors import SpecError
from ringspec.spec.overrides import Overrides

TEXT, DATE = {"type": "string"}, {"type": "string", "format": "date-time"}
SHARE = {"type": "object", "properties": {"part": {"type": "number"}}}
MEMBERS = {
    "start": DATE,
    "end": DATE,
    "day": {"type": "string", "format": "date"},
    "span": {"type": "string", "format": "duration"},
    "count": {"type": "integer"},
    "price": {"type": "number"},
    "name": TEXT,
    "other": {"type": ["string", "null"]},
    "kind": {"enum": ["a", "b"]},
    "shares": {"type": "array", "items": SHARE},
    "by": {"type": "object", "additionalProperties": {"type": "integer"}},
    "filled": {"type": "integer", "default": 3},
}


def contract(path: Path, row: dict[str, Any], *, beside: bool = True) -> Contract:
    """Load a contract with one rule, beside its schema or in a pack."""
    schema: dict[str, Any] = {"type": "object", "properties": MEMBERS}
    row = {"id": "it.holds", "sentence": "It is so.", **row}
    parameter = {"name": "X-Kind", "in": "header", "schema": {"enum": ["a", "b"]}}
    operation = {
        "operationId": "make",
        "parameters": [parameter],
        "requestBody": {
            "content": {
                "application/json": {
                    "schema": {**schema, "x-rules": [row]} if beside else schema
                }
            }
        },
        "responses": {"201": {"description": "Made."}},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/things": {"post": operation}},
    }
    file, pack = path / "things.yaml", path / "pack.yaml"
    file.write_text(yaml.safe_dump(document), "utf-8")
    pack.write_text(yaml.safe_dump({"rules": [row]}), "utf-8")
    packs = () if beside else (str(pack),)
    return load(file, overrides=Overrides(packs=packs))


HALVES = [{"part": 0.5}, {"part": 0.5}]
START, LATER = "2031-04-30T10:00:00Z", "2031-04-30T23:30:00+13:00"


@pytest.mark.parametrize(
    ("holds", "body", "said"),
    [
        ("self.start < self.end", {"start": START, "end": START}, False),
        # As texts they stand the other way round.
        ("self.start > self.end", {"start": START, "end": LATER}, False),
        ("self.end - self.start <= self.span", {"start": LATER, "end": START}, None),
        (
            "self.end - self.start < self.span",
            {"start": START, "end": START, "span": "PT0S"},
            False,
        ),
        (
            "timestamp(self.day) < self.start",
            {"day": "2031-05-01", "start": START},
            False,
        ),
        ("self.price * 2 == 3", {"price": 1.5}, True),
        ("self.price == self.count", {"price": 2, "count": 2}, True),
        (
            "self.shares.map(s, s.part).sum() == 1",
            {"shares": [{"part": 0.5}] * 2},
            True,
        ),
        ("self.shares.map(s, s.part).sum() == 1", {"shares": []}, False),
        ("self.count-1 == 2", {"count": 3}, True),
        ("size(self.name) == 2", {"name": "ü😀"}, True),
        ("self.name != self.other", {"name": "x"}, None),
        ("self.name != self.other", {"name": "x", "other": None}, None),
        ("self.name != self.other", {"name": "x", "other": 7}, None),
        (
            "self.other == null || self.name != self.other",
            {"name": "x", "other": None},
            True,
        ),
        ("!has(self.name) || has(self.other)", {"name": "x"}, False),
        ("has(self.by.x)", {}, False),
        ("self.name in self.by", {"name": "x", "by": {"x": 1}}, True),
        ("self.count > 2", {"count": 2**70}, True),
        ("request.body.count == self.count", {"count": 2}, True),
    ],
)
def test_both_evaluators_say_the_same(
    tmp_path: Path, holds: str, body: dict[str, Any], *, said: bool | None
) -> None:
    held = contract(tmp_path, {"holds": holds}).held
    assert held is not None
    [expression] = held.expressions.values()
    request = held.request(body)

    both = [expression.holds(body, request, quick=each) for each in (True, False)]

    assert [it is not False for it in both] == [said is not False] * 2
    assert said is None or both == [said] * 2


@pytest.mark.parametrize(
    ("holds", "why"),
    [
        ("self.start <", "is no expression of CEL at character 12"),
        ("self.strat < self.end", "body has no member strat: did you mean start?"),
        ("self.shares.all(s, s.prat > 0)", "body.shares.* has no member prat"),
        ("request.query.x == 1", "query has no member x"),
        ("request.cookie.x == 1", "request has no cookie"),
        ("self.start < self.name", "compares a point in time with a text"),
        ("self.kind == 1", "compares a text with a number"),
        ("size(self.shares)", "is neither true nor false"),
        ("most(self.shares) == 1", "undeclared reference to 'most'"),
        ("1 == 1", "is about no member"),
    ],
)
@pytest.mark.parametrize("beside", [True, False])
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, holds: str, why: str, *, beside: bool
) -> None:
    if not beside and " has no member" in why:
        # It may be about another operation.
        assert why in contract(tmp_path, {"holds": holds}, beside=False).notices[0]
        return
    with pytest.raises(SpecError, match=f"it.holds: .*{re.escape(why)}"):
        contract(tmp_path, {"holds": holds}, beside=beside)


def test_a_failure_shows_the_values(tmp_path: Path) -> None:
    held = contract(tmp_path, {"holds": "size(self.shares) == self.count"}).held

    shown = held and held.said("it.holds", {"shares": [{}], "count": 2})  # type: ignore[arg-type]

    assert shown == "size([{}]) == 2, that is 1 == 2,"


def test_valid_bodies_keep_to_it_with_defaults_filled_in(tmp_path: Path) -> None:
    made = contract(tmp_path, {"holds": "self.count <= self.filled"})

    assert made.prover.is_valid({"count": 4})
    assert not made.settled_prover.is_valid({"count": 4})
    assert made.settled_prover.is_valid({"count": 3})
