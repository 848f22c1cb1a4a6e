"""Curl command lines that send a request again, byte for byte, from a POSIX shell."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import textwrap

from ringspec.harness import Exchange
from ringspec.strategies import TOKEN, Request

# Where the command line takes the access token from.
VARIABLE = "$RINGSPEC_TOKEN"
# Larger bodies are not inlined.
LIMIT = 8 * 1024
_HAS_BODY = ("POST", "PUT", "PATCH")
# What double quotes leave as it is, in an interactive shell too.
_TAME = re.compile(r"[^\"\\$`!]*")


def curl(exchange: Exchange) -> str:
    """Write the command line that sends an exchange's request again."""
    return command(exchange.url, exchange.request)


def command(url: str, request: Request) -> str:
    """Write the command line that sends a request to an absolute URL."""
    body = request.body
    head = " ".join(_words(url, request))
    if len(body) > LIMIT:
        digest = hashlib.sha256(body).hexdigest()
        return (
            f"# body of {len(body)} bytes, sha256 {digest}: use ringspec cases\n"
            f"{head} --data-binary @body.bin"
        )
    if not body and request.method.upper() not in _HAS_BODY:
        return head
    text = _printable(body)
    if text is not None:
        return f"{head} --data-binary {_single(text)}"
    lines = "\n".join(textwrap.wrap(base64.b64encode(body).decode(), 76))
    return f"base64 -d <<'EOF' | {head} --data-binary @-\n{lines}\nEOF"


def _words(url: str, request: Request) -> list[str]:
    words = ["curl", "-sS"]
    if re.search(r"[\[\]{}]", url):
        words.append("--globoff")  # else curl expands brackets
    if "/." in url:
        words.append("--path-as-is")  # else curl resolves dot segments
    method = request.method.upper()
    # With -X HEAD curl would wait for a body that never comes.
    words += ["--head"] if method == "HEAD" else ["-X", _quoted(method)]
    words.append(_quoted(url))
    for name, value in request.headers:
        words += ["-H", _header(name, value)]
    names = {name.lower() for name, _ in request.headers}
    if "content-type" not in names and (request.body or method in _HAS_BODY):
        words += ["-H", "'Content-Type:'"]  # else curl adds one of its own
    return words


def _header(name: str, value: str) -> str:
    if not value:
        return _single(f"{name};")  # curl's way to send a header without a value
    line = f"{name}: {value}"
    if TOKEN not in line:
        return _single(line) if line.isprintable() else _quoted(line)
    parts = line.split(TOKEN)
    if all(part.isprintable() and _TAME.fullmatch(part) for part in parts):
        return f'"{VARIABLE.join(parts)}"'
    return f'"{VARIABLE}"'.join(_quoted(part) if part else "" for part in parts)


def _printable(body: bytes) -> str | None:
    """Return the body as text if it may stand in an argument as it is."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    # A leading @ would name a file.
    return text if text.isprintable() and not text.startswith("@") else None


def _quoted(text: str) -> str:
    """Quote a word; what is not printable goes by printf's octal escapes."""
    if text.isprintable():
        return shlex.quote(text)
    octal = "".join(f"\\{byte:03o}" for byte in text.encode("utf-8", "surrogatepass"))
    return f"\"$(printf '{octal}')\""


def _single(text: str) -> str:
    """Quote a word in single quotes, needed or not: bodies read better so."""
    return "'" + text.replace("'", "'\"'\"'") + "'"
