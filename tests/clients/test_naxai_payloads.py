"""What the vendor's own client puts on the wire, and what the contract says of it.

The payloads are kept in `tests/fixtures`. After a new release of the client, write them
anew with RINGSPEC_RECORD=1, and read the difference.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest

from ringspec.spec import load

from .conftest import PAYLOADS

TOKEN = {"access_token": "recorded", "expires_in": 86400, "token_type": "bearer"}


class Recorder(HTTPServer):
    """Keep what comes in, as it came in; answer so that the client is content."""

    client_id = "recorder"
    client_secret = "recorded-and-not-secret"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.token_url = f"{self.url}/oauth2/token"
        self.forms: list[dict[str, str]] = []
        self.creates: list[bytes] = []
        self.headers: dict[str, str] = {}


class _Handler(BaseHTTPRequestHandler):
    server: Recorder

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/oauth2/token":
            self.server.forms.append(dict(parse_qsl(raw.decode())))
            self._answer(200, TOKEN)
        else:
            self.server.creates.append(raw)
            self.server.headers = {k.lower(): v for k, v in self.headers.items()}
            self._answer(201, {**json.loads(raw), "broadcastId": "recorded"})

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def recorded(
    recorder: Recorder, connect: Callable[..., Any], broadcasts: dict[str, Any]
) -> list[dict[str, Any]]:
    """Have the client send everything once; write it down if asked to."""
    client = connect(recorder)
    for broadcast in broadcasts.values():
        client.voice.broadcasts.create(broadcast)
    payloads = [
        {"name": name, "body": json.loads(raw)}
        for name, raw in zip(broadcasts, recorder.creates, strict=True)
    ]
    if os.environ.get("RINGSPEC_RECORD") == "1":
        PAYLOADS.write_text(json.dumps(payloads, indent=2) + "\n", "utf-8")
    return payloads


def kept() -> dict[str, Any]:
    """Read the payloads that were written down, by name."""
    payloads = json.loads(PAYLOADS.read_text("utf-8"))
    return {payload["name"]: payload["body"] for payload in payloads}


@pytest.mark.socket
def test_client_sends_today_what_was_written_down(
    recorded: list[dict[str, Any]],
) -> None:
    assert recorded == json.loads(PAYLOADS.read_text("utf-8"))


@pytest.mark.socket
@pytest.mark.usefixtures("recorded")
def test_client_fetches_one_token_and_names_the_version(recorder: Recorder) -> None:
    assert recorder.forms == [
        {
            "client_id": recorder.client_id,
            "client_secret": recorder.client_secret,
            "grant_type": "client_credentials",
        }
    ]
    assert recorder.headers["authorization"] == "Bearer recorded"
    assert recorder.headers["content-type"] == "application/json"
    assert recorder.headers["x-version"] == "2023-03-25"


# Source: facts.md G1 (type), G2 (retryDelays), G3 (the flag's spelling).
ALWAYS = {"type.required", "includeUnsubscribed.required"}
UNKNOWN = "body.unknown"  # inclubeUnsubscribed stands in all of them


@pytest.mark.parametrize(
    ("name", "unsettled", "broken", "unknown"),
    [
        ("minimal", set(), ALWAYS | {"retryDelays.required"}, {UNKNOWN}),
        # The client writes `replay: 0` into every choice, where no source says whether
        # a transfer may have one; and actions.actions (G5).
        (
            "full",
            {"voiceFlow.menu.choices.replay.absent"},
            ALWAYS,
            {UNKNOWN, "actions.unknown"},
        ),
        ("delays-at-both-ends", set(), ALWAYS, {UNKNOWN}),
        ("no-delays-said", set(), ALWAYS, {UNKNOWN}),
        (
            "transfer-without-replay",
            set(),
            ALWAYS | {"retryDelays.required"},
            {UNKNOWN},
        ),
        ("audio", set(), ALWAYS | {"retryDelays.required"}, {UNKNOWN}),
    ],
)
def test_payload_keeps_to_the_dialect_and_breaks_these_rules_of_the_contract(
    name: str, unsettled: set[str], broken: set[str], unknown: set[str]
) -> None:
    dialect, contract, body = load(dialect="naxai-sdk"), load(), kept()[name]

    open_ = contract.settled_prover.prove(body)

    assert dialect.prover.prove(body) == frozenset()
    assert dialect.settled_prover.prove(body) == unsettled
    assert contract.prover.prove(body) == broken
    assert {rule for rule in open_ if rule.endswith(".unknown")} == unknown
