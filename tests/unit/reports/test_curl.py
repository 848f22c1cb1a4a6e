from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ringspec.harness import Exchange
from ringspec.reports import command, curl
from ringspec.strategies import Request

URL = "http://127.0.0.1:1/broadcasts"
STUB = """#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word"; done > "$OUT.args"
last=; for word in "$@"; do last=$word; done
if [ "$last" = @- ]; then cat > "$OUT.body"; else printf %s "$last" > "$OUT.body"; fi
"""
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


class Shell:
    """Runs a line through sh, with a stub for curl."""

    def __init__(self, where: Path) -> None:
        stub = where / "bin" / "curl"
        stub.parent.mkdir()
        stub.write_text(STUB)
        stub.chmod(0o755)
        self.out = where / "out"
        self.env = {
            "PATH": f"{stub.parent}:{os.environ['PATH']}",
            "OUT": str(self.out),
            "RINGSPEC_TOKEN": 'to"ken $x',
        }

    def run(self, line: str) -> None:
        subprocess.run(["sh"], input=line.encode(), env=self.env, check=True)

    @property
    def args(self) -> list[str]:
        return Path(f"{self.out}.args").read_text().splitlines()

    @property
    def body(self) -> bytes:
        return Path(f"{self.out}.body").read_bytes()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_body_passes_a_shell_byte_for_byte(shell: Shell, body: bytes) -> None:
    shell.run(command(URL, request(body, Content_Type="application/json")))

    assert shell.body == body


def test_line_reads_as_one_would_write_it(shell: Shell) -> None:
    sent = request(b'{"a":1}', Authorization="Bearer {token}", Accept="*/*")

    line = command(URL, sent)

    assert line == (
        "curl -sS -X POST http://127.0.0.1:1/broadcasts "
        '-H "Authorization: Bearer $RINGSPEC_TOKEN" '
        "-H 'Accept: */*' -H 'Content-Type:' --data-binary '{\"a\":1}'"
    )
    shell.run(line)
    assert shell.args[5:7] == ['Authorization: Bearer to"ken $x', "-H"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{token}", 'to"ken $x'),
        ("$x `id` {token}!", '$x `id` to"ken $x!'),
        ("it's", "it's"),
        ("\x01\té", "\x01\té"),
        ("\x01{token}", '\x01to"ken $x'),
    ],
)
def test_header_passes_a_shell(shell: Shell, value: str, expected: str) -> None:
    shell.run(command(URL, request(X=value)))

    assert f"X: {expected}" in shell.args


def test_header_without_a_value_is_sent(shell: Shell) -> None:
    shell.run(command(URL, request(X="")))

    assert "X;" in shell.args


@pytest.mark.parametrize(
    ("url", "option"),
    [("http://h/[1-9]{a}", "--globoff"), ("http://h/a/../b", "--path-as-is")],
)
def test_url_is_left_alone_by_curl(shell: Shell, url: str, option: str) -> None:
    shell.run(command(url, request()))

    assert url in shell.args
    assert option in shell.args


def test_large_body_is_named_instead_of_inlined() -> None:
    line = command(URL, request(b"x" * 8193))

    assert line.startswith("# body of 8193 bytes, sha256 ")
    assert line.splitlines()[0].endswith(": use ringspec cases")
    assert "--data-binary @body.bin" in line


def test_get_has_no_body() -> None:
    assert command(URL, request(b"", "GET")) == f"curl -sS -X GET {URL}"


def test_head_does_not_wait_for_a_body() -> None:
    assert command(URL, request(b"", "HEAD")) == f"curl -sS --head {URL}"


def test_exchange_gives_the_line_of_its_request() -> None:
    sent = request()

    assert curl(Exchange(url=URL, request=sent)) == command(URL, sent)


class Heard(BaseHTTPRequestHandler):
    """Remembers what came."""

    heard: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012 - of this test only

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.heard.append((dict(self.headers), body))
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Heard) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        yield listening
        listening.shutdown()
        thread.join()


@pytest.mark.socket
@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_real_curl_sends_every_body_and_adds_no_content_type(
    server: HTTPServer,
) -> None:
    url = f"http://127.0.0.1:{server.server_port}/broadcasts"
    lines = [command(url, request(body, X_None="")) for body in BODIES.values()]
    env = {"PATH": os.environ["PATH"], "no_proxy": "*"}
    Heard.heard.clear()

    subprocess.run(["sh"], input="\n".join(lines).encode(), env=env, check=True)

    assert [body for _, body in Heard.heard] == list(BODIES.values())
    assert not [headers for headers, _ in Heard.heard if "Content-Type" in headers]
    assert all(headers["X-None"] == "" for headers, _ in Heard.heard)
