"""Credentials: given, fetched, or at fault."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from ringspec.harness.sending import credentials as credentials_module
from ringspec.harness.sending.credentials import Credentials
from ringspec.spec import TargetError, UsageError

FULL = Credentials(
    client_id="me", client_secret="hush", token_url="http://127.0.0.1:1/oauth2/token"
)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the token endpoint answer so."""

    def answer(status: int, **content: Any) -> list[dict[str, str]]:
        forms: list[dict[str, str]] = []

        def respond(request: httpx.Request) -> httpx.Response:
            forms.append(dict(parse_qsl(request.content.decode())))
            return httpx.Response(status, **content)

        monkeypatch.setattr(
            credentials_module, "transport", lambda **_: httpx.MockTransport(respond)
        )
        return forms

    return answer


def test_no_credentials_are_no_token() -> None:
    assert Credentials().token(1) is None
    assert Credentials(bearer=" ").token(1) is None


def test_token_is_taken_without_the_space_around_it() -> None:
    assert Credentials(bearer="abc\n").token(1) == "abc"


@pytest.mark.parametrize("bearer", ["a b", "ü", "a\nb", "\x00"])
def test_token_that_fits_no_header_is_wrong_usage(bearer: str) -> None:
    with pytest.raises(UsageError) as raised:
        Credentials(bearer=bearer).token(1)

    assert bearer not in str(raised.value)


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials(client_id="me"),
        Credentials(client_secret="hush"),
        Credentials(token_url="http://127.0.0.1:1"),
        Credentials(client_id="me", client_secret="hush"),
    ],
)
def test_half_of_a_client_is_wrong_usage(credentials: Credentials) -> None:
    with pytest.raises(UsageError, match="belong together"):
        credentials.token(1)


def test_token_is_fetched_by_client_credentials(endpoint: Any) -> None:
    forms = endpoint(200, json={"access_token": "fetched"})

    token = FULL.token(1)

    assert token == "fetched"
    assert forms[0]["grant_type"] == "client_credentials"
    assert forms[0]["client_secret"] == "hush"


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (401, {"json": {"error": "invalid_client"}}),
        (200, {"json": {}}),
        (200, {"json": []}),
        (200, {"json": {"access_token": 7}}),
        (200, {"text": "<html>"}),
        (302, {"headers": {"location": "http://example.com"}}),
    ],
)
def test_endpoint_without_a_token_is_a_fault_of_the_target(
    endpoint: Any, status: int, content: dict[str, Any]
) -> None:
    endpoint(status, **content)

    with pytest.raises(TargetError) as raised:
        FULL.token(1)

    assert "hush" not in str(raised.value)


def test_secrets_stay_out_of_the_representation() -> None:
    credentials = Credentials(bearer="b34r3r", client_secret="hush")

    assert credentials.secrets() == ("b34r3r", "hush")
    assert "b34r3r" not in repr(credentials)
    assert "hush" not in repr(credentials)


@pytest.mark.parametrize("given", [{"header": "X-Api-Key"}, {"value": "k"}])
def test_half_of_a_header_is_wrong_usage(given: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="header and value belong together"):
        Credentials(**given).token(1)


def test_what_another_header_carries_may_have_blanks_within() -> None:
    credentials = Credentials(header="X-Api-Key", value=" Key abc ")

    assert credentials.token(1) == "Key abc"
    assert credentials.secrets() == (" Key abc ",)
    assert "abc" not in repr(credentials)


@pytest.mark.parametrize(
    ("header", "value"), [("X Api", "k"), ("", "k"), ("X-Api-Key", "a\nb")]
)
def test_a_header_that_cannot_be_sent_is_wrong_usage(header: str, value: str) -> None:
    with pytest.raises(UsageError):
        Credentials(header=header, value=value).token(1)


def test_what_is_given_is_not_renewed() -> None:
    assert Credentials(bearer="b").renewal(1) is None
    assert Credentials(header="X-Api-Key", value="k").renewal(1) is None
    assert Credentials().renewal(1) is None


@pytest.mark.parametrize(
    ("told", "due"),
    [(3600, 3600.0), (0.5, 0.5), (0, None), (-1, None), ("3600", None), (True, None)],
)
def test_how_long_a_token_lasts_is_taken_where_it_is_told(
    endpoint: Any, told: Any, due: float | None
) -> None:
    endpoint(200, json={"access_token": "t", "expires_in": told})

    assert asyncio.run(FULL.grant(1)).expires_in == due


def test_a_token_that_is_fetched_can_be_fetched_again(endpoint: Any) -> None:
    forms = endpoint(200, json={"access_token": "fetched", "expires_in": 3600})

    renewal = FULL.renewal(1)

    assert renewal is not None
    assert renewal.token == "fetched"
    assert len(forms) == 1
