"""The reports of the real command: read by others, free of secrets, never all lost."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import pytest
from junitparser import JUnitXml
from markdown_it import MarkdownIt
from starlette.requests import Request
from starlette.responses import Response

from ringspec.reference import Embedded
from ringspec.reports import FORMATS

from .. import serving  # noqa: TID252 - tests are no distribution
from ..called import at, ran  # noqa: TID252 - tests are no distribution
from ..serving import ACCEPTED, slow  # noqa: TID252 - tests are no distribution

Ringspec = Callable[..., Any]
Started = Callable[..., subprocess.Popen[str]]
Served = Callable[[Callable[[socket.socket], None]], str]

# What a token may hold that one format or another has to escape.
TOKEN = 'tOk"en<&>/+%=\\x9Zq'
CLIENT_SECRET = 'sEcr&t"/+ <%>\\w8Kp é'


def wanted(where: Path) -> list[str]:
    return [f"--report={name}={where / f'r.{name}'}" for name in FORMATS]


def careless(connection: socket.socket) -> None:
    """Accept whatever comes; our requests come in one piece."""
    while connection.recv(65536):
        connection.sendall(ACCEPTED)


def lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_text()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def read(where: Path) -> dict[str, Any]:
    """Open every report as somebody else would."""
    told: dict[str, Any] = {
        name: json.loads((where / f"r.{name}").read_text())
        for name in ("json", "har", "badge")
    }
    told["ndjson"] = lines(where / "r.ndjson")
    told["junit"] = JUnitXml.fromfile(str(where / "r.junit"))
    markdown = (where / "r.markdown").read_text()
    told["markdown"] = MarkdownIt().enable("table").render(markdown)
    return told


@pytest.mark.parametrize("name", ["json", "ndjson", "html"])
def test_report_on_standard_output_is_alone_there(started: Started, name: str) -> None:
    process = started("run", "--select=name.type", f"--report={name}=-")

    out, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    assert "conformant in part: 1 of 142 rules" in err
    begins = {"json": '{"format":', "ndjson": '{"event":"started"', "html": "<!doctype"}
    assert re.sub(r"\s", "", out).startswith(begins[name])
    assert out.rstrip()[-1] in "}>"


@pytest.mark.parametrize(
    ("options", "by"),
    [
        (["--select=name"], "--select name"),
        (["--exclude=voiceFlow"], "--exclude voiceFlow"),
        (["--phase=auth"], "--phase auth"),
        (["--quick"], "--quick"),
        (["--fail-fast", "--select=name"], "--fail-fast"),
        (["--shard=2/9"], "--shard 2/9"),
    ],
)
def test_a_part_is_called_so_in_every_format(
    ringspec: Ringspec, tmp_path: Path, options: list[str], by: str
) -> None:
    ended = ringspec("run", *wanted(tmp_path), *options)

    told = read(tmp_path)
    report = told["json"]
    assert (ended.status, report["conclusion"]) == (0, "conformant in part")
    assert by in report["part"]["by"]
    passed = sum(each["outcome"] == "pass" for each in report["rules"])
    assert (passed, 142) == (report["part"]["rules"], report["part"]["of"])
    share = f"{passed} of 142 rules"
    assert f"\nconformant in part: {share}, by " in ended.stdout
    assert f"conformant in part: {share}" in told["badge"]["message"]
    assert "green" not in told["badge"]["color"]
    assert f"conformant in part: {share}" in told["markdown"]
    assert "\N{WHITE HEAVY CHECK MARK}" not in told["markdown"]
    (suite,) = told["junit"]
    properties = {each.name: each.value for each in suite.properties()}
    assert properties["conclusion"] == "conformant in part"
    assert share in properties["part"]
    assert f"part: {share}" in told["har"]["log"]["comment"]
    last = told["ndjson"][-1]
    assert (last["conclusion"], last["part"]) == ("conformant in part", report["part"])
    page = (tmp_path / "r.html").read_text()
    assert "Conformant in part" in page
    assert "Every rule that gates passes" not in page


def test_reports_say_when_and_with_what_they_were_made(
    ringspec: Ringspec, reference: Embedded, tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text(f'url = "{reference.url}"\n')
    secret = f"--bearer={reference.token}"
    given = ("--profile", str(tmp_path / "mine.toml"), secret, "--quick")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["/usr/bin/ringspec", "run", *given])
        before = datetime.now(UTC).replace(microsecond=0)
        ringspec("run", *given, "--dialect=naxai-sdk", *wanted(tmp_path))

    told = read(tmp_path)
    made, contract, counts = (told["json"][it] for it in ("run", "contract", "counts"))
    began, ended = (datetime.fromisoformat(made[it]) for it in ("began", "ended"))
    assert before <= began <= ended <= datetime.now(UTC)
    assert made["command"].startswith("ringspec run --profile ")
    assert "--bearer=…" in made["command"]
    outcomes = ("passed", "failed", "excused", "inconclusive", "untested", "skipped")
    assert sum(counts[it] for it in (*outcomes, "not_applicable")) == counts["rules"]
    facts = [made["began"], made["ended"], made["ringspec"], contract["sha256"][:12]]
    facts += ["naxai-sdk", "mine", "seed", contract["title"], reference.url, "must"]
    for name in FORMATS.keys() - {"badge"}:
        text = (tmp_path / f"r.{name}").read_text()
        assert reference.token not in text
        missing = [each for each in facts if each not in text]
        assert missing == [], name


def test_reports_of_a_careless_server_agree(
    ringspec: Ringspec, served: Served, tmp_path: Path
) -> None:
    before = datetime.now(UTC)
    ended = ringspec("run", served(careless), *wanted(tmp_path), "--level=may")
    after = datetime.now(UTC)

    told = read(tmp_path)
    failing = [each for each in told["json"]["rules"] if each["outcome"] == "fail"]
    assert ended.status == 1, ended.stderr
    assert len(failing) > 20
    assert told["junit"].failures == len(failing)
    assert told["badge"]["message"].startswith(f"{len(failing)} of ")
    assert f"{len(failing)} of " in told["markdown"]
    assert "<table>" in told["markdown"]
    assert told["ndjson"][-1]["conclusion"] == told["json"]["conclusion"]
    steps = sum(len(each.get("before", ())) for each in told["ndjson"])
    judged = sum(each["event"] == "judged" for each in told["ndjson"])
    assert len(told["har"]["log"]["entries"]) == judged + steps
    times = [
        datetime.fromisoformat(each["startedDateTime"])
        for each in told["har"]["log"]["entries"]
    ]
    assert times == sorted(times)
    assert before - timedelta(seconds=1) < times[0] < times[-1] <= after


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Give out a token, and tell everyone of it in every spelling."""
    request = Request(scope, receive)
    came, given = await request.body(), request.headers.get("authorization", "")
    basic = b64encode(f"me:{CLIENT_SECRET}".encode()).decode()
    told = {
        "access_token": TOKEN,
        "given": given,
        "secret": CLIENT_SECRET,
        "basic": f"Basic {basic}",
        "tokens": [b64encode(f"{'x' * n}{given}".encode()).decode() for n in range(3)],
        "url": f"https://host.test/?token={quote(TOKEN, safe='')}",
        "html": escape(f"<a title='{TOKEN}'>{CLIENT_SECRET}</a>"),
        "nested": json.dumps({"token": TOKEN, "secret": CLIENT_SECRET}),
        "came": came.decode("latin-1"),
        "hex": TOKEN.encode().hex(),
    }
    data = json.dumps(told).encode() + (b"\xff" if b"e" in came[-9:] else b"")
    is_token = scope["path"] == "/token"
    if not is_token:
        data += f" {given} {quote(CLIENT_SECRET)} {CLIENT_SECRET}".encode()
    headers = {
        "Content-Type": "application/json",
        "X-Given": given,
        "X-Secret": quote(CLIENT_SECRET, safe="").lower(),
        "Set-Cookie": f"t={b64encode(TOKEN.encode()).decode()}",
    }
    status = 200 if is_token else 201 if len(came) % 2 else 500
    await Response(data, status, headers)(scope, receive, send)


def views(data: bytes) -> Iterator[bytes]:
    """Yield what a reader can make of a report: as it is, and decoded."""
    yield data
    yield data.replace(b"\\/", b"/")
    for _ in range(3):
        data = re.sub(rb'\\(["\\/])', rb"\1", data)
        yield data
    yield unquote_to_bytes(data.replace(b"+", b" "))
    yield unquote_to_bytes(data)
    yield unescape(data.decode("utf-8", "replace")).encode()
    runs = re.findall(rb"[A-Za-z0-9+/_-]{12,}", re.sub(rb"(\\n|\s)", b"", data))
    for run in (*runs, *re.findall(rb"[A-Za-z0-9+/_-]{12,}", data)):
        for start in range(4):
            whole = run[start:].translate(bytes.maketrans(b"-_", b"+/"))
            yield b64decode(whole[: len(whole) // 4 * 4])
    for run in re.findall(rb"(?:[0-9a-fA-F]{2}){8,}", data):
        yield bytes.fromhex(run.decode())


@pytest.mark.parametrize("github", ["true", ""])
def test_no_secret_is_in_any_byte_of_any_report(
    ringspec: Ringspec, tmp_path: Path, github: str
) -> None:
    with serving.served(echo) as url:
        ended = ringspec(
            *("run", url, "--client-id", "me", "--token-url", f"{url}/token"),
            *("--select=name", "--select=auth"),
            *("--level=may", "--verbose", "--phase=cases,wire,auth", *wanted(tmp_path)),
            RINGSPEC_CLIENT_SECRET=CLIENT_SECRET,
            GITHUB_ACTIONS=github,
        )

    assert ended.status == 1, ended.stderr
    written = {name: (tmp_path / f"r.{name}").read_bytes() for name in FORMATS}
    written["terminal"] = f"{ended.stdout}\n{ended.stderr}".encode()
    assert ("::error" in ended.stdout) is bool(github)
    for name in ("json", "ndjson", "har", "junit", "terminal"):
        assert b"[redacted]" in written[name], name
    for name, data in written.items():
        for view in views(data):
            for secret in (TOKEN, TOKEN[:-1], TOKEN.swapcase(), CLIENT_SECRET):
                assert secret.encode() not in view, name
                assert secret.encode("latin-1") not in view, name


def test_full_disk_costs_neither_verdict_nor_other_reports(
    reference: Embedded, tmp_path: Path
) -> None:
    command = [
        *("bash", "-c", 'ulimit -f 200; exec "$@"', "bash"),
        *(sys.executable, "-m", "ringspec.cli", "run", reference.url),
        *("--bearer", reference.token, *wanted(tmp_path)),
    ]

    ended = ran(*command)

    assert ended.returncode == 2, ended.stderr
    assert "conformant" in ended.stdout
    lost = re.findall("ringspec: the (\\w+) report .*: File too large", ended.stderr)
    assert {"ndjson", "har"} <= set(lost) == set(lost) - {"json", "junit", "badge"}
    assert len(lost) == len(set(lost))
    assert ended.stderr.count("hint: make room there") == len(lost)
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["conclusion"] == "conformant"
    assert JUnitXml.fromfile(str(tmp_path / "r.junit")).failures == 0
    assert not (tmp_path / "r.har").exists()
    # Of the stream there is what there was room for, in whole lines.
    told = lines(tmp_path / "r.ndjson")
    assert [each["event"] for each in told[:2]] == ["started", "judged"]
    assert [each.name for each in tmp_path.glob(".*")] == []


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT], ids=["kill", "int"])
def test_stream_keeps_what_was_told_until_the_end_came(
    started: Started, served: Served, tmp_path: Path, sign: signal.Signals
) -> None:
    path = tmp_path / "r.ndjson"
    process = started("run", served(slow), f"--report=ndjson={path}")
    end = time.monotonic() + 60
    while time.monotonic() < end and not (
        path.exists() and path.read_bytes().count(b"\n") > 5
    ):
        time.sleep(0.02)

    process.send_signal(sign)
    process.communicate(timeout=60)

    told = lines(path)
    assert told[0]["format"] == "ringspec-events/1"
    assert sum(each["event"] == "judged" for each in told) >= 4
    assert (told[-1]["event"] == "ended") is (sign is signal.SIGINT)
    if sign is signal.SIGINT:
        assert told[-1]["interrupted"]
        assert told[-1]["exit_code"] == process.returncode == 130


def test_github_is_told_of_what_fails_and_nobody_else(ringspec: Ringspec) -> None:
    with Embedded(mutant="delay-4321-accepted") as mutant:
        run = ("run", *at(mutant), "--select", "retryDelays")
        there = ringspec(*run, GITHUB_ACTIONS="true")
        elsewhere = ringspec(*run, GITLAB_CI="true", CI="true")

    first, *_ = there.stdout.splitlines()
    word = first.removeprefix("::stop-commands::")
    stopped, _, after = there.stdout.partition(f"\n::{word}::\n")
    assert re.fullmatch("[0-9a-f]{32}", word)
    assert "nonconformant" in stopped
    assert re.match("::error title=retryDelays[^:]*::", after)
    assert "::" not in elsewhere.stdout.replace(mutant.url, "")
    assert there.status == elsewhere.status == 1
