"""Judges requests of clients: what one breaks, keeps, and leaves open.

What HTTP says is judged by the catalogue's rules of `wire` and `auth`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, urlsplit

from ringspec.harness.recording.body_rules import (
    BROKEN,
    JSON_RULE,
    KEPT,
    OPEN,
    BodyJudge,
    Statement,
)
from ringspec.harness.recording.capture import LIMIT, CapturedRequest
from ringspec.harness.sending.placeholders import Filling
from ringspec.spec import Contract, Role, TokenHeader

METHOD, PATH, MEDIA = "wire.method", "wire.path", "wire.media"
TOKEN, CLIENT = "auth.token", "auth.client"
# Beside the rules on what is sent, those that a client can break.
HTTP_RULES = frozenset({METHOD, PATH, MEDIA, TOKEN, CLIENT, JSON_RULE})
_GRANT = "client_credentials"
_FORM = "application/x-www-form-urlencoded"
_PARTIAL = f"a body of more than {LIMIT // 1024} KiB, or one cut off, is not judged"
# Methods whose body has no meaning. Source: RFC 9110, 9.3.
_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedOperation:
    """What a request asks for.

    Attributes:
        name: id of the operation, or name of the link to it; empty without any.
        methods: all that the path has, in upper case; empty for an unknown path.
        token_header: the header that carries the token.
        takes_body: whether the body of a create is due.
        is_main: whether it is the operation under test itself.
        is_token: whether access tokens are given out there.
    """

    name: str = ""
    methods: tuple[str, ...] = ()
    token_header: TokenHeader | None = None
    takes_body: bool = False
    is_main: bool = False
    is_token: bool = False


@dataclass
class RequestJudge:
    """Judges requests by a contract.

    Attributes:
        filling: the credentials that a client should bring.
    """

    contract: Contract
    filling: Filling

    @cached_property
    def _bodies(self) -> BodyJudge:
        return BodyJudge(self.contract)

    def operation(self, method: str, path: str) -> RequestedOperation:
        """Return what a request asks for, by its method and path."""
        token_path = urlsplit(self.filling.token_url).path
        if token_path and path == token_path:
            return RequestedOperation(name="token", methods=("POST",), is_token=True)
        main = self.contract.operation
        links = [each for each in self.contract.links if _fits(each.path, path)]
        methods = {each.method: None for each in links}
        if path == main.path.partition("?")[0]:
            methods |= dict.fromkeys(each.upper() for each in main.methods)
            if method == main.method.upper():
                return RequestedOperation(
                    name=main.id,
                    methods=tuple(methods),
                    token_header=main.token_header,
                    takes_body=True,
                    is_main=True,
                )
        # HEAD asks for what GET answers. Source: RFC 9110, 9.3.2.
        wanted = "GET" if method == "HEAD" else method
        for each in links:
            if each.method == wanted:
                head = ("HEAD",) if method == "HEAD" else ()
                return RequestedOperation(
                    name=each.name,
                    methods=(*methods, *head),
                    token_header=each.token_header,
                    takes_body=each.role == Role.REPLACE and each.same_body,
                )
        return RequestedOperation(methods=tuple(methods))

    def judge(
        self, request: CapturedRequest, operation: RequestedOperation
    ) -> tuple[Statement, ...]:
        """Return one statement of a kind about each rule, and remarks."""
        first: dict[tuple[str, str], Statement] = {}
        for each in self._statements(request, operation):
            first.setdefault((str(each.verdict), each.about or each.why), each)
        broken = {each.about for each in first.values() if each.verdict is BROKEN}
        found = [
            each
            for each in first.values()
            if each.verdict is not KEPT or each.about not in broken
        ]
        status = request.status
        if status is None:
            found.append(_remark("it was not answered"))
        elif status >= 500:
            found.append(_remark(f"the server failed: HTTP {status}"))
        elif status >= 400 and all(each.verdict is KEPT for each in found):
            why = f"it breaks nothing, but was refused with HTTP {status}"
            found.append(_remark(why))
        return tuple(found)

    def _statements(
        self, request: CapturedRequest, operation: RequestedOperation
    ) -> Iterator[Statement]:
        if not operation.methods:
            why = "asked for a path that the contract does not have"
            yield Statement(BROKEN, PATH, why)
            return
        yield Statement(KEPT, PATH)
        if request.method not in operation.methods:
            listed = ", ".join(operation.methods)
            why = f"asked by {request.method} where there is {listed}"
            yield Statement(BROKEN, METHOD, why)
            return
        yield Statement(KEPT, METHOD)
        if operation.is_token:
            yield self._client(request)
            return
        if operation.token_header is not None:
            yield self._token(request, operation.token_header)
        if operation.is_main:
            yield from self._headers(request)
        yield from self._body(request, operation)

    def _token(self, request: CapturedRequest, due: TokenHeader) -> Statement:
        given = request.header(due.header)
        if not given:
            return Statement(BROKEN, TOKEN, f"sent no {due.header} header")
        if given == due.value(self.filling.token or ""):
            return Statement(KEPT, TOKEN)
        scheme, _, token = given.partition(" ")
        if due.scheme and scheme.lower() != due.scheme.lower():
            why = f"sent no {due.scheme} token as {due.header}"
            return Statement(BROKEN, TOKEN, why)
        if due.scheme and token.strip() == self.filling.token:
            # Schemes may be in any case. Source: RFC 9110, 11.1.
            return Statement(KEPT, TOKEN)
        why = "sent another access token than the one given out"
        return Statement(BROKEN, TOKEN, why)

    def _headers(self, request: CapturedRequest) -> Iterator[Statement]:
        """Judge the headers that the operation describes."""
        for header in self.contract.operation.headers:
            given = request.header(header.name)
            if given is None and header.required:
                yield Statement(
                    BROKEN, header.rule, f"left out the header {header.name}"
                )
            elif given in (None, header.value) or header.value is None:
                yield Statement(KEPT, header.rule)
            else:
                why = f"sent {header.name}: {given[:40]}, settled is {header.value}"
                yield Statement(OPEN, header.rule, why)

    def _body(
        self, request: CapturedRequest, operation: RequestedOperation
    ) -> Iterator[Statement]:
        if not operation.takes_body:
            if request.body and request.method in _BODILESS:
                yield _remark(f"a body came with {request.method}, which has none")
            return
        yield self._media_type(request)
        if request.is_whole:
            yield from self._bodies.judge(request.body)
        else:
            yield _remark(_PARTIAL)

    def _media_type(self, request: CapturedRequest) -> Statement:
        """Judge how a body is labelled. Source: RFC 9110, 8.3.1."""
        due = self.contract.operation.media_type
        given = request.header("content-type")
        kind, _, parameters = (given or "").lower().partition(";")
        charset = parameters.replace(" ", "").replace('"', "")
        if not given or "/" not in kind:
            label = f"labelled it {given[:40]}" if given else "did not label the body"
            return Statement(OPEN, MEDIA, label)
        if kind.strip() != due:
            why = f"labelled the body {kind.strip()[:40]}, not {due}"
            return Statement(BROKEN, MEDIA, why)
        if "charset=" in charset and "charset=utf-8" not in charset:
            return Statement(OPEN, MEDIA, f"labelled the body with {charset[:40]}")
        return Statement(KEPT, MEDIA)

    def _client(self, request: CapturedRequest) -> Statement:
        """Judge a request for a token. Source: RFC 6749, 2.3.1 and 4.4.2."""
        form = read_form(request)
        if form is None:
            why = "asked for a token by a body that is no form"
        elif (request.header("authorization") or "").lower().startswith("basic "):
            why = "proved to be a client by Basic credentials"
            return Statement(OPEN, CLIENT, why)
        elif form.get("grant_type") != _GRANT:
            why = f"asked for a token by another grant than {_GRANT}"
        elif form.get("client_id") != self.filling.client_id:
            why = "asked for a token as another client, or as none"
        elif form.get("client_secret") != self.filling.client_secret:
            why = "asked for a token without the client's secret"
        else:
            return Statement(KEPT, CLIENT)
        return Statement(BROKEN, CLIENT, why)


def _remark(why: str) -> Statement:
    return Statement(None, "", why)


def _fits(template: str, path: str) -> bool:
    parts = re.split(r"\{[^}]*\}", template)
    return re.fullmatch("[^/]+".join(map(re.escape, parts)), path) is not None


def read_form(request: CapturedRequest) -> dict[str, str] | None:
    """Read a form by the names of its fields; None if the body is none."""
    label = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if label != _FORM or not request.is_whole:
        return None
    try:
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    except ValueError:
        return None
