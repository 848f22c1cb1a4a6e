"""Nothing that a target sends crashes the command, fills its memory or holds it up."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from tests.called import environment
from tests.serving import served

from ringspec.reference import Behaviour, ServerSettings, application

SETTINGS = ServerSettings()
TIMEOUT_S, MEMORY_MB = 2.0, 250
CREATE = "POST /voice/broadcasts"
TOKEN = "POST /oauth2/token"
READ = "GET /voice/broadcasts/[^?]+"
LIST = r"GET /voice/broadcasts(\?.*)?"
ANY = r"\w+ /voice/.*"
MILLION = 10**6
REPORTS = ("html", "json", "ndjson", "junit", "har", "markdown")

Answer = Callable[[Any, Any, Any, Any], Awaitable[None]]


def fixed(
    chunks: Callable[[], Iterable[bytes]], *headers: tuple[str, str], status: int = 200
) -> Answer:
    """Answer by chunks, if need be without end."""
    named = {"content-type": "application/json", **dict(headers)}

    async def answer(_app: Any, _scope: Any, _receive: Any, send: Any) -> None:
        sent = [(name.encode(), value.encode()) for name, value in named.items()]
        start = {"type": "http.response.start", "status": status, "headers": sent}
        await send(start)
        for chunk in chunks():
            part = {"type": "http.response.body", "body": chunk, "more_body": True}
            await send(part)
        await send({"type": "http.response.body", "body": b""})

    return answer


def body(data: bytes, *headers: tuple[str, str], status: int = 200) -> Answer:
    return fixed(lambda: [data], *headers, status=status)


def edited(edit: Callable[[Any], Any], **headers: str) -> Answer:
    """Answer as the correct server does, with an edit of its JSON."""

    async def answer(app: Any, scope: Any, receive: Any, send: Any) -> None:
        found: list[Any] = []

        async def keep(message: Any) -> None:
            found.append(message)

        await app(scope, receive, keep)
        content = b"".join(each.get("body", b"") for each in found)
        if content and found[0]["status"] < 300:
            made = edit(json.loads(content))
            content = made if isinstance(made, bytes) else json.dumps(made).encode()
        kept = [it for it in found[0]["headers"] if it[0] != b"content-length"]
        more = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({**found[0], "headers": kept + more})
        await send({"type": "http.response.body", "body": content})

    return answer


def member(name: str, value: Any) -> Answer:
    return edited(lambda data: {**data, name: value})


def raw(text: str) -> Answer:
    """Give `V` of an edited answer a value that is no Python value."""
    return edited(lambda it: json.dumps({**it, "x": "V"}).replace('"V"', text).encode())


def token(**more: Any) -> Answer:
    return body(json.dumps({"access_token": SETTINGS.token, **more}).encode())


def bomb(times: int = 1, wbits: int = 31) -> bytes:
    """Return 1.9 GB of blanks, compressed so many times."""
    packer = zlib.compressobj(9, wbits=wbits)
    start = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * MILLION) + packer.flush(zlib.Z_FULL_FLUSH)
    data = start + block * 1900
    for _ in range(times - 1):
        data = gzip.compress(data)
    return data


# No more can be sent to nobody: the server does not tell.
ENDLESS = fixed(lambda: repeat(b" " * 65536, 100_000))


class Hostile:
    """The correct server, with other answers to some requests; notes all requests."""

    def __init__(self, hit: str, answer: Answer) -> None:
        self.app = application(SETTINGS, Behaviour())
        self.hit, self.answer, self.asked = re.compile(hit), answer, set[str]()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["raw_path"].decode()
        query = scope["query_string"].decode()
        asked = f"{scope['method']} {path}" + (f"?{query}" if query else "")
        self.asked.add(asked)
        answer = self.answer if self.hit.fullmatch(asked) else None
        await (answer(self.app, scope, receive, send) if answer else self.app(scope, receive, send))


@dataclass(frozen=True)
class Row:
    """An answer to some requests, and how the command ends."""

    hit: str
    answer: Answer
    exits: int
    said: str = ""
    select: str = "lifecycle.readable"
    seconds: float = 4 * TIMEOUT_S


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def deep(depth: int) -> Answer:
    return raw(nested(depth).decode())


def entries(make: Callable[[Any], Any]) -> Answer:
    return edited(lambda it: {**it, "items": make(it["items"])})


def total(text: str) -> Answer:
    def edit(data: Any) -> bytes:
        data["pagination"]["totalRecord"] = "V"
        return json.dumps(data).replace('"V"', text).encode()

    return edited(edit)


def waiting(value: str, status: int = 429) -> Answer:
    return body(b"{}", ("retry-after", value), status=status)


def packed(data: bytes, coding: str) -> Answer:
    return body(data, ("content-encoding", coding), status=201)


ROWS = {
    **{
        f"retry-after {value[:12]}": Row(CREATE, waiting(value), 3, select="retries.type")
        for value in (
            "9" * 400, "1" + "0" * 18, "1e999", "nan", "inf", "-1", "soon",
            "Fri, 31 Dec 99999 23:59:59 GMT", "99999-01-01T00:00:00Z",
            "Thu, 01 Jan 1970 00:00:00 +9999999", "9.9" + "9" * 5000,
        )
    },
    **{
        f"expires_in {text[:12]}": Row(TOKEN, body(
            b'{"access_token": "%s", "expires_in": %s}'
            % (SETTINGS.token.encode(), text.encode())), 0)
        for text in ("1e999", "-1e999", "NaN", "1" + "0" * 400, "-5", '"soon"', "[1]", "1e-320")
    },
    "token 900 deep": Row(TOKEN, token(x=json.loads(nested(900))), 0),
    "token 100,000 deep": Row(TOKEN, body(nested(100_000)), 3, "no token"),
    "token in a list": Row(TOKEN, body(b"[]"), 3, "no token"),
    "token of 1 MB": Row(TOKEN, token(access_token="t" * MILLION), 3, "token"),
    "token of gzip": Row(TOKEN, packed(bomb(), "gzip"), 3, "no token"),
    "token without end": Row(TOKEN, ENDLESS, 3, "no token"),
    "token of 1 GB": Row(TOKEN, fixed(lambda: repeat(b" " * MILLION, 1000)), 3, "no token"),
    **{
        f"gzip {name}": Row(CREATE, packed(*made), 3, select="retries.type")
        for name, made in {
            "once": (bomb(), "gzip"), "twice": (bomb(2), "gzip, gzip"), "deflate": (bomb(1, 15), "deflate"),
            "raw deflate": (bomb(1, -15), "deflate"), "x500": (bomb(2), ", ".join(["gzip"] * 500)),
            "garbled": (b"abc", "gzip"), "br": (b"abc", "br"), 
        }.items()
    },
    **{
        f"{place} {depth:,} deep": Row(hit, deep(depth), 0)
        for place, hit in (("create", CREATE), ("read", READ), ("list", LIST))
        for depth in (900, 100_000)
    },
    "create without end": Row(CREATE, ENDLESS, 3),
    "list without end": Row(LIST, ENDLESS, 0, select="lifecycle.listed"),
    **{
        f"list of {text[:9]}": Row(LIST, total(text), 0, select="lifecycle.listed")
        for text in ("1" + "0" * 8, "1" + "0" * 12, "1" + "0" * 400, "-7", "1e999", "[]")
    },
    "entries of 1 MB": Row(LIST, entries(lambda it: [*it, *({**e, "name": "n" * MILLION} for e in it)]), 0, select="lifecycle.listed"),
    "entries again": Row(LIST, entries(lambda it: (it or [{}]) * 5000), 0, select="lifecycle.listed"),
    "many values": Row(ANY, raw("[" + "{}," * 2 * MILLION + "{}]"), 0),
    "text of 7 MB": Row(ANY, member("name", "n" * 7 * MILLION), 0),
    "numbers": Row(ANY, raw("[1e999, -1e999, 1" + "0" * 400 + "]"), 0),
    "surrogates": Row(ANY, member("name", "\ud800"), 0),
    **{
        f"id {value[:9]!a}": Row(CREATE, member("broadcastId", value), 0, "lifecycle.ids", select="lifecycle")
        for value in ("", ".", "..", "/", "?", "#", "\0", "\ud800", "a/../..", "http://127.0.0.1:1/x", "//x", "\\", "%2e%2e", " ", "i" * 70_000, "i" * MILLION)
    },
}


@pytest.mark.parametrize("name", ROWS)
def test_target_does_not_break_the_command(name: str, tmp_path: Path) -> None:
    row = ROWS[name]
    hostile = Hostile(row.hit, row.answer)
    output = tmp_path / "output"
    with served(hostile) as url, output.open("wb") as file:
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "ringspec.cli", "run", url, "--level", "may",
             "--token-url", f"{url}/oauth2/token", "--client-id", SETTINGS.client_id,
             "--client-secret", SETTINGS.client_secret, "--timeout", f"{TIMEOUT_S:g}",
             "--select", row.select,
             *(f"--report={each}={tmp_path / each}" for each in REPORTS)],
            stdout=file, stderr=file, env=environment({"RINGSPEC_PACING_WAIT_S": "0.5"}),
        )
        import threading; killer = threading.Timer(20, process.kill); killer.start()
        _, status, used = os.wait4(process.pid, 0); killer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    took, peak = time.monotonic() - began, used.ru_maxrss / 1024
    text = output.read_text()
    with open("/tmp/hostile.table", "a") as table:
        print(f"{name:28} exit {process.returncode} {peak:5.0f} MB {took:5.1f} s  {text.strip().splitlines()[-1][:150]}", file=table)
        if process.returncode == 4: print(text[-1500:], file=table)
    stray = [
        each for each in hostile.asked
        if not re.fullmatch(r"POST /oauth2/token|(POST|GET) /voice/broadcasts(\?.*)?|\w+ /voice/broadcasts/[^/?]+(/(start|pause|resume|cancel))?", each)
        or re.search(r"/(\.|%2e|%2f|%5c|%00|%20)+(/|$)", each, re.I)
    ]
    assert not stray
    assert peak < MEMORY_MB
    assert took < row.seconds
    assert process.returncode == row.exits
    assert row.said in text
