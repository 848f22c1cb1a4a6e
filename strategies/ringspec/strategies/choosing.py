"""Choosing: which rules are meant, by their ids, by the family of faults, by level.

In: what somebody asked for. Out: for each rule meant, the assertions that can be broken
for it. What is not there is refused with the nearest name there is.
"""

from __future__ import annotations

from collections.abc import Iterable

from ringspec.spec import Assertion, Contract, Level, RuleId, UsageError, did_you_mean
from ringspec.strategies.faults import FAMILIES


def breakable(contract: Contract) -> dict[RuleId, list[Assertion]]:
    """List the rules that a body can break alone, with their assertions."""
    found: dict[RuleId, list[Assertion]] = {}
    for assertion in contract.assertions:
        vain = assertion.keyword == "minItems" and assertion.value == 0
        if assertion.rule not in contract.catalogue.not_isolated and not vain:
            found.setdefault(assertion.rule, []).append(assertion)
    return found


def chosen(
    contract: Contract, rule: str | None, family: str | None, level: Level
) -> dict[RuleId, list[Assertion]]:
    """Return the rules that are meant, each with what of it is to be broken.

    Args:
        contract: has the rules.
        rule: an id, or how ids begin; all without.
        family: of faults; any without.
        level: rules that bind less are left out.

    Raises:
        UsageError: there is no such rule or family, or nothing is left.
    """
    keywords = None if family is None else _keywords(family)
    known = breakable(contract)
    named = _named(contract, known, rule)
    found: dict[RuleId, list[Assertion]] = {}
    for each in named:
        fitting = [
            one for one in known[each] if keywords is None or one.keyword in keywords
        ]
        if fitting and contract.rules[each].level.gates(level):
            found[each] = fitting
    if not found:
        what = f"rules {rule!r}" if rule else "rules"
        among = f" of the family {family!r}" if family else ""
        raise refused(
            f"no {what}{among} bind at level {level}",
            "`ringspec rules` lists them with their levels",
        )
    return found


def level_of(level: Level | str) -> Level:
    """Read a level; UsageError where it is none."""
    return Level(_nearest("level", str(level).lower(), [str(each) for each in Level]))


def refused(message: str, hint: str) -> UsageError:
    """Return an error that shows its hint wherever its traceback is shown."""
    error = UsageError(message, hint=hint)
    error.add_note(f"hint: {hint}")
    return error


def _keywords(family: str) -> frozenset[str]:
    return FAMILIES[_nearest("family of faults", family, list(FAMILIES))]


def _named(
    contract: Contract, known: Iterable[RuleId], rule: str | None
) -> list[RuleId]:
    if rule is None:
        return list(known)
    exact = [each for each in known if each == rule]
    found = exact or [each for each in known if each.startswith(rule)]
    if found:
        return found
    if any(each.startswith(rule) for each in contract.rules):
        why = contract.catalogue.not_isolated.get(RuleId(rule), "it is not of the body")
        raise refused(
            f"no body breaks {rule!r} alone: {why}",
            "`breakable_rules()` lists those that some body breaks",
        )
    _nearest("rule", rule, list(contract.rules), listed="`ringspec rules` lists them")
    raise AssertionError  # pragma: no cover - it is not among them


def _nearest(what: str, name: str, names: list[str], listed: str = "") -> str:
    """Return a name that is among some; else refuse it, with the nearest."""
    if name in names:
        return name
    listed = listed or f"one of: {', '.join(names)}"
    raise refused(f"no {what} {name!r}", f"{did_you_mean(name, names)}{listed}")
