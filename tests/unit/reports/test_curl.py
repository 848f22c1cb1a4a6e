from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from ringspec.harness import Exchange
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.target import Target
from ringspec.reports import curl
from ringspec.spec import load
from ringspec.strategies import Phase, Request, cases_of

from ...serving import Heard, listening  # noqa: TID252 - tests are no distribution
from ...waiting import eventually  # noqa: TID252 - as above

URL = "http://127.0.0.1:1/broadcasts"
LINE = f"-sS -X POST {URL} -H 'Content-Type:' --data-binary"
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
    "every byte": bytes(range(256)),
    "long": b'{"a": "!! $HOME it\'s \\\\n"}' * 40,
    "long, ends with newlines": b"EOF\n" * 400 + b"\n",
    "option": b"-v\x00%s",
    "command of a log": b"x\n::error::y",
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


@pytest.mark.parametrize(
    ("body", "begins"),
    [
        (b"x" * 1024, f"curl {LINE} 'xxx"),
        (b"x" * 1025, f"head -c 1025 <<'EOF' | curl {LINE} @-\nxxx"),
        (b"EOF\nEOF_\n", f"head -c 9 <<'EOF__' | curl {LINE} @-\nEOF\n"),
        (b"-\xff\xfe%", f"printf '\\055\\377\\376%%' | curl {LINE} @-"),
        (b"\x00" * 257, "# a body of 257 bytes, sha256 "),
        (b"x" * 8193, "# a body of 8,193 bytes, sha256 "),
    ],
    ids=["line", "below", "delimiter", "bytes", "binary", "large"],
)
def test_body_stands_where_a_shell_can_take_it(body: bytes, begins: str) -> None:
    line = curl(Exchange(url=URL, request=request(body)), "wire.size/it's")

    assert line.startswith(begins)
    if begins.startswith("#"):
        replay = ": ringspec replay 'wire.size/it'\"'\"'s' http://127.0.0.1:1"
        assert line.endswith(replay)


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


def has(wire: Heard, number: int) -> bool:
    return len(wire.requests) >= number


def by_us(wire: Heard, requests: list[Request]) -> list[bytes]:
    async def fire() -> None:
        filling = replace(FILLING, token_url=f"{wire.url}/oauth?a=b")
        target = Target(wire.url, filling=filling, timeout_s=30)
        for each in requests:
            assert (await target.exchange(each, repeats=0)).failure is None
        await target.close()

    wire.requests.clear()
    asyncio.run(fire())
    return list(wire.requests)


def by_curl(wire: Heard, requests: list[Request], *, pasted: bool) -> list[bytes]:
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
    wire.requests.clear()
    if not pasted:
        text = "\n".join(lines).encode()
        subprocess.run(["bash", "-e"], input=text, env=env, check=True, timeout=60)
        return list(wire.requests)
    # At a prompt, with an editor that would complete a tab and expand `!!`.
    ours, theirs = os.openpty()
    shell = ["bash", "--norc", "--noprofile", "-i"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        shell, env=env, stdin=theirs, stdout=quiet, stderr=theirs, process_group=0
    ) as typed:
        for number, line in enumerate(lines, 1):
            os.write(ours, line.encode() + b"\n")
            assert eventually(partial(has, wire, number))
        typed.kill()
    os.close(ours)
    os.close(theirs)
    return list(wire.requests)


@pytest.fixture
def wire() -> Iterator[Heard]:
    wire = Heard()
    with listening(wire) as wire.url:
        yield wire


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
@pytest.mark.parametrize("pasted", [False, True], ids=["script", "prompt"])
def test_line_sends_byte_for_byte_what_we_sent(
    wire: Heard,
    pasted: bool,  # noqa: FBT001 - a table's column
) -> None:
    requests = every_request()[: len(BODIES) if pasted else None]

    ours = by_us(wire, requests)
    curls = by_curl(wire, requests, pasted=pasted)

    assert len(ours) == len(curls) == len(requests) >= len(BODIES)
    for sent, our, curl_ in zip(requests, ours, curls, strict=True):
        assert told(curl_, sent) == told(our, sent), sent
