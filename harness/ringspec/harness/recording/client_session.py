"""Judges the requests of clients to one server, and counts by rule what they break.

Each is a case with its exchange and findings, as reports of runs take them. No secret
stands there: `{token}` stands for the access token, `[redacted]` for others. Memory is
bounded, however long it goes on.
"""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from urllib.parse import urlencode

from ringspec.harness.judging.outcome import conclude
from ringspec.harness.judging.verdict import (
    ContractName,
    Counts,
    Ended,
    Finding,
    Judged,
    Outcome,
    Result,
    RuleResult,
    Started,
    Verdict,
)
from ringspec.harness.recording.capture import CapturedRequest, Headers
from ringspec.harness.recording.client_rules import (
    BROKEN,
    HTTP_RULES,
    OPEN,
    TOKEN_OPERATION,
    RequestedOperation,
    RequestJudge,
    read_form,
)
from ringspec.harness.sending.exchange import (
    Exchange,
    Failure,
    Filling,
    Response,
    Trouble,
)
from ringspec.spec import (
    BODY_ACCEPTED,
    Contract,
    Level,
    Rule,
    RuleId,
    TokenHeader,
    weakest,
)
from ringspec.strategies import Case, Expect, Request, Slot

# Names of clients that are kept, and so many characters of each.
_CLIENTS, _NAME = 20, 60
_HIDDEN = "[redacted]"
_SECRET = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"}
)
# Headers about a connection, which say nothing of a request.
_OF_CONNECTION = frozenset({"host", "connection", "content-length"})
_QUERY = re.compile(
    r"(?<=[?&])([^=&]*(?:token|secret|password|key)[^=&]*)=[^&]*", re.IGNORECASE
)
# Failures of one rule that are kept.
MOST = 20
# Different remarks that are kept.
_REMARKS = 100
_SERVERS = "it binds servers, not their clients"
_UNASKED = "no request gave occasion to keep or to break it"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRequest:
    """One request, judged.

    Attributes:
        number: from 1, in the order of the answers.
        client: its User-Agent; empty without one.
        operation: id or name of the operation; empty if there is no such.
        unspecified: what no source settles, by rule or name, with the reason.
        is_first: whether it is the first to break a rule, or to leave something open.
    """

    number: int
    client: str
    operation: str
    judged: Judged
    unspecified: dict[str, str]
    remarks: tuple[str, ...]
    is_first: bool

    def rules(self, verdict: Verdict) -> tuple[RuleId, ...]:
        """Return the rules that the request breaks (FAIL) or keeps (PASS)."""
        found = self.judged.findings
        return tuple(each.rule for each in found if each.verdict is verdict)


class ClientSession:
    """Judges what clients send to one server, and counts what they break.

    Attributes:
        counts: by verdict how often each rule was broken or kept, and each unspecified
            thing was sent, by name; for None how often each remark was made.
        examples: the first request's number and the reason, by rule or name.
    """

    def __init__(
        self, contract: Contract, level: Level, url: str, filling: Filling
    ) -> None:
        self.contract, self.level, self.requests = contract, level, 0
        self.counts = defaultdict[Verdict | None, Counter[str]](Counter)
        self.examples: dict[str, tuple[int, str]] = {}
        self._failures = defaultdict[RuleId, list[Finding]](list)
        self._clients: dict[str, None] = {}
        self._url, self._filling = url.rstrip("/"), filling
        self._judge = RequestJudge(contract, filling)
        self._began_s = time.perf_counter()

    def started(self) -> Started:
        """Return the event with which reports begin."""
        return Started(
            contract=ContractName.of(self.contract),
            target=self._url,
            level=self.level,
            seed=0,
            total=0,
            clients=True,
        )

    def ended(self) -> Ended:
        """Return the event with which reports end: the results of all rules."""
        names = ", ".join(each or "a client without a name" for each in self._clients)
        rules = tuple(map(self._result, self.contract.rules.values()))
        return Ended(
            result=Result(
                conclusion=conclude(rules, executed=self.requests > 0),
                level=self.level,
                rules=rules,
                counts=Counts(
                    rules=len(rules), cases=self.requests, requests=self.requests
                ),
                duration_s=round(time.perf_counter() - self._began_s, 3),
                message=f"the clients: {names}" if names else "no client sent anything",
                hint="" if names else "point a client at the URL that was printed",
            )
        )

    def _result(self, rule: Rule) -> RuleResult:
        number = self.exercised(rule.id)
        outcome, why = Outcome.PASS, ""
        if self.counts[Verdict.FAIL][rule.id] and rule.level.gates(self.level):
            outcome = Outcome.FAIL
        elif not number:
            outcome = Outcome.NOT_APPLICABLE
            why = _UNASKED if rule.id in self.unexercised() else _SERVERS
        return RuleResult(
            rule=rule,
            outcome=outcome,
            cases=number,
            failures=tuple(self._failures[rule.id]),
            why=why,
        )

    def exercised(self, rule: RuleId) -> int:
        """Return how many requests gave occasion to keep or to break a rule."""
        return self.counts[Verdict.FAIL][rule] + self.counts[Verdict.PASS][rule]

    def unexercised(self) -> tuple[RuleId, ...]:
        """Return the rules that bind clients and that no request exercised."""
        binding = HTTP_RULES | {each.rule for each in self.contract.assertions}
        binding |= {each.rule for each in self.contract.operation.headers}
        return tuple(
            each
            for each in self.contract.rules
            if each in binding and not self.exercised(each)
        )

    def judge(self, request: CapturedRequest) -> JudgedRequest:
        """Judge a request, and count it."""
        self.requests += 1
        operation = self._judge.operation(request)
        statements = self._judge.judge(request, operation)
        client = (request.header("user-agent") or "")[:_NAME]
        if len(self._clients) < _CLIENTS:
            self._clients[client] = None
        exchange = self._exchange(request, operation)
        rules = self.contract.rules
        broken = [RuleId(about) for each, about, _ in statements if each is BROKEN]
        case = Case(
            id=f"request-{self.requests}",
            # No finding about a client is of this rule.
            rule=BODY_ACCEPTED,
            level=weakest(rules[rule].level for rule in broken),
            expect=Expect.REJECT if broken else Expect.ACCEPT,
            # The server is not judged: any answer of its may be.
            status=(request.status,) if request.status else (),
            request=exchange.request,
        )
        findings: list[Finding] = []
        unspecified: dict[str, str] = {}
        is_first = False
        for verdict, about, why in statements:
            counted = self.counts[verdict]
            if verdict or about in counted or len(counted) < _REMARKS:
                counted[about] += 1
            if verdict in {BROKEN, OPEN}:
                is_first |= about not in self.examples
                self.examples.setdefault(about, (self.requests, why))
            if verdict is OPEN:
                unspecified[about] = why
            elif verdict is not None:
                level = rules[RuleId(about)].level
                finding = Finding(
                    rule=RuleId(about),
                    verdict=verdict,
                    reason=why,
                    level=level,
                    gate=level,
                    case=case,
                    exchange=exchange,
                )
                findings.append(finding)
                failures = self._failures[finding.rule]
                if verdict is BROKEN and len(failures) < MOST:
                    failures.append(finding)
        return JudgedRequest(
            number=self.requests,
            client=client,
            operation=operation.name,
            judged=Judged(case=case, exchange=exchange, findings=tuple(findings)),
            unspecified=unspecified,
            remarks=tuple(about for verdict, about, _ in statements if not verdict),
            is_first=is_first,
        )

    def _exchange(
        self, captured: CapturedRequest, operation: RequestedOperation
    ) -> Exchange:
        """Return a request with its answer, free of credentials."""
        target = _QUERY.sub(rf"\1={_HIDDEN}", captured.target)
        is_token = operation is TOKEN_OPERATION
        response, failure = None, None
        if captured.status is None:
            failure = Failure(trouble=Trouble.DROPPED, message="it was not answered")
        else:
            response = Response(
                status=captured.status,
                headers=self._shown(captured.answer_headers, None),
                body=captured.answer,
            )
        return Exchange(
            url=self._url + target,
            request=Request(
                method=captured.method,
                path=Slot.TOKEN_URL if is_token and "?" not in target else target,
                headers=self._shown(captured.headers, operation.token_header),
                body=self._shown_form(captured) if is_token else captured.body,
            ),
            response=response,
            failure=failure,
            began_s=captured.began_s,
            elapsed_s=captured.elapsed_s,
        )

    def _shown_form(self, captured: CapturedRequest) -> bytes:
        form = read_form(captured)
        if form is None:
            return _HIDDEN.encode() if captured.body else b""
        known = {
            ("client_id", self._filling.client_id): Slot.CLIENT_ID,
            ("client_secret", self._filling.client_secret): Slot.CLIENT_SECRET,
        }
        for name, value in form.items():
            if name != "grant_type" and value:
                form[name] = known.get((name, value), _HIDDEN)
        return urlencode(form, safe="{}[]").encode()

    def _shown(self, headers: Headers, due: TokenHeader | None) -> Headers:
        shown: list[tuple[str, str]] = []
        token = self._filling.token or "\0"
        for name, value in headers:
            lower = name.lower()
            hidden = _HIDDEN if lower in _SECRET else value
            if due is not None and lower == due.header.lower():
                scheme = value.removesuffix(token).strip().lower()
                is_known = value.endswith(token) and scheme == due.scheme.lower()
                hidden = due.value(Slot.TOKEN) if is_known else _HIDDEN
            if lower not in _OF_CONNECTION:
                shown.append((name, hidden))
        return tuple(shown)
