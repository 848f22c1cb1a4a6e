"""Bodies to send, and servers in process to send them to."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from ringspec.reference import Behaviour, ServerSettings, application

from ...plain import PLAIN  # noqa: TID252 - tests are no distribution

Send: TypeAlias = "Callable[..., httpx.Response]"

ALL = "/voice/broadcasts"
URL = "http://reference.invalid"
SECRETS: dict[str, Any] = {
    "client_id": "someone",
    "client_secret": "hush-hush",
    "token": "a-token-of-some-length",
}

PEOPLE: dict[str, Any] = PLAIN
_SURVEY = Path(__file__).parent / "data" / "survey.json"
SURVEY: dict[str, Any] = {**PEOPLE, **json.loads(_SURVEY.read_text("utf-8"))}
FILE: dict[str, Any] = {
    **{name: PEOPLE[name] for name in PEOPLE if name[:3] not in {"seg", "inc"}},
    "source": "file",
    "file": {"id": "c2a7e0d4-51b8-4f36-8a9e-7b6d3c1f0e25"},
}
BODIES = {"people": PEOPLE, "survey": SURVEY, "file": FILE}


def _edit(body: Any, pointer: str, value: object) -> Any:
    """Put a value at a JSON pointer; `...` removes the value there."""
    if pointer == "":
        return value
    *parents, last = pointer[1:].split("/")
    at = body
    for step in parents:
        at = at[int(step)] if isinstance(at, list) else at[step]
    key = int(last) if isinstance(at, list) else last
    if value is ...:
        del at[key]
    else:
        at[key] = value
    return body


def body(name: str = "people", edits: Mapping[str, object] | None = None) -> Any:
    """Make a copy of a named body, edited at JSON pointers."""
    made: Any = copy.deepcopy(BODIES[name])
    for pointer, value in (edits or {}).items():
        made = _edit(made, pointer, copy.deepcopy(value))
    return made


def started(behaviour: Behaviour | None = None, **settings: Any) -> Send:
    """Start a server in process; the result sends it requests."""
    app = application(ServerSettings(**{**SECRETS, **settings}), behaviour)

    def send(
        method: str,
        path: str,
        json: object = None,
        *,
        token: str | None = SECRETS["token"],
        **options: Any,
    ) -> httpx.Response:
        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
                request = http.build_request(method, path, json=json, **options)
                if token is not None:
                    request.headers.setdefault("Authorization", f"Bearer {token}")
                return await http.send(request)

        return asyncio.run(answer())

    return send


@pytest.fixture
def send() -> Send:
    """Send a request to a canonical server without a defect."""
    return started()
