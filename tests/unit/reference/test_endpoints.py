"""Answers of the reference that no conformance run asks of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ringspec.reference import ServerSettings, application

from .conftest import ALL, Send, body


def test_lone_surrogate_comes_back_escaped(send: Send) -> None:
    edits = {"/name": "\ud83d", "/voiceFlow/welcome/say": "\U0001f600"}

    answer = send(
        "POST",
        ALL,
        content=json.dumps(body("people", edits)).encode(),
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 201
    assert b'"\\ud83d"' in answer.content
    assert b'"\\ud83d\\ude00"' in answer.content


def test_list_shows_pages_oldest_first(send: Send) -> None:
    names = ["first", "second", "third"]
    for name in names:
        send("POST", ALL, body("people", {"/name": name}))

    pages = [send("GET", f"{ALL}?page={page}&pageSize=2").json() for page in (1, 2, 3)]

    assert [item["name"] for page in pages for item in page["items"]] == names
    assert pages[0]["pagination"] == {
        "page": 1,
        "pageSize": 2,
        "totalRecord": 3,
        "returnedRecord": 2,
        "remainingRecord": 1,
        "first": f"{ALL}?page=1&pageSize=2",
        "previous": None,
        "next": f"{ALL}?page=2&pageSize=2",
        "last": f"{ALL}?page=2&pageSize=2",
    }
    assert pages[2]["pagination"]["returnedRecord"] == 0


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


@pytest.mark.parametrize(("form", "status", "code"), FAILED.values(), ids=FAILED)
def test_token_is_refused(
    send: Send, form: dict[str, str], status: int, code: str
) -> None:
    answer = send("POST", TOKEN, data=form, token=None)

    assert answer.status_code == status
    assert answer.json()["error"] == code


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
def test_request_without_the_token_is_unauthorized(
    send: Send, header: str | bytes
) -> None:
    answer = send("GET", ALL, headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "authentication_failed"


JSON = {"Content-Type": "application/json"}
NOT_JSON = {
    "empty": b"",
    "truncated": b'{"name": "x',
    "garbage": b"broadcast",
    "two values": b"{} {}",
    "not UTF-8": b'{"name": "\xff"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a surrogate in UTF-8": b'{"name": "\xed\xa0\x80"}',
    "NaN": b'{"retries": NaN}',
    "Infinity": b'{"retries": -Infinity}',
    "a comma too many": b'{"retries": 0,}',
    "an integer too long for Python": b'{"retries": ' + b"9" * 5000 + b"}",
    "a float too large": b'{"retries": 1e999}',
    "nested beyond recursion": b"[" * 100_000 + b"]" * 100_000,
    "nested too deeply to be written": b'{"file": ' + b"[" * 500 + b"]" * 500 + b"}",
}


@pytest.mark.parametrize("content", NOT_JSON.values(), ids=NOT_JSON)
def test_body_that_is_not_json_is_a_bad_request(send: Send, content: bytes) -> None:
    answer = send("POST", ALL, content=content, headers=JSON)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_request"


def test_many_brackets_are_not_deep(send: Send) -> None:
    rows: list[list[int]] = [[] for _ in range(500)]

    answer = send("POST", ALL, body("people", {"/file": {"rows": rows}}))

    assert answer.status_code == 201


def test_body_that_is_cut_off_crashes_nothing() -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    settings = ServerSettings(token="t")
    scope = {
        "type": "http",
        "method": "POST",
        "path": ALL,
        "query_string": b"",
        "headers": [
            (b"authorization", b"Bearer t"),
            (b"content-type", b"application/json"),
        ],
    }

    asyncio.run(application(settings)(scope, receive, send))

    assert sent[0]["status"] == 400


def test_large_body_of_unknown_length_is_refused(send: Send) -> None:
    async def chunks() -> Any:
        for _ in range(17):
            yield b" " * 2**16

    answer = send("POST", ALL, content=chunks(), headers=JSON)

    assert answer.status_code == 413
