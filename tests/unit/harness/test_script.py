"""Cases of several steps, played against an API in this process, and judged."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import pytest
from tests.inprocess import suite
from tests.unit.harness.guarded import answered

from ringspec.harness import Exchange, Failure, Finding, Trouble
from ringspec.harness.judging.oracle import Oracle, missing_links
from ringspec.harness.running.firing import play
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.inprocess import InProcess
from ringspec.reference import Behaviour, ServerSettings, application
from ringspec.reference.json_values import FACTS
from ringspec.reference.store import EDITABLE, Store
from ringspec.spec import Json, Paging
from ringspec.strategies import Case, Request

pytestmark = pytest.mark.usefixtures("quick")
Answer = tuple[int, Json]
Override: TypeAlias = "Callable[[str, str, Api], Answer | None]"


class Api(InProcess):
    """The reference; any answer can be overridden.

    However many a page is asked to have, it has no more than `page`.
    """

    def __init__(
        self, override: Override = lambda *_: None, *, page: int = 100, kept: int = 0
    ) -> None:
        self.override, self.page, self.store = override, page, Store()
        self.asked: list[str] = []
        for _ in range(kept):
            self.store.add({"name": "ringspec trace no-token"}, 0)
        settings = ServerSettings(token="t")
        app = application(settings, Behaviour(store=lambda: self.store))
        super().__init__(app, filling=Filling(token=settings.token))

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        self.asked.append(f"{request.method} {request.path}")
        found = self.override(request.method, request.path, self)
        if found is None:
            path = re.sub(r"(?<=pageSize=)\d+", str(self.page), request.path)
            passed = replace(request, path=path)
            exchange = await super().exchange(passed, repeats=repeats)
            return replace(exchange, request=request)
        status, data = found
        made = Exchange(url=f"http://127.0.0.1{request.path}", request=request)
        if not status:
            failure = Failure(trouble=Trouble.DROPPED, message="it was dropped")
            return replace(made, failure=failure)
        return replace(made, response=answered(status, data))

    def shown(self, one: str) -> Json:
        """Return what is read of one; None if there is none."""
        found = self.store.find(one)
        return found and found.full(FACTS["defaults"])

    def listed(self, path: str, but_for: str = "") -> Json:
        """Return a page of the list, without those of a state."""
        number = int(dict(re.findall(r"[?&](page)=(\d+)", path)).get("page", 1))
        every = self.store.slice(0, len(self.store))
        kept = [each.short({}) for each in every if each.state != but_for]
        items = kept[(number - 1) * self.page : number * self.page]
        return {
            "items": items,
            "pagination": {"page": number, "totalRecord": len(kept)},
        }


def played(api: Api) -> list[tuple[Case, Exchange]]:
    """Play every script against an API."""
    scripts = [case for case in suite()[1] if case.steps]
    return [(case, asyncio.run(play(api, case))) for case in scripts]


def judged(api: Api) -> dict[str, str]:
    """Play every script; return what fails or stays open, and why."""
    oracle, exchanges = Oracle(suite()[0]), played(api)
    missing = missing_links(suite()[0], exchanges)
    found: dict[str, str] = {}
    for case, exchange in exchanges:
        if not {step.link for step in case.steps} & missing:
            # What fails is kept, whatever else is open.
            amiss = _amiss(oracle.judge(case, exchange))
            fails = {k: v for k, v in found.items() if v.startswith("fail")}
            found |= amiss | fails
    return found


def missing(override: Override) -> set[str]:
    """Return the links that an API seems to lack."""
    return missing_links(suite()[0], played(Api(override)))


def _amiss(findings: tuple[Finding, ...]) -> dict[str, str]:
    return {
        str(each.rule): f"{each.verdict}: {each.reason}"
        for each in findings
        if each.verdict != "pass"
    }


def last_of(path: str, number: int = 1) -> str:
    return path.split("/")[-number]


def answering(
    method: str, pattern: str, answer: Callable[[Api, str], Answer | None]
) -> Override:
    def override(asked: str, path: str, api: Api) -> Answer | None:
        if asked == method and re.fullmatch(pattern, path):
            return answer(api, path)
        return None

    return override


CREATE = "/voice/broadcasts"
ONE = r"/voice/broadcasts/[^/?]+"
ALL = r"/voice/broadcasts(\?.*)?"
ERROR = {"error": {"code": "no", "message": "no"}}


@pytest.mark.parametrize("page", [1, 3, 7, 100])
def test_right_api_is_not_accused_whatever_was_left_by_an_earlier_run(
    page: int,
) -> None:
    assert judged(Api(page=page, kept=1)) == {}


def test_state_that_takes_four_looks_is_waited_for() -> None:
    looks = Counter[tuple[str, str]]()

    def late(api: Api, path: str) -> Answer | None:
        shown = api.shown(last_of(path)) or {"state": "draft"}
        looks[path, shown["state"]] += 1
        is_late = shown["state"] != "draft" and looks[path, shown["state"]] < 5
        return (200, {**shown, "state": "starting"}) if is_late else None

    assert judged(Api(answering("GET", ONE, late))) == {}


def test_state_that_never_comes_says_nothing() -> None:
    # What is called is done at once, as with an empty segment.
    def completed(api: Api, path: str) -> Answer | None:
        shown = api.shown(last_of(path)) or {"state": "draft"}
        is_begun = shown["state"] not in EDITABLE
        return (200, {**shown, "state": "completed"}) if is_begun else None

    assert set(judged(Api(answering("GET", ONE, completed)))) <= {
        # A canceled one that is shown as completed is wrong all the same.
        "lifecycle.cancel",
        "auth.token",
    }


def same(status: int, data: Json = None) -> Callable[[Api, str], Answer]:
    return lambda *_: (status, data)


def test_id_that_is_missing_or_the_same_is_found() -> None:
    again = judged(Api(answering("POST", CREATE, same(201, {"broadcastId": "b-1"}))))
    none = judged(Api(answering("POST", CREATE, same(201, {"state": "draft"}))))

    assert "again" in again["lifecycle.ids"]
    assert none["lifecycle.readable"].startswith("inconclusive: POST /voice/broad")
    assert "/broadcastId" in none["lifecycle.readable"]


@pytest.mark.parametrize("status", [404, 405, 501])
def test_operation_that_is_not_there_is_not_accused(status: int) -> None:
    def nothing(method: str, path: str, _: Api) -> Answer | None:
        return (status, ERROR) if (method, path) != ("POST", CREATE) else None

    assert missing(nothing) == {each.name for each in suite()[0].links}
    assert judged(Api(nothing)) == {}


def test_one_operation_that_is_not_there_is_told_from_one_that_errs() -> None:
    assert missing(answering("DELETE", ONE, same(405, ERROR))) == {"delete"}
    assert missing(answering("DELETE", ONE, same(404, ERROR))) == set()


def script(name: str) -> Case:
    return next(case for case in suite()[1] if case.id == name)


def test_failure_on_the_way_is_brought_back() -> None:
    case = script("lifecycle.deleted/read")
    drops = answering("DELETE", ONE, same(0))

    exchange = asyncio.run(play(Api(drops), case))

    assert exchange.failure is not None
    assert exchange.sent == 2
    assert exchange.played is not None
    assert len(exchange.played.earlier) == 1
    found = _amiss(Oracle(suite()[0]).judge(case, exchange))
    assert found["robustness"] == "fail: it was dropped"
    assert found["lifecycle.deleted"].startswith("inconclusive")


@pytest.fixture
def listing() -> Case:
    return script("lifecycle.listed/created")


def test_list_without_a_total_is_read_to_its_end(listing: Case) -> None:
    def without(api: Api, path: str) -> Answer:
        return 200, {"items": api.listed(path)["items"], "pagination": {}}

    api = Api(answering("GET", ALL, without), page=2, kept=4)

    exchange = asyncio.run(play(api, listing))

    assert exchange.played is not None
    assert exchange.played.complete
    assert len(exchange.played.items or ()) == 5


@pytest.mark.parametrize(
    ("said", "complete"),
    [
        ("https://192.0.2.1/elsewhere?page={}", True),
        ("?page={}&more=\x00\ud800 ", True),
        ("{}", True),
        ("?page=1", False),
        ("/elsewhere?", False),
        ("?page={}&at=" + "9" * 100_000, True),
    ],
    ids=["elsewhere", "no text", "name", "loop", "nowhere", "long"],
)
def test_list_is_read_by_what_each_page_says_of_the_next(
    listing: Case, said: str, *, complete: bool
) -> None:
    def paged(api: Api, path: str) -> Answer:
        found = api.listed(path)
        number, more = found["pagination"]["page"] + 1, found["items"][1:]
        return 200, {"items": found["items"], "next": more and said.format(number)}

    *before, last = listing.steps
    last = replace(last, paging=Paging(items="/items", next="/next", page="page"))
    api = Api(answering("GET", ALL, paged), page=2, kept=4)

    exchange = asyncio.run(play(api, replace(listing, steps=(*before, last))))

    assert exchange.played is not None
    assert exchange.played.complete == complete
    assert len(exchange.played.items or ()) == 5 or not complete
    assert all(re.fullmatch(r"\w+ " + ALL, it) for it in api.asked), api.asked
    assert max(map(len, api.asked)) < 5_000
    assert "".join(api.asked).isascii()


def test_unfinished_list_accuses_nobody(listing: Case) -> None:
    exchange = asyncio.run(play(Api(page=3, kept=90), listing))
    assert exchange.played is not None
    unfinished = replace(exchange.played, items=(), complete=False)
    exchange = replace(exchange, played=unfinished)

    (found,) = _amiss(Oracle(suite()[0]).judge(listing, exchange)).values()
    assert found.startswith("inconclusive: not read: some pages")
