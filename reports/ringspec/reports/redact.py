"""Redaction: secrets are taken out of the events before any report sees them.

In: an event. Out: the same event, its texts and bytes without the secrets. Requests
    hold `{token}` already; leaks are a target's echoes, or a URL with a password.
A secret is found in other spellings, too: as JSON, a URL, HTML or several of these
within each other escape it, and as base64 or hexadecimal.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from html.entities import codepoint2name
from typing import Any, NamedTuple, TypeVar, cast

from ringspec.harness import Event, Exchange, Finding
from ringspec.strategies import Case

_Event = TypeVar("_Event", bound=Event | Finding)

# Shorter secrets are none: they would be found in any text.
_SHORTEST = 4
# Shorter ones, encoded, would be found in innocent text.
_SHORTEST_ENCODED = 8
REDACTED = "[redacted]"
# Longest text that is cached, and most of them.
_SHORT, _MANY = 100, 10_000
_USERINFO = re.compile(r"(?<=://)[^/?#@\s]*@")
_URL_SAFE = str.maketrans("+/", "-_")
_NEVER_ESCAPED = frozenset("_-.~")
# Members that may hold a secret, of events and all that they hold. In the first there
# is no URL whose user and password are secrets, too.
_PLAIN = frozenset({"path", "headers", "body", "captured", "items"})
_MEMBERS = _PLAIN | {
    *("target", "message", "hint", "why", "reason", "url", "stuck"),
    *("result", "rules", "failures", "inconclusive", "findings", "case", "twin"),
    *("exchange", "request", "response", "failure", "played", "earlier"),
}


class Spelling(NamedTuple):
    """One way to write a secret.

    The anchor stands in every text that the pattern fits, so that most need no look.
    The pattern fits texts, and bytes that are read as latin-1.
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

    def event(self, event: _Event) -> _Event:
        """Take the secrets out of an event, or a finding."""
        return cast("_Event", self._redacted(event, self.url))

    def _redacted(self, value: Any, write: Callable[[str], str]) -> Any:
        """Redact a value; without secrets it is returned itself."""
        match value:
            case str():
                return write(value)
            case bytes():
                return self.data(value)
            case dict():
                return {write(k): self._redacted(v, write) for k, v in value.items()}
            case tuple() | list():
                return type(value)(self._redacted(each, write) for each in value)
            case Case() | Exchange():
                # Redacted once, as long as it is the same object.
                known = self._done.get(id(value))
                if known is None or known[0] is not value:
                    known = self._done[id(value)] = value, self._members(value)
                return known[1]
        return self._members(value) if is_dataclass(value) else value

    def _members(self, value: Any) -> Any:
        # The twin of a case is an id.
        names = _MEMBERS & {each.name for each in fields(value)}
        redacted: dict[str, Any] = {}
        for name in {"request"} if isinstance(value, Case) else names:
            old = getattr(value, name)
            new = self._redacted(old, self.text if name in _PLAIN else self.url)
            if new != old:
                redacted[name] = new
        return replace(value, **redacted) if redacted else value


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
        # The part that does not depend on the bytes around: of the group of three bytes
        # that the secret begins in, some stand before it.
        written = base64.b64encode(bytes(before) + data).decode()
        core = written[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        if len(core) >= _SHORTEST_ENCODED:
            yield from (core, core.translate(_URL_SAFE))


def _spelled(character: str) -> str:
    """Return a pattern for all that may stand for a character."""
    if character.isascii() and (character.isalnum() or character in _NEVER_ESCAPED):
        return character.replace(".", r"\.")
    percent = "".join(f"%(?:25)*(?i:{byte:02x})" for byte in _utf8(character))
    ways = [_json_escaped(character), percent, _entity(character)]
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
