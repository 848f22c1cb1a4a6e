"""The command against a server on this machine that its profile calls live."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ringspec.harness.sending.journal import Entry, Journal, read

from ..called import call  # noqa: TID252 - tests are no distribution
from ..serving import replying  # noqa: TID252 - tests are no distribution
from ..waiting import eventually  # noqa: TID252 - tests are no distribution
from .conftest import BREAK, WINDOWS

Write = Callable[..., str]

BASE = "/voice/broadcasts"
ELSEWHERE = "http://provider.invalid"
SECRET = "cl1ent-s3cret-of-ours"
SEGMENT = "11111111-2222-4333-8444-555555555555"
PAYMENTS = Path(__file__).parents[1] / "general" / "payments.openapi.yaml"
FIXTURES = f'[fixtures]\nsegment = "{SEGMENT}"\ncaller = "441632960101"\n'
LEAVE = "allow_create = true\nmax_creates = 3\n"


@dataclass
class Provider:
    """Accepts whatever it is sent, and keeps it.

    Attributes:
        journal: what has to know of all that it has accepted before anything follows.
        lets_go: whether it deletes.
        base: path of what it keeps.
        refuses: the number of the create for which a token is no longer good.
    """

    journal: Path
    url: str = ""
    base: str = BASE
    lets_go: bool = True
    refuses: int = 0
    tokens: int = 0
    held: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    posted: list[bytes] = field(default_factory=list)
    came: list[float] = field(default_factory=list)
    unwritten: list[str] = field(default_factory=list)

    def __call__(self, request: bytes) -> tuple[int, bytes]:
        """Answer a request: a status, and data."""
        head, _, body = request.partition(b"\r\n\r\n")
        method, path, *_ = head.decode("latin-1").split()
        status, data = self._answered(method, path, head, body)
        return status, b"" if data is None else json.dumps(data).encode()

    def _answered(self, method: str, path: str, head: bytes, body: bytes) -> Any:
        self.asked.append(f"{method} {path}")
        self.came += [] if path == "/token" else [time.monotonic()]
        if path == "/token":
            self.tokens += 1
            return 200, {"access_token": f"t0ken-number-{self.tokens}"}
        self._look_up()
        path, _, name = path.partition("?")[0].partition(f"{self.base}/")
        if b": Bearer t0ken-number-%d\r\n" % self.tokens not in head + b"\r\n":
            return 401, {"error": {"code": "c", "message": "nobody"}}
        if (method, path) == ("POST", self.base):
            return self._created(body)
        if method == "DELETE" and name in self.held:
            return (204, None) if self.lets_go and self.held.pop(name) else (500, {})
        known = method == "GET" and path == self.base
        return (200, self._listed()) if known else (404, {})

    def _created(self, body: bytes) -> Any:
        self.posted.append(body)
        if len(self.posted) == self.refuses:
            return 401, {"error": {"code": "c", "message": "expired"}}
        name = str(uuid.uuid4())
        self.held[name] = True
        sent = json.loads(body)
        names = {"broadcastId": name, "orderId": name}
        return 201, {**(sent if isinstance(sent, dict) else {}), **names}

    def _listed(self) -> Any:
        items = [{"broadcastId": each} for each in self.held]
        return {"items": items, "pagination": {"totalRecord": len(items)}}

    def _look_up(self) -> None:
        text = self.journal.read_text() if self.journal.exists() else ""
        self.unwritten += [each for each in self.held if each not in text]


@pytest.fixture
def provider(served: Callable[..., str], tmp_path: Path) -> Provider:
    made = Provider(tmp_path / "journal.jsonl")
    made.url = served(replying(made))
    return made


@pytest.fixture
def profile(provider: Provider, tmp_path: Path) -> Write:
    """Write a profile that calls the provider live."""

    def write(safety: str = "", *, fixtures: str = FIXTURES, url: str = "") -> str:
        path = tmp_path / "mine.toml"
        path.write_text(
            f'url = "{url or provider.url}"\n[credentials]\n'
            f'token_url = "{provider.url}/token"\nclient_id = "me"\n'
            f'client_secret = "{SECRET}"\n{fixtures}[safety]\n'
            f'journal = "{provider.journal}"\n'
            f"{'' if 'live =' in safety else 'live = true'}\n{safety}"
        )
        return str(path)

    return write


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringspec.harness.running.plan.LIVE_RATE", 1000.0)


@pytest.fixture
def orders(provider: Provider, profile: Write) -> tuple[str, ...]:
    """Return what runs against a small API, whose cases are soon built."""
    provider.base = "/payment-orders"
    allowed = profile(LEAVE.replace("3", "12"), fixtures="")
    contract = ("--contract", str(PAYMENTS), "--phase", "cases")
    return ("run", "--profile", allowed, *contract)


def methods(provider: Provider) -> set[str]:
    return {each.split()[0] for each in provider.asked if not each.endswith("/token")}


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    ("safety", "fixtures"),
    [
        ("", FIXTURES),
        ("allow_start = true\n", FIXTURES),
        ("allow_create = true\n", FIXTURES),
        ("max_creates = 3\n", FIXTURES),
        (LEAVE, ""),
    ],
    ids=["default", "start", "no-number", "no-leave", "no-fixtures"],
)
def test_without_all_that_allows_it_nothing_is_created(
    provider: Provider, profile: Write, safety: str, fixtures: str
) -> None:
    ended = call("run", "--profile", profile(safety, fixtures=fixtures))

    assert ended.status in {1, 3}
    assert methods(provider) == {"GET"}
    assert "is live, and" in ended.stdout
    assert not provider.journal.exists()


@pytest.mark.usefixtures("hurried")
def test_creates_keep_to_their_number_and_all_are_deleted(
    provider: Provider, profile: Write
) -> None:
    ended = call("run", "--profile", profile(LEAVE), report=True)

    assert len(provider.posted) == 3
    assert "all 3 creates that the profile allows" in ended.stdout
    assert provider.held == {}
    assert provider.unwritten == []
    assert not provider.journal.exists()
    paths = {each.split()[1] for each in provider.asked}
    assert not any(each.endswith(("start", "pause", "cancel")) for each in paths)
    for body in map(json.loads, provider.posted):
        assert body["from"] == "441632960101"
        assert body.get("segmentIds", [SEGMENT]) == [SEGMENT]
        assert body.get("includeUnsubscribed", False) is False
    told = ended.stdout + ended.stderr + json.dumps(ended.report)
    assert SECRET not in told
    assert "t0ken-number" not in told


def test_requests_come_no_faster_than_five_a_second(
    provider: Provider, orders: tuple[str, ...]
) -> None:
    call(*orders)

    gaps = [after - before for before, after in pairwise(provider.came)]
    assert len(gaps) > len(provider.posted) == 12
    assert min(gaps) >= 0.199


@pytest.mark.usefixtures("hurried")
def test_refused_create_is_sent_once_though_there_is_another_token(
    provider: Provider, profile: Write
) -> None:
    provider.refuses = 2

    wanted = ("--profile", profile(LEAVE), "--phase", "cases")
    ended = call("run", *wanted, report=True)

    assert len(provider.posted) == len(set(provider.posted)) == 3
    assert provider.tokens == 2
    assert provider.held == {}
    assert not provider.journal.exists()
    assert "t0ken-number" not in ended.stdout + ended.stderr + json.dumps(ended.report)


@pytest.mark.usefixtures("hurried")
def test_replay_keeps_to_its_profile_too(provider: Provider, profile: Write) -> None:
    case = "retries.enum/valid-3"

    withheld = call("replay", case, "--profile", profile())
    before = list(provider.posted)
    ended = call("replay", case, "--profile", profile(LEAVE))

    assert (withheld.status, before) == (3, [])
    assert ended.status != 4
    assert 0 < len(provider.posted) <= 3
    assert provider.held == {}
    assert provider.unwritten == []


def test_dry_run_tells_what_the_profile_allows(
    provider: Provider, profile: Write
) -> None:
    path = Path(profile(LEAVE))
    unset = '= { env = "NOBODY_SETS_IT" }'
    path.write_text(re.sub(r'= "me"|(?<=segment )= ".*"', unset, path.read_text()))

    ended = call("run", "--profile", str(path), "--dry-run")

    assert ended.status == 0, ended.stderr
    assert "live: one request at a time, 5 a second at most" in ended.stdout
    assert "3 creates could be accepted" in ended.stdout
    assert "beyond what the profile allows" in ended.stdout
    assert provider.asked == []


def test_pace_of_a_profile_is_no_faster_than_a_live_target_takes(
    profile: Write,
) -> None:
    more = "[pacing]\nrate = 50\nworkers = 8\n"

    fast = call("run", "--profile", profile(more), "--dry-run")
    slow = call("run", "--profile", profile(more), "--dry-run", "--rate", "2/s")

    assert "live: one request at a time, 5 a second at most" in fast.stdout
    assert "live: one request at a time, 2 a second at most" in slow.stdout


@pytest.mark.parametrize("command", ["run", "replay"])
def test_leave_is_for_no_other_target(
    provider: Provider, profile: Write, command: str
) -> None:
    cases = ("name.required/missing",) if command == "replay" else ()

    ended = call(command, *cases, ELSEWHERE, "--profile", profile(LEAVE))

    assert ended.status == 2
    assert f"{ELSEWHERE} is not the target of" in ended.stderr
    assert "hint: " in ended.stderr
    assert provider.asked == []


def test_calling_a_target_elsewhere_not_live_unlocks_nothing(
    provider: Provider, profile: Write
) -> None:
    # What is meant for elsewhere goes to a proxy on this machine.
    safety = "live = false\nallow_create = true\nmax_creates = 9\nallow_start = true\n"
    mine = profile(safety, url=ELSEWHERE, fixtures="")

    ended = call("run", "--profile", mine, http_proxy=provider.url)

    assert f"{ELSEWHERE} is live, and" in ended.stdout
    assert methods(provider) == {"GET"}


# Ends that come early.


@pytest.mark.parametrize(
    ("started", "sign"),
    [({}, signal.SIGINT), ({}, signal.SIGTERM), ({}, signal.SIGHUP), (WINDOWS, BREAK)],
    ids=["int", "term", "hup", "windows"],
    indirect=["started"],
)
def test_interrupt_cleans_up_and_leaves_no_journal(
    started: Callable[..., subprocess.Popen[str]],
    provider: Provider,
    orders: tuple[str, ...],
    sign: signal.Signals,
) -> None:
    process = started(*orders)
    eventually(lambda: len(provider.posted) > 2)

    process.send_signal(sign)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "interrupted after" in out
    assert "Traceback" not in err
    assert len(provider.posted) < 6
    assert provider.held == {}
    assert provider.unwritten == []
    assert not provider.journal.exists()


def test_what_an_interrupt_could_not_delete_is_left_to_cleanup(
    started: Callable[..., subprocess.Popen[str]],
    provider: Provider,
    orders: tuple[str, ...],
) -> None:
    provider.lets_go = False
    process = started(*orders)
    eventually(lambda: provider.held)

    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert f"ringspec cleanup {provider.journal}" in out + err
    left = {(each.delete or "").rpartition("/")[2] for each in read(provider.journal)}
    assert left == set(provider.held)

    provider.lets_go = True
    ended = call("cleanup", str(provider.journal), *orders[1:3])

    assert ended.status == 0
    assert provider.held == {}
    assert "t0ken-number" not in provider.journal.read_text() + ended.stdout


def test_reader_that_has_had_enough_is_no_reason_to_leave_anything(
    started: Callable[..., subprocess.Popen[str]],
    provider: Provider,
    orders: tuple[str, ...],
) -> None:
    process = started(*orders, "--verbose")
    assert process.stdout is not None
    eventually(lambda: provider.held)

    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()
    process.wait(timeout=60)

    assert provider.held == {}
    assert provider.unwritten == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", "is not the target of"),
        ('allowed_hosts = ["127.0.0.1"]\n', "neither the target nor an allowed host"),
    ],
    ids=["profile", "allowed"],
)
def test_cleanup_shows_its_token_to_no_other_target(
    provider: Provider, profile: Write, more: str, said: str
) -> None:
    Journal(provider.journal).note(Entry(url=ELSEWHERE, delete=f"{BASE}/1"))

    ended = call(
        *("cleanup", str(provider.journal), "--profile", profile(more)),
        http_proxy=provider.url,
    )

    assert ended.status == 2
    assert said in ended.stderr
    assert provider.asked == []


def test_cleanup_shows_no_secret_and_writes_to_no_terminal(
    provider: Provider, profile: Write
) -> None:
    names = {"id": f"\x1b[2J\n{SECRET}"}
    held = Entry(url=provider.url, id=names, delete=f"{BASE}/1")
    Journal(provider.journal).note(held)

    ended = call("cleanup", str(provider.journal), "--profile", profile())

    assert SECRET not in ended.stdout + ended.stderr
    assert "\x1b" not in ended.stdout
    assert provider.asked[-1:] == [f"DELETE {BASE}/1"]
