"""Credentials that a contract wants in a header of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ringspec.spec import SpecError, load

from ..serving import served  # noqa: TID252 - tests are no distribution
from .conftest import Ended

DATA = Path(__file__).parent / "data"
CONTRACT = DATA / "api-key.yaml"
KEY = "key-of-nobody"


def server(is_let_in: Callable[[str | None], bool]) -> Starlette:
    """Serve the contract, and let in by what the header holds."""

    def refused(body: Any) -> bool:
        if not isinstance(body, dict) or not isinstance(body.get("a"), str):
            return True
        n = body.get("n")
        return isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= 5

    async def create(request: Request) -> Response:
        if not is_let_in(request.headers.get("X-Api-Key")):
            return JSONResponse({"error": "key"}, 401)
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError):
            return JSONResponse({"error": "json"}, 400)
        media_type = request.headers.get("Content-Type", "")
        if media_type.partition(";")[0] != "application/json":
            return JSONResponse({"error": "media type"}, 415)
        if refused(body):
            return JSONResponse({"error": "body"}, 400)
        return Response(json.dumps(body), 201, media_type="application/json")

    return Starlette(routes=[Route("/t", create, methods=["POST"])])


def run(ringspec: Callable[..., Ended], app: Starlette) -> Ended:
    with served(app) as url:
        return ringspec("run", url, "--contract", CONTRACT, "--bearer", KEY)


def test_a_key_goes_out_in_its_header(ringspec: Callable[..., Ended]) -> None:
    ended = run(ringspec, server(lambda key: key == KEY))

    assert ended.status == 0, ended.stdout
    assert "auth.token" in ended.having("pass")
    assert KEY not in json.dumps(ended.report)


@pytest.mark.parametrize(
    "is_let_in",
    [
        lambda key: key is not None,
        lambda key: key is None or key == KEY,
        lambda key: key is not None and key.startswith(KEY),
        lambda key: key is not None and key.lower() == KEY.lower(),
    ],
    ids=["any", "none", "beginning", "other case"],
)
def test_a_key_that_is_not_looked_at_is_noticed(
    ringspec: Callable[..., Ended], is_let_in: Callable[[str | None], bool]
) -> None:
    ended = run(ringspec, server(is_let_in))

    assert "auth.token" in ended.failing


def test_credentials_that_cannot_be_sent_are_refused_with_their_place() -> None:
    with pytest.raises(SpecError) as caught:
        load(DATA / "digest-credentials.yaml")

    assert "#/paths/~1t/post/security asks for credentials" in str(caught.value)
    assert "apiKey in a header" in caught.value.hint
