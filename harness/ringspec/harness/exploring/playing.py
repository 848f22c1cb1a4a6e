"""Playing: the steps of a walk are taken one after the other, and each is judged.

In: a walk, and what takes steps. Out: how far it went, and what that says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeAlias

from ringspec.harness.exploring.news import Shot, faults_of
from ringspec.harness.judging.verdict import Finding, Verdict
from ringspec.harness.sending.exchange import Exchange, Played
from ringspec.strategies import Case, Walk, status_fits

Judge: TypeAlias = Callable[[Case, Exchange], tuple[Finding, ...]]


class Play(Protocol):
    """Whatever takes the steps of a case."""

    def __call__(self, case: Case, *, patient: bool) -> Exchange:
        """Take them, and give what was written a moment to be seen; or none."""


def walked(walk: Walk, play: Play, judge: Judge) -> Shot:
    """Go a walk and judge each step, up to the first that fails."""
    exchange = play(walk.whole(), patient=not walk.hasty)
    played = exchange.played or Played()
    passed: list[Finding] = []
    for index, each in enumerate(played.earlier):
        part, before = walk.upto(index + 1), played.earlier[:index]
        so_far = Played(earlier=before, at=index, captured=played.captured)
        then = replace(each, played=so_far)
        found = _judged(part, then, judge)
        if faults_of(found):
            return _shot(part, then, (*passed, *found), sent=exchange.sent)
        passed += found
    part = walk.upto(played.at + 1)
    if not played.stuck:
        found = _judged(part, exchange, judge)
        return _shot(part, exchange, (*passed, *found), sent=exchange.sent)
    if part.strides[-1].step.paging is not None:
        return _listed(part, exchange, passed, (play, judge))
    free = replace(exchange, played=replace(played, stuck=""))
    found = _judged(part, free, judge)
    shot = _shot(part, free, (*passed, *found), sent=exchange.sent)
    return shot if shot.faults else replace(shot, idle=part.strides[-1].unsure)


def _listed(
    part: Walk, first: Exchange, passed: list[Finding], by: tuple[Play, Judge]
) -> Shot:
    """Go a walk to its list again: what is on all pages is told of a last step only."""
    play, judge = by
    exchange = play(part.whole(), patient=not part.hasty)
    came = exchange.played is not None and not exchange.played.stuck
    found = _judged(part, exchange, judge) if came else []
    sent = first.sent + exchange.sent
    return _shot(part, exchange, (*passed, *found), sent=sent)


def _shot(
    part: Walk, exchange: Exchange, findings: tuple[Finding, ...], *, sent: int
) -> Shot:
    failing = [each for each in findings if each.verdict == Verdict.FAIL]
    case = failing[0].case if failing else part.whole()
    return Shot(
        case=case,
        exchange=exchange,
        findings=findings,
        ended=len(part.strides),
        sent=sent,
    )


def _judged(walk: Walk, exchange: Exchange, judge: Judge) -> list[Finding]:
    """Judge the last step by each claim on it; what says nothing is left out."""
    stride = walk.strides[-1]
    status = exchange.response.status if exchange.response else 0
    # A wrong status is told once.
    claims = stride.claims if status_fits(status, stride.due) else stride.claims[:1]
    # What need not be done, and was not, has passed nothing.
    moot = len(stride.due) > 1 and status // 100 != 2
    found: list[Finding] = []
    for number, claim in enumerate(claims):
        for each in judge(walk.case(claim), exchange):
            own = each.rule == claim.rule
            says = each.verdict == Verdict.FAIL or (
                each.verdict == Verdict.PASS and not (own and moot)
            )
            if says and (own or not number):
                found.append(each)
    return found
