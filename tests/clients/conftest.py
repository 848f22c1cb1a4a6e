"""The vendor's own client, what it is asked to send, and servers to send it to."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from naxai import NaxaiClient
from naxai.models.voice import VoiceFlow, Welcome
from naxai.models.voice.requests import CreateBroadcastRequest

from ringspec.reference import Embedded

SEGMENT = "3b0f8a52-6c1d-4e7b-9a44-0d2f5c6e7a81"
AUDIO = {"prompt": "https://example.com/audio/notice.mp3"}
AGENT = {"destination": "sip:agent@example.com"}

MINIMAL = CreateBroadcastRequest(
    name="Office closure notice",
    from_="441632960101",
    segment_ids=[SEGMENT],
    voice_flow=VoiceFlow(welcome=Welcome(say="The office is closed on Friday.")),
)
# Everything there is in one body, read by the names on the wire: by their names in
# Python these models lose members.
PAYLOADS = Path(__file__).parents[1] / "fixtures" / "naxai-sdk-payloads.json"
WRITTEN = {it["name"]: it["body"] for it in json.loads(PAYLOADS.read_text("utf-8"))}


def flow(**parts: Any) -> VoiceFlow:
    """Write what is said, with a welcome if none is given."""
    return VoiceFlow.model_validate({"welcome": {"say": "Hello."}, **parts})


BROADCASTS: dict[str, Any] = {
    "minimal": MINIMAL,
    "full": CreateBroadcastRequest.model_validate(WRITTEN["full"]),
    "delays-at-both-ends": MINIMAL.model_copy(
        update={"retries": 3, "retry_on_failed": True, "retry_delays": [1, 60, 4320]}
    ),
    "no-delays-said": MINIMAL.model_copy(update={"retry_delays": []}),
    "transfer-without-replay": MINIMAL.model_copy(
        update={
            "voice_flow": flow(
                menu={
                    "say": "Press hash for an agent.",
                    "choices": [{"key": "#", "replay": None, "transfer": AGENT}],
                },
            )
        }
    ),
    "audio": MINIMAL.model_copy(
        update={"voice_flow": flow(voicemail=AUDIO, welcome=AUDIO, end=AUDIO)}
    ),
}


def naxai(about: Mapping[str, str], **options: Any) -> Any:
    """Make a client of a server that is known by its line."""
    settings: dict[str, Any] = {
        "api_client_id": about["client_id"],
        "api_client_secret": about["client_secret"],
        "auth_url": about["token_url"],
        "api_base_url": about["url"],
        # Without one it writes to stderr, of which the next test knows nothing.
        "logger": logging.getLogger("tests.clients"),
    }
    return NaxaiClient(**{**settings, **options})


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the client from the vendor's own server, where it would ring phones."""
    resolve = socket.getaddrinfo

    def resolve_loopback(host: Any, *arguments: Any, **options: Any) -> Any:
        assert host in {"127.0.0.1", b"127.0.0.1"}, f"{host} is not loopback"
        return resolve(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_loopback)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture(scope="session")
def canonical() -> Iterator[Embedded]:
    """Serve the contract as it stands."""
    with Embedded() as server:
        yield server


@pytest.fixture(scope="session")
def dialect() -> Iterator[Embedded]:
    """Serve the contract as the client spells it."""
    with Embedded("naxai-sdk") as server:
        yield server


@pytest.fixture
def connect() -> Iterator[Callable[..., Any]]:
    """Make a client of a server; it is closed when the test ends."""
    with ExitStack() as stack:
        yield lambda server, **options: stack.enter_context(
            naxai({"url": server.url, **server.access}, **options)
        )


@pytest.fixture
def client(connect: Callable[..., Any], dialect: Embedded) -> Any:
    """Give a client of the server that spells as it does."""
    return connect(dialect)


@pytest.fixture
def listen() -> Callable[[Any], list[httpx.Response]]:
    """Gather what a client is answered on the wire, before its models read it."""

    def gather(client: Any) -> list[httpx.Response]:
        heard: list[httpx.Response] = []

        def hear(response: httpx.Response) -> None:
            response.read()
            heard.append(response)

        client._http.event_hooks = {"response": [hear]}
        return heard

    return gather


@pytest.fixture
def broadcasts() -> dict[str, Any]:
    """Give what the client is asked to create, by name."""
    return BROADCASTS


@pytest.fixture(params=list(BROADCASTS))
def broadcast(request: pytest.FixtureRequest) -> Any:
    """Give one thing that the client is asked to create, after the other."""
    return BROADCASTS[request.param]
