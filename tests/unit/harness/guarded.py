"""A connection that keeps what reaches it, and what stands before it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpcore
import httpx
from tests.inprocess import suite

from ringspec.harness import Exchange, Failure, Response, Trouble
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.guard import Guard
from ringspec.harness.sending.journal import Journal
from ringspec.harness.sending.policy import Policy, Safety
from ringspec.harness.sending.target import Transport
from ringspec.spec import Contract, Json
from ringspec.strategies import Case, Request

URL = "http://127.0.0.1:8000"
BASE = "/voice/broadcasts"
NAMED = frozenset({"caller", "segment"})
Answers = Callable[[Request], Any]


class AnsweringWire(Transport):
    """Lets a function answer in place of servers."""

    def __init__(self, handler: Callable[[httpx.Request], Any]) -> None:
        super().__init__(httpcore.AsyncConnectionPool())
        self._handler = handler

    async def answered(
        self, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes
    ) -> Response | Failure:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        request = httpx.Request(method, url, headers=raw, content=body)
        given = self._handler(request)
        named = tuple(given.headers.multi_items())
        return Response(status=given.status_code, headers=named, body=given.content)


def case_of(prefix: str) -> Case:
    """Find the first case whose id begins so."""
    return next(case for case in suite()[1] if case.id.startswith(prefix))


def answered(
    status: int, body: Json = None, media: str = "application/json", **headers: str
) -> Response:
    content = b"" if body is None else json.dumps(body).encode()
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(
        status=status, headers=(("content-type", media), *named), body=content
    )


def created(_: Request) -> Response:
    return answered(201, {"broadcastId": "b-1"})


@dataclass
class Recorder:
    """Answers by a function, and keeps what reached it."""

    answer: Answers = created
    sent: list[Request] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        self.sent.append(request)
        self.repeats.append(repeats)
        found = self.answer(request)
        if asyncio.iscoroutine(found):
            found = await found
        if isinstance(found, Trouble):
            failure = Failure(trouble=found, message="it failed")
            return Exchange(url=URL, request=request, failure=failure)
        return Exchange(url=URL, request=request, response=found)

    async def close(self) -> None:
        pass

    @property
    def told(self) -> list[str]:
        return [f"{each.method} {each.path}" for each in self.sent]


@dataclass
class Gate:
    """A guard before a recorder, with a journal."""

    contract: Contract
    plain: Case
    journal: Path
    recorder: Recorder = field(default_factory=Recorder)

    def guard(self, safety: Safety, *, url: str = URL, token_url: str = "") -> Guard:
        policy = Policy(safety, self.contract, safety.is_live(url), self.plain.body)
        return Guard(
            self.recorder,
            policy,
            url=url,
            filling=Filling(token="t", token_url=token_url),
            journal=Journal(self.journal),
        )

    def allowing(self, **options: Any) -> Safety:
        given = {"allow_create": True, "max_creates": 9, "fixtures_named": NAMED}
        return Safety(live=True, **{**given, **options})

    def lines(self) -> list[dict[str, Any]]:
        if not self.journal.exists():
            return []
        return [json.loads(line) for line in self.journal.read_text().splitlines()]


def asked(method: str, path: str, body: Json = None, *headers: Any) -> Request:
    content = b"" if body is None else json.dumps(body).encode()
    return Request(method=method, path=path, headers=headers, body=content)
