"""The oracle: what an exchange says of each rule.

In: a case, its exchange, and whether its twin was accepted. Out: findings. It is
three-valued throughout: a refusal counts for a rule only if the twin was accepted, and
what says nothing of a rule leaves it inconclusive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ringspec.harness import checks
from ringspec.harness.exchange import Exchange, Response
from ringspec.harness.verdict import Finding, Verdict
from ringspec.spec import Contract, Json, RuleId, weakest
from ringspec.strategies import Case, Expect

ROBUSTNESS = RuleId("robustness")
ERROR_STATUS = RuleId("error.status")
ENVELOPE = RuleId("error.envelope")
ANSWER_JSON = RuleId("answer.json")
ANSWER_SCHEMA = (RuleId("answer.members"), RuleId("answer.types"))
ECHO = RuleId("answer.echo")
DEFAULTS = RuleId("answer.defaults")
# Refusals that are not about the body. Source: product.md, Levels.
NO_JUDGEMENT = frozenset({401, 407, 408, 429})

_Judgement = tuple[RuleId, Verdict, str]


@dataclass
class Oracle:
    """Judges exchanges in the order of the cases, and remembers which were accepted."""

    contract: Contract
    _cases: dict[str, Case] = field(default_factory=dict)
    _accepted: dict[str, bool] = field(default_factory=dict)

    def judge(self, case: Case, exchange: Exchange) -> tuple[Finding, ...]:
        """Return what an exchange says of the rules it touches."""
        self._cases[case.id] = case
        response = exchange.response
        if response is not None:
            self._accepted[case.id] = response.status // 100 == 2
        return tuple(
            self._finding(case, exchange, judgement)
            for judgement in self._judgements(case, exchange)
        )

    def _finding(
        self, case: Case, exchange: Exchange, judgement: _Judgement
    ) -> Finding:
        rule, verdict, reason = judgement
        twin = self._cases.get(case.twin or "")
        own = case.level
        if rule != case.rule and rule not in case.broken:
            # A check of the answer binds no more than what was sent does.
            known = self.contract.rules[rule].level
            own = known if rule == ROBUSTNESS else weakest((known, case.level))
        return Finding(
            rule=rule,
            verdict=verdict,
            reason=reason,
            level=own,
            gate=weakest((own, twin.level)) if twin else own,
            case=case,
            exchange=exchange,
            twin=twin,
        )

    def _judgements(self, case: Case, exchange: Exchange) -> Iterator[_Judgement]:
        response = exchange.response
        if response is None:
            reason = exchange.failure.message if exchange.failure else "nothing came"
            yield ROBUSTNESS, Verdict.FAIL, reason
            yield from _open(case, reason)
        elif response.status >= 500:
            reason = f"the server failed: HTTP {response.status}"
            yield ROBUSTNESS, Verdict.FAIL, reason
            yield from _open(case, reason)
        else:
            yield ROBUSTNESS, Verdict.PASS, ""
            if case.expect == Expect.ACCEPT:
                yield from self._accept(case, response)
            elif case.expect == Expect.REJECT and case.broken:
                yield from self._reject(case, response)
            elif case.expect == Expect.REJECT:
                yield from self._status(case, response)

    def _accept(self, case: Case, response: Response) -> Iterator[_Judgement]:
        status = response.status
        if status // 100 == 2:
            yield case.rule, Verdict.PASS, ""
            yield from self._answer(case, response)
        elif status in NO_JUDGEMENT or status < 400:
            yield case.rule, Verdict.INCONCLUSIVE, f"HTTP {status} says nothing of it"
        else:
            reason = f"a valid body was refused with HTTP {status}"
            yield case.rule, Verdict.FAIL, reason
            yield self._envelope(response)

    def _reject(self, case: Case, response: Response) -> Iterator[_Judgement]:
        status = response.status
        if status // 100 == 2:
            reason = f"an invalid body was accepted with HTTP {status}"
            for rule in case.broken:
                yield rule, Verdict.FAIL, reason
        elif status in NO_JUDGEMENT or status < 400:
            yield from _open(case, f"HTTP {status} says nothing of it")
        elif not self._accepted.get(case.twin or "", False):
            yield from _open(case, "it was refused, but so was its valid twin")
        else:
            yield case.rule, Verdict.PASS, ""
            yield self._error_status(case, status)
            yield self._envelope(response)

    def _status(self, case: Case, response: Response) -> Iterator[_Judgement]:
        """Judge a case that is refused for something other than its body."""
        status = response.status
        if status // 100 == 2:
            yield case.rule, Verdict.FAIL, f"it was accepted with HTTP {status}"
        elif not self._accepted.get(case.twin or "", False):
            yield from _open(case, "its valid twin was not accepted")
        elif status in case.status:
            yield case.rule, Verdict.PASS, ""
            yield self._envelope(response)
        elif status in NO_JUDGEMENT:
            yield from _open(case, f"HTTP {status} says nothing of it")
        else:
            wanted = " or ".join(map(str, case.status))
            yield case.rule, Verdict.FAIL, f"HTTP {status} where {wanted} is due"

    @staticmethod
    def _error_status(case: Case, status: int) -> _Judgement:
        if status in case.status:
            return ERROR_STATUS, Verdict.PASS, ""
        wanted = " or ".join(map(str, case.status))
        return ERROR_STATUS, Verdict.FAIL, f"refused with {status}, not with {wanted}"

    def _envelope(self, response: Response) -> _Judgement:
        data, reason = checks.parse(response)
        answer = self.contract.answers.of(response.status)
        if not reason and answer is not None:
            reason = "; ".join(checks.schema_faults(answer, data).values())
        return ENVELOPE, Verdict.FAIL if reason else Verdict.PASS, reason

    def _answer(self, case: Case, response: Response) -> Iterator[_Judgement]:
        data, reason = checks.parse(response)
        yield ANSWER_JSON, Verdict.FAIL if reason else Verdict.PASS, reason
        answer = self.contract.answers.of(response.status)
        if reason or answer is None:
            return
        faults = checks.schema_faults(answer, data)
        for rule in ANSWER_SCHEMA:
            yield _told(rule, [faults[rule]] if rule in faults else [])
        sent: Json = case.body
        yield _told(ECHO, checks.echo_faults(self.contract, answer, sent, data))
        yield _told(DEFAULTS, checks.default_faults(self.contract, answer, sent, data))


def _told(rule: RuleId, faults: list[str]) -> _Judgement:
    if not faults:
        return rule, Verdict.PASS, ""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return rule, Verdict.FAIL, faults[0] + more


def _open(case: Case, reason: str) -> Iterator[_Judgement]:
    if case.rule != ROBUSTNESS:
        yield case.rule, Verdict.INCONCLUSIVE, reason
