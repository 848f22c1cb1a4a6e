"""Curl command lines that send a request again, byte for byte, from a POSIX shell.

The environment has the secrets: RINGSPEC_TOKEN, RINGSPEC_CLIENT_ID, _CLIENT_SECRET, and
RINGSPEC_HEADERS_… for headers given by hand.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from itertools import count
from urllib.parse import quote

from ringspec.harness import Exchange
from ringspec.reports.printable import COMMAND, counted
from ringspec.strategies import Request, Slot

# Larger bodies are not inlined, nor those with more bytes that need an escape; beyond a
# line's length a body stands below the command.
LIMIT = 8 * 1024
_ESCAPES, _LINE = 256, 1024
# What a shell puts in place of what a request leaves open, between double quotes.
_OPEN: dict[str, str] = {
    Slot.TOKEN: "$RINGSPEC_TOKEN",
    Slot.TOKEN_CUT: "${RINGSPEC_TOKEN%?}",
    Slot.TOKEN_SWAPPED: '$(printf %s "$RINGSPEC_TOKEN" | tr A-Za-z a-zA-Z)',
    Slot.TOKEN_WEAKER: "$RINGSPEC_WEAKER_BEARER",
    Slot.CLIENT_ID: "$RINGSPEC_CLIENT_ID",
    Slot.CLIENT_SECRET: "$RINGSPEC_CLIENT_SECRET",
    Slot.CLIENT_SECRET_CUT: "${RINGSPEC_CLIENT_SECRET%?}",
}
_PLACE = re.compile(
    f"({'|'.join(map(re.escape, _OPEN))}|{{RINGSPEC_(?:HEADERS|SCHEMES)_\\w+}})"
)
_HAS_BODY = ("POST", "PUT", "PATCH")
# What double quotes leave as it is, in an interactive shell too.
_TAME = re.compile(r"[^\"\\$`!]*")
# A variable whose name would run into the next text.
_BARE = re.compile(r"\$(RINGSPEC_TOKEN)(?=\w)")
# Characters that printf's format keeps.
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ")
# What the client leaves as it is in a path, and in a query.
_PATH = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>?`{}')
_QUERY = f"{_PATH}?`{{}}"


def curl(exchange: Exchange, case: str = "", limit: int = LIMIT) -> str:
    """Write the command line that sends an exchange's request again.

    A body of more bytes than the limit, or of bytes that no screen can show, is left to
    the replay of the case.
    """
    url, request = exchange.url, exchange.request
    body = request.body
    head = " ".join(_words(url, request))
    if not body and request.method.upper() not in _HAS_BODY:
        return head
    if request.path == Slot.TOKEN_URL and _PLACE.search(body.decode("latin-1")):
        return f"{head} {_form(body)}"
    text = body.decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    shows = all(each.isprintable() for each in lines) and not COMMAND.search(text)
    # A leading @ would name a file.
    if shows and len(body) <= min(_LINE, limit) and text[:1] != "@" and not lines[1:]:
        return f"{head} --data-binary {_single(text)}"
    if shows and len(body) <= limit:
        names = (f"EOF{'_' * number}" for number in count())
        end = next(each for each in names if each not in lines)
        # Without the newline that ends what stands here.
        sent = f"head -c {len(body)} <<'{end}' | {head} --data-binary @-"
        return f"{sent}\n{text}\n{end}"
    escapes = sum(not each.isprintable() for each in text)
    if len(body) <= limit and escapes <= _ESCAPES:
        first = "\\055" if text[0] == "-" else _octal(text[0])  # no option of printf
        written = _single(first + "".join(map(_octal, text[1:])))
        return f"printf {written} | {head} --data-binary @-"
    digest = hashlib.sha256(body).hexdigest()
    base = shlex.quote(sendable(url.removesuffix(request.path)))
    replay = f"ringspec replay {shlex.quote(case or 'CASE-ID')} {base}"
    return f"# a body of {counted(len(body), 'byte')}, sha256 {digest}: {replay}"


def _words(url: str, request: Request) -> list[str]:
    url = sendable(url)
    words = ["curl", "-sS"]
    if re.search(r"[\[\]{}]", _PLACE.sub("", url)):
        words.append("--globoff")  # else curl expands brackets
    if "/." in url:
        words.append("--path-as-is")  # else curl resolves dot segments
    method = request.method.upper()
    # With -X HEAD curl would wait for a body that never comes.
    words += ["--head"] if method == "HEAD" else ["-X", _quoted(method)]
    words.append(_line(url) if _PLACE.search(url) else _quoted(url))
    for name, value in request.headers:
        words += ["-H", _header(name, value)]
    names = {name.lower() for name, _ in request.headers}
    if "content-type" not in names and (request.body or method in _HAS_BODY):
        words += ["-H", "'Content-Type:'"]  # else curl adds one of its own
    return words


def sendable(url: str) -> str:
    """Escape a URL as the client does."""
    path, mark, query = url.partition("?")
    return (
        quote(path, safe=_PATH, errors="replace")
        + mark
        + quote(query, safe=_QUERY, errors="replace")
    )


def _header(name: str, value: str) -> str:
    if not value:
        return _single(f"{name};")  # curl's way to send a header without a value
    return _line(f"{name}: {value}")


def _line(line: str) -> str:
    parts = _PLACE.split(line)
    if len(parts) == 1:
        return _single(line) if _is_ascii(line) else _quoted(line)
    texts = parts[::2]
    if all(_is_ascii(text) and _TAME.fullmatch(text) for text in texts):
        opened = "".join(map(_opened, parts))
        return '"' + _BARE.sub(r"${\1}", opened) + '"'
    return "".join(
        f'"{_OPEN[part]}"' if part in _OPEN else _quoted(part) for part in parts if part
    )


def _opened(part: str) -> str:
    return f"${part}" if part.startswith("{RINGSPEC_") else _OPEN.get(part, part)


def _form(body: bytes) -> str:
    """Write a form; what its places stand for is escaped as the client does it."""
    words: list[str] = []
    for field in body.decode("latin-1").split("&"):
        name, _, value = field.partition("=")
        if value in _OPEN and _TAME.fullmatch(name):
            words.append(f'--data-urlencode "{name}={_OPEN[value]}"')
        else:
            words.append(f"--data-raw {_quoted(field)}")
    return " ".join(words)


def _quoted(text: str) -> str:
    """Quote a word; other than printable ASCII is latin-1 in printf's octal escapes."""
    if _is_ascii(text):
        return shlex.quote(text)
    data = text.encode("latin-1", "backslashreplace")
    octal = "".join(chr(b) if b in _PLAIN else f"\\{b:03o}" for b in data)
    return f"\"$(printf '{octal}')\""


def _octal(character: str) -> str:
    """Write a character as printf's format has it."""
    if character.isprintable():
        return character * 2 if character in "%\\" else character
    data = character.encode("utf-8", "surrogateescape")
    return "".join(f"\\{each:03o}" for each in data)


def _is_ascii(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _single(text: str) -> str:
    """Quote a word in single quotes, needed or not: bodies read better so."""
    return "'" + text.replace("'", "'\"'\"'") + "'"
