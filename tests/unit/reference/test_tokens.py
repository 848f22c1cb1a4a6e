from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    Send: TypeAlias = "Callable[..., httpx.Response]"

ALL = "/voice/broadcasts"
TOKEN = "/oauth2/token"
FORM = {
    "client_id": "someone",
    "client_secret": "hush-hush",
    "grant_type": "client_credentials",
}
FAILED = {
    "unknown client": ({**FORM, "client_id": "nobody"}, 401, "invalid_client"),
    "wrong secret": ({**FORM, "client_secret": "hush"}, 401, "invalid_client"),
    "no client": ({"grant_type": "client_credentials"}, 401, "invalid_client"),
    "no grant": ({**FORM, "grant_type": ""}, 400, "unsupported_grant_type"),
    "other grant": ({**FORM, "grant_type": "password"}, 400, "unsupported_grant_type"),
    "repeated": ({**FORM, "client_id": ["a", "b"]}, 400, "invalid_request"),
}


def test_client_gets_a_token_that_is_admitted(send: Send) -> None:
    answer = send("POST", TOKEN, data=FORM, token=None)
    token = answer.json()["access_token"]

    listing = send("GET", ALL, token=token)

    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 86400
    assert answer.json()["token_type"] == "bearer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert listing.status_code == 200


@pytest.mark.parametrize(("form", "status", "code"), FAILED.values(), ids=FAILED)
def test_token_is_refused(
    send: Send, form: dict[str, str], status: int, code: str
) -> None:
    answer = send("POST", TOKEN, data=form, token=None)

    assert answer.status_code == status
    assert answer.json()["error"] == code


@pytest.mark.parametrize(
    "options",
    [
        {"json": FORM},
        {
            "content": b"\xff",
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
        {
            "content": b"client_id=someone&client_secret=hush-hush",
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
    ],
    ids=["json", "not UTF-8", "no grant type"],
)
def test_token_request_that_is_no_form_is_invalid(
    send: Send, options: dict[str, object]
) -> None:
    answer = send("POST", TOKEN, token=None, **options)

    assert answer.status_code in {400, 401}
    assert answer.json()["error"] in {"invalid_request", "invalid_client"}


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a-token-of-some-lengtH",
        "Bearer a-token-of-some-length x",
        "Basic a-token-of-some-length",
        "a-token-of-some-length",
        b"Bearer \xe9\xff",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ALL),
        ("GET", ALL),
        ("GET", f"{ALL}/x"),
        ("PUT", f"{ALL}/x"),
        ("DELETE", f"{ALL}/x"),
        ("POST", f"{ALL}/x/start"),
    ],
)
def test_request_without_the_token_is_unauthorized(
    send: Send, header: str | bytes, method: str, path: str
) -> None:
    answer = send(method, path, headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "authentication_failed"


def test_absent_token_is_unauthorized_before_the_body_is_read(send: Send) -> None:
    answer = send("POST", ALL, content=b"garbage", token=None)

    assert answer.status_code == 401


def test_scheme_is_known_in_any_case(send: Send) -> None:
    headers = {"Authorization": "bEARER a-token-of-some-length"}

    assert send("GET", ALL, headers=headers).status_code == 200
