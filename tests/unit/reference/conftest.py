"""Bodies to send, and servers in process to send them to."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ringspec.reference import ServerSettings, application

from ...plain import PLAIN  # noqa: TID252 - tests are no distribution

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

URL = "http://reference.invalid"
SECRETS: dict[str, Any] = {
    "client_id": "someone",
    "client_secret": "hush-hush",
    "token": "a-token-of-some-length",
}
SEGMENT = "3b0f8a52-6c1d-4e7b-9a44-0d2f5c6e7a81"

PEOPLE: dict[str, Any] = PLAIN
SURVEY: dict[str, Any] = {
    **PEOPLE,
    "name": "Service survey",
    "retries": 2,
    "retryOnNoInput": True,
    "retryOnFailed": True,
    "retryDelays": [240, 15],
    "scheduledAt": None,
    "calendarId": "5A1C9F60-2e34-4b7d-8f02-6d7e8c9b0a12",
    "distribution": "none",
    "language": "en-GB",
    "voice": "man",
    "voiceFlow": {
        "machineDetection": True,
        "voicemail": {"say": "We will call again."},
        "welcome": {"say": "Hello, this is a short survey.", "replay": 1},
        "menu": {
            "say": "Press 1 if satisfied, 2 if not, 9 for an agent.",
            "replay": 1,
            "choices": [
                {"key": "1", "say": "Thank you."},
                {"key": "2", "prompt": "https://example.com/audio/notice.mp3"},
                {
                    "key": "9",
                    "transfer": {
                        "destination": "441632960199",
                        "attempts": 2,
                        "timeout": 20,
                        "whisper": {"say": "Survey call"},
                    },
                },
            ],
        },
        "end": {"say": "Goodbye."},
    },
    "actions": {
        "status": {
            "delivered": [{"attribute": "last_call", "value": "answered"}],
            "failed": {
                "sms": {
                    "message": "We tried to reach you.",
                    "senderServiceId": "9d4e6b71-0c35-4a8f-b2e9-1f7a5c3d8e06",
                }
            },
        },
        "inputs": {
            "1": [{"attribute": "satisfied", "value": True}],
            "star": [{"attribute": "score", "value": 3}],
        },
    },
}
FILE: dict[str, Any] = {
    **{name: PEOPLE[name] for name in PEOPLE if name[:3] not in {"seg", "inc"}},
    "source": "file",
    "file": {"id": "c2a7e0d4-51b8-4f36-8a9e-7b6d3c1f0e25"},
}
DYNAMIC = {**PEOPLE, "distribution": "dynamic", "dynamicName": "Evening load"}
SDK: dict[str, Any] = {
    **{
        name: PEOPLE[name]
        for name in PEOPLE
        if name not in {"type", "retryDelays", "includeUnsubscribed"}
    },
    "inclubeUnsubscribed": True,
    "actions": {"actions": SURVEY["actions"]["status"]},
}
BODIES = {
    "people": PEOPLE,
    "survey": SURVEY,
    "file": FILE,
    "dynamic": DYNAMIC,
    "sdk": SDK,
}


def _edit(body: Any, pointer: str, value: object) -> Any:
    """Put a value at a JSON pointer; `...` removes what stands there."""
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


def edited(name: str, edits: Mapping[str, object]) -> Any:
    """Give a copy of a named body, edited at JSON pointers."""
    made: Any = copy.deepcopy(BODIES[name])
    for pointer, value in edits.items():
        made = _edit(made, pointer, copy.deepcopy(value))
    return made


@pytest.fixture
def body() -> Callable[..., Any]:
    """Give a copy of a named body, edited at JSON pointers."""

    def make(name: str = "people", edits: Mapping[str, object] | None = None) -> Any:
        return edited(name, edits or {})

    return make


@pytest.fixture
def started() -> Callable[..., Callable[..., httpx.Response]]:
    """Start a server in process; what comes back sends it requests."""

    def start(
        dialect: str = "canonical", mutant: str | None = None
    ) -> Callable[..., httpx.Response]:
        settings = ServerSettings(dialect=dialect, mutant=mutant, **SECRETS)
        transport = httpx.ASGITransport(application(settings))

        def send(
            method: str,
            path: str,
            json: object = None,
            *,
            token: str | None = SECRETS["token"],
            **options: Any,
        ) -> httpx.Response:
            async def answer() -> httpx.Response:
                async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
                    request = http.build_request(method, path, json=json, **options)
                    if token is not None:
                        request.headers.setdefault("Authorization", f"Bearer {token}")
                    return await http.send(request)

            return asyncio.run(answer())

        return send

    return start


@pytest.fixture
def send(
    started: Callable[..., Callable[..., httpx.Response]],
) -> Callable[..., httpx.Response]:
    """Send a request to a canonical server without a defect."""
    return started()
