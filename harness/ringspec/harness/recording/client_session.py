"""Judges the requests of clients to one server, and counts by rule what they break.

Each is a case with its exchange and findings, as reports of runs take them. No secret
stands there: `{token}` stands for the access token, `[redacted]` for others. Memory is
bounded, however long it goes on.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

from ringspec.harness.judging.outcome import conclude
from ringspec.harness.judging.verdict import (
    ContractName,
    Counts,
    Ended,
    Finding,
    Judged,
    Made,
    Outcome,
    Result,
    RuleResult,
    Started,
    Verdict,
    now,
    plainest,
)
from ringspec.harness.recording.capture import LIMIT, CapturedRequest, Headers
from ringspec.harness.sending.exchange import MASK, Exchange, Filling, no_constant
from ringspec.harness.sending.policy import path_pattern
from ringspec.spec import (
    ABOUT,
    BODY_ACCEPTED,
    HOLDS,
    Breach,
    Contract,
    Disagreement,
    Json,
    Level,
    Location,
    Role,
    Rule,
    RuleId,
    TokenPlace,
    at,
    at_path,
    at_pointer,
    branches,
    is_irregular,
    is_shallow,
    kind_of,
    media_name,
    pointer,
    short,
    weakest,
)
from ringspec.strategies import Case, Expect, Request, Slot

if TYPE_CHECKING:
    import jsonschema_rs

# Verdict; the rule, or a name of what no source settles (OPEN), or a remark (None); and
# the reason, with value and place.
Statement: TypeAlias = tuple[Verdict | None, str, str]
BROKEN, KEPT, OPEN = Verdict.FAIL, Verdict.PASS, Verdict.INCONCLUSIVE
JSON_RULE = "wire.json"
# Characters of a value, and names of a list, that are cited.
_VALUE, _NAMES = 80, 5
# Keywords whose value would repeat a whole schema.
_LONG = frozenset({"anyOf", "oneOf", "not", "contains", "propertyNames", "if"})
_NAMING = frozenset({"required", "dependentRequired"})
_CLOSED = frozenset({"additionalProperties", "unevaluatedProperties"})
_CHILDREN = {("items",), ("additionalProperties",)}
_IRREGULAR = "a number such as 2.0, a control character or half a surrogate pair"
METHOD, PATH, MEDIA = "wire.method", "wire.path", "wire.media"
TOKEN, CLIENT = "auth.token", "auth.client"
# Beside the rules on what is sent, those that a client can break.
HTTP_RULES = frozenset({METHOD, PATH, MEDIA, TOKEN, CLIENT, JSON_RULE})
_GRANT = "client_credentials"
_FORM = "application/x-www-form-urlencoded"
_PARTIAL = f"a body of more than {LIMIT // 1024} KiB, or one cut off, is not judged"
# Methods whose body has no meaning. Source: RFC 9110, 9.3.
_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
# Names of clients that are kept, and so many characters of each.
_CLIENTS, _NAME = 20, 60
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


class RequestedOperation(NamedTuple):
    """The operation that a request asks for."""

    # All that the path has, in upper case; empty for an unknown path.
    methods: tuple[str, ...]
    name: str = ""  # id of the operation, or name of the link to it; empty without any
    token_place: TokenPlace | None = None
    takes_body: bool = False  # whether the body of a create is due


# Of the endpoint that gives out access tokens.
TOKEN_OPERATION = RequestedOperation(("POST",), "token")


def _reason(breach: Breach, data: Json) -> str:
    assertion, place = breach.assertion, pointer(breach.location)
    if assertion.keyword in _NAMING:
        return f"left out {assertion.value}" + (f" at {place}" if place else "")
    sent, against = short(at(data, breach.location), _VALUE), assertion.keyword
    if against not in _LONG:
        against += f" {short(assertion.value, _VALUE)}"
    return f"sent {sent} {f'at {place}' if place else 'as the body'}, against {against}"


def _unsettled(breach: Breach, data: Json, settled: Json) -> str:
    """Return what no source settles; of a closed object, its unknown members."""
    assertion, place = breach.assertion, pointer(breach.location) or "the top"
    if assertion.keyword in _NAMING:
        return f"{_reason(breach, data)}, which no source settles"
    sent = at(data, breach.location)
    if assertion.keyword not in _CLOSED:
        return f"sent {short(sent, _VALUE)} at {place}, which no source settles"
    schemas = [at_path(settled, assertion.stem)]
    for schema in schemas:  # which grows
        schemas += branches(schema)
    known = {name for schema in schemas for name in schema.get("properties", ())}
    names = _listed([each for each in sent if each not in known])
    return f"sent {names} at {place}, which no source names"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(short(each, _VALUE) for each in names[:_NAMES]) + more


def read_form(request: CapturedRequest) -> dict[str, str] | None:
    """Read a form by the names of its fields; None if the body is none."""
    label = media_name(request.header("content-type") or "")
    if label != _FORM or not request.is_whole:
        return None
    try:
        return dict(parse_qsl(request.request.body.decode(), keep_blank_values=True))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRequest(Judged):
    """One request, judged."""

    number: int  # from 1, in the order of the answers
    client: str  # its User-Agent; empty without one
    operation: str  # id or name of the operation; empty if there is no such
    # What no source settles, by rule or name, with the reason.
    unspecified: dict[str, str]
    remarks: tuple[str, ...]
    # Whether it is the first to break a rule, or to leave something open.
    is_first: bool

    def rules(self, verdict: Verdict) -> tuple[RuleId, ...]:
        """Return the rules that the request breaks (FAIL) or keeps (PASS)."""
        return tuple(it.rule for it in self.findings if it.verdict is verdict)


class ClientSession:
    """Judges what clients send to one server, and counts what they break."""

    def __init__(
        self,
        contract: Contract,
        level: Level,
        url: str,
        filling: Filling,
        made: Made | None = None,
    ) -> None:
        self.contract, self.level, self.requests = contract, level, 0
        # By verdict how often each rule was broken or kept, and each unspecified thing
        # was sent, by name; for None how often each remark was made.
        self.counts = defaultdict[Verdict | None, Counter[str]](Counter)
        # The first request's number and the reason, by rule or name.
        self.examples: dict[str, tuple[int, str]] = {}
        self._failures = defaultdict[RuleId, list[Finding]](list)
        self._clients: dict[str, None] = {}
        self._url, self._filling = url.rstrip("/"), filling
        self._began_s = time.perf_counter()
        self._made = replace(made or Made(), began=now())

    @cached_property
    def _schema(self) -> jsonschema_rs.Draft202012Validator:
        import jsonschema_rs  # noqa: PLC0415 - the prover imports it as late

        return jsonschema_rs.Draft202012Validator(self.contract.request.schema)

    def started(self) -> Started:
        """Return the event with which reports begin."""
        return Started(
            contract=ContractName.of(self.contract),
            target=self._url,
            level=self.level,
            seed=0,
            total=0,
            clients=True,
            made=self._made,
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
                counts=Counts.of(rules, cases=self.requests, requests=self.requests),
                ended=now(),
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
            failures=plainest(self._failures[rule.id]),
            why=why,
        )

    def exercised(self, rule: RuleId) -> int:
        """Return how many requests gave occasion to keep or to break a rule."""
        return self.counts[Verdict.FAIL][rule] + self.counts[Verdict.PASS][rule]

    def unexercised(self) -> tuple[RuleId, ...]:
        """Return the rules that bind clients and that no request exercised."""
        binding = HTTP_RULES | {each.rule for each in self.contract.assertions}
        binding |= {each.rule for each in self.contract.operation.headers}
        rules = self.contract.rules
        return tuple(it for it in rules if it in binding and not self.exercised(it))

    def judge(self, request: CapturedRequest) -> JudgedRequest:
        """Judge a request, and count it."""
        self.requests += 1
        operation = self._operation(request)
        statements = self._found(request, operation)
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
        known, findings = len(self.examples), list[Finding]()
        for verdict, about, why in statements:
            counted = self.counts[verdict]
            if verdict or about in counted or len(counted) < _REMARKS:
                counted[about] += 1
            if verdict in {BROKEN, OPEN}:
                self.examples.setdefault(about, (self.requests, why))
            if verdict in {BROKEN, KEPT}:
                rule = rules[RuleId(about)]
                finding = Finding(
                    rule=rule.id,
                    verdict=verdict,
                    reason=why,
                    level=rule.level,
                    gate=rule.level,
                    case=case,
                    exchange=exchange,
                )
                findings.append(finding)
                if verdict is BROKEN and counted[about] <= MOST:
                    self._failures[rule.id].append(finding)
        return JudgedRequest(
            number=self.requests,
            client=client,
            operation=operation.name,
            case=case,
            exchange=exchange,
            findings=tuple(findings),
            unspecified={about: why for it, about, why in statements if it is OPEN},
            remarks=tuple(about for verdict, about, _ in statements if not verdict),
            is_first=len(self.examples) > known,
        )

    def _exchange(
        self, captured: CapturedRequest, operation: RequestedOperation
    ) -> Exchange:
        """Return a request with its answer, free of credentials."""
        target = _QUERY.sub(rf"\1={MASK}", captured.url)
        is_token = operation is TOKEN_OPERATION
        request, response = captured.request, captured.response
        if response is not None:
            response = replace(response, headers=self._shown(response.headers, None))
        return replace(
            captured,
            url=self._url + target,
            request=replace(
                request,
                path=Slot.TOKEN_URL if is_token and "?" not in target else target,
                headers=self._shown(request.headers, operation.token_place),
                body=self._shown_form(captured) if is_token else request.body,
            ),
            response=response,
        )

    def _shown_form(self, captured: CapturedRequest) -> bytes:
        form = read_form(captured)
        if form is None:
            return MASK.encode() if captured.request.body else b""
        known = {
            ("client_id", self._filling.client_id): Slot.CLIENT_ID,
            ("client_secret", self._filling.client_secret): Slot.CLIENT_SECRET,
        }
        for name, value in form.items():
            if name != "grant_type" and value:
                form[name] = known.get((name, value), MASK)
        return urlencode(form, safe="{}[]").encode()

    def _shown(self, headers: Headers, due: TokenPlace | None) -> Headers:
        shown: list[tuple[str, str]] = []
        token = self._filling.token or "\0"
        for name, value in headers:
            lower = name.lower()
            hidden = MASK if lower in _SECRET else value
            if due is not None and lower == due.name.lower():
                scheme = value.removesuffix(token).strip().lower()
                is_known = value.endswith(token) and scheme == due.scheme.lower()
                hidden = due.value(Slot.TOKEN) if is_known else MASK
            if lower not in _OF_CONNECTION:
                shown.append((name, hidden))
        return tuple(shown)

    def _operation(self, request: CapturedRequest) -> RequestedOperation:
        """Return what a request asks for, by its method and path."""
        method, path = request.request.method, request.url.partition("?")[0]
        token_path = urlsplit(self._filling.token_url).path
        if token_path and path == token_path:
            return TOKEN_OPERATION
        contract, main = self.contract, self.contract.operation
        links = [it for it in contract.links if path_pattern(it.path).fullmatch(path)]
        methods = {each.method: None for each in links}
        if path == main.path.partition("?")[0]:
            methods |= dict.fromkeys(each.upper() for each in main.methods)
            if method == main.method.upper():
                due = next(iter(main.security.places), None)
                return RequestedOperation(tuple(methods), main.id, due, takes_body=True)
        # HEAD asks for what GET answers. Source: RFC 9110, 9.3.2.
        wanted = "GET" if method == "HEAD" else method
        for each in links:
            if each.method == wanted:
                known = tuple({**methods, method: None})
                same = each.role == Role.REPLACE and each.same_body
                return RequestedOperation(
                    known, each.name, next(iter(each.security.places), None), same
                )
        return RequestedOperation(tuple(methods))

    def _found(
        self, request: CapturedRequest, operation: RequestedOperation
    ) -> tuple[Statement, ...]:
        """Return one statement of a kind about each rule, and remarks."""
        first: dict[tuple[Verdict | None, str], str] = {}
        for verdict, about, why in self._statements(request, operation):
            first.setdefault((verdict, about), why)
        found = [
            (verdict, about, why)
            for (verdict, about), why in first.items()
            if verdict is not KEPT or (BROKEN, about) not in first
        ]
        status, remark = request.status, ""
        if not status:
            remark = "it was not answered"
        elif status >= 500:
            remark = f"the server failed: HTTP {status}"
        elif status >= 400 and all(verdict is KEPT for verdict, _, _ in found):
            remark = f"it breaks nothing, but was refused with HTTP {status}"
        return (*found, *([(None, remark, "")] if remark else ()))

    def _statements(
        self, request: CapturedRequest, operation: RequestedOperation
    ) -> Iterator[Statement]:
        method = request.request.method
        if not operation.methods:
            yield BROKEN, PATH, "asked for a path that the contract does not have"
            return
        yield KEPT, PATH, ""
        if method not in operation.methods:
            listed = ", ".join(operation.methods)
            yield BROKEN, METHOD, f"asked by {method} where there is {listed}"
            return
        yield KEPT, METHOD, ""
        if operation is TOKEN_OPERATION:
            yield self._client(request)
            return
        if operation.token_place is not None:
            yield self._token(request, operation.token_place)
        if operation.name == self.contract.operation.id:
            yield from self._headers(request)
        if operation.takes_body:
            yield self._media_type(request)
            if request.is_whole:
                yield from self._body(request)
            else:
                yield None, _PARTIAL, ""
        elif request.request.body and method in _BODILESS:
            yield None, f"a body came with {method}, which has none", ""

    def _token(self, request: CapturedRequest, due: TokenPlace) -> Statement:
        given = request.header(due.name) or ""
        scheme, _, token = given.partition(" ") if due.scheme else ("", "", given)
        if not given:
            return BROKEN, TOKEN, f"sent no {due.name} header"
        # Schemes may be in any case. Source: RFC 9110, 11.1.
        if scheme.lower() != due.scheme.lower():
            return BROKEN, TOKEN, f"sent no {due.scheme} token as {due.name}"
        if token.strip() != self._filling.token:
            return BROKEN, TOKEN, "sent another access token than the one given out"
        return KEPT, TOKEN, ""

    def _headers(self, request: CapturedRequest) -> Iterator[Statement]:
        for header in self.contract.operation.headers:
            given = request.header(header.name)
            if given is None and header.required:
                yield BROKEN, header.rule, f"left out the header {header.name}"
            elif given in (None, header.value) or header.value is None:
                yield KEPT, header.rule, ""
            else:
                why = f"sent {header.name}: {given[:40]}, settled is {header.value}"
                yield OPEN, header.rule, why

    def _media_type(self, request: CapturedRequest) -> Statement:
        """Judge how a body is labelled. Source: RFC 9110, 8.3.1."""
        operation = self.contract.operation
        given = request.header("content-type") or ""
        kind, _, parameters = given.lower().partition(";")
        charset = parameters.replace(" ", "").replace('"', "")
        if "/" not in kind:
            label = f"labelled it {given[:40]}" if given else "did not label the body"
            return OPEN, MEDIA, label
        if not operation.admits(kind):
            why = f"labelled the body {kind.strip()[:40]}, not {operation.media_type}"
            return BROKEN, MEDIA, why
        if "charset=" in charset and "charset=utf-8" not in charset:
            return OPEN, MEDIA, f"labelled the body with {charset[:40]}"
        return KEPT, MEDIA, ""

    def _client(self, request: CapturedRequest) -> Statement:
        """Judge a request for a token. Source: RFC 6749, 2.3.1 and 4.4.2."""
        form = read_form(request)
        if form is None:
            return BROKEN, CLIENT, "asked for a token by a body that is no form"
        if (request.header("authorization") or "").lower().startswith("basic "):
            return OPEN, CLIENT, "proved to be a client by Basic credentials"
        known = self._filling
        for name, due, wrong in (
            ("grant_type", _GRANT, f"by another grant than {_GRANT}"),
            ("client_id", known.client_id, "as another client, or as none"),
            ("client_secret", known.client_secret, "without the client's secret"),
        ):
            if form.get(name) != due:
                return BROKEN, CLIENT, f"asked for a token {wrong}"
        return KEPT, CLIENT, ""

    def _body(self, request: CapturedRequest) -> Iterator[Statement]:
        """Judge the body of a create, by two validators. Source: RFC 8259."""
        content = request.request.body
        repeated: dict[str, None] = {}

        def members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
            times = Counter(name for name, _ in pairs)
            repeated.update({name: None for name in times if times[name] > 1})
            return dict(pairs)

        why, data = "", None
        try:
            data = json.loads(
                content.decode(), parse_constant=no_constant, object_pairs_hook=members
            )
        except UnicodeDecodeError as error:
            why = f"the body is not UTF-8 at byte {error.start}"
        except json.JSONDecodeError as error:
            why = f"the body is no JSON: {error.msg} at character {error.pos}"
        except (ValueError, RecursionError) as error:
            why = f"the body is no JSON that can be read: {error}"
        yield BROKEN if why else KEPT, JSON_RULE, why
        if repeated and not why:
            yield OPEN, "body.twice", f"members stand twice: {_listed([*repeated])}"
        if not is_shallow(data):
            yield OPEN, "body.depth", "the body is nested too deeply to be judged"
        elif not why:
            yield from self._data(data, request.request)

    def _data(self, data: Json, request: Request) -> Iterator[Statement]:
        contract = self.contract
        prover = contract.prover_beside(request.path, request.headers)
        try:
            broken = prover.proven_broken(data)
        except Disagreement:
            yield OPEN, "body.odd", "the two validators do not read the body alike"
            return
        reasons: dict[RuleId, str] = {}
        locations: set[Location] = set()
        for breach in prover.breaches(data):
            rule = breach.assertion.rule
            reason = _reason(breach, data)
            if breach.assertion.keyword == HOLDS:
                said = contract.said(rule, request.path, request.headers, data)
                reason = f"sent what makes {said} false"
            reasons.setdefault(rule, reason)
            locations.add(breach.location)
        for rule in contract.rules:
            if rule in broken:
                yield BROKEN, rule, reasons[rule]
        for rule in sorted(self._applicable(data) - broken):
            yield KEPT, rule, ""
        if is_irregular(data):
            yield OPEN, "body.odd", f"the body holds {_IRREGULAR}"
        for breach in contract.settled_prover.breaches(data):
            rule, closed = breach.assertion.rule, breach.assertion.keyword in _CLOSED
            # What is broken at a place is not called unsettled there as well.
            if rule not in broken and (closed or breach.location not in locations):
                yield OPEN, rule, _unsettled(breach, data, contract.settled)

    def _applicable(self, data: Json) -> set[RuleId]:
        # The validator takes no half a surrogate pair, and no rule depends on one.
        text = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")
        body = json.loads(text)
        places = defaultdict[str, set[str]](set)
        for unit in self._schema.evaluate(body).list()["details"]:
            places[unit["evaluationPath"]].add(unit["instanceLocation"])
        found: set[RuleId] = set()
        for each in self.contract.assertions:
            met = places[pointer(each.stem)]
            if each.stem[-1:] in _CHILDREN:
                # The keyword is listed as well, at the value of the schema around it.
                met = met - places[pointer(each.stem[:-1])]
            kinds = {kind_of(at_pointer(body, place)) for place in met}
            about = ABOUT.get(each.keyword)
            if about == "number" and "integer" in kinds:
                about = "integer"
            if kinds and (about is None or about in kinds):
                found.add(each.rule)
        return found
