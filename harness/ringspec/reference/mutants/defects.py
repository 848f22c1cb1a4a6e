"""What mutants are made of: the ways in which one part of the server goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from ringspec.reference.answers import CrashError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringspec.reference.answers import Reply
    from ringspec.reference.behaviour import Behaviour
    from ringspec.reference.checks import Check
    from ringspec.reference.checks.places import Select
    from ringspec.reference.values import Json, JsonObject

    Defect: TypeAlias = "Callable[[Behaviour], Behaviour]"
    Test: TypeAlias = "Callable[[Json], bool]"


@dataclass(frozen=True, slots=True)
class Mutant:
    """The reference with exactly one defect.

    rule: id of the rule that a conformance run is expected to name.
    defect: what is wrong, in a sentence.
    apply: turns the right behaviour into the wrong one.
    """

    name: str
    rule: str
    defect: str
    apply: Defect


def without(rule: str) -> Defect:
    """Forget a rule."""

    def apply(behaviour: Behaviour) -> Behaviour:
        _demand(behaviour, rule)
        kept = tuple(check for check in behaviour.checks if check.rule != rule)
        return replace(behaviour, checks=kept)

    return apply


def changed(rule: str, change: Callable[[Check], Check]) -> Defect:
    """Put another check in a rule's place."""

    def apply(behaviour: Behaviour) -> Behaviour:
        _demand(behaviour, rule)
        checks = tuple(
            change(check) if check.rule == rule else check for check in behaviour.checks
        )
        return replace(behaviour, checks=checks)

    return apply


def excusing(rule: str, excuse: Test) -> Defect:
    """Let pass what a rule forbids, where an excuse is found."""

    def change(check: Check) -> Check:
        return replace(check, holds=lambda value: check.holds(value) or excuse(value))

    return changed(rule, change)


def forbidding(rule: str, forbidden: Test) -> Defect:
    """Refuse in a rule's name what it allows."""

    def change(check: Check) -> Check:
        return replace(
            check, holds=lambda value: check.holds(value) and not forbidden(value)
        )

    return changed(rule, change)


def narrowed(rule: str, narrow: Callable[[Select], Select]) -> Defect:
    """Look for a rule's breach in fewer places."""
    return changed(rule, lambda check: replace(check, select=narrow(check.select)))


def together(*defects: Defect) -> Defect:
    """Make one defect of several changes that are none by themselves."""

    def apply(behaviour: Behaviour) -> Behaviour:
        for defect in defects:
            behaviour = defect(behaviour)
        return behaviour

    return apply


def mistaking(name: str, change: Callable[[Json], Json]) -> Defect:
    """Take a member of the body for something else before it is judged."""

    def read(body: Json) -> Json:
        if not isinstance(body, dict) or name not in body:
            return body
        return {**body, name: change(body[name])}

    return lambda behaviour: replace(behaviour, read=read)


def crashing(name: str, fatal: Test) -> Defect:
    """Fall over at some values of a member."""

    def change(value: Json) -> Json:
        if fatal(value):
            raise CrashError
        return value

    return mistaking(name, change)


def showing(change: Callable[[JsonObject], JsonObject]) -> Defect:
    """Answer a broadcast otherwise than it is."""
    return lambda behaviour: replace(behaviour, show=change)


def showing_member(name: str, change: Callable[[Json], Json]) -> Defect:
    """Answer a member of a broadcast otherwise than it is."""

    def show(body: JsonObject) -> JsonObject:
        return {**body, name: change(body[name])} if name in body else body

    return showing(show)


def refusing(change: Callable[[Reply], Reply]) -> Defect:
    """Answer errors otherwise."""
    return lambda behaviour: replace(behaviour, refuse=change)


def _demand(behaviour: Behaviour, rule: str) -> None:
    """Raise at a rule that no check holds, lest a mutant be none."""
    if all(check.rule != rule for check in behaviour.checks):
        message = f"no check holds the rule {rule!r}"
        raise LookupError(message)
