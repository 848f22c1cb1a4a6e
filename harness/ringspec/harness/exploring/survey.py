"""The survey before walks: which operations a target offers, as one case shows.

In: a plan and what plays a case. Out: what walks can be made of, if there is anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from ringspec.harness.judging.lifecycle import absent
from ringspec.harness.running.plan import Plan
from ringspec.harness.sending.exchange import Exchange
from ringspec.spec import RuleId
from ringspec.strategies import Case

if TYPE_CHECKING:
    from ringspec.strategies import Ways

_LIFE = "lifecycle."


def surveyed(
    plan: Plan, selected: Collection[RuleId], play: Callable[[Case], Exchange]
) -> Ways | None:
    """Look which operations the target offers, and return what can be walked."""
    from ringspec.strategies import Ways  # noqa: PLC0415 - it takes a while

    ways = Ways.of(plan.contract, plan.cases)
    if ways is None or not any(each.startswith(_LIFE) for each in selected):
        return None
    case = ways.survey()
    exchange = play(case)
    if exchange.played is None or not exchange.played.earlier:
        return None  # without a create there is nothing to walk on
    missing = absent(plan.contract, [(case, exchange)])
    return replace(ways, missing=frozenset(missing))
