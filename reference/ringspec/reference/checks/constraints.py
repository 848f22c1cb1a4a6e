"""Checks and the kinds of constraint they are made of.

Goes in: a body in canonical spelling. Comes out: its problems, each of the check's one
rule. A constraint passes a value of another type, so that a type error stands alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ringspec.reference.checks.places import ABSENT, Place, Select, at, member
from ringspec.reference.problems import Problem
from ringspec.reference.values import (
    Json,
    Kind,
    is_given,
    is_uuid,
    number,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Check:
    """Hold one rule: which places it looks at and what must hold there."""

    rule: str
    select: Select
    holds: Callable[[Json], bool]
    message: str

    def problems(self, body: Json) -> Iterator[Problem]:
        """Find where the body breaks the rule."""
        for place in self.select(body):
            if not self.holds(place.value):
                yield Problem(self.rule, place.path, self.message)


def validate(body: Json, checks: Iterable[Check]) -> list[Problem]:
    """Find all problems of a body, in the order of the checks."""
    return [problem for check in checks for problem in check.problems(body)]


def typed(rule: str, select: Select, kind: Kind) -> Check:
    """Check that a required value, which null is not, is of a kind."""
    return Check(rule, select, kind.holds, f"must be {kind.name}")


def optional(rule: str, select: Select, kind: Kind) -> Check:
    """Check that a value is of a kind. Assumed: null is as good as absent."""
    return Check(
        rule,
        select,
        lambda value: value is None or kind.holds(value),
        f"must be {kind.name}",
    )


def needed(rule: str, parents: Select, name: str) -> Check:
    """Check that a member is there; whether null will do its type decides."""
    return Check(
        rule, member(parents, name), lambda value: value is not ABSENT, "is required"
    )


def called_for(rule: str, parents: Select, name: str, reason: str) -> Check:
    """Check that an optional member is given; whether null will do its type decides."""
    return Check(
        rule,
        member(parents, name),
        lambda value: value is not ABSENT,
        f"is required when {reason}",
    )


def demanded(rule: str, parents: Select, name: str, kind: Kind) -> Check:
    """Check that a member is of a kind; null is, but in the parents that demand it."""

    def select(body: Json) -> Iterator[Place]:
        strict = {path for path, _ in parents(body)}
        for path, value in at(name)(body):
            if value is not None or path[:-1] in strict:
                yield Place(path, value)

    return Check(rule, select, kind.holds, f"must be {kind.name}")


def one_of(rule: str, select: Select, values: tuple[str, ...]) -> Check:
    """Check that a string is one of a few."""
    return Check(
        rule,
        select,
        lambda value: not isinstance(value, str) or value in values,
        f"must be one of {', '.join(values)}",
    )


def sized(
    rule: str, select: Select, kind: Kind, low: int, high: int | None = None
) -> Check:
    """Check the length of a string, in characters, or of an array."""
    limits = f"at least {low}" if high is None else f"{low} to {high}"

    def holds(value: Json) -> bool:
        if not isinstance(value, str | list) or not kind.holds(value):
            return True
        return low <= len(value) and (high is None or len(value) <= high)

    return Check(rule, select, holds, f"must have a length of {limits}")


def least(rule: str, select: Select, bound: int) -> Check:
    """Check that an integer is not below a bound."""

    def holds(value: Json) -> bool:
        given = number(value)
        return given is None or given >= bound

    return Check(rule, select, holds, f"must be at least {bound}")


def most(rule: str, select: Select, bound: int) -> Check:
    """Check that an integer is not above a bound."""

    def holds(value: Json) -> bool:
        given = number(value)
        return given is None or given <= bound

    return Check(rule, select, holds, f"must be at most {bound}")


def identified(rule: str, select: Select) -> Check:
    """Check that a string is a uuid."""
    return Check(
        rule,
        select,
        lambda value: not isinstance(value, str) or is_uuid(value),
        "must be a uuid",
    )


def given_of(value: Json, names: tuple[str, ...]) -> int:
    """Count which of the named members an object was given."""
    if not isinstance(value, dict):
        return 0
    return sum(is_given(value.get(name)) for name in names)


def exactly_one(rule: str, select: Select, *names: str) -> Check:
    """Check that an object has one of the named members and no other of them."""
    return Check(
        rule,
        select,
        lambda value: not isinstance(value, dict) or given_of(value, names) == 1,
        f"must have exactly one of {' and '.join(names)}",
    )


def at_least_one(rule: str, select: Select, *names: str) -> Check:
    """Check that an object has any of the named members."""
    return Check(
        rule,
        select,
        lambda value: not isinstance(value, dict) or given_of(value, names) > 0,
        f"must have {' or '.join(names)}",
    )
