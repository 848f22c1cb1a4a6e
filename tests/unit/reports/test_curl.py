from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from io import BufferedReader

import pytest

from ringspec.harness import Exchange
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.target import Target
from ringspec.reports import curl
from ringspec.spec import load
from ringspec.strategies import Phase, Request, cases_of

URL = "http://127.0.0.1:1/broadcasts"
BODIES = {
    "plain": b'{"a":1}',
    "emoji": '{"a":"\U0001f468‍\U0001f469 é"}'.encode(),
    "quotes": b"""{"a":"'\\"`$HOME $(id) !! \\\\"}""",
    "lone surrogate escape": b'{"a":"\\ud800"}',
    "nul": b'{"a":"\x00"}',
    "invalid utf-8": b'{"a":"\xff\xfe"}',
    "encoded surrogate": b'"\xed\xa0\x80"',
    "newlines": b"\r\n\t{}\n\n",
    "bidi": '{"a":"\u202e"}'.encode(),
    "file name": b"@/etc/passwd",
    "long base64": bytes(range(256)) * 8,
    "empty": b"",
}


def request(body: bytes = b"{}", method: str = "POST", **headers: str) -> Request:
    return Request(
        method=method,
        path="/broadcasts",
        headers=tuple((k.replace("_", "-"), v) for k, v in headers.items()),
        body=body,
    )


def test_line_reads_as_one_would_write_it() -> None:
    sent = request(b'{"a":1}', Authorization="Bearer {token}", Accept="*/*")

    line = curl(Exchange(url=URL, request=sent))

    assert line == (
        "curl -sS -X POST http://127.0.0.1:1/broadcasts "
        '-H "Authorization: Bearer $RINGSPEC_TOKEN" '
        "-H 'Accept: */*' -H 'Content-Type:' --data-binary '{\"a\":1}'"
    )


def test_large_body_is_named_instead_of_inlined() -> None:
    sent = Exchange(url=URL, request=request(b"x" * 8193))

    line = curl(sent, "wire.size/it's")

    comment, sends = line.splitlines()
    assert comment.startswith("# body of 8193 bytes, sha256 ")
    assert comment.endswith(
        ": ringspec replay 'wire.size/it'\"'\"'s' http://127.0.0.1:1"
    )
    assert sends.endswith("--data-binary @body.bin")


HEADERS = {
    "none": (),
    "quotes": (("X-A", """it's "quoted" `id` $HOME \\ !! %d%s"""),),
    "latin-1": (("X-A", "2023\xa003\xff \xe9"),),
    "tab": (("X-A", "a\tb"),),
    "empty": (("X-A", ""), ("X-B", "b")),
    "twice": (("X-A", "1"), ("x-a", "2"), ("X-A", "1")),
    "long": (("Cookie", "c=v; " * 3000 + "z=z"),),
    "odd": (("Accept", ";;,"), ("Content-Type", "@x"), ("Connection", "close")),
    "token": (("Authorization", "Bearer {token}"), ("X-A", "{token}{token-cut}!")),
    "cut": (("Authorization", "Bearer {token-cut}"),),
    "swapped": (("Authorization", "Bearer {token-swapped}"), ("X-A", "\xe9{token}")),
}
PATHS = (
    "/a%20b%2F%00",
    "/a b/\xe9\u20ac\U0001f600",
    "/[1-3]/{a,b}/`id`/$HOME/'q'/\"d\"/<x>|\\^~",
    "//x//",
    "/a;b=c,d:e@f&g=*(1)!",
    "/x?a=b&c={d}&`e`&f=[1]&g=%25&h='\"<>\xe9+ &&i=/?j",
)
FORM = b"grant_type=x&client_id={client_id}&client_secret=%s&y=a%%20b+c"
FILLING = Filling(
    token="aZ9.-_~+/=", client_id="ringspec me", client_secret="s3cr&t=/+%\"'$x"
)


class Wire:
    """A server that records what it is sent, to the byte."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def close(self) -> None:
        self.listening.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                with connection, connection.makefile("rb") as stream:
                    self.heard.append(self._read(stream))
                    connection.sendall(
                        b"HTTP/1.1 201 Created\r\nConnection: close\r\n"
                        b"Content-Length: 0\r\n\r\n"
                    )

    def _read(self, stream: BufferedReader) -> bytes:
        lines = [stream.readline()]
        while lines[-1].strip():
            lines.append(stream.readline())
        named = (line.lower().partition(b":") for line in lines)
        length = next((int(v) for k, _, v in named if k == b"content-length"), 0)
        return b"".join(lines) + stream.read(length)


def told(raw: bytes, sent: Request) -> tuple[bytes, list[bytes], bytes]:
    """Return the first line, the headers that the request has, and the body."""
    head, _, body = raw.partition(b"\r\n\r\n")
    # A blank before no value means nothing, and curl cannot send it.
    first, *lines = head.replace(b": \r\n", b":\r\n").split(b"\r\n")
    names = {name.lower().encode() for name, _ in sent.headers}
    names |= {b"content-type", b"content-length", b"transfer-encoding", b"expect"}
    kept = [line for line in lines if line.partition(b":")[0].lower() in names]
    # The clients agree on all but where they put the length.
    return first, sorted(kept, key=lambda line: b"Length:" in line), body


def by_us(wire: Wire, requests: list[Request]) -> list[bytes]:
    async def fire() -> None:
        filling = replace(FILLING, token_url=f"{wire.url}/oauth?a=b")
        target = Target(wire.url, filling=filling, timeout_s=30, workers=1)
        for each in requests:
            assert (await target.exchange(each, repeats=0)).failure is None
        await target.close()

    wire.heard.clear()
    asyncio.run(fire())
    return list(wire.heard)


def by_curl(wire: Wire, requests: list[Request]) -> list[bytes]:
    filling = replace(FILLING, token_url=f"{wire.url}/oauth?a=b")
    urls = [filling.url(wire.url, each) for each in requests]
    pairs = zip(urls, requests, strict=True)
    lines = [curl(Exchange(url=url, request=each)) for url, each in pairs]
    env = {
        "PATH": os.environ["PATH"],
        "HOME": "/nowhere",
        "no_proxy": "*",
        "RINGSPEC_TOKEN": FILLING.token or "",
        "RINGSPEC_CLIENT_ID": FILLING.client_id,
        "RINGSPEC_CLIENT_SECRET": FILLING.client_secret,
    }
    wire.heard.clear()
    subprocess.run(["bash", "-e"], input="\n".join(lines).encode(), env=env, check=True)
    return list(wire.heard)


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.close()


def every_request() -> list[Request]:
    """List what is hard to send, and what is sent besides bodies in earnest."""
    hard = [
        *(request(body) for body in BODIES.values()),
        *(request(body, "GET") for body in (b"", b"{}")),
        *(request(body, "DELETE") for body in (b"", b"\x00")),
        *(replace(request(), headers=headers) for headers in HEADERS.values()),
        *(replace(request(), path=path) for path in PATHS),
        *(
            replace(request(FORM % place), path="{token_url}")
            for place in (b"{client_secret}", b"{client_secret-cut}", b"plain")
        ),
    ]
    contract = load()
    cases = cases_of(contract, 0)
    phases = [each for each in cases if each.phase in {Phase.WIRE, Phase.AUTH}]
    real = [each.request for each in phases if not each.steps]
    return [*hard, *(each for each in real if len(each.body) <= 8192)]


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("bash")), reason="no curl or bash here"
)
def test_line_sends_byte_for_byte_what_we_sent(wire: Wire) -> None:
    requests = every_request()

    ours = by_us(wire, requests)
    curls = by_curl(wire, requests)

    assert len(ours) == len(curls) == len(requests) > 60
    for sent, our, curl_ in zip(requests, ours, curls, strict=True):
        assert told(curl_, sent) == told(our, sent), sent
