"""The oracle: what an exchange says of each rule.

A refusal counts for a rule only if the case's twin was accepted; an answer that says
nothing of a rule leaves it inconclusive. A case of several steps is judged by its last.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ringspec.harness.judging import checks
from ringspec.harness.judging.checks import NO_JUDGEMENT, Judgement, absence, unmet
from ringspec.harness.judging.selection import SECRECY
from ringspec.harness.judging.verdict import (
    PLAIN_REFUSED,
    TWIN_REFUSED,
    Finding,
    Verdict,
)
from ringspec.harness.sending.exchange import (
    UNREAD,
    Exchange,
    Filling,
    Played,
    Response,
    parse,
)
from ringspec.spec import (
    BODY_ACCEPTED,
    ROBUSTNESS,
    Answers,
    Contract,
    Json,
    Role,
    RuleId,
    at_pointer,
    member_names,
    weakest,
)
from ringspec.strategies import Case, Expect, Phase, Slot, What, status_fits

ERROR_STATUS = RuleId("error.status")
IDS = RuleId("lifecycle.ids")
_CONFLICT = 409
# Statuses of an operation that does not exist, if all its answers have them.
_NOWHERE = frozenset({404, 405, 501})
# Rules whose cases go to other paths.
_ELSEWHERE = frozenset({"wire.path", "auth.client", ROBUSTNESS})
# Something that the request names is not there, or cannot be used now.
_UNKNOWN = frozenset({404, 409})
# A shorter token may stand in an answer by chance.
LONG_ENOUGH = 8


@dataclass
class Oracle:
    """Judges exchanges in the order of the cases, and remembers which were accepted."""

    contract: Contract
    filling: Filling = field(default_factory=Filling)
    # What a live target may not know, by the member that holds it.
    unnamed: Mapping[str, str] = field(default_factory=dict)
    plain: str = ""  # id of the plain valid case, if its refusal accuses no rule
    refused: int = 0  # the status that it was refused with; 0 if it was not
    made_up: str = ""  # names in the path of what no target may have
    missed: str = ""  # that this target has none
    _cases: dict[str, Case] = field(default_factory=dict)
    _statuses: dict[str, int] = field(default_factory=dict)

    def judge(self, case: Case, exchange: Exchange) -> tuple[Finding, ...]:
        """Return what an exchange says of the rules it touches."""
        self._cases[case.id] = case
        if exchange.response is not None:
            self._statuses[case.id] = exchange.response.status
        return tuple(self.findings(case, exchange, self._judgements(case, exchange)))

    def findings(
        self, case: Case, exchange: Exchange, judgements: Iterable[Judgement]
    ) -> Iterator[Finding]:
        """Yield what was judged of an exchange as findings, with their levels."""
        twin = self.twin_of(case)
        for rule, verdict, reason in judgements:
            if rule not in self.contract.rules:
                continue  # a dialect has dropped it
            level = case.level
            if rule != case.rule and rule not in case.broken:
                # A check of the answer binds no more than what was sent does.
                known = self.contract.rules[rule].level
                level = known if rule == ROBUSTNESS else weakest((known, level))
            yield Finding(
                rule=rule,
                verdict=verdict,
                reason=reason,
                level=case.levels.get(rule, level),
                gate=weakest((level, twin.level)) if twin else level,
                case=case,
                exchange=exchange,
                twin=twin,
            )

    def twin_of(self, case: Case) -> Case | None:
        """Return the twin of a case, if that was judged."""
        return self._cases.get(case.twin or "")

    def _judgements(self, case: Case, exchange: Exchange) -> Iterator[Judgement]:
        response = exchange.response
        if response is None:
            if not exchange.is_withheld:
                yield ROBUSTNESS, Verdict.FAIL, exchange.summary
            yield from _open(case, exchange.summary)
        elif response.status >= 500 and response.status not in case.status:
            reason = f"the server failed: HTTP {response.status}"
            yield ROBUSTNESS, Verdict.FAIL, reason
            yield from _open(case, reason)
        else:
            yield ROBUSTNESS, Verdict.PASS, ""
            yield from self._secrecy(case, response)
            if case.rule not in _ELSEWHERE:
                headers = exchange.request.headers
                yield from checks.packs(self.contract, headers, response, case.rule)
            if case.steps:
                yield from self._last_step(case, exchange, response)
            elif case.expect == Expect.ACCEPT:
                yield from self._accept(case, response)
            elif case.expect == Expect.REJECT and case.broken:
                yield from self._reject(case, response)
            elif case.expect == Expect.REJECT:
                yield from self._status(case, response)

    def _secrecy(self, case: Case, response: Response) -> Iterator[Judgement]:
        """Look for the token in an answer; for the secret, if that gives tokens."""
        what, known = "the access token", self.filling
        secrets = [*known.tokens, *known.schemes.values()]
        if case.request.path == Slot.TOKEN_URL:
            fault = case.fault if isinstance(case.fault, dict) else {}
            sent = str(fault.get("client_secret", ""))
            what, secrets = "the client's secret", [known.client_secret, sent]
        long = [each for each in secrets if len(each) >= LONG_ENOUGH]
        answer = [value for _, value in response.headers]
        answer.append(response.body.decode("latin-1"))
        if any(secret in text for secret in long for text in answer):
            yield SECRECY, Verdict.FAIL, f"the answer repeats {what}"
        elif case.phase == Phase.AUTH and long:
            yield SECRECY, Verdict.PASS, ""

    def _accept(self, case: Case, response: Response) -> Iterator[Judgement]:
        status = response.status
        if status // 100 == 2:
            yield case.rule, Verdict.PASS, ""
            if not status_fits(status, case.status):
                wanted = " or ".join(map(str, case.status))
                reason = f"accepted with HTTP {status}, where {wanted} is expected"
                # Accepted, but with another status than the profile expects.
                yield BODY_ACCEPTED, Verdict.FAIL, reason
            yield from checks.form(self.contract.answers, response)
            if self.contract.operation.schema_place:
                yield from checks.content(self.contract, case.body, response)
        elif status < 400 or _is_silent(self.contract.answers, status):
            yield case.rule, Verdict.INCONCLUSIVE, _silence(status)
        elif self.made_up and status in _UNKNOWN:
            self.missed = f"the target has no such {self.made_up}, a made-up name"
            why = f"HTTP {status}: the target may have no such {self.made_up}"
            yield case.rule, Verdict.INCONCLUSIVE, why
        elif unknown := self._unknown(case, response):
            why = f"HTTP {status}: the target may not know the {unknown} that was sent"
            yield case.rule, Verdict.INCONCLUSIVE, f"{why}; name it in the profile"
        elif case.id == self.plain or status == self.refused:
            # What the contract does not state may refuse all that is alike.
            self.refused = status
            yield case.rule, Verdict.INCONCLUSIVE, self.refusal
        else:
            reason = f"a valid body was refused with HTTP {status}"
            yield case.rule, Verdict.FAIL, reason
            yield from checks.form(self.contract.answers, response)

    @property
    def refusal(self) -> str:
        """Say that the plain valid body is refused; empty if it is not."""
        return f"{PLAIN_REFUSED} with HTTP {self.refused}" if self.refused else ""

    def _twin_refused(self, case: Case) -> str:
        """Say that the twin of a case was not accepted; empty if it was."""
        status = self._statuses.get(case.twin or "", 0)
        if status // 100 == 2 or self.refusal:
            return self.refusal if status // 100 != 2 else ""
        if not case.twin:
            return "it was refused, and has no valid twin"
        how = "refused" if status // 100 == 4 else "answered"
        said = f"was {how} with HTTP {status}" if status else "was not answered"
        return f"{TWIN_REFUSED} {case.twin} {said}"

    def _unknown(self, case: Case, response: Response) -> str:
        """Return what a live target may not know that a refusal may be about."""
        own = member_names(case.body) if self.unnamed else set()
        sent = {name: what for name, what in self.unnamed.items() if name in own}
        text = response.body.decode("latin-1")
        return " or ".join(
            what
            for name, what in sent.items()
            # An error names a member, rather than uses the same word.
            if response.status in _UNKNOWN
            or re.search(rf"[\"'`/.]{re.escape(name)}\b", text)
        )

    def _reject(self, case: Case, response: Response) -> Iterator[Judgement]:
        status = response.status
        if status // 100 == 2:
            verdict, reason = checks.taken(self.contract, case, response)
            for rule in case.broken:
                sent = case.request.path, case.request.headers, case.body
                said = self.contract.said(rule, *sent)
                yield rule, verdict, reason + (f": {said} is false" if said else "")
        elif _is_silent(self.contract.answers, status) and status not in case.status:
            yield from _open(case, _silence(status))
        elif why := self._twin_refused(case):
            yield from _open(case, why)
        else:
            due = self.contract.rules[case.rule].answer
            if status < 400:
                yield from _open(case, f"HTTP {status} says nothing of it")
            else:
                answers, single = self.contract.answers, not case.coupled
                wrong = checks.refused_as(due, answers, response) if single else ""
                yield checks.judgement(case.rule, wrong)
            wanted = " or ".join(map(str, case.status))
            wrong = f"answered with {status}, not with {wanted}"
            fits = status_fits(status, case.status) or "status" in due
            yield checks.judgement(ERROR_STATUS, wrong * (not fits))
            if status >= 400:
                yield from checks.form(self.contract.answers, response)

    def _status(self, case: Case, response: Response) -> Iterator[Judgement]:
        """Judge a case that is to be refused for something other than its body."""
        status, contract = response.status, self.contract
        if status // 100 == 2:
            told = checks.error_inside(self.contract.answers, response, case.body)
            yield case.rule, Verdict.FAIL, f"it was accepted with HTTP {status}{told}"
        elif case.twin and (why := self._twin_refused(case)):
            yield from _open(case, why)
        elif _is_silent(contract.answers, status) and status not in case.status:
            yield from _open(case, _silence(status))
        elif status_fits(status, case.status):
            operation, request = contract.operation, case.request
            # Source: RFC 9110, 15.5.6. A contract may describe it for something else.
            other = request.method != operation.method.upper()
            asked = status == 405 and (other or not contract.answers.bind)
            lacks = asked and not (response.header("allow") or "").strip()
            reason = f"HTTP 405 to {request.method} without Allow" if lacks else ""
            yield checks.judgement(case.rule, reason)
            # Only the errors of the operation are described.
            if not other and case.rule not in _ELSEWHERE:
                yield from checks.form(contract.answers, response)
        else:
            wanted = " or ".join(map(str, case.status))
            yield case.rule, Verdict.FAIL, f"HTTP {status} where {wanted} is due"

    def _last_step(
        self, case: Case, exchange: Exchange, response: Response
    ) -> Iterator[Judgement]:
        """Judge a case of several steps, unless it could not come to its last."""
        played, step = exchange.played or Played(), case.steps[-1]
        status, contract = response.status, self.contract
        if played.unfit:
            yield IDS, Verdict.FAIL, played.stuck
        if played.unfit and IDS not in contract.rules:
            return  # what no link names need not be shown
        if played.stuck:
            stuck = case.steps[len(played.earlier)]
            # A state need not come that was waited for; and a body that breaks a rule
            # and was accepted fails that rule.
            fits = status_fits(status, stuck.status)
            told = played.unfit and case.rule == IDS
            if not told and not (stuck.wants if fits else status // 100 == 2):
                yield case.rule, Verdict.INCONCLUSIVE, played.stuck
            return
        linked = (each.answers for each in contract.links if each.name == step.link)
        answers = next(linked, contract.answers)
        fits = status_fits(status, step.status)
        fits &= status not in NO_JUDGEMENT or status in step.status
        if not fits and _is_silent(answers, status):
            yield case.rule, Verdict.INCONCLUSIVE, _silence(status)
        elif not fits and _is_other(exchange, contract):
            reason = "it can be read after its deletion, and is not as it was"
            yield case.rule, Verdict.INCONCLUSIVE, reason
        elif not fits:
            wanted = " or ".join(map(str, step.status))
            what = f"{step.request.method} {exchange.request.path}"
            reason = f"{what} was answered with HTTP {status} where {wanted} is due"
            yield case.rule, Verdict.FAIL, reason
        elif status // 100 == 2:
            yield from self._shown(case, answers, exchange, response)
        else:
            yield case.rule, Verdict.PASS, ""
            yield from checks.form(answers, response)

    def _shown(
        self, case: Case, answers: Answers, exchange: Exchange, response: Response
    ) -> Iterator[Judgement]:
        described, contract, data = answers.of(response.status), self.contract, None
        played, before = exchange.played or Played(), _before(exchange, answers)
        yield from checks.form(answers, response)
        if not answers.is_bare(response.status):
            data, reason = parse(response)
            if reason.startswith(UNREAD):
                yield case.rule, Verdict.INCONCLUSIVE, reason
                return
        paging = case.steps[-1].paging
        faults = list(unmet(case.steps[-1].wants, data, played))
        if faults and paging and not isinstance(at_pointer(data, paging.items), list):
            faults = [f"the answer has {absence(data, paging.items, is_list=True)}"]
        for want in case.steps[-1].wants:
            if want.what == What.SHOWS and described is not None:
                shown = checks.echo_faults(contract, described, want.value, data)
                known = checks.echo_faults(contract, described, want.value, before)
                faults += [it for it in shown if before is None or it not in known]
                wrong = checks.default_faults(contract, described, want.value, data)
                yield checks.judgement(checks.DEFAULTS, *wrong)
        yield checks.judgement(case.rule, *faults)


def _is_silent(answers: Answers, status: int) -> bool:
    """Return whether a status says nothing of a rule: a described clash does not."""
    clash = status == _CONFLICT and answers.bind and answers.description(status)
    return status in NO_JUDGEMENT or bool(clash)


def _is_other(exchange: Exchange, contract: Contract) -> bool:
    """Return whether a first look, by a path alone, saw something else."""
    played = exchange.played or Played()
    first = [it for it in played.earlier if it.request.method == "GET"][:1]
    bodies = {it.response.body for it in (*first, exchange) if it.response}
    inferred = any(each.inferred for each in contract.links)
    return inferred and len(bodies) > 1 and exchange.status // 100 == 2


def _silence(status: int) -> str:
    more = "; other values may help, by examples in the contract or by a profile"
    return f"HTTP {status} says nothing of it{more * (status == _CONFLICT)}"


def _open(case: Case, reason: str) -> Iterator[Judgement]:
    if case.rule != ROBUSTNESS:
        yield case.rule, Verdict.INCONCLUSIVE, reason


def _before(exchange: Exchange, answers: Answers) -> Json:
    """Return what a first look at the same resource showed; None if there was none.

    What it lacked then was not lost since: the case of that first look fails for it. An
    accepted change makes it another resource.
    """
    before, played = None, exchange.played or Played()
    for each in played.earlier:
        response, is_same = each.response, each.request.path == exchange.request.path
        if not is_same or not response or response.status // 100 != 2:
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
            nowhere = _NOWHERE - {404} if each.inferred else _NOWHERE
            if missing and statuses <= nowhere:
                found.add(each.name)
    return found


def links_of(case: Case) -> set[str]:
    """Return the links that a case follows."""
    return {step.link for step in case.steps if step.link}
