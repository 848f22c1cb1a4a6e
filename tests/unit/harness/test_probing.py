"""What a probe finds out, of the reference and of servers that have it otherwise."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringspec.harness.probing import ProbeAnswer, Prober, Sureness
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.inprocess import Application, InProcess
from ringspec.reference import ServerSettings, application
from ringspec.spec import SpecError, TargetError, questions

ASKED = {each.id: each for each in questions()}
CANONICAL, SDK = "includeUnsubscribed", "inclubeUnsubscribed"
CERTAIN, LIKELY, NOT_TOLD = Sureness

Edit = Callable[[dict[str, Any]], None]


def reference(dialect: str = "canonical", mutant: str | None = None) -> Application:
    return application(ServerSettings(dialect=dialect, mutant=mutant, token="t"))


def edited(app: Application, edit: Edit) -> Application:
    """Hand bodies on as an edit leaves them."""

    async def shim(scope: Any, receive: Any, send: Any) -> None:
        body = json.loads((await receive())["body"])
        edit(body)
        content = json.dumps(body).encode()
        kept = [each for each in scope["headers"] if each[0] != b"content-length"]
        length = (b"content-length", str(len(content)).encode())

        async def again() -> Any:
            return {"type": "http.request", "body": content, "more_body": False}

        await app({**scope, "headers": [*kept, length]}, again, send)

    return shim


def answering(status: int, body: bytes = b"{}") -> Application:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json")]
        await send(
            {"type": "http.response.start", "status": status, "headers": headers}
        )
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return app


def probed(
    app: Application, *ids: str, contract: Path | None = None
) -> tuple[dict[str, ProbeAnswer], Prober]:
    async def ask() -> tuple[dict[str, ProbeAnswer], Prober]:
        prober = Prober(InProcess(app, filling=Filling(token="t")), "here", contract)
        asked = tuple(ASKED[name] for name in ids or ASKED)
        found = {each.question.id: each async for each in prober.answers(asked)}
        return found, prober

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("dialect", "names"),
    [
        (
            "canonical",
            {
                "includeUnsubscribed": CANONICAL,
                "type": "it is required",
                "retryDelays": "they are required",
                "actions": "actions.status",
                "allowMultiple": "allowMultiple",
            },
        ),
        (
            "naxai-sdk",
            {
                "includeUnsubscribed": SDK,
                "type": "it may be left out",
                "retryDelays": "they may be left out",
                "actions": "actions.actions",
                "allowMultiple": "allowMultiple",
            },
        ),
    ],
)
def test_the_reference_is_known_by_its_dialect(
    dialect: str, names: dict[str, str]
) -> None:
    found, prober = probed(reference(dialect))

    assert {name: each.candidate.name for name, each in found.items()} == names
    assert {each.sureness for each in found.values()} == {CERTAIN}
    assert prober.sent <= 17


def never_read(body: dict[str, Any]) -> None:
    body.pop(SDK, None)
    body[CANONICAL] = False


def either(body: dict[str, Any]) -> None:
    if SDK in body:
        body[CANONICAL] = body.pop(SDK)


def stated_only(body: dict[str, Any]) -> None:
    if CANONICAL in body:
        body[CANONICAL] = False


def strict(body: dict[str, Any]) -> None:
    if {"allowDuplicates", "allowMultipleCalls", "duplicates"} & body.keys():
        body.clear()
    if "allowMultiple" in body:
        body["allowMultiple"] = True


def renamed(body: dict[str, Any]) -> None:
    body.pop("allowMultiple", None)
    if "duplicates" in body:
        body["allowMultiple"] = body.pop("duplicates")


@pytest.mark.parametrize(
    ("edit", "question", "name", "sureness", "reason"),
    [
        (never_read, CANONICAL, CANONICAL, NOT_TOLD, "any value there is accepted"),
        (either, CANONICAL, CANONICAL, CERTAIN, f"{SDK} as well: either will do"),
        (stated_only, CANONICAL, CANONICAL, LIKELY, "only so a body is accepted"),
        (strict, "allowMultiple", "allowMultiple", LIKELY, "only so a body is"),
        (renamed, "allowMultiple", "duplicates", CERTAIN, "allowMultiple.type broken"),
    ],
)
def test_servers_of_other_habits_are_told_apart(
    edit: Edit, question: str, name: str, sureness: Sureness, reason: str
) -> None:
    found, _ = probed(edited(reference(), edit), question)

    answer = found[question]
    assert (answer.candidate.name, answer.sureness) == (name, sureness), answer
    assert reason in answer.reason
    assert answer.is_known == (sureness != NOT_TOLD)


def test_what_only_comes_back_is_likely_read() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = json.loads((await receive())["body"])
        shown = {name: body[name] for name in ("name", "duplicates") if name in body}
        await answering(201, json.dumps(shown).encode())(scope, receive, send)

    found, _ = probed(app, "allowMultiple")

    answer = found["allowMultiple"]
    assert (answer.candidate.name, answer.sureness) == ("duplicates", LIKELY)


def test_who_takes_anything_tells_of_what_may_be_left_out() -> None:
    found, prober = probed(answering(201), "type", "includeUnsubscribed")

    assert found["type"].candidate.name == "it may be left out"
    assert found["type"].sureness == CERTAIN
    assert found["includeUnsubscribed"].sureness == NOT_TOLD
    assert len(prober.actions) == 1


@pytest.mark.parametrize("status", [400, 404, 429, 500])
def test_who_takes_nothing_tells_nothing(status: int) -> None:
    found, prober = probed(answering(status), "includeUnsubscribed", "type")

    assert {each.sureness for each in found.values()} == {NOT_TOLD}
    assert f"no body was accepted, whichever way: HTTP {status}" in (
        found["includeUnsubscribed"].reason
    )
    assert prober.actions == ()


def test_a_server_that_is_at_its_limit_does_not_seem_to_refuse() -> None:
    answers = [201, 429, 422]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answering(answers.pop(0))(scope, receive, send)

    found, _ = probed(app, "includeUnsubscribed")

    answer = found["includeUnsubscribed"]
    assert answer.sureness == NOT_TOLD
    assert answer.reason == f"HTTP 429 says nothing of {CANONICAL}"


@pytest.mark.parametrize("status", [401, 407])
def test_who_lets_nobody_in_is_given_up(status: int) -> None:
    with pytest.raises(TargetError, match="refuses every request") as raised:
        probed(answering(status))

    assert "--bearer" in raised.value.hint


def test_a_question_about_another_contract_is_refused() -> None:
    other = Path(__file__).parents[2] / "general" / "data" / "default.yaml"

    with pytest.raises(SpecError, match=r"question type, .*matches nothing"):
        probed(answering(201), "type", contract=other)
