"""Judging under load: each answer by the oracle of a plain run, each twin beforehand.

In: cases by turns, and a way to send. Out: shots, each an exchange with its findings. A
user of the load judges for itself: a refusal counts for it only if the twin's last
answer to it was an acceptance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ringspec.harness import Exchange, Finding
from ringspec.harness.judging.oracle import Oracle
from ringspec.load.ammunition import Ammunition
from ringspec.strategies import Case, Request

# Where the next user begins, as a share of the list: never near those before it.
_GOLDEN = 0.6180339887498949


def turns(cases: Sequence[Case], number: int) -> Iterator[Case]:
    """Yield the cases round and round, each user beginning elsewhere.

    Args:
        cases: all of them, in their order.
        number: of the user, from 0; its beginning is as far as can be from others.
    """
    start = int(number * _GOLDEN % 1 * len(cases))
    while cases:
        yield from cases[start:]
        yield from cases[:start]


@dataclass(frozen=True, slots=True)
class Shot:
    """A case that was fired, and what its exchange says."""

    case: Case
    exchange: Exchange
    findings: tuple[Finding, ...]


@dataclass
class Shooter:
    """One user of the load: fires a case after the other, twins where they are due.

    Attributes:
        send: sends a request once.
    """

    ammunition: Ammunition
    send: Callable[[Request], Exchange]
    _accepted: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Judge as a run would."""
        ammunition = self.ammunition
        self._oracle = Oracle(ammunition.contract, ammunition.filling)
        self._cases = {case.id: case for case in ammunition.cases}

    def fire(self, case: Case) -> Iterator[Shot]:
        """Fire a case, and before it each twin whose last answer was no acceptance."""
        twin = self._cases.get(case.twin or "")
        if twin is not None and not self._accepted.get(twin.id, False):
            yield from self.fire(twin)
        exchange = self.send(case.request)
        response = exchange.response
        self._accepted[case.id] = response is not None and response.status // 100 == 2
        found = self._oracle.judge(case, exchange)
        selected = self.ammunition.selected
        chosen = (self._hidden(it) for it in found if it.rule in selected)
        yield Shot(case, exchange, tuple(chosen))

    def _hidden(self, finding: Finding) -> Finding:
        """Take out of a reason what a target may have echoed."""
        if not finding.reason:
            return finding
        return replace(finding, reason=self.ammunition.redactor.url(finding.reason))
