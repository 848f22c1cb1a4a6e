"""Where two validators are known to differ, and how their findings are made one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ringspec.spec import Disagreement, Json, Prover, is_irregular, reading
from ringspec.spec.assertions import assertions
from ringspec.spec.document import inline


def prover_of(schema: Json) -> Prover:
    inlined = inline({"s": schema}, "#/s")
    return Prover(inlined.schema, assertions(inlined))


DATA = reading.read(Path(__file__).parent / "data" / "traps.yaml")


@pytest.mark.parametrize("trap", DATA["traps"].values(), ids=DATA["traps"])
def test_both_validators_name_the_same_rules(trap: Json) -> None:
    prover, body, rules = prover_of(trap["schema"]), trap["body"], set(trap["rules"])

    assert prover.proven_broken(body) == rules
    assert prover.broken(body) == rules
    assert prover.is_valid(body) == (not rules)


def test_a_breach_tells_where_in_the_body() -> None:
    body = {"6": [{"7": 1}, {}]}
    prover = prover_of(DATA["schemas"]["keys"])

    for breaches in (prover.breaches(body), prover.breaches_by_second(body)):
        assert [each.location for each in breaches] == [("6", 1)]


def test_a_lone_surrogate_is_left_to_one_validator() -> None:
    prover = prover_of({"properties": {"a": {"pattern": "^[^x]", "maxLength": 1}}})

    assert prover.is_valid({"a": "\ud800"})
    assert not prover.is_valid({"a": "\ud800\ud800"})
    assert prover.broken({"a": "\ud800\ud800"}) == {"a.length"}


def test_a_breach_by_lone_surrogates_is_not_proven() -> None:
    prover = prover_of({"properties": {"a": {"maxLength": 1}}})

    with pytest.raises(Disagreement, match="only one validator reads"):
        prover.proven_broken({"a": "\ud800\ud800"})


def test_validators_that_differ_are_told() -> None:
    # A bare `$` also stands before a last line break to Python, and only to it.
    prover = prover_of({"properties": {"a": {"pattern": "^x$"}}})

    with pytest.raises(Disagreement, match=re.escape("['a.pattern'] and []")) as raised:
        prover.proven_broken({"a": "x\n"})

    assert raised.value.exit_code == 4


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2, False),
        (2.5, False),
        (2.0, True),
        (-0.0, True),
        (True, False),
        ("text \N{GRINNING FACE} \N{LINE SEPARATOR}", False),
        ("\ud800", True),
        ("nul \x00", True),
        ("line\n", True),
        ({"\x00": 1}, True),
        ({"a": [1, {"b": 3.0}]}, True),
        ({"a": [1, {"b": None}]}, False),
    ],
)
def test_what_no_keyword_can_unsettle_is_odd(value: Json, *, expected: bool) -> None:
    assert is_irregular(value) is expected
