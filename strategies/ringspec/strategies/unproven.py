"""What a list of cases leaves unproven: rules of the schema that it does not break."""

from __future__ import annotations

from collections.abc import Iterable

from ringspec.spec import Contract, RuleId
from ringspec.strategies.case import Case


def uncased(contract: Contract, cases: Iterable[Case]) -> tuple[RuleId, ...]:
    """List the rules of the request's schema that no case is about.

    In the contract's order; those that the catalogue excuses are left out.
    """
    cased = {rule for case in cases for rule in (case.rule, *case.broken)}
    return tuple(rule for rule in _stated(contract) if rule not in cased)


def unbroken(contract: Contract, cases: Iterable[Case]) -> tuple[RuleId, ...]:
    """List the rules of the request's schema that no case breaks.

    Whoever does not check them at all is not noticed.
    """
    broken = {rule for case in cases for rule in case.broken}
    return tuple(rule for rule in _stated(contract) if rule not in broken)


def _stated(contract: Contract) -> list[RuleId]:
    excused = contract.catalogue.not_isolated
    stated = dict.fromkeys(each.rule for each in contract.assertions)
    return [rule for rule in stated if rule not in excused]
