"""Nothing that a target sends crashes the command, fills its memory or holds it up."""

from __future__ import annotations

import gzip
import json
import logging
import math
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable
from itertools import cycle, repeat
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests import inprocess
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


def edited(edit: Callable[[Any], Any]) -> Answer:
    """Answer as the correct server does, with an edit of its JSON."""

    def changed(status: int, data: Any) -> tuple[int, Any]:
        return status, edit(data) if data and status < 300 else data

    async def answer(app: Any, *request: Any) -> None:
        await inprocess.edited(app, changed)(*request)

    return answer


def member(name: str, value: Any) -> Answer:
    return edited(lambda data: {**data, name: value})


def raw(text: str) -> Answer:
    """Add a member of a value that Python would not write."""
    return edited(lambda it: f'{json.dumps(it)[:-1]}, "x": {text}}}'.encode())


def token(**more: Any) -> Answer:
    return body(json.dumps({"access_token": SETTINGS.token, **more}).encode())


def cycled(answers: Iterable[Answer]) -> Answer:
    """Answer each request in another way."""
    turns = cycle(answers)

    async def answer(*request: Any) -> None:
        await next(turns)(*request)

    return answer


def total(text: str) -> Answer:
    def edit(data: Any) -> bytes:
        data["pagination"] = 0
        written = f'{{"totalRecord": {text}}}'
        return (
            json.dumps(data)
            .replace('"pagination": 0', f'"pagination": {written}')
            .encode()
        )

    return edited(edit)


def bomb(times: int = 1, wbits: int = 31) -> bytes:
    """Return 1.9 GB of blanks, compressed so many times."""
    packer = zlib.compressobj(9, wbits=wbits)
    start = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * MILLION) + packer.flush(zlib.Z_FULL_FLUSH)
    data = start + block * 1900
    for _ in range(times - 1):
        data = gzip.compress(data)
    return data


# A server is not told that nobody reads any more.
ENDLESS = fixed(lambda: repeat(b" " * 65536, 100_000))
DEEP = [("[" * depth + "]" * depth) for depth in (900, 100_000)]
WAITS = (
    *("9" * 400, "1" + "0" * 18, "1e999", "nan", "inf", "-1", "soon"),
    *("Fri, 31 Dec 99999 23:59:59 GMT", "99999-01-01T00:00:00Z"),
    "Thu, 01 Jan 1970 00:00:00 +9999999",
)
PACKED = (
    *((bomb(), "gzip"), (bomb(2), "gzip, gzip"), (bomb(1, 15), "deflate")),
    *((bomb(1, -15), "deflate"), (bomb(2), ", ".join(["gzip"] * 500)), (b"a", "gzip")),
)
IDS = (
    *("", ".", "..", "/", "?", "#", "\0", "\ud800", "a/../..", "//x", "\\", " "),
    *("http://127.0.0.1:1/x", "x?y", "i" * 70_000, "i" * MILLION),
)
# What may be asked for: whatever an id is, of one segment that has a letter or digit.
PLACES = re.compile(
    r"POST /oauth2/token|(POST|GET) /voice/broadcasts(\?.*)?"
    r"|\w+ /voice/broadcasts/[^/?]*[0-9a-z]{3}[^/?]*(/(start|pause|resume|cancel))?"
)


class Hostile:
    """The correct server, with other answers to some requests; notes all requests."""

    def __init__(self, hit: str, answer: Answer) -> None:
        self.app = application(SETTINGS, Behaviour())
        self.hit, self.answer, self.asked = re.compile(hit), answer, set[str]()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        asked = f"{scope['method']} {scope['raw_path'].decode()}"
        if query := scope["query_string"].decode():
            asked += f"?{query}"
        self.asked.add(asked)
        if self.hit.fullmatch(asked):
            await self.answer(self.app, scope, receive, send)
        else:
            await self.app(scope, receive, send)


class Row(NamedTuple):
    """Answers to some requests, and how the command ends."""

    hit: str
    answer: Answer
    exits: int
    said: str = ""
    select: str = "retries.type"
    seconds: float = 12.0


READABLE, LISTED = "lifecycle.readable", "lifecycle.listed"
ROWS = {
    "waits": Row(
        CREATE,
        cycled(body(b"{}", ("retry-after", each), status=429) for each in WAITS),
        3,
    ),
    "expires_in": Row(TOKEN, token(expires_in=10**400), 0),
    "token, NaN": Row(TOKEN, token(expires_in=math.nan), 3, "NaN is no JSON"),
    "token, 900 deep": Row(TOKEN, token(x=json.loads(DEEP[0])), 3, "64 levels"),
    "token, 100,000 deep": Row(TOKEN, body(DEEP[1].encode()), 3, "64 levels"),
    "token of 1 MB": Row(TOKEN, token(access_token="t" * MILLION), 2, "1,000,000"),
    "token of 16 kB": Row(TOKEN, token(access_token="t-" * 2**13), 3, "401"),
    "token, gzip": Row(TOKEN, body(bomb(), ("content-encoding", "gzip")), 3, "8 MiB"),
    "token without end": Row(TOKEN, ENDLESS, 3, "8 MiB"),
    "packed": Row(
        CREATE,
        cycled(
            body(data, ("content-encoding", how), status=201) for data, how in PACKED
        ),
        3,
    ),
    "create, deep": Row(CREATE, cycled(map(raw, DEEP)), 3, select=READABLE),
    "read, deep": Row(READ, cycled(map(raw, DEEP)), 3, select=READABLE),
    "list, deep": Row(LIST, cycled(map(raw, DEEP)), 3, "not read", select=LISTED),
    "create without end": Row(CREATE, ENDLESS, 3, "8 MiB"),
    "list without end": Row(LIST, ENDLESS, 3, select=LISTED, seconds=25.0),
    "totals": Row(
        LIST,
        cycled(
            map(
                total,
                ("100000000", "1000000000000", "1" + "0" * 400, "-7", "1e999", "[]"),
            )
        ),
        0,
        select=LISTED,
    ),
    "entries of 1 MB": Row(
        LIST,
        edited(
            lambda it: {
                **it,
                "items": [{**each, "name": "n" * MILLION} for each in it["items"]],
            }
        ),
        0,
        select=LISTED,
    ),
    "entries again": Row(
        LIST,
        edited(lambda it: {**it, "items": (it["items"] or [{}]) * 1000}),
        0,
        select=LISTED,
    ),
    "many values": Row(ANY, raw("[" + "{}," * 2 * MILLION + "{}]"), 3, select=READABLE),
    "text of 7 MB": Row(
        ANY, member("name", "n" * 7 * MILLION), 1, select=READABLE, seconds=25.0
    ),
    "odd values": Row(
        ANY, raw(r'[1e999, -1e999, 1%s, "\ud800"]' % ("0" * 400)), 0, select=READABLE
    ),
    "ids": Row(
        CREATE,
        cycled(member("broadcastId", each) for each in IDS),
        1,
        select="lifecycle",
        seconds=25.0,
    ),
}


def ended(arguments: list[str], output: Path) -> tuple[int, float, float]:
    """Run the command: its exit status, peak of memory in MB, and seconds."""
    began, peak = time.monotonic(), 0.0
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "ringspec.cli", *arguments],
            stdout=file,
            stderr=file,
            env=environment({}),
        )
        while process.poll() is None:
            # Not that of getrusage, which a child has from its parent at first.
            status = Path(f"/proc/{process.pid}/status")
            found = re.search(r"VmHWM:\s*(\d+)", status.read_text())
            peak = int(found[1]) / 1024 if found else peak
            time.sleep(0.01)
            if time.monotonic() - began > 30:
                process.kill()
    return process.returncode, peak, time.monotonic() - began


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize("name", ROWS)
def test_target_does_not_break_the_command(name: str, tmp_path: Path) -> None:
    row, output = ROWS[name], tmp_path / "output"
    hostile = Hostile(row.hit, row.answer)
    with served(hostile) as url:
        options = {
            "level": "may",
            "token-url": f"{url}/oauth2/token",
            "client-id": SETTINGS.client_id,
            "client-secret": SETTINGS.client_secret,
            "timeout": f"{TIMEOUT_S:g}",
            "select": row.select,
        }
        arguments = ["run", url, *(f"--{k}={v}" for k, v in options.items())]
        arguments += [f"--report={each}={tmp_path / each}" for each in REPORTS]
        status, peak, seconds = ended(arguments, output)

    text = output.read_text()
    figures = name, status, peak, seconds
    logging.getLogger("hostile").info("%s: exit %d, %.0f MB, %.1f s", *figures)
    assert [each for each in hostile.asked if not PLACES.fullmatch(each)] == []
    assert peak < MEMORY_MB
    assert seconds < row.seconds
    assert status == row.exits
    assert row.said in text
    assert "Traceback" not in text
    if name == "ids":
        rules = json.loads((tmp_path / "json").read_text())["rules"]
        (rule,) = (each for each in rules if each["id"] == "lifecycle.ids")
        reasons = {each["reason"] for each in rule["failures"]}
        assert len(reasons) >= len(IDS)
