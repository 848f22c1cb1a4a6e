"""A user's tests over the plugin's fixtures: they need not run, but must type-check."""

from __future__ import annotations

import httpx
import pytest

from ringspec.plugin import Mutants, Server


def created(server: Server) -> str:
    answer: httpx.Response = server.client.post("/voice/broadcasts", json={})
    location: str | None = answer.headers.get("Location")
    return location or server.url


@pytest.fixture
def slack(ringspec_mutant: Mutants) -> Server:
    return ringspec_mutant("delay-4321-accepted", dialect="canonical")


def test_where_it_is(ringspec_target: Server, ringspec_reference: Server) -> None:
    token: str | None = ringspec_target.token
    headers: dict[str, str] = ringspec_target.headers
    assert token is None or token in headers["Authorization"]
    assert created(ringspec_reference).startswith("/")


def test_mine(slack: Server) -> None:
    grant = (slack.token_url, slack.client_id, slack.client_secret)
    assert all(each.strip() for each in grant)
