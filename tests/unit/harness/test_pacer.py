"""What is sent again, what is waited for, and what counts in the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator
from email.utils import formatdate
from math import inf
from typing import Any, TypeVar

import pytest
from tests.unit.harness.guarded import BASE, Recorder, answered, asked

from ringspec.harness import Exchange, Response, Trouble
from ringspec.harness.sending.pacer import Limited, Pacer, Pacing, due_s, parse_rate
from ringspec.spec import UsageError

OK = answered(200, {})
BUSY, LIMITED = answered(503), answered(429)
FAR = {"retry_after": "3600"}
QUICK = Pacing(backoff_s=0.01, return_s=1.0)
T = TypeVar("T")


def pacing(answers: list[Any], pacing: Pacing = QUICK, **options: Any) -> Pacer:
    """Return a pacer of a target whose last answer repeats itself."""
    given: Iterator[Any] = iter(answers)
    recorder = Recorder(lambda _: next(given, answers[-1]))
    return Pacer(recorder, pacing, **options)


def fired(answers: list[Any], *, before: int = 1, **options: Any) -> Exchange:
    """Fire one request that is answered by a list, after some that are accepted."""
    pacer = pacing([*[OK] * before, *answers], **options)

    async def talk() -> Exchange:
        for _ in range(before):
            await pacer.exchange(asked("GET", "/"))
        return await pacer.exchange(asked("POST", BASE))

    return asyncio.run(talk())


def timed(work: Coroutine[Any, Any, T]) -> tuple[T, float]:
    began = time.monotonic()
    return asyncio.run(work), time.monotonic() - began


def status(exchange: Exchange) -> int:
    return exchange.response.status if exchange.response else 0


@pytest.mark.parametrize(
    ("answers", "twice"),
    [
        ([Trouble.DROPPED], True),
        ([Trouble.GARBLED], True),
        ([Trouble.TIMEOUT], True),
        ([BUSY], True),
        ([answered(502)], True),
        ([Trouble.DROPPED, BUSY, Trouble.GARBLED], True),
        ([LIMITED], False),
        ([LIMITED, BUSY, LIMITED], True),
        ([Trouble.UNREACHABLE], False),
        ([Trouble.DROPPED, Trouble.UNREACHABLE], True),
    ],
    ids=str,
)
def test_transient_failure_does_not_count(answers: list[Any], *, twice: bool) -> None:
    exchange = fired([*answers, OK])

    assert status(exchange) == 200
    assert exchange.sent == len(answers) + 1
    assert exchange.twice == twice


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        (Trouble.DROPPED, 5),
        (BUSY, 5),
        (answered(504), 5),
        (Trouble.TIMEOUT, 2),
        (Trouble.TLS, 1),
        (answered(500), 1),
        (answered(404), 1),
    ],
    ids=["dropped", "busy", "gateway", "timeout", "tls", "crash", "refusal"],
)
def test_what_comes_again_counts(answer: Any, sent: int) -> None:
    exchange = fired([answer])

    assert exchange.sent == sent
    assert (exchange.response == answer) or (
        exchange.failure is not None and exchange.failure.trouble == answer
    )


def test_certain_defect_costs_few_requests_in_the_end() -> None:
    pacer = pacing([BUSY])

    async def talk() -> list[int]:
        return [(await pacer.exchange(asked("POST", BASE))).sent for _ in range(30)]

    sent = asyncio.run(talk())

    assert sent[0] == 5
    assert sent[-1] == 2


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        (Trouble.DROPPED, 1),
        (Trouble.TIMEOUT, 1),
        (BUSY, 1),
        (answered(503, None, retry_after="0"), 1),
        (LIMITED, 1),
        (Trouble.UNREACHABLE, 2),  # it reached nobody
    ],
    ids=["dropped", "timeout", "busy", "busy-asking", "limited", "unreachable"],
)
def test_what_may_not_be_repeated_is_not(answer: Any, sent: int) -> None:
    assert fired([answer, OK], may_repeat=lambda _: False).sent == sent


def test_limit_that_a_create_meets_is_waited_for_by_the_next_request() -> None:
    given = iter([answered(429, None, retry_after="0.2"), OK])
    recorder = Recorder(lambda _: next(given))
    pacer = Pacer(recorder, QUICK, may_repeat=lambda each: each.method == "GET")

    first, _ = timed(pacer.exchange(asked("POST", BASE)))
    second, waited = timed(pacer.exchange(asked("GET", BASE)))

    assert (status(first), status(second)) == (429, 200)
    assert waited >= 0.15
    assert recorder.told == [f"POST {BASE}", f"GET {BASE}"]


@pytest.mark.parametrize(
    ("limit", "found"), [(answered(429, None, **FAR), 429), (answered(503, **FAR), 200)]
)
def test_too_long_a_wait_is_not_begun(limit: Response, found: int) -> None:
    began = time.monotonic()

    # A gateway that asks for it is tried again at once.
    assert status(fired([limit, OK])) == found
    assert time.monotonic() - began < 1


def test_retry_after_is_waited_for() -> None:
    began = time.monotonic()

    exchange = fired([answered(429, None, retry_after="0.3"), OK])

    assert status(exchange) == 200
    assert time.monotonic() - began >= 0.28


def test_nobody_else_is_sent_while_the_target_asks_to_wait() -> None:
    times: list[float] = []
    answers = iter([answered(429, None, retry_after="0.2")])

    def answer(_: Any) -> Response:
        times.append(time.monotonic())
        return next(answers, OK)

    pacer = Pacer(Recorder(answer), QUICK)

    async def talk() -> None:
        first = asyncio.create_task(pacer.exchange(asked("GET", "/")))
        await asyncio.sleep(0.02)
        await asyncio.gather(first, *(pacer.exchange(asked("GET", "/")) for _ in "ab"))

    asyncio.run(talk())

    assert min(times[1:]) - times[0] >= 0.19


def test_limit_that_is_used_up_is_waited_for() -> None:
    used = answered(200, {}, x_ratelimit_remaining="0", x_ratelimit_reset="0.2")
    pacer = pacing([used, OK])

    async def talk() -> tuple[float, float]:
        began = time.monotonic()
        await pacer.exchange(asked("GET", "/"))
        first = time.monotonic() - began
        await pacer.exchange(asked("GET", "/"))
        return first, time.monotonic() - began

    first, both = asyncio.run(talk())

    assert first < 0.15
    assert both >= 0.19


def test_target_that_is_started_anew_is_waited_for() -> None:
    told: list[str] = []
    pacer = pacing([OK, *[Trouble.UNREACHABLE] * 3, OK], tell=told.append)

    async def talk() -> list[int]:
        return [status(await pacer.exchange(asked("POST", BASE))) for _ in "ab"]

    assert asyncio.run(talk()) == [200, 200]
    assert pacer.absences == 1
    assert ["away" in told[0], "back" in told[1]] == [True, True]


def test_target_that_stays_away_is_given_up_once() -> None:
    pacer = pacing([OK, Trouble.UNREACHABLE], Pacing(return_s=0.3))

    async def talk() -> list[float]:
        took: list[float] = []
        for _ in range(3):
            began = time.monotonic()
            await pacer.exchange(asked("GET", "/"))
            took.append(time.monotonic() - began)
        return took

    took = asyncio.run(talk())

    assert took[1] >= 0.3
    assert took[2] < 0.2


def test_rate_is_kept_by_all_requests_and_their_repeats() -> None:
    limited = Limited(Recorder(lambda _: OK), 50)
    dropping = Pacer(Limited(Recorder(lambda _: Trouble.DROPPED), 20), Pacing())

    async def eleven() -> None:
        await asyncio.gather(*(limited.exchange(asked("GET", "/")) for _ in range(11)))

    _, of_eleven = timed(eleven())
    exchange, of_six = timed(dropping.exchange(asked("GET", "/"), repeats=2))

    assert 0.19 <= of_eleven < 1
    assert exchange.sent == 6
    assert of_six >= 0.24


@pytest.mark.parametrize("after", [False, True])
def test_rate_is_kept_by_a_loop_that_is_held_up(*, after: bool) -> None:
    came, left = list[float](), list[float]()

    async def answer() -> Response:
        came.append(time.monotonic())
        await asyncio.sleep(0.03)
        left.append(time.monotonic())
        return OK

    limited = Limited(Recorder(lambda _: answer()), 20, after=after)

    async def talk() -> None:
        fired = [limited.exchange(asked("GET", "/")) for _ in range(5)]
        tasks = asyncio.gather(*fired)
        for pause in (0.09, 0.02, 0.08, 0.03, 0.05):
            await asyncio.sleep(0.01)
            time.sleep(pause)  # noqa: ASYNC251 - as judging does
        await tasks

    asyncio.run(talk())
    before = left if after else came
    assert min(b - a for a, b in zip(before, came[1:], strict=False)) >= 0.049


@pytest.mark.parametrize(
    ("text", "rate"), [("5/s", 5.0), ("5", 5.0), (" 0.5/s", 0.5), (None, None)]
)
def test_rate_is_read(text: str | None, rate: float | None) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "5/m", "five", "/s"])
def test_what_is_no_rate_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="--rate"):
        parse_rate(text)


NOW = 1_900_000_000.0


@pytest.mark.parametrize(
    ("headers", "due"),
    [
        ({"retry_after": "3"}, 3.0),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": formatdate(NOW + 30, usegmt=True)}, 30.0),
        ({"retry_after": formatdate(NOW - 30, usegmt=True)}, 0.0),
        ({"retry_after": "9" * 400}, inf),
        ({"retry_after": "Fri, 31 Dec 99999 23:59:59 GMT"}, inf),
        *(({"retry_after": text}, inf) for text in ("soon", "nan", "-1", "1e999")),
        ({"x_ratelimit_reset": "2030-03-17T17:47:00Z"}, 20.0),
        ({"x_ratelimit_reset": "1900000007"}, 7.0),
        ({"x_ratelimit_reset": "7"}, 7.0),
        ({"retry_after": "1", "x_ratelimit_reset": "7"}, 1.0),
        ({}, None),
    ],
    ids=str,
)
def test_how_long_to_wait_is_read(headers: dict[str, str], due: float | None) -> None:
    assert due_s(answered(429, None, **headers), NOW) == due


def test_end_of_a_limit_is_no_reason_of_a_gateway() -> None:
    assert due_s(answered(502, None, x_ratelimit_reset="7"), NOW, limits=False) is None
