from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from ringspec.reference import ServerSettings, application

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    Send: TypeAlias = "Callable[..., httpx.Response]"
    Body: TypeAlias = "Callable[..., Any]"

ALL = "/voice/broadcasts"
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


def test_many_brackets_are_not_deep(send: Send, body: Body) -> None:
    rows: list[list[int]] = [[] for _ in range(500)]

    answer = send("POST", ALL, body("people", {"/file": {"rows": rows}}))

    assert answer.status_code == 201


def test_last_of_duplicate_members_counts(send: Send) -> None:
    content = b'{"name": 1, "name": "x"}'

    error = send("POST", ALL, content=content, headers=JSON).json()["error"]

    assert "name.type" not in error["rules"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'Application/JSON;charset="UTF-8"',
        "application/json; profile=x",
    ],
)
def test_json_by_any_label_is_accepted(
    send: Send, body: Body, content_type: str
) -> None:
    headers = {"Content-Type": content_type}

    assert send("POST", ALL, body(), headers=headers).status_code == 201


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/json5", ""],
)
def test_other_content_type_is_unsupported(
    send: Send, body: Body, content_type: str
) -> None:
    answer = send("POST", ALL, body(), headers={"Content-Type": content_type})

    assert answer.status_code == 415
    assert "error" in answer.json()


def test_other_charset_is_unsupported(send: Send, body: Body) -> None:
    headers = {"Content-Type": "application/json; charset=latin-1"}

    assert send("POST", ALL, body(), headers=headers).status_code == 415


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


def test_large_body_is_refused_by_its_length(send: Send) -> None:
    answer = send("POST", ALL, content=b" " * (2**20 + 1), headers=JSON)

    assert answer.status_code == 413
    assert "error" in answer.json()


def test_large_body_of_unknown_length_is_refused(send: Send) -> None:
    async def chunks() -> Any:
        for _ in range(17):
            yield b" " * 2**16

    answer = send("POST", ALL, content=chunks(), headers=JSON)

    assert answer.status_code == 413


@pytest.mark.parametrize("version", ["2023-03-25", "v1"])
def test_version_header_is_ignored(send: Send, body: Body, version: str) -> None:
    answer = send("POST", ALL, body(), headers={"X-version": version})

    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", ALL, "GET, HEAD, POST"),
        ("OPTIONS", f"{ALL}/x", "DELETE, GET, HEAD, PUT"),
        ("GET", f"{ALL}/x/start", "POST"),
        ("GET", "/oauth2/token", "POST"),
    ],
)
def test_other_method_is_not_allowed(
    send: Send, method: str, path: str, allow: str
) -> None:
    answer = send(method, path)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == allow
    assert answer.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path", ["/", "/voice", f"{ALL}/", f"{ALL}/unknown", f"{ALL}/x/y/z"]
)
def test_unknown_path_is_not_found(send: Send, path: str) -> None:
    answer = send("GET", path)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "resource_not_found"
