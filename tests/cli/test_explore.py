"""`ringspec run` with explore, as a command."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from ringspec.harness import Response
from ringspec.harness.sending.exchange import Jar
from ringspec.reference import Embedded, ServerSettings, application
from ringspec.strategies import Request, Slot

from .. import serving  # noqa: TID252 - tests are no distribution
from ..called import (  # noqa: TID252 - tests are no distribution
    at,
    call,
    ran,
)

Started = Callable[..., subprocess.Popen[str]]

WITHOUT = """
import sys
from ringspec.cli.main import status_of
status = status_of(["run", "--phase", "cases", "--select", "name", "--quiet"])
assert not {"hypothesis", "schemathesis"} & sys.modules.keys()
sys.exit(status)
"""


def test_embedded_server_stands_exploring() -> None:
    ended = call(
        "run", "--phase", "explore", "--examples", "40", "--level", "may", report=True
    )

    assert ended.status == 0, ended.stdout + ended.stderr
    assert ended.report["counts"]["cases"] == 41
    # A walk through the life cycle takes several.
    assert ended.report["counts"]["requests"] > 41
    assert ended.outcomes["body.accepted"] == "pass"
    assert ended.outcomes["answer.echo"] == "pass"
    assert ended.outcomes["name.required"] == "skipped"


def test_examples_come_after_the_phases_that_are_named() -> None:
    named = ("run", "--phase", "cases", "--select", "name")
    without = call(*named, report=True)

    ended = call(*named, "--examples", "12", report=True)

    assert ended.status == without.status == 0
    more = ended.report["counts"]["cases"] - without.report["counts"]["cases"]
    assert more == 12


def test_mutant_is_found_without_the_list() -> None:
    select = ("--select", "retryDelays.items", "--examples", "40")
    with Embedded(mutant="delay-4321-accepted") as mutant:
        told = [
            call("run", *at(mutant), "--phase=explore", *select, report=True)
            for _ in range(2)
        ]

    first, second = (failures(ended.report) for ended in told)
    (found,) = first
    assert [ended.status for ended in told] == [1, 1]
    assert found["rule"] == "retryDelays.items.max"
    assert found["case"].startswith("explore/retryDelays.items.max-")
    assert found["twin"] is None
    assert found["request"]["body"]["retryDelays"] == [4321]
    assert found["case"] in told[0].stdout
    assert [(each["case"], each["request"]) for each in second] == [
        (found["case"], found["request"])
    ]


def failures(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"rule": rule["id"], **failure}
        for rule in report["rules"]
        for failure in rule["failures"]
    ]


def test_interrupt_ends_exploring_at_once(started: Started) -> None:
    process = started("run", "--phase", "explore", "--examples", "100000")
    assert process.stdout is not None
    while "run" not in process.stdout.readline():
        assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)

    process.send_signal(signal.SIGINT)

    assert process.wait(10) == 130
    assert "interrupted after" in process.stdout.read()


def test_run_that_does_not_explore_loads_nothing_for_it() -> None:
    done = ran(sys.executable, "-c", WITHOUT)

    assert done.returncode == 0, done.stderr


TOKEN = (("Authorization", "Bearer {token}"),)


@dataclass
class Front:
    """What stands before the reference, and hands out cookies.

    Attributes:
        kind: `growing` sets ever more of them; `affinity` lets in only who gives one
            back; `session` takes one in place of the token.
        seen: by host, the cookies that came.
    """

    kind: str
    settings: ServerSettings = field(default_factory=ServerSettings)
    seen: list[tuple[str, str]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        cookie = headers.get("cookie", "")
        self.seen.append((headers.get("host", ""), cookie))
        number = next(self.numbers)
        new = [f"a{number}x{n}={'v' * 200}; Path=/" for n in range(9)]
        if self.kind == "affinity":
            new = [] if "node=" in cookie else [f"node={number}; HttpOnly"]
        if self.kind == "session":
            authorised = headers.get("authorization") == f"Bearer {self.settings.token}"
            new = ["sid=me"] if authorised else []
            if "sid=me" in cookie:
                shown = f"Bearer {self.settings.token}".encode()
                others = [it for it in scope["headers"] if it[0] != b"authorization"]
                scope = {**scope, "headers": [*others, (b"authorization", shown)]}

        async def answered(message: Any) -> None:
            if message["type"] == "http.response.start":
                more = [(b"set-cookie", each.encode()) for each in new]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        let_in = self.kind != "affinity" or "node=" in cookie
        if let_in or scope["path"].startswith("/oauth2"):
            await application(self.settings)(scope, receive, answered)
        else:
            await answered(
                {"type": "http.response.start", "status": 403, "headers": []}
            )
            await answered({"type": "http.response.body", "body": b"no node"})


@pytest.mark.parametrize("kind", ["growing", "affinity", "session"])
def test_cookies_are_of_their_origin_and_few(kind: str) -> None:
    front = Front(kind)
    with ExitStack() as stack:
        url, other = (stack.enter_context(serving.served(front)) for _ in range(2))
        ended = call(
            *("run", url, "--phase", "auth,cases", "--workers", "3"),
            *("--select", "auth", "--select", "body", "--select", "retries"),
            *("--client-id", front.settings.client_id),
            *("--client-secret", front.settings.client_secret),
            *("--token-url", f"{other}/oauth2/token"),
            report=True,
        )

    assert ended.status == 0, ended.stdout
    assert ended.outcomes["auth.token"] == ended.outcomes["auth.client"] == "pass"
    came: dict[str, list[str]] = {"http://" + host: [] for host, _ in front.seen}
    for host, cookie in front.seen:
        came["http://" + host].append(cookie)
    assert set(came[other]) == {""}
    assert any(came[url])
    assert max(map(len, came[url])) <= 4200
    if kind == "affinity":
        assert len({each for each in came[url] if each}) > 1  # each worker has its own


@pytest.mark.parametrize(
    ("cookies", "sent"),
    [
        (("a=1; Path=/; HttpOnly", "b=2"), "a=1; b=2"),
        (("a=1", "a=2"), "a=2"),
        (("a=1", "b=1", "a=x; Max-Age=0"), "b=1"),
        (("a=1", "a=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT"), ""),
        (("a=1; Max-Age=60; Expires=never", "b=2; max-age=1e999"), "a=1; b=2"),
        (("", "=x", "a=", "z", "b c=1", "d=\x1b", "e=\xe9", f"f={'x' * 5000}"), "a="),
        ([f"a{n}=1" for n in range(30)], "; ".join(f"a{n}=1" for n in range(10, 30))),
        (("a=1", f"b={'x' * 4000}", "c=" + "y" * 94), f"b={'x' * 4000}; c={'y' * 94}"),
    ],
)
def test_cookie_that_is_set_is_given_back(cookies: Any, sent: str) -> None:
    jar, headers = Jar(), tuple(("Set-Cookie", each) for each in cookies)
    mine = Request(method="GET", path="/x", headers=TOKEN, body=b"")
    others = Request(method="GET", path="/x", headers=(), body=b"")
    token = Request(method="POST", path=Slot.TOKEN_URL, headers=(), body=b"")
    answer = Response(status=200, headers=headers, body=b"")

    url = "http://127.0.0.1:1/x"
    jar.keep(mine, url, answer)
    jar.keep(token, url, answer)

    assert jar.added([], mine, url) == ([("Cookie", sent)] if sent else [])
    if sent:
        both = jar.added([("a", "b"), ("cookie", "own=1")], mine, url)
        assert both == [("a", "b"), ("Cookie", f"own=1; {sent}")]
    for request, to in ((mine, url.replace(":1/", ":2/")), (others, url), (token, url)):
        assert jar.added([], request, to) == []
