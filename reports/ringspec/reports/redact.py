"""Redaction: secrets are taken out of the events before any report sees them.

Requests hold `{token}` already; leaks are a target's echoes, or a URL with a password.
A secret is found by its letters and digits alone, in any case, with whatever between
them, escaped; backwards, as hexadecimal, base64 and base32; and so are parts of it,
down to eight letters with a digit among them, or sixteen without.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from itertools import islice
from typing import Any, TypeVar, cast

from ringspec.harness import MASK, Event, Exchange, Finding
from ringspec.strategies import Case

_Event = TypeVar("_Event", bound=Event | Finding)

# Shorter secrets are none: they would be found in any text.
_SHORTEST = 4
# Fewer letters, in other spellings, would be found in innocent text.
_FEWEST = 8
# Longest text that is cached, and most of them.
_SHORT, _MANY = 100, 10_000
# A longer text that holds a secret apart is left out as a whole.
_LONG = 256 * 1024
_USERINFO = re.compile(r"(?<=://)[^/?#@\s]*@")
# One byte as JSON, a URL or HTML may write it; letters and digits are told from others.
_ESCAPE = (
    r"(?:\\[ux](?:00)?|%(?:25)*|&(?:amp;)*#x0*)([0-9a-f]{2});?"
    r"|&(?:amp;)*(?:#0*(\d{2,3})|[a-z]{2,8});"
)
_ESCAPED = re.compile(_ESCAPE, re.ASCII | re.IGNORECASE)
_LETTER = re.compile(f"{_ESCAPE}|([0-9a-z])", re.ASCII | re.IGNORECASE)
_OTHERS = bytes(set(range(256)) - set(b"0123456789abcdefghijklmnopqrstuvwxyz"))
# Members that may hold a secret, of events and all that they hold. In the first there
# is no URL whose user and password are secrets, too.
_PLAIN = {
    *("path", "headers", "body", "captured", "items"),
    *("client", "unspecified", "remarks", "profile"),
}
_MEMBERS = {
    *_PLAIN,
    *("made", "command", "narrowed", "target", "message", "hint", "why", "reason"),
    *("url", "stuck"),
    *("result", "rules", "failures", "inconclusive", "findings", "case", "twin"),
    *("exchange", "request", "response", "failure", "played", "earlier"),
}


class Redactor:
    """Replaces secrets in all that an event holds."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: tuple[str, ...] = ()
        # The letters of secrets, and whether parts of them are looked for.
        self._letters: dict[str, bool] = {}
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
        own = _letters(secret)
        mixed = len(own) >= 6 and not own.isalpha() and not own.isdigit()
        if mixed or len(own) >= _FEWEST:
            # Parts of what is cut are parts of the whole.
            self._letters.setdefault(
                own, not any(own in each for each in self._letters)
            )
        for each in _recoded(secret):
            if len(each) >= _FEWEST:
                self._letters.setdefault(each, False)
        # Longest first, so that a secret within a secret leaves no remains.
        # As headers and bytes are read here, too.
        ways = {secret, secret.encode("utf-8", "surrogatepass").decode("latin-1")}
        self._secrets = tuple(sorted(ways.union(self._secrets), key=len, reverse=True))
        self._done.clear()
        self._texts.clear()

    def text(self, text: str) -> str:
        """Take the secrets out of a text."""
        if (known := self._texts.get(text)) is not None:
            return known
        redacted = text
        for each in self._secrets:
            redacted = redacted.replace(each, MASK)
        letters = _letters(redacted)
        looked = (it for it in self._letters.items() if it[1] or it[0] in letters)
        found = (hit for each in looked for hit in _spans(letters, *each))
        hits = list(islice(found, _MANY))
        spans = [(first, last) for first, last, counts in hits if counts]
        if len(hits) == _MANY or (spans and len(text) > _LONG):
            redacted = MASK  # not looked at letter by letter
        elif spans:
            redacted = _without(redacted, spans)
        if len(text) < _SHORT and len(self._texts) < _MANY:
            self._texts[text] = redacted
        return redacted

    def data(self, data: bytes) -> bytes:
        """Take the secrets out of bytes, as UTF-8 or latin-1 spell them."""
        return self.text(data.decode("latin-1")).encode("latin-1")

    def url(self, url: str) -> str:
        """Take the secrets, and any user and password, out of a URL."""
        return _USERINFO.sub(f"{MASK}@", self.text(url))

    def event(self, event: _Event) -> _Event:
        """Take the secrets out of an event, a finding or a judged request."""
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


def _recoded(secret: str) -> Iterator[str]:
    """Yield the letters of other spellings."""
    data = secret.encode("utf-8", "surrogatepass")
    yield _letters(secret)[::-1]
    yield data.hex()
    for encode, bits in ((base64.b64encode, 6), (base64.b32encode, 5)):
        for before in range(5 if bits == 5 else 3):
            # Those that do not depend on the bytes before and after.
            written = encode(bytes(before) + data).decode()
            core = written[-(-before * 8 // bits) : (before + len(data)) * 8 // bits]
            yield _letters(core)


def _letters(text: str) -> str:
    """Return the letters and digits of a text, in lower case, unescaped."""
    if "\\" in text or "%" in text or "&" in text:
        text = _ESCAPED.sub(_unescaped, text)
    return text.encode("ascii", "ignore").lower().translate(None, _OTHERS).decode()


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16) if found[1] else int(found[2] or 0))


def _spans(
    letters: str,
    secret: str,
    parts: bool,  # noqa: FBT001
) -> Iterator[tuple[int, int, bool]]:
    """Yield where some of a secret is, and whether it is long enough to count."""
    size = len(secret)
    whole = not parts or size < 2 * _FEWEST
    step = size if whole else max(_FEWEST // 2, size // 64)
    # Whatever is long enough holds one of these pieces in full.
    for begin in range(0, size - step + 1, step):
        at, end = 0, min(begin + step + 1, size)
        while (at := letters.find(secret[begin:end], at)) >= 0:
            first, last, left, right = at, at + end - begin, begin, end
            while left and first and secret[left - 1] == letters[first - 1]:
                first, left = first - 1, left - 1
            while right < size and letters[last : last + 1] == secret[right]:
                last, right = last + 1, right + 1
            telling = any(each.isdigit() for each in letters[first:last])
            least = _FEWEST if telling else 2 * _FEWEST
            yield first, last, last - first >= min(size, max(least, 2 * step))
            at = max(last, at + 1)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """Take out of a text what some spans of its letters come from."""
    places = [
        found.span()
        for found in _LETTER.finditer(text)
        if found[3] or _letters(_unescaped(found))
    ]
    kept, edge = list[str](), 0
    for begin, end in sorted(set(spans)):
        first, last = places[begin][0], places[end - 1][1]
        kept += [text[edge:first], MASK]
        edge = max(edge, last)
    return "".join([*kept, text[edge:]])
