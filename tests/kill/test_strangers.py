"""No correct server of other make is ever accused."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.inprocess import suite, told

from ringspec.harness import Result
from ringspec.harness.running.plan import Plan
from ringspec.harness.sending.exchange import Filling
from ringspec.reference import CHECKS
from ringspec.reference.body_checks import validate
from ringspec.spec import Level


def result_of(url: str) -> Result:
    contract, cases = suite()
    filling = Filling(token=TOKEN)
    plan = Plan(contract=contract, cases=cases, url=url, filling=filling)
    return told(plan, level=Level.MAY).result


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_server_that_only_creates_is_conformant(version: str) -> None:
    with stdlib(version) as url:
        result = result_of(url)

    accused = {
        each.rule.id: [finding.reason for finding in each.failures]
        for each in result.rules
        if each.failures
    }
    assert accused == {}
    assert result.exit_code == 0
    unoffered = [each.rule.id for each in result.rules if "not offer" in each.why]
    assert "lifecycle.readable" in unoffered
    assert "lifecycle.pause" in unoffered


TOKEN = "a-token-of-strangers"
_DEFAULTS = {"distribution": "none", "language": "fr-BE", "voice": "woman"}


class _Handler(BaseHTTPRequestHandler):
    """Creates, and does nothing else; a body is read only after the token."""

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.split("?")[0] != "/voice/broadcasts":
            self._refuse(404)
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._refuse(401)
        elif not self.headers.get("Content-Type", "").startswith("application/json"):
            self._refuse(415)
        else:
            self._create(raw)

    def _create(self, raw: bytes) -> None:
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            return self._refuse(400)
        if validate(body, CHECKS):
            return self._refuse(422)
        flag = {"includeUnsubscribed": False} if body["source"] == "people" else {}
        made = {"broadcastId": str(uuid.uuid4()), "state": "draft"}
        return self._answer(201, {**_DEFAULTS, **flag, **body, **made})

    def _refuse(self, status: int) -> None:
        self._answer(status, {"error": {"code": "no", "message": "It will not do."}})

    def _answer(self, status: int, data: Any) -> None:
        content = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128


@contextmanager
def stdlib(version: str) -> Iterator[str]:
    """Serve by the standard library, in HTTP of some version."""
    handler = type("_Versioned", (_Handler,), {"protocol_version": version})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
