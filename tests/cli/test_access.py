"""Headers, Basic credentials and certificates that options give."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from string import Template
from typing import Any

import pytest

from ringspec.reference import ServerSettings, application
from ringspec.reports import FORMATS

from ..called import Ended  # noqa: TID252 - tests are no distribution
from ..serving import served as serving  # noqa: TID252 - tests are no distribution

TOKEN, KEY, PASSWORD = "own-token-of-7", "k3y-0f-m1ne-77", "pa55w0rd:of-mine"
BASIC = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
TENANT = ("--header=X-Tenant=acme", f"--header=x-api-key={KEY}")
Ringspec = Callable[..., Ended]
Seen = list[dict[str, str]]


@pytest.fixture
def gated() -> Iterator[tuple[str, Seen]]:
    """Serve a mutant that takes Basic credentials too; note the headers that come."""
    app: Any = application(ServerSettings(token=TOKEN, mutant="delay-4321-accepted"))
    seen: Seen = []

    async def gate(scope: Any, receive: Any, send: Any) -> None:
        seen.append({name.decode(): each.decode() for name, each in scope["headers"]})
        given, right = f"Basic {BASIC}".encode(), f"Bearer {TOKEN}".encode()
        known = [(it[0], right if it[1] == given else it[1]) for it in scope["headers"]]
        await app({**scope, "headers": known}, receive, send)

    with ExitStack() as stack:
        yield stack.enter_context(serving(gate)), seen


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ((f"--bearer={TOKEN}", *TENANT), "${RINGSPEC_HEADERS_X_API_KEY}"),
        ((f"--user=me:{PASSWORD}", *TENANT), "Basic $RINGSPEC_TOKEN"),
        ((f"--header=AUTHORIZATION=bearer {TOKEN}", *TENANT), "X-Tenant: acme"),
    ],
)
def test_what_is_given_goes_with_every_request_and_secrets_show_nowhere(
    ringspec: Ringspec,
    gated: tuple[str, Seen],
    tmp_path: Path,
    options: tuple[str, ...],
    shown: str,
) -> None:
    url, seen = gated
    names = [name for name in FORMATS if name != "evidence"]
    reports = [f"--report={name}={tmp_path / name}" for name in names]
    chosen = ("--select=retryDelays.items", "--select=auth", "--select=X-version")

    ended = ringspec("run", url, *options, *chosen, *reports, "--level=may")
    line = next(it for it in ended.stdout.splitlines() if "  ringspec replay" in it)
    secrets = {"TOKEN": TOKEN, "USER": f"me:{PASSWORD}", "HEADERS_X_API_KEY": KEY}
    secrets["HEADERS_AUTHORIZATION"] = f"bearer {TOKEN}"
    filled = Template(line).substitute(
        {f"RINGSPEC_{it}": secrets[it] for it in secrets}
    )
    again = ringspec(*shlex.split(filled, comments=True)[1:])

    failing = json.loads((tmp_path / "json").read_text())["rules"]
    told = [ended.stdout, ended.stderr, again.stdout, again.stderr]
    told += [(tmp_path / name).read_text() for name in names]
    assert {it["id"] for it in failing if it["failures"]} == {"retryDelays.items.max"}
    assert (ended.status, again.status) == (1, 1)
    assert shown in ended.stdout
    assert not [it for it in told for secret in (KEY, PASSWORD, BASIC) if secret in it]
    assert {(it["x-tenant"], it["x-api-key"]) for it in seen} == {("acme", KEY)}
    assert any("authorization" not in it for it in seen)


def test_line_break_after_a_header_is_left_out(ringspec: Ringspec) -> None:
    ended = ringspec("run", "http://127.0.0.1:9", "--header=X-Key=hush-hush\n")

    assert ended.status == 3
    assert "hush-hush" not in ended.stdout + ended.stderr
