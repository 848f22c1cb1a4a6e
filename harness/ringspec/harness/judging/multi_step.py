"""Judging cases of several steps: what the last answer says, given what came before.

A case that could not come to its last step says nothing of its rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ringspec.harness.judging import checks
from ringspec.harness.judging.checks import NO_JUDGEMENT, Judgement, unmet
from ringspec.harness.judging.verdict import Verdict
from ringspec.harness.sending.exchange import (
    Exchange,
    Played,
    Response,
    parse,
)
from ringspec.spec import Answers, Contract, Json, Role
from ringspec.strategies import Case, Phase, What, status_fits

# Statuses of an operation that does not exist, if all its answers have them.
_NOWHERE = frozenset({404, 405, 501})


def judge_last_step(
    contract: Contract, case: Case, exchange: Exchange, response: Response
) -> Iterator[Judgement]:
    """Judge a case of several steps by the exchange of its last one."""
    played, step = exchange.played or Played(), case.steps[-1]
    if played.stuck:
        stuck = case.steps[played.at]
        fits = status_fits(response.status, stuck.status)
        # A state need not come that was waited for; and a body that breaks a rule and
        # was accepted fails that rule.
        if not (stuck.wants if fits else response.status // 100 == 2):
            yield case.rule, Verdict.INCONCLUSIVE, played.stuck
        return
    linked = (each.answers for each in contract.links if each.name == step.link)
    answers = next(linked, contract.answers)
    status = response.status
    if status in NO_JUDGEMENT and status not in step.status:
        yield case.rule, Verdict.INCONCLUSIVE, f"HTTP {status} says nothing of it"
    elif not status_fits(status, step.status):
        wanted = " or ".join(map(str, step.status))
        what = f"{step.request.method} {exchange.request.path}"
        reason = f"{what} was answered with HTTP {status} where {wanted} is due"
        yield case.rule, Verdict.FAIL, reason
    elif status // 100 == 2:
        yield from _accepted(contract, case, answers, exchange, response)
    else:
        yield case.rule, Verdict.PASS, ""
        yield from checks.envelope(answers, response)


def _accepted(
    contract: Contract,
    case: Case,
    answers: Answers,
    exchange: Exchange,
    response: Response,
) -> Iterator[Judgement]:
    played, wants = exchange.played or Played(), case.steps[-1].wants
    described, data = answers.of(response.status), None
    if not answers.is_bare(response.status):
        yield from checks.form(answers, response)
        data, _ = parse(response)
    faults = list(unmet(wants, data, played))
    for want in wants:
        if want.what == What.SHOWS and described is not None:
            before = _before(played, answers, exchange.request.path)
            shown = checks.echo_faults(contract, described, want.value, data)
            known = checks.echo_faults(contract, described, want.value, before)
            faults += [each for each in shown if before is None or each not in known]
            wrong = checks.default_faults(contract, described, want.value, data)
            yield checks.judgement(checks.DEFAULTS, *wrong)
    yield checks.judgement(case.rule, *faults)


def _before(played: Played, answers: Answers, path: str) -> Json:
    """Return what a first look at the same resource showed; None if there was none.

    What it lacked then was not lost since: the case of that first look fails for it. An
    accepted change makes it another resource.
    """
    before: Json = None
    for each in played.earlier:
        response = each.response
        if each.request.path != path or not response or response.status // 100 != 2:
            continue
        if each.request.method != "GET":
            before = None
        elif before is None and not answers.is_bare(response.status):
            before = parse(response)[0]
    return before


def missing_links(
    contract: Contract, played: Iterable[tuple[Case, Exchange]]
) -> set[str]:
    """Return the links whose operations a target does not seem to offer at all.

    A link that is answered 405 or 501, and never otherwise, is missing. One that is
    answered 404 is missing if all of its kind are; else it exists and errs. Commands
    are one kind, all others another.
    """
    seen: dict[str, set[int]] = defaultdict(set)
    for case, exchange in played:
        if case.phase != Phase.LIFECYCLE or len(case.steps) < 2:
            continue  # 401 is often answered before any routing
        how = exchange.played or Played()
        for step, made in zip(case.steps, (*how.earlier, exchange), strict=False):
            if made.response is not None:
                seen[step.link].add(made.response.status)
    found: set[str] = set()
    for is_command in (False, True):
        group = [e for e in contract.links if (e.role == Role.COMMAND) == is_command]
        there = any(seen[each.name] - _NOWHERE for each in group)
        asked = any(seen[each.name] for each in group)
        for each in group:
            statuses = seen[each.name]
            # What was never reached is as missing as what leads to it.
            missing = statuses and 404 not in statuses if there else asked
            if missing and statuses <= _NOWHERE:
                found.add(each.name)
    return found


def links_of(case: Case) -> set[str]:
    """Return the links that a case follows."""
    return {step.link for step in case.steps if step.link}
