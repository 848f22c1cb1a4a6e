"""The one gate: what gets round it, and what is kept of what it lets through."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.unit.harness.guarded import (
    BASE,
    URL,
    Gate,
    Recorder,
    answered,
    asked,
    case_of,
    created,
)

from ringspec.harness import Trouble
from ringspec.harness.sending.guard import Guard
from ringspec.harness.sending.journal import Entry
from ringspec.harness.sending.policy import Policy, Safety
from ringspec.harness.sending.target import Target
from ringspec.spec import Contract, Json, UsageError
from ringspec.strategies import Case, Phase, Request, Slot

NOBODY = f"{BASE}/00000000-0000-4000-8000-000000000000"
NO_IDS: tuple[Json, ...] = (True, 1.5, {}, "x" * 256, "---")


@pytest.fixture
def gate(contract: Contract, cases: tuple[Case, ...], tmp_path: Path) -> Gate:
    return Gate(contract, cases[0], tmp_path / "journal.jsonl")


@pytest.fixture(autouse=True)
def no_name_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every name lead to this machine, and note who asks for one."""
    names: list[str] = []

    def found(host: str, port: Any, *_: Any, **__: Any) -> list[Any]:
        names.append(str(host))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port)))]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return names


def sent(guard: Guard, *requests: Request) -> list[Any]:
    async def talk() -> list[Any]:
        return [await guard.exchange(each) for each in requests]

    return asyncio.run(talk())


def left_of(guard: Guard, *requests: Request, limit_s: float = 5) -> tuple[Entry, ...]:
    """Send requests, clean up, and return what is left then."""

    async def talk() -> tuple[Entry, ...]:
        for each in requests:
            await guard.exchange(each)
        return await guard.clean_up(guard, limit_s)

    return asyncio.run(talk())


def edited(case: Case, **members: Json) -> Request:
    body = {**case.body, **members}
    return replace(case.request, body=json.dumps(body).encode())


# Where a request goes.


@pytest.mark.parametrize(
    "path",
    [
        "@example.com/",
        ":80@example.com/",
        ".example.com/",
        "http://example.com/",
        "https://example.com/voice/broadcasts",
        "\\\\example.com/",
        "",
        "?x",
    ],
)
@pytest.mark.parametrize("safety", [Safety(), Safety(live=True)], ids=["near", "live"])
def test_path_cannot_lead_to_another_host(
    gate: Gate, path: str, safety: Safety
) -> None:
    (exchange,) = sent(gate.guard(safety), asked("GET", path))

    assert exchange.is_withheld
    assert exchange.sent == 0
    assert gate.recorder.sent == []


def test_path_after_its_slash_names_no_host(gate: Gate) -> None:
    sent(gate.guard(Safety()), asked("GET", "//example.com/@b"))

    assert gate.recorder.told == ["GET //example.com/@b"]


@pytest.mark.parametrize(
    "token_url",
    [
        "http://auth.example.com/token",
        "http://127.0.0.1@example.com/token",
        "http://127.0.0.1.example.com/token",
        "http://localhost@example.com",
        "http://2130706433/token",
        "http://0x7f.1/token",
        "http://[::ffff:192.0.2.1]/token",
        "",
    ],
)
def test_token_is_asked_for_nowhere_else(gate: Gate, token_url: str) -> None:
    guard = gate.guard(Safety(), token_url=token_url)

    (exchange,) = sent(guard, asked("POST", Slot.TOKEN_URL))

    assert exchange.is_withheld
    assert gate.recorder.sent == []


def test_token_is_asked_for_at_an_allowed_host(gate: Gate) -> None:
    safety = Safety(allowed_hosts=("auth.example.com",))
    guard = gate.guard(safety, token_url="https://auth.example.com/token")

    (exchange,) = sent(guard, asked("POST", Slot.TOKEN_URL))

    assert not exchange.is_withheld


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://localhost.",
        "http://loopback.test",  # which the resolver here says is 127.0.0.1
        "http://2130706433",
        "http://0177.0.0.1",
        "http://127.1",
        "http://[::ffff:127.0.0.1]",
        "http://[2001:db8::1]",
        "http://0.0.0.0",
    ],
)
def test_whatever_is_not_plainly_this_machine_is_live(
    gate: Gate, no_name_is_asked_for: list[str], url: str
) -> None:
    guard = gate.guard(Safety(live=False), url=url)

    (exchange,) = sent(guard, gate.plain.request)

    assert Safety(live=False).is_live(url)
    assert exchange.is_withheld
    assert gate.recorder.sent == []
    assert no_name_is_asked_for == []


def test_localhost_is_this_machine_whatever_a_resolver_says(
    no_name_is_asked_for: list[str],
) -> None:
    from ringspec.harness.sending.exchange import Filling  # noqa: PLC0415 - only here

    async def talk() -> Any:
        target = Target("http://localhost:1", filling=Filling(), timeout_s=1)
        try:
            return await target.exchange(asked("GET", "/"), repeats=0)
        finally:
            await target.close()

    exchange = asyncio.run(talk())

    assert exchange.failure.trouble is Trouble.UNREACHABLE
    assert "localhost" not in no_name_is_asked_for


def test_host_header_does_not_reach_a_live_target(gate: Gate) -> None:
    request = asked("GET", BASE, None, ("Host", "example.com"))

    (exchange,) = sent(gate.guard(gate.allowing()), request)

    assert exchange.is_withheld


# What a live target is sent.


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", BASE), ("PUT", NOBODY), ("DELETE", NOBODY)),
        *(("POST", f"{NOBODY}/start"), ("PATCH", BASE), ("DELETE", BASE)),
        *(("POST", f"{BASE}/"), ("TRACE", BASE)),
    ],
)
@pytest.mark.parametrize("allowed", [False, True], ids=["default", "creates"])
def test_live_target_is_sent_no_change_by_default(
    gate: Gate, method: str, path: str, *, allowed: bool
) -> None:
    safety = gate.allowing(allow_start=True) if allowed else Safety(live=True)
    request = replace(gate.plain.request, method=method, path=path)

    (exchange,) = sent(gate.guard(safety), request)

    is_create = (method, path) == ("POST", BASE)
    assert exchange.is_withheld != (allowed and is_create)


def test_live_target_may_be_looked_at(gate: Gate) -> None:
    sent(gate.guard(Safety(live=True)), asked("GET", BASE), asked("GET", NOBODY))

    assert len(gate.recorder.sent) == 2
    assert gate.lines() == []


@pytest.mark.parametrize(
    "safety",
    [
        {"max_creates": 0},
        {"fixtures_named": frozenset()},
        {"fixtures_named": frozenset({"segment"})},
        {"allow_create": False},
    ],
    ids=["no-number", "nothing-named", "no-caller", "not-allowed"],
)
def test_creates_need_all_that_allows_them(gate: Gate, safety: dict[str, Any]) -> None:
    (exchange,) = sent(gate.guard(gate.allowing(**safety)), gate.plain.request)

    assert exchange.is_withheld
    assert gate.recorder.sent == []


@pytest.mark.parametrize(
    "members",
    [
        {"includeUnsubscribed": True},
        {"includeUnsubscribed": "true"},
        {"scheduledAt": 1893456000},
        {"scheduledAt": "2030-01-01"},
        {"allowMultiple": False},
    ],
    ids=["flag", "flag-text", "schedule", "schedule-text", "several"],
)
@pytest.mark.parametrize("inside", ["body", "list", "list-of-lists", "wrapped"])
def test_body_that_might_ring_phones_is_withheld(
    gate: Gate, members: dict[str, Json], inside: str
) -> None:
    body = {**gate.plain.body, **members}
    bodies: dict[str, Json] = {
        "body": body,
        "list": [body],
        "list-of-lists": [[1, body]],
        "wrapped": {"data": body},
    }
    content = json.dumps(bodies[inside]).encode()
    request = replace(gate.plain.request, body=content)

    (exchange,) = sent(gate.guard(gate.allowing()), request)

    assert exchange.is_withheld
    assert next(iter(members)) in exchange.summary


@pytest.mark.parametrize(
    "content",
    [b'{"scheduledAt":1,"scheduledAt":null}', b"{", b"", b'{"a":NaN}', b"\xff"],
    ids=["twice", "cut", "empty", "nan", "no-text"],
)
def test_body_that_may_be_read_in_several_ways_is_withheld(
    gate: Gate, content: bytes
) -> None:
    request = replace(gate.plain.request, body=content)

    (exchange,) = sent(gate.guard(gate.allowing()), request)

    assert exchange.is_withheld


def test_creates_end_with_their_budget(gate: Gate) -> None:
    guard = gate.guard(gate.allowing(max_creates=2))

    exchanges = sent(guard, *[gate.plain.request] * 4)

    assert [each.is_withheld for each in exchanges] == [False, False, True, True]
    assert "all 2 creates" in exchanges[-1].summary


def test_what_did_not_go_out_is_not_of_the_budget(gate: Gate) -> None:
    gate.recorder.answer = lambda _: Trouble.UNREACHABLE
    guard = gate.guard(gate.allowing(max_creates=1))

    sent(guard, gate.plain.request)
    gate.recorder.answer = created
    (exchange,) = sent(guard, gate.plain.request)

    assert not exchange.is_withheld


def test_tls_that_fails_once_all_was_sent_is_of_the_budget(gate: Gate) -> None:
    gate.recorder.answer = lambda _: Trouble.TLS
    guard = gate.guard(gate.allowing())

    sent(guard, gate.plain.request)

    assert guard.creates == 1
    assert [each["status"] for each in gate.lines()] == ["unknown"]


def test_create_is_never_sent_twice(gate: Gate) -> None:
    guard = gate.guard(gate.allowing())

    sent(guard, gate.plain.request, asked("GET", BASE))

    assert gate.recorder.repeats == [0, 1]
    assert not guard.may_repeat(gate.plain.request)


def test_only_what_was_created_is_changed(gate: Gate) -> None:
    guard = gate.guard(gate.allowing())
    changes = [
        replace(gate.plain.request, method="PUT", path=f"{BASE}/b-1"),
        replace(gate.plain.request, method="PUT", path=f"{BASE}/b-2"),
        asked("POST", f"{BASE}/b-1/start"),
        asked("DELETE", f"{BASE}/b-2"),
        asked("DELETE", f"{BASE}/b-1"),
    ]

    exchanges = sent(guard, gate.plain.request, *changes)

    withheld = [each.is_withheld for each in exchanges]
    assert withheld == [False, False, True, True, True, False]


def test_commands_are_allowed_by_themselves(gate: Gate) -> None:
    guard = gate.guard(gate.allowing(allow_start=True))

    exchanges = sent(guard, gate.plain.request, asked("POST", f"{BASE}/b-1/start"))

    assert not exchanges[-1].is_withheld


def test_live_target_is_asked_one_thing_at_a_time(gate: Gate) -> None:
    under_way: list[int] = []

    async def slow() -> Any:
        under_way.append(1)
        assert len(under_way) == 1
        await asyncio.sleep(0.01)
        under_way.pop()
        return answered(200, {})

    gate.recorder.answer = lambda _: slow()
    guard = gate.guard(Safety(live=True))

    async def talk() -> None:
        await asyncio.gather(*(guard.exchange(asked("GET", BASE)) for _ in range(4)))

    asyncio.run(talk())

    assert len(gate.recorder.sent) == 4


# What is kept of it.


def test_created_is_on_disk_before_anything_else_is_sent(gate: Gate) -> None:
    kept: list[int] = []

    def answer(request: Request) -> Any:
        kept.append(len(gate.lines()))
        return answered(201, {"broadcastId": f"b-{len(kept)}"})

    gate.recorder.answer = answer
    sent(gate.guard(gate.allowing()), *[gate.plain.request] * 3)

    assert kept == [0, 1, 2]
    first = gate.lines()[0]
    assert first["id"] == {"broadcastId": "b-1"}
    assert first["delete"] == f"{BASE}/b-1"
    assert first["status"] == "accepted"
    assert first["url"] == URL
    assert ["Authorization", "Bearer {token}"] in first["headers"]


def test_invalid_one_that_was_accepted_is_deleted_at_once(gate: Gate) -> None:
    sent(gate.guard(gate.allowing()), edited(gate.plain, retries=9), gate.plain.request)

    assert gate.recorder.told == [f"POST {BASE}", f"DELETE {BASE}/b-1", f"POST {BASE}"]
    assert [each["status"] for each in gate.lines()][:2] == ["accepted", "deleted"]


def test_what_is_left_is_deleted_at_the_end(gate: Gate) -> None:
    ids = iter("abc")
    gate.recorder.answer = lambda r: (
        answered(201, {"broadcastId": next(ids)})
        if r.method == "POST"
        else answered(404 if r.path.endswith("/b") else 204)
    )
    requests = *[gate.plain.request] * 3, asked("DELETE", f"{BASE}/a")

    assert left_of(gate.guard(gate.allowing()), *requests) == ()
    last = {each["delete"][-1]: each["status"] for each in gate.lines()}
    assert last == {"a": "deleted", "b": "gone", "c": "deleted"}
    assert gate.recorder.told.count(f"DELETE {BASE}/a") == 1


def test_what_cannot_be_deleted_is_told_of(gate: Gate) -> None:
    gate.recorder.answer = lambda r: created(r) if r.method == "POST" else answered(500)

    (left,) = left_of(gate.guard(gate.allowing()), gate.plain.request)

    assert left.delete == f"{BASE}/b-1"
    assert gate.lines()[-1]["status"] == "failed"


async def never() -> Any:
    await asyncio.sleep(60)


def test_clean_up_ends_in_time(gate: Gate) -> None:
    gate.recorder.answer = lambda r: created(r) if r.method == "POST" else never()
    guard = gate.guard(gate.allowing())

    assert len(left_of(guard, gate.plain.request, limit_s=0.05)) == 1


def test_clean_up_can_be_hurried(gate: Gate) -> None:
    gate.recorder.answer = lambda r: created(r) if r.method == "POST" else never()
    guard = gate.guard(gate.allowing())

    async def talk() -> Any:
        guard.hurry(1)  # nothing is under way
        await guard.exchange(gate.plain.request)
        asyncio.get_running_loop().call_later(0.02, guard.hurry, 0.02)
        return await guard.clean_up(guard, 60)

    assert len(asyncio.run(talk())) == len(guard.left) == 1


def test_create_that_is_called_off_is_cleaned_up_nevertheless(gate: Gate) -> None:
    async def slow() -> Any:
        await asyncio.sleep(0.05)
        return answered(201, {"broadcastId": "late"})

    gate.recorder.answer = lambda r: slow() if r.method == "POST" else answered(204)
    guard = gate.guard(gate.allowing())

    async def talk() -> Any:
        task = asyncio.create_task(guard.exchange(gate.plain.request))
        await asyncio.sleep(0.01)
        task.cancel()
        return await guard.clean_up(guard, 5)

    assert asyncio.run(talk()) == ()
    assert gate.recorder.told[-1] == f"DELETE {BASE}/late"


@pytest.mark.parametrize(
    "answer",
    [
        *(Trouble.TIMEOUT, Trouble.DROPPED, Trouble.GARBLED, Trouble.TLS),
        *map(answered, (302, 303, 408, 500, 502)),
    ],
)
def test_create_without_an_answer_is_remembered(gate: Gate, answer: Any) -> None:
    gate.recorder.answer = lambda _: answer

    sent(gate.guard(gate.allowing()), gate.plain.request)

    assert [(each["status"], each["delete"]) for each in gate.lines()] == [
        ("unknown", None)
    ]


@pytest.mark.parametrize(
    "body",
    [
        *(None, {}, []),
        *({"broadcastId": each} for each in ("", "..", "../x", "a/..;/b", "x\0")),
        *({"broadcastId": each} for each in ("http://other/", "?", "a?b", "#", "*")),
        *({"broadcastId": each} for each in (" ", "a b", "%2e%2e", "\ud800", "b\n")),
        *({"broadcastId": each} for each in NO_IDS),
    ],
    ids=repr,
)
def test_creates_end_where_one_cannot_be_deleted(gate: Gate, body: Json) -> None:
    gate.recorder.answer = lambda _: answered(201, body)

    exchanges = sent(gate.guard(gate.allowing()), *[gate.plain.request] * 2)

    assert [each.is_withheld for each in exchanges] == [False, True]
    assert "nobody can delete it" in exchanges[1].summary
    assert [each["delete"] for each in gate.lines()] == [None]
    assert gate.recorder.told == [f"POST {BASE}"]


@pytest.mark.parametrize("name", ["b-1", "a:b=@c", "7", 7])
def test_plain_id_is_deleted_by(gate: Gate, name: Json) -> None:
    gate.recorder.answer = lambda _: answered(201, {"broadcastId": name})

    assert left_of(gate.guard(gate.allowing()), gate.plain.request) == ()
    assert gate.recorder.told[-1] == f"DELETE {BASE}/{quote(str(name), safe='')}"


def test_journal_that_cannot_be_written_ends_it_all(gate: Gate, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    gate.journal = tmp_path / "file" / "journal"
    guard = gate.guard(gate.allowing())

    async def talk() -> None:
        with pytest.raises(UsageError, match="cannot be written"):
            await guard.exchange(gate.plain.request)
        (exchange,) = [await guard.exchange(asked("GET", BASE))]
        assert exchange.is_withheld
        assert await guard.clean_up(guard, 5) == ()

    asyncio.run(talk())

    # It is not on disk, and is deleted nevertheless.
    assert gate.recorder.told == [f"POST {BASE}", f"DELETE {BASE}/b-1"]


# On this machine nothing changes.


def test_target_on_this_machine_gets_everything(
    gate: Gate, cases: tuple[Case, ...], no_name_is_asked_for: list[str]
) -> None:
    guard = gate.guard(Safety())
    wanted = [case.request for case in cases if case.request.path != Slot.TOKEN_URL]

    exchanges = sent(guard, *wanted)

    assert gate.recorder.sent == wanted
    assert not any(each.is_withheld for each in exchanges)
    assert gate.lines() == []
    assert guard.creates == 0
    assert no_name_is_asked_for == []


def test_explored_case_is_not_sent_again_to_a_live_target(
    contract: Contract, cases: tuple[Case, ...]
) -> None:
    policy = Policy(Safety(live=True), contract, live=True, plain=cases[0].body)

    assert "explore" in policy.leaves_out(replace(cases[0], phase=Phase.EXPLORE))


def test_recorder_is_a_connection() -> None:
    recorder = Recorder()

    exchange = asyncio.run(recorder.exchange(case_of("body").request))

    assert exchange.response == created(exchange.request)
