"""An ASGI application in this process answers as it would over the network."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest

from ringspec.harness import Exchange, Trouble
from ringspec.harness.sending.inprocess import Application, InProcess
from ringspec.harness.sending.placeholders import Filling
from ringspec.harness.sending.target import ANSWER_LIMIT
from ringspec.strategies import CLIENT_ID, TOKEN_URL, Request

JSON = ((b"Content-Type", b"application/json"),)


def request(
    path: str = "/things", method: str = "POST", body: bytes = b"{}", **more: str
) -> Request:
    headers = {"Authorization": "Bearer {token}", **more}
    return Request(method=method, path=path, headers=tuple(headers.items()), body=body)


def fired(
    app: Application,
    asked: Request | None = None,
    *,
    token: str | None = "t0ken",
    timeout_s: float = 5.0,
    repeats: int = 0,
) -> Exchange:
    async def fire() -> Exchange:
        server = InProcess(app, filling=Filling(token=token), timeout_s=timeout_s)
        try:
            return await server.exchange(asked or request(), repeats=repeats)
        finally:
            await server.close()

    return asyncio.run(fire())


def answering(
    body: bytes = b'{"a":1}',
    status: int = 201,
    headers: tuple[tuple[bytes, bytes], ...] = JSON,
    parts: int = 1,
) -> Application:
    """Answer always the same, in one piece or in several."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(
            {"type": "http.response.start", "status": status, "headers": headers}
        )
        size = -(-len(body) // parts) or 1
        for number in range(parts):
            piece = body[number * size : (number + 1) * size]
            more = number + 1 < parts
            message = {"type": "http.response.body", "body": piece, "more_body": more}
            await send(message)

    return app


def heard(asked: Request, token: str | None = "t0ken") -> tuple[dict[str, Any], bytes]:
    """Return what the application is told of a request."""
    told: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told.update(scope=scope, message=await receive())
        await answering()(scope, receive, send)

    assert fired(app, asked, token=token).failure is None
    assert told["message"]["more_body"] is False
    return told["scope"], told["message"]["body"]


def test_answer_is_brought_back_as_it_was_sent() -> None:
    exchange = fired(answering(headers=(*JSON, (b"X-Two", b"a"), (b"X-Two", b"b"))))

    assert exchange.failure is None
    assert exchange.response is not None
    assert exchange.response.status == 201
    assert exchange.response.body == b'{"a":1}'
    assert exchange.response.headers == (
        ("content-type", "application/json"),
        ("x-two", "a"),
        ("x-two", "b"),
    )
    assert exchange.url == "http://127.0.0.1/things"
    assert exchange.sent == 1


def test_answer_in_pieces_is_put_together() -> None:
    exchange = fired(answering(b"0123456789", parts=3))

    assert exchange.response is not None
    assert exchange.response.body == b"0123456789"


def test_request_arrives_as_a_server_would_see_it() -> None:
    scope, body = heard(request("/a%20b/c d?x=1&y=%2F", "PUT", b"xyz", Accept="a/b"))

    headers = dict(scope["headers"])
    assert scope["method"] == "PUT"
    assert scope["path"] == "/a b/c d"
    assert scope["raw_path"] == b"/a%20b/c%20d"
    assert scope["query_string"] == b"x=1&y=%2F"
    assert headers[b"authorization"] == b"Bearer t0ken"
    assert headers[b"accept"] == b"a/b"
    assert headers[b"accept-encoding"] == b"identity"
    assert headers[b"host"] == b"127.0.0.1"
    assert headers[b"content-length"] == b"3"
    assert body == b"xyz"


def test_get_without_a_body_names_no_length() -> None:
    scope, body = heard(request(method="GET", body=b""))

    assert b"content-length" not in dict(scope["headers"])
    assert body == b""


def test_without_a_token_its_header_is_left_out() -> None:
    scope, _ = heard(request(), token=None)

    assert b"authorization" not in dict(scope["headers"])


def test_token_endpoint_is_asked_by_its_own_path() -> None:
    told: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told.update(scope=scope, message=await receive())
        await answering()(scope, receive, send)

    filling = Filling(token_url="http://127.0.0.1/oauth2/token?a=b", client_id="us")
    asked = request(TOKEN_URL, body=b"client_id=" + CLIENT_ID.encode())

    exchange = asyncio.run(InProcess(app, filling=filling).exchange(asked))

    assert exchange.url == "http://127.0.0.1/oauth2/token?a=b"
    assert told["scope"]["path"] == "/oauth2/token"
    assert told["scope"]["query_string"] == b"a=b"
    assert told["message"]["body"] == b"client_id=us"
    assert dict(told["scope"]["headers"])[b"content-length"] == b"12"


def test_token_stays_out_of_the_exchange() -> None:
    exchange = fired(answering())

    assert exchange.request.headers == (("Authorization", "Bearer {token}"),)


def test_compressed_answer_is_unfolded() -> None:
    headers = (*JSON, (b"content-encoding", b"gzip"))

    exchange = fired(answering(gzip.compress(b"plain"), headers=headers))

    assert exchange.response is not None
    assert exchange.response.body == b"plain"


def test_answer_that_is_not_compressed_as_it_says_is_garbled() -> None:
    exchange = fired(answering(headers=((b"content-encoding", b"gzip"),)))

    assert exchange.failure is not None
    assert exchange.failure.trouble is Trouble.GARBLED
    assert exchange.failure.some


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("GET", 204)], ids=["head", "no-content"]
)
def test_answer_without_a_body_may_name_a_length(method: str, status: int) -> None:
    app = answering(b"", status, ((b"content-length", b"99"),))

    exchange = fired(app, request(method=method, body=b""))

    assert exchange.response is not None
    assert exchange.response.body == b""


@pytest.mark.parametrize("length", [b"8", b"6"], ids=["shorter", "longer"])
def test_body_of_another_length_than_it_says_is_dropped(length: bytes) -> None:
    exchange = fired(answering(headers=((b"content-length", length),)))

    assert exchange.failure is not None
    assert exchange.failure.trouble is Trouble.DROPPED
    assert exchange.failure.some


@pytest.mark.parametrize("length", [b"7", b"many"], ids=["right", "no-number"])
def test_body_of_the_length_that_it_says_is_whole(length: bytes) -> None:
    assert fired(answering(headers=((b"content-length", length),))).failure is None


def test_exception_before_the_answer_drops_the_connection() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError

    exchange = fired(app, repeats=2)

    assert exchange.failure is not None
    assert exchange.failure.trouble is Trouble.DROPPED
    assert "raised ValueError without an answer" in exchange.failure.message
    assert not exchange.failure.some
    assert exchange.sent == 3


def test_exception_in_the_midst_of_an_answer_drops_the_connection() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        raise TimeoutError

    exchange = fired(app)

    assert exchange.failure is not None
    assert exchange.failure.trouble is Trouble.DROPPED
    assert exchange.failure.some


def test_exception_after_the_answer_is_the_applications_own_affair() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answering()(scope, receive, send)
        raise ValueError

    assert fired(app).failure is None


def test_application_that_ends_without_an_answer_drops_the_connection() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    exchange = fired(app)

    assert exchange.failure is not None
    assert exchange.failure.trouble is Trouble.DROPPED


@pytest.mark.parametrize(
    "first",
    [
        {"type": "http.response.body", "body": b"early"},
        {"type": "http.response.trailers"},
    ],
    ids=["body", "trailers"],
)
def test_application_that_breaks_the_protocol_drops_the_connection(
    first: dict[str, Any],
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(first)

    exchange = fired(app)

    assert exchange.failure is not None
    assert exchange.failure.trouble is Trouble.DROPPED


def test_application_that_hangs_runs_into_the_time_limit() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await receive()  # nobody hangs up

    exchange = fired(app, timeout_s=0.02)

    assert exchange.failure is not None
    assert exchange.failure.trouble is Trouble.TIMEOUT
    assert exchange.failure.message == "no whole answer within 0.02 seconds"


def test_application_that_hangs_after_its_answer_has_answered() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answering()(scope, receive, send)
        await asyncio.sleep(60)

    assert fired(app, timeout_s=0.02).failure is None


def test_endless_answer_is_garbled() -> None:
    exchange = fired(answering(bytes(ANSWER_LIMIT + 10), parts=4))

    assert exchange.failure is not None
    assert exchange.failure.trouble is Trouble.GARBLED
    assert "longer than 8 MiB" in exchange.failure.message
