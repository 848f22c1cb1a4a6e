"""What mutants are made of: the ways in which the judging of a body goes wrong.

Goes in: what to change. Comes out: a defect, which turns a behaviour into a wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from ringspec.reference.answers import CrashError
from ringspec.reference.checks import Check
from ringspec.reference.checks.places import Each, Place, at, when

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ringspec.reference.behaviour import Behaviour
    from ringspec.reference.checks.places import Select, Step
    from ringspec.reference.values import Json

    Defect: TypeAlias = "Callable[[Behaviour], Behaviour]"
    Test: TypeAlias = "Callable[[Json], bool]"
    Change: TypeAlias = "Callable[[Json], Json]"


@dataclass(frozen=True, slots=True)
class Mutant:
    """The reference with exactly one defect.

    rule: id of the rule that a conformance run is expected to name.
    defect: what is wrong, in a sentence.
    apply: turns the right behaviour into the wrong one.
    level: where it only shows in what is attested less well than its rule: "should" or
        "may"; empty where it is as strong as that.
    """

    name: str
    rule: str
    defect: str
    apply: Defect
    level: str = ""


def without(*rules: str) -> Defect:
    """Forget rules."""

    def apply(behaviour: Behaviour) -> Behaviour:
        for rule in rules:
            _demand(behaviour, rule)
        kept = tuple(check for check in behaviour.checks if check.rule not in rules)
        return replace(behaviour, checks=kept)

    return apply


def without_all(test: Callable[[str], bool]) -> Defect:
    """Forget every rule whose id passes a test."""

    def apply(behaviour: Behaviour) -> Behaviour:
        return without(*filter(test, (check.rule for check in behaviour.checks)))(
            behaviour
        )

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


def judging(rule: str, holds: Test) -> Defect:
    """Hold a rule by another test than its own."""
    return changed(rule, lambda check: replace(check, holds=holds))


def demanding(holds: Test, *steps: Step) -> Defect:
    """Refuse by a rule that there is not."""
    check = Check("unheard-of", at(*steps), holds, "is not taken here")
    return lambda behaviour: replace(behaviour, checks=(*behaviour.checks, check))


def refusing_bodies(forbidden: Test) -> Defect:
    """Refuse bodies for what stands in them together."""
    return demanding(lambda body: not forbidden(body))


def narrowed(rule: str, narrow: Callable[[Select], Select]) -> Defect:
    """Look for a rule's breach in fewer places."""
    return changed(rule, lambda check: replace(check, select=narrow(check.select)))


def only_where(rule: str, condition: Test) -> Defect:
    """Hold a rule only in bodies that meet a condition."""
    return narrowed(rule, lambda select: when(condition, select))


def only_at(rule: str, keep: Callable[[Place], bool]) -> Defect:
    """Hold a rule only at some of its places."""

    def narrow(select: Select) -> Select:
        def kept(body: Json) -> Iterable[Place]:
            return [place for place in select(body) if keep(place)]

        return kept

    return narrowed(rule, narrow)


def last(selected: Select) -> Select:
    """Select only the last of what is found."""
    return lambda body: list(selected(body))[-1:]


def all_but_last(selected: Select) -> Select:
    """Select the last of what is found only where it is the first as well."""

    def select(body: Json) -> list[Place]:
        found = list(selected(body))
        return found[:-1] or found

    return select


def together(*defects: Defect) -> Defect:
    """Make one defect of several changes that are none by themselves."""

    def apply(behaviour: Behaviour) -> Behaviour:
        for defect in defects:
            behaviour = defect(behaviour)
        return behaviour

    return apply


def only(operations: Iterable[str], defect: Defect) -> Defect:
    """Have a defect only while some operations are done."""
    names = tuple(operations)

    def apply(behaviour: Behaviour) -> Behaviour:
        during = {**behaviour.during, **dict.fromkeys(names, defect)}
        return replace(behaviour, during=during)

    return apply


def rewritten(value: Json, change: Change, *steps: Step) -> Json:
    """Change what stands at the end of the steps, wherever there is something."""
    if not steps:
        return change(value)
    step, *rest = steps
    if isinstance(step, Each):
        if not isinstance(value, list):
            return value
        return [rewritten(item, change, *rest) for item in value]
    if not isinstance(value, dict):
        return value
    names = (step,) if isinstance(step, str) else step
    return {
        name: rewritten(below, change, *rest) if name in names else below
        for name, below in value.items()
    }


def reading(change: Change) -> Defect:
    """Take the body for something else before it is judged."""
    return lambda behaviour: replace(behaviour, read=change)


def mistaking(change: Change, *steps: Step) -> Defect:
    """Take a value in the body for something else before it is judged."""
    return reading(lambda body: rewritten(body, change, *steps))


def crashing(fatal: Test, *steps: Step) -> Defect:
    """Fall over at some values, wherever the steps lead to them."""

    def change(value: Json) -> Json:
        if fatal(value):
            raise CrashError
        return value

    return mistaking(change, *steps)


def _demand(behaviour: Behaviour, rule: str) -> None:
    """Raise at a rule that no check holds, lest a mutant be none."""
    if all(check.rule != rule for check in behaviour.checks):
        message = f"no check holds the rule {rule!r}"
        raise LookupError(message)
