"""The command and live targets: nothing here leaves this machine.

A name under `.invalid` is nowhere; what is meant for it goes to a proxy on this
machine, which the environment names, and which keeps what it is sent.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ringspec.harness.sending.journal import Entry, Journal, Status, read
from ringspec.reference import Embedded

from ..called import call  # noqa: TID252 - tests are no distribution
from ..serving import replying  # noqa: TID252 - tests are no distribution

Served = Callable[[Callable[[socket.socket], None]], str]

LIVE = "http://provider.invalid"
REFUSED = (
    b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n"
    b'Content-Length: 40\r\n\r\n{"error":{"code":"c","message":"no one"}}'
)


@dataclass
class Proxy:
    """Refuses whatever comes, and keeps its first line."""

    asked: list[str] = field(default_factory=list)

    def __call__(self, connection: socket.socket) -> None:
        while data := connection.recv(65536):
            self.asked.append(data.split(b"\r\n", 1)[0].decode("latin-1"))
            connection.sendall(REFUSED)


@pytest.fixture
def proxy() -> Proxy:
    return Proxy()


def test_live_run_looks_only_and_says_why_and_by_which_proxy(
    served: Served, proxy: Proxy, tmp_path: Path
) -> None:
    where = served(proxy).replace("//", "//me:s3cret-word@")

    ended = call(
        *("run", LIVE, "--bearer", "t0k3n-t0k3n"),
        report=True,
        http_proxy=where,
        XDG_STATE_HOME=str(tmp_path),
    )

    assert ended.status == 3
    assert proxy.asked
    assert {each.split()[0] for each in proxy.asked} == {"GET"}
    assert all(each.split()[1].startswith(f"{LIVE}/") for each in proxy.asked)
    assert f"{LIVE} is live, and the profile does not allow creates" in ended.stdout
    assert "allow_create" in ended.stdout
    assert (
        f"by the proxy http://{where.rpartition('@')[2]}" in ended.stdout + ended.stderr
    )
    assert "s3cret-word" not in ended.stdout + ended.stderr
    assert ended.outcomes["auth.token"] == "pass"
    assert ended.outcomes["name.required"] == "inconclusive"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("proxy_url", ["socks9://127.0.0.1:1", "http://[::1"])
def test_proxy_that_is_none_is_wrong_usage(proxy_url: str) -> None:
    ended = call("run", LIVE, "--bearer", "t0k3n", http_proxy=proxy_url)

    assert ended.status == 2
    assert "cannot be used" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--examples", "5"),
        ("--phase", "explore"),
        ("--client-id", "a", "--client-secret", "b", "--token-url", "http://x.invalid"),
        ("--rate", "fast"),
        ("--shard", "4/3"),
    ],
    ids=["examples", "explore", "token-elsewhere", "rate", "shard"],
)
def test_wrong_usage_is_sent_nowhere(
    served: Served, proxy: Proxy, arguments: tuple[str, ...]
) -> None:
    ended = call("run", LIVE, *arguments, http_proxy=served(proxy))

    assert ended.status == 2
    assert "hint:" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert proxy.asked == []


def test_token_is_not_fetched_elsewhere_for_a_near_target(
    served: Served, proxy: Proxy
) -> None:
    ended = call(
        *("run", served(Proxy()), "--client-id", "a", "--client-secret", "b"),
        *("--token-url", "http://auth.invalid/token"),
        http_proxy=served(proxy),
    )

    assert ended.status == 2
    assert "auth.invalid is neither the target nor an allowed host" in ended.stderr
    assert proxy.asked == []


def test_dry_run_says_what_would_be_sent_and_sends_nothing(
    served: Served, proxy: Proxy
) -> None:
    near = Proxy()

    ended = call("run", served(near), "--dry-run", "--select", "retries")
    live = call("run", LIVE, "--dry-run", "--bearer", "x", http_proxy=served(proxy))

    assert (ended.status, live.status) == (0, 0)
    assert "on this machine: 4 requests at once" in ended.stdout
    assert "creates could be accepted" in ended.stdout
    assert "one request at a time, 5 a second at most" in live.stdout
    assert "0 creates could be accepted" in live.stdout
    assert "left out, as the profile does not allow creates" in live.stdout
    assert near.asked == []
    assert proxy.asked == []


def test_dry_run_counts_what_a_run_sends(reference: Embedded) -> None:
    wanted = ("--phase", "cases,wire", "--select", "retryDelays", "--select", "wire")
    arguments = (reference.url, "--bearer", reference.token, *wanted)

    plan = call("run", *arguments, "--dry-run")
    done = call("run", *arguments, report=True)

    total = next(each for each in plan.stdout.splitlines() if each.startswith("in all"))
    counts = done.report["counts"]
    assert total.split()[2:4] == [str(counts["cases"]), str(counts["requests"])]
    assert max(map(len, plan.stdout.splitlines())) <= 80


def test_dry_run_has_nothing_to_report(tmp_path: Path) -> None:
    report = f"json={tmp_path / 'r.json'}"

    ended = call("run", "--dry-run", "--report", report)

    assert ended.status == 2
    assert "a dry run finds nothing" in ended.stderr


# Cleaning up.


@dataclass
class Holder:
    """A server that holds some things, and lets go of them."""

    held: set[str]
    asked: list[bytes] = field(default_factory=list)

    def __call__(self, request: bytes) -> tuple[int, bytes]:
        self.asked.append(request)
        path = request.split()[1].decode()
        status = 204 if path in self.held else 404
        self.held.discard(path)
        return status, b""


def entry(url: str, name: str) -> Entry:
    return Entry(
        url=url,
        id={"broadcastId": name},
        delete=f"/voice/broadcasts/{name}",
        headers=(("Authorization", "Bearer {token}"),),
    )


def test_cleanup_deletes_what_is_left_and_may_be_called_again(
    served: Served, tmp_path: Path
) -> None:
    holder = Holder({"/voice/broadcasts/a", "/voice/broadcasts/c"})
    url = served(replying(holder))
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    for name in "abc":
        journal.note(entry(url, name))
    journal.note(Entry(**{**vars_of(entry(url, "c")), "status": Status.DELETED}))

    ended = call("cleanup", str(path), "--bearer", "t0k3n-t0k3n")
    again = call("cleanup", str(path), "--bearer", "t0k3n-t0k3n")

    assert (ended.status, again.status) == (0, 0)
    assert "a: deleted" in ended.stdout
    assert "b: gone already" in ended.stdout
    assert "nothing is left" in again.stdout
    assert len(holder.asked) == 2
    assert b"authorization: bearer t0k3n-t0k3n" in holder.asked[0].lower()
    assert "t0k3n" not in path.read_text() + ended.stdout + ended.stderr
    assert not any(each.is_open for each in read(path))


def vars_of(found: Entry) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Entry.__slots__}


def test_cleanup_says_what_it_cannot_delete(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.note(entry(served(Proxy()), "a"))
    journal.note(Entry(url="http://127.0.0.1:1", status=Status.UNKNOWN))

    ended = call("cleanup", str(path))

    assert ended.status == 3
    assert "a: still there: HTTP 401" in ended.stdout
    assert "1 create went unanswered" in ended.stdout
    assert "look by hand" in ended.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        ("rubbish\n", "line 1 is no entry"),
        (json.dumps({"url": "http://127.0.0.1:1"}) + "\n", "line 1 is no entry"),
    ],
    ids=["missing", "rubbish", "lacking"],
)
def test_what_is_no_journal_is_wrong_usage(
    tmp_path: Path, content: str | None, said: str
) -> None:
    path = tmp_path / "journal.jsonl"
    if content is not None:
        path.write_text(content)

    ended = call("cleanup", str(path))

    assert ended.status == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
