"""What is sent again, what is waited for, and what counts in the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any

import pytest
from tests.unit.harness.guarded import BASE, Recorder, answered, asked

from ringspec.harness import Exchange, Response, Trouble
from ringspec.harness.sending.pacer import (
    Limited,
    Pacer,
    Pacing,
    due_s,
    parse_rate,
)
from ringspec.spec import UsageError

OK = answered(200, {})
BUSY, LIMITED = answered(503), answered(429)
QUICK = Pacing(backoff_s=0.01, return_s=1.0)


def fired(
    answers: list[Any],
    *,
    pacing: Pacing = QUICK,
    repeats: int = 1,
    before: int = 1,
    **options: Any,
) -> tuple[Exchange, Recorder, Pacer]:
    """Fire one request that is answered by a list, whose last one repeats itself."""
    given: Iterator[Any] = iter([*[OK] * before, *answers])
    recorder = Recorder(lambda _: next(given, answers[-1]))
    pacer = Pacer(recorder, pacing, **options)

    async def talk() -> Exchange:
        for _ in range(before):
            await pacer.exchange(asked("GET", "/"))
        return await pacer.exchange(asked("POST", BASE), repeats=repeats)

    return asyncio.run(talk()), recorder, pacer


def status(exchange: Exchange) -> int:
    return exchange.response.status if exchange.response else 0


@pytest.mark.parametrize(
    "answers",
    [
        [Trouble.DROPPED],
        [Trouble.GARBLED],
        [Trouble.TIMEOUT],
        [BUSY],
        [answered(502)],
        [Trouble.DROPPED, BUSY, Trouble.GARBLED],
        [LIMITED],
        [LIMITED, BUSY, LIMITED],
        [Trouble.UNREACHABLE],
        [Trouble.DROPPED, Trouble.UNREACHABLE],
    ],
    ids=str,
)
def test_transient_failure_does_not_count(answers: list[Any]) -> None:
    exchange, _, _ = fired([*answers, OK])

    assert status(exchange) == 200
    assert exchange.sent == len(answers) + 1


@pytest.mark.parametrize(
    ("answer", "twice"),
    [
        (LIMITED, False),
        (Trouble.UNREACHABLE, False),
        (Trouble.DROPPED, True),
        (BUSY, True),
    ],
    ids=["limited", "away", "dropped", "busy"],
)
def test_what_may_have_been_taken_twice_is_told(answer: Any, *, twice: bool) -> None:
    exchange, _, _ = fired([answer, OK])

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
    exchange, _, _ = fired([answer])

    assert exchange.sent == sent
    assert (exchange.response == answer) or (
        exchange.failure is not None and exchange.failure.trouble == answer
    )


def test_certain_defect_costs_few_requests_in_the_end() -> None:
    recorder = Recorder(lambda _: BUSY)
    pacer = Pacer(recorder, QUICK)

    async def talk() -> list[int]:
        return [(await pacer.exchange(asked("POST", BASE))).sent for _ in range(30)]

    sent = asyncio.run(talk())

    assert sent[0] == 5
    assert sent[-1] == 2


def test_frequent_failures_ask_for_more_tries() -> None:
    # One in three fails by chance; this one fails six times by chance.
    flaky = [BUSY, OK] * 10
    exchange, _, _ = fired([*flaky, *[BUSY] * 6, OK], before=0)
    assert status(exchange) == 200  # the first of the flaky ones

    given = iter([*flaky, *[BUSY] * 6, OK])
    pacer = Pacer(Recorder(lambda _: next(given)), QUICK)

    async def talk() -> list[int]:
        return [status(await pacer.exchange(asked("POST", BASE))) for _ in range(11)]

    assert asyncio.run(talk()) == [200] * 11


@pytest.mark.parametrize("answer", [Trouble.DROPPED, Trouble.TIMEOUT, BUSY, LIMITED])
def test_what_may_not_be_repeated_is_not(answer: Any) -> None:
    exchange, _, _ = fired([answer, OK], may_repeat=lambda _: False)

    assert exchange.sent == 1


def test_what_reached_nobody_is_sent_again_in_any_case() -> None:
    exchange, _, _ = fired([Trouble.UNREACHABLE, OK], may_repeat=lambda _: False)

    assert exchange.sent == 2


def test_limit_that_a_create_meets_is_waited_for_by_the_next_request() -> None:
    limited = answered(429, None, retry_after="0.2")
    given = iter([limited, OK])
    recorder = Recorder(lambda _: next(given))
    pacer = Pacer(recorder, QUICK, may_repeat=lambda each: each.method == "GET")

    async def talk() -> tuple[int, int, float]:
        first = status(await pacer.exchange(asked("POST", BASE)))
        began = time.monotonic()
        second = status(await pacer.exchange(asked("GET", BASE)))
        return first, second, time.monotonic() - began

    first, second, waited = asyncio.run(talk())

    assert (first, second) == (429, 200)
    assert waited >= 0.15
    assert recorder.told == [f"POST {BASE}", f"GET {BASE}"]


def test_busy_answer_is_not_waited_for_where_it_may_have_been_taken() -> None:
    busy = answered(503, None, retry_after="0")

    exchange, _, _ = fired([busy, OK], may_repeat=lambda _: False)

    assert exchange.sent == 1


def test_waiting_for_a_limit_ends() -> None:
    told: list[str] = []

    exchange, _, _ = fired([LIMITED], tell=told.append)

    assert status(exchange) == 429
    assert exchange.sent == 1 + QUICK.resends
    assert len(told) == 1


def test_too_long_a_wait_is_not_begun() -> None:
    far = answered(429, None, retry_after="3600")
    began = time.monotonic()

    exchange, _, _ = fired([far, OK])

    assert status(exchange) == 429
    assert time.monotonic() - began < 1


def test_gateway_that_asks_for_too_long_a_wait_is_tried_again_at_once() -> None:
    far = answered(503, None, retry_after="3600")
    began = time.monotonic()

    exchange, _, _ = fired([far, OK])

    assert status(exchange) == 200
    assert time.monotonic() - began < 1


def test_retry_after_is_waited_for() -> None:
    began = time.monotonic()

    exchange, _, _ = fired([answered(429, None, retry_after="0.3"), OK])

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
    began = time.monotonic()

    fired([used, OK], before=0)
    assert time.monotonic() - began < 0.15

    given = iter([used, OK])
    pacer = Pacer(Recorder(lambda _: next(given)), QUICK)

    async def talk() -> None:
        await pacer.exchange(asked("GET", "/"))
        await pacer.exchange(asked("GET", "/"))

    began = time.monotonic()
    asyncio.run(talk())
    assert time.monotonic() - began >= 0.19


def test_target_that_is_started_anew_is_waited_for() -> None:
    told: list[str] = []

    exchange, _, pacer = fired([*[Trouble.UNREACHABLE] * 3, OK], tell=told.append)

    assert status(exchange) == 200
    assert pacer.absences == 1
    assert ["away" in told[0], "back" in told[1]] == [True, True]


def test_target_that_stays_away_is_given_up_once() -> None:
    given = iter([OK])
    pacer = Pacer(
        Recorder(lambda _: next(given, Trouble.UNREACHABLE)), Pacing(return_s=0.3)
    )

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


def test_target_that_never_answered_is_not_waited_for() -> None:
    exchange, _, _ = fired([Trouble.UNREACHABLE], before=0)

    assert exchange.sent == 2


def test_jitter_follows_the_seed() -> None:
    def waits(seed: int) -> list[str]:
        told: list[str] = []
        fired(
            [LIMITED, OK],
            pacing=Pacing(backoff_s=0.1, return_s=1),
            seed=seed,
            tell=told.append,
        )
        return told

    assert waits(1) == waits(1)


def test_rate_is_kept_by_whoever_fires() -> None:
    recorder = Recorder(lambda _: OK)
    limited = Limited(recorder, 50)

    async def talk() -> float:
        began = time.monotonic()
        await asyncio.gather(*(limited.exchange(asked("GET", "/")) for _ in range(11)))
        return time.monotonic() - began

    assert 0.19 <= asyncio.run(talk()) < 1


def test_repeats_are_at_the_rate_too() -> None:
    recorder = Recorder(lambda _: Trouble.DROPPED)
    limited = Limited(recorder, 20)

    async def talk() -> float:
        began = time.monotonic()
        exchange = await limited.exchange(asked("GET", "/"), repeats=2)
        assert exchange.sent == 3
        return time.monotonic() - began

    assert asyncio.run(talk()) >= 0.09


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
AT: Callable[[float], str] = lambda s: formatdate(s, usegmt=True)  # noqa: E731


@pytest.mark.parametrize(
    ("headers", "due"),
    [
        ({"retry_after": "3"}, 3.0),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": AT(NOW + 30)}, 30.0),
        ({"retry_after": AT(NOW - 30)}, 0.0),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-3"}, None),
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
