"""Credentials go where a request leaves a place for them, and nowhere else."""

from __future__ import annotations

from ringspec.harness.sending.placeholders import Filling
from ringspec.strategies import (
    CLIENT_ID,
    TOKEN,
    TOKEN_CUT,
    TOKEN_SWAPPED,
    TOKEN_URL,
    Request,
)

FILLING = Filling(
    token="abCD12", token_url="http://127.0.0.1:9/token", client_id="someone"
)


def asking(value: str, path: str = "/x", body: bytes = b"") -> Request:
    return Request(
        method="POST", path=path, headers=(("Authorization", value),), body=body
    )


def header(filling: Filling, value: str) -> list[str]:
    return [filled for _, filled in filling.headers(asking(value))]


def test_token_is_put_in_place_in_each_of_its_forms() -> None:
    assert header(FILLING, f"Bearer {TOKEN}") == ["Bearer abCD12"]
    assert header(FILLING, f"Bearer {TOKEN}x") == ["Bearer abCD12x"]
    assert header(FILLING, f"Bearer {TOKEN_CUT}") == ["Bearer abCD1"]
    assert header(FILLING, f"Bearer {TOKEN_SWAPPED}") == ["Bearer ABcd12"]
    assert header(FILLING, "Bearer other") == ["Bearer other"]


def test_header_that_needs_a_token_is_left_out_without_one() -> None:
    for place in (TOKEN, TOKEN_CUT, TOKEN_SWAPPED):
        assert header(Filling(), f"Bearer {place}") == []


def test_all_forms_of_the_token_are_secrets() -> None:
    assert list(FILLING.secrets()) == ["abCD12", "abCD1", "ABcd12"]
    assert list(Filling().secrets()) == []


def test_token_endpoint_has_its_own_address_and_the_clients_id() -> None:
    form = f"client_id={CLIENT_ID}".encode()
    request = asking("x", TOKEN_URL, form)

    assert FILLING.url("http://127.0.0.1:8", request) == "http://127.0.0.1:9/token"
    assert FILLING.body(request) == b"client_id=someone"


def test_other_bodies_stay_as_they_are() -> None:
    request = asking("x", "/x", CLIENT_ID.encode())

    assert FILLING.url("http://127.0.0.1:8", request) == "http://127.0.0.1:8/x"
    assert FILLING.body(request) == CLIENT_ID.encode()


def test_token_is_not_shown() -> None:
    assert "abCD12" not in repr(FILLING)
