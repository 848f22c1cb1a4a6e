"""Redaction: secrets are taken out of the events before any report sees them.

In: an event. Out: the same event, its texts and bytes without the secrets. Requests
hold `{token}` already; what leaks is what a target echoes, or a URL with a password.
A secret is found as others spell it, too: as JSON, a URL, HTML or several of these
within each other escape it, and as base64 or hexadecimal.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from html.entities import codepoint2name
from typing import TypeVar, cast

from ringspec.harness import (
    Ended,
    Event,
    Exchange,
    Finding,
    Judged,
    Notice,
    Played,
    Result,
    RuleResult,
    Started,
)
from ringspec.spec import Json
from ringspec.strategies import Case, Request

# Shorter secrets are none: they would be found in any text.
_SHORTEST = 4
# Shorter ones, encoded, would be found in innocent text.
_SHORTEST_ENCODED = 8
REDACTED = "[redacted]"
# So short a text is remembered, and so many of them.
_SHORT, _MANY = 100, 10_000
_USERINFO = re.compile(r"(?<=://)[^/?#@\s]*@")
_URL_SAFE = str.maketrans("+/", "-_")
_NEVER_ESCAPED = frozenset("_-.~")
_Shared = TypeVar("_Shared", Case, Exchange)
_Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a secret.

    Attributes:
        anchor: stands in every text that the pattern fits, so that most need no look.
        pattern: fits texts, and bytes that are read as latin-1.
    """

    length: int
    anchor: str
    pattern: re.Pattern[str]


class Redactor:
    """Replaces secrets in all that an event holds."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: tuple[Spelling, ...] = ()
        # Redacted before, by identity: findings share cases and exchanges.
        self._done: dict[int, tuple[Case | Exchange, Case | Exchange]] = {}
        # Short texts redacted before: headers come again and again.
        self._texts: dict[str, str] = {}
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        """Redact one more secret from now on, such as a token just fetched."""
        if len(secret) < _SHORTEST:
            return
        # Longest first, so that a secret within a secret leaves no remains.
        known = dict.fromkeys((*self._spellings, *spellings(secret)))
        self._spellings = tuple(sorted(known, key=lambda each: -each.length))
        self._done.clear()
        self._texts.clear()

    def text(self, text: str) -> str:
        """Take the secrets out of a text."""
        known = self._texts.get(text)
        if known is not None:
            return known
        redacted = text
        for each in self._spellings:
            if each.anchor in redacted:
                redacted = each.pattern.sub(REDACTED, redacted)
        if len(text) < _SHORT and len(self._texts) < _MANY:
            self._texts[text] = redacted
        return redacted

    def data(self, data: bytes) -> bytes:
        """Take the secrets out of bytes, as UTF-8 or latin-1 spell them."""
        return self.text(data.decode("latin-1")).encode("latin-1")

    def url(self, url: str) -> str:
        """Take the secrets, and any user and password, out of a URL."""
        return _USERINFO.sub(f"{REDACTED}@", self.text(url))

    def event(self, event: Event) -> Event:
        """Take the secrets out of an event."""
        match event:
            case Started():
                return replace(event, target=self.url(event.target))
            case Notice():
                return Notice(message=self.url(event.message))
            case Judged():
                return replace(
                    event,
                    case=self._once(event.case, self._case),
                    exchange=self._once(event.exchange, self._exchange),
                    findings=tuple(map(self.finding, event.findings)),
                )
        return Ended(result=self._result(event.result))

    def finding(self, finding: Finding) -> Finding:
        """Take the secrets out of a finding."""
        return replace(
            finding,
            reason=self.url(finding.reason),
            case=self._once(finding.case, self._case),
            exchange=self._once(finding.exchange, self._exchange),
            twin=self._once(finding.twin, self._case) if finding.twin else None,
        )

    def _result(self, result: Result) -> Result:
        return replace(
            result,
            rules=tuple(map(self._rule, result.rules)),
            message=self.url(result.message),
            hint=self.url(result.hint),
        )

    def _rule(self, result: RuleResult) -> RuleResult:
        return replace(
            result,
            failures=tuple(map(self.finding, result.failures)),
            inconclusive=tuple(map(self.finding, result.inconclusive)),
            why=self.url(result.why),
        )

    def _once(self, shared: _Shared, redact: Callable[[_Shared], _Shared]) -> _Shared:
        """Redact a case or exchange, or return what it was redacted to."""
        known = self._done.get(id(shared))
        if known is not None and known[0] is shared:
            return cast("_Shared", known[1])
        redacted = redact(shared)
        # Without secrets, it is not kept twice.
        redacted = shared if redacted == shared else redacted
        self._done[id(shared)] = shared, redacted
        return redacted

    def _case(self, case: Case) -> Case:
        request = self._request(case.request)
        return case if request == case.request else replace(case, request=request)

    def _request(self, request: Request) -> Request:
        return replace(
            request,
            path=self.text(request.path),
            headers=self._headers(request.headers),
            body=self.data(request.body),
        )

    def _headers(self, headers: _Pairs) -> _Pairs:
        return tuple((self.text(name), self.text(value)) for name, value in headers)

    def _exchange(self, exchange: Exchange) -> Exchange:
        failure, response = exchange.failure, exchange.response
        if failure is not None:
            failure = replace(failure, message=self.url(failure.message))
        if response is not None:
            headers, body = self._headers(response.headers), self.data(response.body)
            response = replace(response, headers=headers, body=body)
        return replace(
            exchange,
            url=self.url(exchange.url),
            request=self._request(exchange.request),
            response=response,
            failure=failure,
            played=self._played(exchange.played) if exchange.played else None,
        )

    def _played(self, played: Played) -> Played:
        return replace(
            played,
            earlier=tuple(self._once(each, self._exchange) for each in played.earlier),
            captured=self._json(played.captured),
            items=None if played.items is None else tuple(self._json(played.items)),
            stuck=self.url(played.stuck),
        )

    def _json(self, value: Json) -> Json:
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(k): self._json(v) for k, v in value.items()}
            case list() | tuple():
                return [self._json(each) for each in value]
        return value


def spellings(secret: str) -> Iterator[Spelling]:
    """Yield the ways to write a secret that is not empty."""
    for literal in dict.fromkeys((secret, *_encoded(secret))):
        runs = re.findall(r"[A-Za-z0-9_.~-]+", literal)
        yield Spelling(
            length=len(literal),
            anchor=max(runs, key=len, default=""),
            pattern=re.compile("".join(map(_spelled, literal))),
        )


def _encoded(secret: str) -> Iterator[str]:
    data = _utf8(secret)
    if len(data) >= _SHORTEST_ENCODED / 2:
        yield from (data.hex(), data.hex().upper())
    for before in range(3):
        core = _base64_core(data, before)
        if len(core) >= _SHORTEST_ENCODED:
            yield from (core, core.translate(_URL_SAFE))


def _base64_core(data: bytes, before: int) -> str:
    """Write in base64 what does not depend on the bytes around.

    Of the group of three bytes that data begins in, some stand before it.
    """
    written = base64.b64encode(bytes(before) + data).decode()
    begin = -(-before * 8 // 6)
    return written[begin : (before + len(data)) * 8 // 6]


def _spelled(character: str) -> str:
    """Return a pattern for all that may stand for a character."""
    if character.isascii() and (character.isalnum() or character in _NEVER_ESCAPED):
        return character.replace(".", r"\.")
    ways = [_json_escaped(character), _percent(character), _entity(character)]
    if character == " ":
        ways.append(r"\+")
    if not character.isascii():
        # Headers and bytes are read as latin-1 here; and servers do that, too.
        once = _utf8(character).decode("latin-1")
        ways += [re.escape(once), re.escape(_utf8(once).decode("latin-1"))]
    return f"(?:{'|'.join(ways)})"


def _json_escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    escapes = "".join(
        rf"\\+u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2)
    )
    many = r"\\+" if character == "\\" else rf"\\*{re.escape(character)}"
    return f"{escapes}|{many}"


def _percent(character: str) -> str:
    return "".join(f"%(?:25)*(?i:{byte:02x})" for byte in _utf8(character))


def _entity(character: str) -> str:
    code = ord(character)
    ways = [f"#0*{code}", f"#[xX]0*(?i:{code:x})"]
    if code in codepoint2name:
        ways.append(codepoint2name[code])
    if character == "'":
        ways.append("apos")
    return f"&(?:amp;)*(?:{'|'.join(ways)});"


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
