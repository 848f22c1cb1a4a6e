"""Judges requests of clients by the contract, and what HTTP says by the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
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


class RequestedOperation(NamedTuple):
    """The operation that a request asks for.

    Attributes:
        methods: all that the path has, in upper case; empty for an unknown path.
        name: id of the operation, or name of the link to it; empty without any.
        takes_body: whether the body of a create is due.
    """

    methods: tuple[str, ...]
    name: str = ""
    token_header: TokenHeader | None = None
    takes_body: bool = False


# Of the endpoint that gives out access tokens.
TOKEN_OPERATION = RequestedOperation(("POST",), "token")


class RequestJudge:
    """Judges requests by a contract; clients should bring the credentials given."""

    def __init__(self, contract: Contract, filling: Filling) -> None:
        self._contract, self._filling = contract, filling
        self._bodies = BodyJudge(contract)

    def operation(self, method: str, path: str) -> RequestedOperation:
        """Return what a request asks for, by its method and path."""
        token_path = urlsplit(self._filling.token_url).path
        if token_path and path == token_path:
            return TOKEN_OPERATION
        main = self._contract.operation
        links = [each for each in self._contract.links if _fits(each.path, path)]
        methods = {each.method: None for each in links}
        if path == main.path.partition("?")[0]:
            methods |= dict.fromkeys(each.upper() for each in main.methods)
            if method == main.method.upper():
                due = main.token_header
                return RequestedOperation(tuple(methods), main.id, due, takes_body=True)
        # HEAD asks for what GET answers. Source: RFC 9110, 9.3.2.
        wanted = "GET" if method == "HEAD" else method
        for each in links:
            if each.method == wanted:
                known = tuple({**methods, method: None})
                same = each.role == Role.REPLACE and each.same_body
                return RequestedOperation(known, each.name, each.token_header, same)
        return RequestedOperation(tuple(methods))

    def judge(
        self, request: CapturedRequest, operation: RequestedOperation
    ) -> tuple[Statement, ...]:
        """Return one statement of a kind about each rule, and remarks."""
        first: dict[tuple[str, str], Statement] = {}
        for verdict, about, why in self._statements(request, operation):
            first.setdefault((str(verdict), about or why), (verdict, about, why))
        broken = {about for verdict, about, _ in first.values() if verdict is BROKEN}
        found = [x for x in first.values() if x[0] is not KEPT or x[1] not in broken]
        status = request.status
        if status is None:
            found.append((None, "", "it was not answered"))
        elif status >= 500:
            found.append((None, "", f"the server failed: HTTP {status}"))
        elif status >= 400 and all(verdict is KEPT for verdict, _, _ in found):
            why = f"it breaks nothing, but was refused with HTTP {status}"
            found.append((None, "", why))
        return tuple(found)

    def _statements(
        self, request: CapturedRequest, operation: RequestedOperation
    ) -> Iterator[Statement]:
        if not operation.methods:
            yield BROKEN, PATH, "asked for a path that the contract does not have"
            return
        yield KEPT, PATH, ""
        if request.method not in operation.methods:
            listed = ", ".join(operation.methods)
            yield BROKEN, METHOD, f"asked by {request.method} where there is {listed}"
            return
        yield KEPT, METHOD, ""
        if operation is TOKEN_OPERATION:
            yield self._client(request)
            return
        if operation.token_header is not None:
            yield self._token(request, operation.token_header)
        if operation.name == self._contract.operation.id:
            yield from self._headers(request)
        if operation.takes_body:
            yield self._media_type(request)
            if request.is_whole:
                yield from self._bodies.judge(request.body)
            else:
                yield None, "", _PARTIAL
        elif request.body and request.method in _BODILESS:
            yield None, "", f"a body came with {request.method}, which has none"

    def _token(self, request: CapturedRequest, due: TokenHeader) -> Statement:
        given = request.header(due.header) or ""
        scheme, _, token = given.partition(" ")
        is_scheme = scheme.lower() == due.scheme.lower()
        if given and given == due.value(self._filling.token or ""):
            return KEPT, TOKEN, ""
        # Schemes may be in any case. Source: RFC 9110, 11.1.
        if due.scheme and is_scheme and token.strip() == self._filling.token:
            return KEPT, TOKEN, ""
        why = "sent another access token than the one given out"
        if not given:
            why = f"sent no {due.header} header"
        elif due.scheme and not is_scheme:
            why = f"sent no {due.scheme} token as {due.header}"
        return BROKEN, TOKEN, why

    def _headers(self, request: CapturedRequest) -> Iterator[Statement]:
        for header in self._contract.operation.headers:
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
        due = self._contract.operation.media_type
        given = request.header("content-type")
        kind, _, parameters = (given or "").lower().partition(";")
        charset = parameters.replace(" ", "").replace('"', "")
        if not given or "/" not in kind:
            label = f"labelled it {given[:40]}" if given else "did not label the body"
            return OPEN, MEDIA, label
        if kind.strip() != due:
            return BROKEN, MEDIA, f"labelled the body {kind.strip()[:40]}, not {due}"
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
        why = ""
        if form.get("grant_type") != _GRANT:
            why = f"asked for a token by another grant than {_GRANT}"
        elif form.get("client_id") != self._filling.client_id:
            why = "asked for a token as another client, or as none"
        elif form.get("client_secret") != self._filling.client_secret:
            why = "asked for a token without the client's secret"
        return BROKEN if why else KEPT, CLIENT, why


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
