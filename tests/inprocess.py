"""Runs within this process: what they tell, and applications to run against."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ringspec.harness import Ended, Event, Notice, Outcome, Result
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import run
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.inprocess import URL, Application, InProcess
from ringspec.reference import Behaviour, ServerSettings, application
from ringspec.spec import Contract, Level, load
from ringspec.strategies import Case, cases_of


@dataclass(frozen=True)
class Told:
    """What a run told."""

    events: list[Event]

    @property
    def result(self) -> Result:
        ended = self.events[-1]
        assert isinstance(ended, Ended)
        return ended.result

    @property
    def outcomes(self) -> dict[str, str]:
        return {str(each.rule.id): str(each.outcome) for each in self.result.rules}

    @property
    def failing(self) -> set[str]:
        return {rule for rule, it in self.outcomes.items() if it == Outcome.FAIL}

    @property
    def notices(self) -> list[str]:
        return [each.message for each in self.events if isinstance(each, Notice)]


def told(plan: Plan, **options: Any) -> Told:
    """Run a plan to its end."""
    return Told(list(run(replace(plan, **options))))


@cache
def suite() -> tuple[Contract, tuple[Case, ...]]:
    """Return our contract with its list."""
    contract = load()
    return contract, cases_of(contract)


def reference(behaviour: Behaviour | None = None, **settings: Any) -> InProcess:
    made = ServerSettings(**settings)
    return InProcess(application(made, behaviour), filling=Filling(**made.access(URL)))


def plan_of(
    server: InProcess, contract: Contract, cases: tuple[Case, ...], **options: Any
) -> Plan:
    """Plan a run against a server in this process."""
    given: dict[str, Any] = {"level": Level.MAY, "connect": lambda: server, **options}
    filling = server.filling
    return Plan(contract=contract, cases=cases, url=URL, filling=filling, **given)


JSON = ((b"content-type", b"application/json"),)


def answering(
    body: bytes = b'{"a":1}',
    status: int = 201,
    headers: tuple[tuple[bytes, bytes], ...] = JSON,
    parts: int = 1,
) -> Application:
    """Answer always the same, in one piece or in several."""
    start = {"type": "http.response.start", "status": status, "headers": headers}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start)
        size = -(-len(body) // parts) or 1
        for number in range(parts):
            piece = body[number * size : (number + 1) * size]
            more = number + 1 < parts
            message = {"type": "http.response.body", "body": piece, "more_body": more}
            await send(message)

    return app


def edited(
    app: Application, edit: Callable[[int, Any], tuple[int, Any]]
) -> Application:
    """Answer as another application, with an edit of status and JSON, perhaps bytes."""

    async def edits(scope: Any, receive: Any, send: Any) -> None:
        found: list[Any] = []

        async def keep(message: Any) -> None:
            found.append(message)

        await app(scope, receive, keep)
        content = b"".join(each.get("body", b"") for each in found)
        status, data = edit(found[0]["status"], json.loads(content or b"null"))
        if not isinstance(data, bytes):
            data = b"" if data is None else json.dumps(data).encode()
        kept = [it for it in found[0]["headers"] if it[0] != b"content-length"]
        await send({**found[0], "status": status, "headers": kept})
        await send({"type": "http.response.body", "body": data})

    return edits
