"""Credentials: given, fetched, or at fault."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ringspec.harness.credentials import Credentials
from ringspec.spec import TargetError, UsageError

FULL = Credentials(
    client_id="me", client_secret="hush", token_url="http://127.0.0.1:1/oauth2/token"
)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the token endpoint answer so."""

    def answer(status: int, **content: Any) -> list[dict[str, str]]:
        forms: list[dict[str, str]] = []

        def post(url: str, *, data: dict[str, str], **_: Any) -> httpx.Response:
            forms.append(data)
            return httpx.Response(status, request=httpx.Request("POST", url), **content)

        monkeypatch.setattr(httpx, "post", post)
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
