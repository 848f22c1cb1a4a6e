"""Adequacy: what a case list says of every first-order mutant of its contract.

In: a contract and its cases. Out: a finding for each mutant: the verdict, the reason
where no case tells it, and the cases that do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ringspec.spec import Contract
from ringspec.strategies.adequacy.matrix import told
from ringspec.strategies.adequacy.mutations import Mutant, mutants
from ringspec.strategies.adequacy.proof import Decider, Verdict
from ringspec.strategies.case import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is known of one mutant.

    Attributes:
        reason: why no case tells it; empty where one does.
        cases: ids of the cases that tell it.
    """

    mutant: Mutant
    verdict: Verdict
    reason: str
    cases: tuple[str, ...]


def prove(
    contract: Contract,
    cases: Iterable[Case],
    *,
    chosen: Callable[[Mutant], bool] = lambda _: True,
) -> Iterator[Finding]:
    """Yield a finding for each mutant of a contract that is chosen, in its order."""
    listed = [each for each in mutants(contract) if chosen(each)]
    telling = told(contract, listed, cases)
    decider = Decider(contract)
    for mutant in listed:
        names = telling[mutant.id]
        verdict, reason = (Verdict.TOLD, "") if names else decider.decide(mutant)
        yield Finding(mutant=mutant, verdict=verdict, reason=reason, cases=names)
