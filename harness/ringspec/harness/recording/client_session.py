"""Judges the requests of clients to one server, and counts by rule what they break.

In: captured requests. Out: each as a case with its exchange and findings, as reports of
runs take them; at the end a result as of a run, with the roles reversed. No credential
stands in an exchange: `{token}` stands for the access token, `[redacted]` for other
secrets. Memory is bounded, however long it goes on.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from ringspec.harness.judging.outcome import EXITS, conclude
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
    HTTP_RULES,
    TOKEN_OPERATION,
    RequestedOperation,
    RequestJudge,
    Statement,
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
from ringspec.strategies import (
    CLIENT_ID,
    CLIENT_SECRET,
    TOKEN,
    TOKEN_URL,
    Case,
    Expect,
    Request,
)

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
        judged: with a finding for each rule that is broken or kept.
        unspecified: what no source settles, by rule or name, with the reason.
        is_first: whether it is the first to break some rule, or to leave something
            open.
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
    """Judges what clients send to one server.

    Args:
        contract: what they are judged by.
        level: what gates.
        url: of the server.
        filling: the credentials that clients should bring.
    """

    def __init__(
        self, contract: Contract, level: Level, url: str, filling: Filling
    ) -> None:
        self.tally = ClientTally(contract, level)
        self._clients: dict[str, None] = {}
        self._url, self._filling = url.rstrip("/"), filling
        self._judge = RequestJudge(contract, filling)
        self._levels = {rule: each.level for rule, each in contract.rules.items()}
        self._began_s = time.perf_counter()

    def started(self) -> Started:
        """Return the event with which reports begin."""
        return Started(
            contract=ContractName.of(self.tally.contract),
            target=self._url,
            level=self.tally.level,
            seed=0,
            total=0,
            clients=True,
        )

    def ended(self) -> Ended:
        """Return the event with which reports end."""
        names = ", ".join(each or "a client without a name" for each in self._clients)
        message = f"the clients: {names}" if names else "no client sent anything"
        duration_s = round(time.perf_counter() - self._began_s, 3)
        return Ended(result=self.tally.result(duration_s, message))

    def judge(self, request: CapturedRequest) -> JudgedRequest:
        """Judge a request, and count it."""
        operation = self._judge.operation(request.method, request.path)
        statements = self._judge.judge(request, operation)
        client = (request.header("user-agent") or "")[:_NAME]
        if len(self._clients) < _CLIENTS:
            self._clients[client] = None
        number = self.tally.requests + 1
        exchange = self._exchange(request, operation)
        broken = [
            RuleId(about) for each, about, _ in statements if each is Verdict.FAIL
        ]
        case = Case(
            id=f"request-{number}",
            # No finding about a client is of this rule.
            rule=BODY_ACCEPTED,
            level=weakest(self._levels[rule] for rule in broken),
            expect=Expect.REJECT if broken else Expect.ACCEPT,
            # The server is not judged: any answer of its may be.
            status=(request.status,) if request.status else (),
            request=exchange.request,
        )
        findings = tuple(
            Finding(
                rule=RuleId(about),
                verdict=verdict,
                reason=why,
                level=self._levels[RuleId(about)],
                gate=self._levels[RuleId(about)],
                case=case,
                exchange=exchange,
            )
            for verdict, about, why in statements
            if verdict in {Verdict.FAIL, Verdict.PASS}
        )
        return JudgedRequest(
            number=number,
            client=client,
            operation=operation.name,
            judged=Judged(case=case, exchange=exchange, findings=findings),
            unspecified={
                about: why
                for verdict, about, why in statements
                if verdict is Verdict.INCONCLUSIVE
            },
            remarks=tuple(why for verdict, _, why in statements if verdict is None),
            is_first=self.tally.add(statements, findings),
        )

    def _exchange(
        self, captured: CapturedRequest, operation: RequestedOperation
    ) -> Exchange:
        """Return a request with its answer, free of credentials."""
        target = _QUERY.sub(rf"\1={_HIDDEN}", captured.target)
        is_token = operation is TOKEN_OPERATION
        request = Request(
            method=captured.method,
            path=TOKEN_URL if is_token and "?" not in target else target,
            headers=_hidden(captured.headers, operation.token_header, self._filling),
            body=self._hidden_form(captured) if is_token else captured.body,
        )
        response, failure = None, None
        if captured.status is None:
            failure = Failure(trouble=Trouble.DROPPED, message="it was not answered")
        else:
            headers = _hidden(captured.answer_headers, None, Filling())
            response = Response(
                status=captured.status, headers=headers, body=captured.answer
            )
        return Exchange(
            url=self._url + target,
            request=request,
            response=response,
            failure=failure,
            began_s=captured.began_s,
            elapsed_s=captured.elapsed_s,
        )

    def _hidden_form(self, captured: CapturedRequest) -> bytes:
        form = read_form(captured)
        if form is None:
            return _HIDDEN.encode() if captured.body else b""
        known = {
            ("client_id", self._filling.client_id): CLIENT_ID,
            ("client_secret", self._filling.client_secret): CLIENT_SECRET,
        }
        for name, value in form.items():
            if name != "grant_type" and value:
                form[name] = known.get((name, value), _HIDDEN)
        return urlencode(form, safe="{}[]").encode()


def _hidden(
    headers: Headers, token_header: TokenHeader | None, filling: Filling
) -> Headers:
    shown: list[tuple[str, str]] = []
    for name, value in headers:
        lower = name.lower()
        hidden = _HIDDEN if lower in _SECRET else value
        if token_header is not None and lower == token_header.header.lower():
            hidden = _HIDDEN
            token = filling.token or "\0"
            scheme = value.removesuffix(token).strip().lower()
            if value.endswith(token) and scheme == token_header.scheme.lower():
                hidden = token_header.value(TOKEN)
        if lower not in _OF_CONNECTION:
            shown.append((name, hidden))
    return tuple(shown)


@dataclass
class ClientTally:
    """Counts what clients break.

    Attributes:
        level: what gates.
        broken: how often each rule was broken.
        kept: how often each rule was kept.
        unspecified: how often each unspecified thing was sent, by name.
        examples: the first request's number and the reason, by rule or name.
        remarks: how often each remark was made.
    """

    contract: Contract
    level: Level
    requests: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    unspecified: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[int, str]] = field(default_factory=dict)
    remarks: Counter[str] = field(default_factory=Counter)
    _failures: dict[RuleId, list[Finding]] = field(default_factory=dict)

    def add(
        self, statements: Iterable[Statement], findings: tuple[Finding, ...]
    ) -> bool:
        """Count one request; return whether it is the first to show something."""
        self.requests += 1
        is_first = False
        counters = {
            Verdict.FAIL: self.broken,
            Verdict.PASS: self.kept,
            Verdict.INCONCLUSIVE: self.unspecified,
        }
        for verdict, about, why in statements:
            if verdict is not None:
                counters[verdict][about] += 1
            elif why in self.remarks or len(self.remarks) < _REMARKS:
                self.remarks[why] += 1
            if verdict in {Verdict.FAIL, Verdict.INCONCLUSIVE}:
                is_first |= about not in self.examples
                self.examples.setdefault(about, (self.requests, why))
        for each in findings:
            kept = self._failures.setdefault(each.rule, [])
            if each.verdict is Verdict.FAIL and len(kept) < MOST:
                kept.append(each)
        return is_first

    def exercised(self, rule: RuleId) -> int:
        """Return how many requests gave occasion to keep or to break a rule."""
        return self.broken[rule] + self.kept[rule]

    def unexercised(self) -> tuple[RuleId, ...]:
        """Return the rules that bind clients and that no request exercised."""
        return tuple(
            each
            for each in self.contract.rules
            if self._binds_clients(each) and not self.exercised(each)
        )

    def result(self, duration_s: float, message: str) -> Result:
        """Return the results of all rules, and the conclusion."""
        rules = tuple(map(self._result, self.contract.rules.values()))
        conclusion = conclude(rules, executed=self.requests > 0)
        return Result(
            conclusion=conclusion,
            exit_code=EXITS[conclusion],
            level=self.level,
            rules=rules,
            counts=Counts(
                rules=len(rules), cases=self.requests, requests=self.requests
            ),
            duration_s=duration_s,
            message=message,
            hint="" if self.requests else "point a client at the URL that was printed",
        )

    def _result(self, rule: Rule) -> RuleResult:
        number = self.exercised(rule.id)
        outcome, why = Outcome.PASS, ""
        if self.broken[rule.id] and rule.level.gates(self.level):
            outcome = Outcome.FAIL
        elif not number:
            outcome = Outcome.NOT_APPLICABLE
            why = _UNASKED if self._binds_clients(rule.id) else _SERVERS
        return RuleResult(
            rule=rule,
            outcome=outcome,
            cases=number,
            failures=tuple(self._failures.get(rule.id, ())),
            why=why,
        )

    def _binds_clients(self, rule: RuleId) -> bool:
        return (
            rule in HTTP_RULES
            or rule in {each.rule for each in self.contract.assertions}
            or rule in {each.rule for each in self.contract.operation.headers}
        )
