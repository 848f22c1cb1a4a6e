"""Credentials: given, fetched or at fault, and put where a request has their place."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from ringspec.harness.sending import credentials as credentials_module
from ringspec.harness.sending.credentials import Credentials
from ringspec.harness.sending.exchange import Filling
from ringspec.spec import TargetError, UsageError
from ringspec.strategies import Request, Slot

FULL = Credentials(
    client_id="me", client_secret="hush", token_url="http://127.0.0.1:1/oauth2/token"
)
FILLING = Filling(
    token="abCD12", token_url="http://127.0.0.1:9/token", client_id="someone"
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


@pytest.mark.parametrize(
    ("given", "token"),
    [
        ({}, None),
        ({"bearer": " "}, None),
        ({"bearer": "abc\n"}, "abc"),
        ({"header": "X-Api-Key", "value": " Key abc "}, "Key abc"),
    ],
    ids=["none", "blank", "bearer", "header"],
)
def test_token_that_is_given_is_neither_fetched_nor_renewed(
    given: dict[str, str], token: str | None
) -> None:
    filling = Credentials(**given).filling(1)

    assert filling.token == token
    assert filling.renewal is None


@pytest.mark.parametrize("bearer", ["a b", "ü", "a\nb", "\x00"])
def test_token_that_fits_no_header_is_wrong_usage(bearer: str) -> None:
    with pytest.raises(UsageError) as raised:
        Credentials(bearer=bearer).filling(1)

    assert bearer not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"client_id": "me"}, "belong together"),
        ({"client_secret": "hush"}, "belong together"),
        ({"token_url": "http://127.0.0.1:1"}, "belong together"),
        ({"client_id": "me", "client_secret": "hush"}, "belong together"),
        ({"header": "X-Api-Key"}, "header and value belong together"),
        ({"value": "k"}, "header and value belong together"),
        ({"header": "X Api", "value": "k"}, "no name of a header"),
        ({"header": "X-Api-Key", "value": "a\nb"}, "no header can hold"),
    ],
)
def test_half_of_what_is_needed_is_wrong_usage(
    given: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        Credentials(**given).filling(1)


@pytest.mark.parametrize(
    ("expires_in", "lasts"),
    [
        (3600, True),
        (0.5, True),
        (10**400, True),
        (0, False),
        (-1, False),
        ("3600", False),
        (True, False),
    ],
)
def test_token_is_fetched_by_client_credentials_and_again_before_it_expires(
    endpoint: Any, expires_in: Any, *, lasts: bool
) -> None:
    forms = endpoint(200, json={"access_token": "got", "expires_in": expires_in})

    filling = FULL.filling(1)

    assert filling.token == "got"
    assert forms == [
        {"grant_type": "client_credentials", "client_id": "me", "client_secret": "hush"}
    ]
    assert filling.renewal is not None
    assert math.isfinite(filling.renewal._due) == lasts


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
        FULL.filling(1)

    assert "hush" not in str(raised.value)


def test_secrets_are_listed_and_stay_out_of_the_representation() -> None:
    credentials = Credentials(bearer="b34r3r", client_secret="hush", value="v4lue")

    assert credentials.secrets() == ("b34r3r", "hush", "v4lue")
    assert list(FILLING.secrets()) == ["abCD12", "abCD1", "ABcd12"]
    assert list(Filling().secrets()) == []
    shown = repr(credentials) + repr(FILLING)
    assert not any(each in shown for each in ("b34r3r", "hush", "v4lue", "abCD12"))


def asking(value: str, path: str = "/x", body: bytes = b"") -> Request:
    return Request(
        method="POST", path=path, headers=(("Authorization", value),), body=body
    )


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        (Slot.TOKEN, "abCD12"),
        (f"{Slot.TOKEN}x", "abCD12x"),
        (Slot.TOKEN_CUT, "abCD1"),
        (Slot.TOKEN_SWAPPED, "ABcd12"),
        ("other", "other"),
    ],
)
def test_token_is_put_in_place_in_each_of_its_forms(value: str, filled: str) -> None:
    request = asking(f"Bearer {value}")

    assert FILLING.headers(request) == [("Authorization", f"Bearer {filled}")]
    # Without a token the header that needs one is left out.
    assert len(Filling().headers(request)) == (value == "other")
