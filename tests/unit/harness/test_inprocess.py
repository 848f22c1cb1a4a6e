"""An ASGI application in this process answers as it would over the network."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.inprocess import JSON, answering

from ringspec.harness import Exchange, Failure, Response, Trouble
from ringspec.harness.sending.exchange import ANSWER_LIMIT, Filling
from ringspec.harness.sending.inprocess import Application, InProcess
from ringspec.harness.sending.policy import checked_url, is_loopback
from ringspec.harness.sending.target import Target
from ringspec.spec import UsageError
from ringspec.strategies import Request, Slot

GZIP = (b"content-encoding", b"gzip")
FILLING = Filling(
    token="t0ken", token_url="http://127.0.0.1/oauth2/token?a=b", client_id="us"
)


def request(
    path: str = "/things", method: str = "POST", body: bytes = b"{}", **more: str
) -> Request:
    headers = {"Authorization": "Bearer {token}", **more}
    return Request(method=method, path=path, headers=tuple(headers.items()), body=body)


def fired(app: Application, asked: Request | None = None, **options: Any) -> Exchange:
    repeats = options.pop("repeats", 0)

    async def fire() -> Exchange:
        server = InProcess(app, **{"filling": FILLING, **options})
        try:
            return await server.exchange(asked or request(), repeats=repeats)
        finally:
            await server.close()

    return asyncio.run(fire())


def response_of(app: Application, asked: Request | None = None) -> Response:
    found = fired(app, asked).response
    assert found is not None
    return found


def failure_of(app: Application, **options: Any) -> Failure:
    found = fired(app, **options).failure
    assert found is not None
    return found


def heard(asked: Request, **options: Any) -> tuple[dict[str, Any], bytes]:
    """Return what the application is told of a request."""
    told: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told.update(scope=scope, message=await receive())
        await answering()(scope, receive, send)

    assert fired(app, asked, **options).failure is None
    assert told["message"]["more_body"] is False
    return told["scope"], told["message"]["body"]


def test_answer_is_brought_back_as_it_was_sent() -> None:
    exchange = fired(answering(headers=(*JSON, (b"X-Two", b"a"), (b"X-Two", b"b"))))

    assert exchange.response == Response(
        status=201,
        headers=(("content-type", "application/json"), ("x-two", "a"), ("x-two", "b")),
        body=b'{"a":1}',
    )
    assert exchange.url == "http://127.0.0.1/things"
    assert exchange.sent == 1
    # The token stays out.
    assert exchange.request.headers == (("Authorization", "Bearer {token}"),)


def test_request_arrives_as_a_server_would_see_it() -> None:
    scope, body = heard(request("/a%20b/c d?x=1&y=%2F", "PUT", b"xyz", Accept="a/b"))

    assert scope["method"] == "PUT"
    assert scope["path"] == "/a b/c d"
    assert scope["raw_path"] == b"/a%20b/c%20d"
    assert scope["query_string"] == b"x=1&y=%2F"
    assert dict(scope["headers"]) == {
        b"authorization": b"Bearer t0ken",
        b"accept": b"a/b",
        b"accept-encoding": b"identity",
        b"host": b"127.0.0.1",
        b"content-length": b"3",
    }
    assert body == b"xyz"


def test_without_a_token_its_header_is_left_out() -> None:
    scope, _ = heard(request(), filling=Filling())

    assert b"authorization" not in dict(scope["headers"])


def test_token_endpoint_is_asked_by_its_own_path() -> None:
    scope, body = heard(
        request(Slot.TOKEN_URL, body=b"client_id=" + Slot.CLIENT_ID.encode())
    )

    assert (scope["path"], scope["query_string"]) == ("/oauth2/token", b"a=b")
    assert body == b"client_id=us"
    assert dict(scope["headers"])[b"content-length"] == b"12"


@pytest.mark.parametrize(
    ("app", "method", "body"),
    [
        (answering(b"0123456789", parts=3), "POST", b"0123456789"),
        (answering(gzip.compress(b"plain"), headers=(GZIP,)), "POST", b"plain"),
        (answering(b"", 200, ((b"content-length", b"99"),)), "HEAD", b""),
        (answering(b"", 204, ((b"content-length", b"99"),)), "GET", b""),
        (answering(b"1234567", 200, ((b"content-length", b"7"),)), "GET", b"1234567"),
        (answering(b"1", 200, ((b"content-length", b"many"),)), "GET", b"1"),
    ],
    ids=["pieces", "compressed", "head", "no-content", "length", "no-number"],
)
def test_body_is_whole(app: Application, method: str, body: bytes) -> None:
    assert response_of(app, request(method=method, body=b"")).body == body


@pytest.mark.parametrize(
    ("app", "trouble"),
    [
        (answering(headers=(GZIP,)), Trouble.GARBLED),
        (answering(bytes(ANSWER_LIMIT + 10), parts=4), Trouble.GARBLED),
        (answering(headers=((b"content-length", b"8"),)), Trouble.DROPPED),
        (answering(headers=((b"content-length", b"6"),)), Trouble.DROPPED),
    ],
    ids=["not-compressed", "endless", "shorter", "longer"],
)
def test_body_that_is_not_as_it_says_is_a_failure(
    app: Application, trouble: Trouble
) -> None:
    failure = failure_of(app)

    assert failure.trouble is trouble
    assert failure.some


def behaving(behave: Callable[[Any, Any], Awaitable[None]]) -> Application:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await behave(receive, send)

    return app


async def raise_before(receive: Any, send: Any) -> None:
    raise ValueError


async def raise_amid(receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    raise TimeoutError


async def end_early(receive: Any, send: Any) -> None:
    await receive()


async def send_body_first(receive: Any, send: Any) -> None:
    await send({"type": "http.response.body", "body": b"early"})


async def send_trailers(receive: Any, send: Any) -> None:
    await send({"type": "http.response.trailers"})


@pytest.mark.parametrize(
    ("behave", "message", "some"),
    [
        (raise_before, "raised ValueError without an answer", False),
        (raise_amid, "raised TimeoutError in the midst of its answer", True),
        (end_early, "ended without an answer", False),
        (send_body_first, "raised RuntimeError without an answer", False),
        (send_trailers, "ended without an answer", False),
    ],
)
def test_application_that_fails_drops_the_connection(
    behave: Any, message: str, *, some: bool
) -> None:
    failure = failure_of(behaving(behave))

    assert failure.trouble is Trouble.DROPPED
    assert message in failure.message
    assert failure.some == some
    assert fired(behaving(behave), repeats=2).sent == 3


def test_application_that_hangs_runs_into_the_time_limit() -> None:
    async def hang(receive: Any, _: Any) -> None:
        await receive()
        await receive()  # nobody hangs up

    failure = failure_of(behaving(hang), timeout_s=0.02)

    assert failure.trouble is Trouble.TIMEOUT
    assert failure.message == "no whole answer within 0.02 seconds"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://127.0.0.1:1"])
def test_nothing_went_out_to_whom_nobody_could_connect(url: str) -> None:
    async def talk() -> Exchange:
        target = Target(url, filling=Filling(), timeout_s=3)
        request = Request(method="POST", path="/x", headers=(), body=b"{}")
        try:
            return await target.exchange(request, repeats=0)
        finally:
            await target.close()

    exchange = asyncio.run(talk())

    assert exchange.failure is not None
    assert not exchange.failure.went_out


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1", True),
        ("http://127.9.9.9:80/x", True),
        ("http://[::1]:8000", True),
        ("http://localhost:8000", True),
        ("http://LOCALHOST", True),
        ("http://0.0.0.0", False),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1@example.com", False),
        ("http://10.0.0.1", False),
        ("http://2130706433", False),
        ("http://127.1", False),
        ("http://[::1%25.example.com]", False),
    ],
)
def test_loopback_is_told_by_the_address_alone(url: str, *, loopback: bool) -> None:
    assert is_loopback(url) == loopback


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "127.0.0.1:80", "http://", "ftp://127.0.0.1", "http://a:b"),
        *(
            "http://[::1",
            "http://h?q=1",
            "http://h#f",
            "http://u:p@h",
            "http://h:99999",
        ),
    ],
)
def test_what_is_no_base_url_is_wrong_usage(url: str) -> None:
    with pytest.raises(UsageError):
        checked_url(url)
