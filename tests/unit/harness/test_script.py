"""Cases of several steps, played against an API in this process, and judged."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import pytest

from ringspec.harness import Exchange, Failure, Finding, Response, Trouble
from ringspec.harness.judging.oracle import Oracle, missing_links
from ringspec.harness.running import firing as script_module
from ringspec.harness.running.firing import play
from ringspec.spec import Contract, Json, Paging
from ringspec.strategies import Case, Request

Answer = tuple[int, Json]
Override: TypeAlias = "Callable[[str, str, Api], Answer | None]"
ROUTE = re.compile(r"/voice/broadcasts(?:/([^/?]+))?(?:/(\w+))?(?:\?(.*))?")


@dataclass
class Api:
    """A small API that keeps what it is sent; any answer can be overridden.

    Attributes:
        late: how many reads a state takes to be seen.
    """

    override: Override = lambda *_: None
    page: int = 100
    late: int = 0
    made: int = 0
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def close(self) -> None:
        """Nothing is open."""

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        assert repeats >= 0  # whoever comes before may see to repeats
        self.asked.append(f"{request.method} {request.path}")
        found = self.override(request.method, request.path, self)
        status, data = found or self._answer(request)
        response, failure = None, None
        if status:
            headers = (("Content-Type", "application/json"),)
            content = json.dumps(data).encode()
            response = Response(status=status, headers=headers, body=content)
        else:
            failure = Failure(trouble=Trouble.DROPPED, message="it was dropped")
        return Exchange(
            url=f"http://127.0.0.1{request.path}",
            request=request,
            response=response,
            failure=failure,
        )

    def _answer(self, request: Request) -> Answer:
        found = ROUTE.fullmatch(request.path)
        assert found is not None
        one, command, query = found.groups()
        refused = self._refusal(request, one)
        if refused is not None:
            return refused
        if request.method == "POST" and one is None:
            self.made += 1
            made = f"b-{self.made}"
            self.kept[made] = {**self._body(request), "state": "draft"}
            return 201, self.shown(made)
        if request.method == "GET" and one is None:
            return 200, self.listed(query or "")
        if command:
            return self._command(one, command)
        if request.method == "PUT":
            self.kept[one] = {**self._body(request), "state": "draft"}
        if request.method == "DELETE":
            del self.kept[one]
            return 204, None
        return 200, self.shown(one)

    def _refusal(self, request: Request, one: str | None) -> Answer | None:
        error = {"error": {"code": "no", "message": "no"}}
        if not any("{token}" in value for _, value in request.headers):
            return 401, error
        if one is not None and one not in self.kept:
            return 404, error
        if request.method in {"POST", "PUT"} and request.body:
            try:
                json.loads(request.body)
            except ValueError:
                return 400, error
            if not _is_valid(json.loads(request.body)):
                return 422, error
        return None

    def _command(self, one: str, command: str) -> Answer:
        goes = {
            ("draft", "start"): "started",
            ("started", "pause"): "paused",
            ("paused", "resume"): "started",
            ("started", "cancel"): "canceled",
            ("paused", "cancel"): "canceled",
        }
        state = goes.get((self.kept[one]["state"], command))
        if state is None:
            return 409, {"error": {"code": "no", "message": "no"}}
        self.kept[one] |= {"state": state, "looks": self.late}
        return 200, {"broadcastId": one, "state": state}

    def _body(self, request: Request) -> dict[str, Any]:
        return dict(json.loads(request.body))

    def shown(self, one: str) -> Json:
        kept = self.kept[one]
        state = kept["state"]
        if kept.get("looks", 0) > 0:
            kept["looks"] -= 1
            state = "starting"
        defaults = {"distribution": "none", "language": "fr-BE", "voice": "woman"}
        shown = {**defaults, **kept, "state": state, "broadcastId": one}
        shown.pop("looks", None)
        return shown

    def listed(self, query: str) -> Json:
        number = int(dict(re.findall(r"(\w+)=(\d+)", query)).get("page", 1))
        names = list(self.kept)
        start = (number - 1) * self.page
        items = [
            {"broadcastId": one, "name": self.kept[one]["name"], "state": "draft"}
            for one in names[start : start + self.page]
        ]
        told = {"page": number, "pageSize": self.page, "totalRecord": len(names)}
        return {"items": items, "pagination": told}


_CONTRACT: list[Contract] = []


def _is_valid(body: Json) -> bool:
    return _CONTRACT[0].prover.is_valid(body)


@pytest.fixture(autouse=True)
def quick(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    _CONTRACT[:] = [contract]
    monkeypatch.setattr(script_module, "_PAUSES_S", (0.0,) * 7)


@pytest.fixture
def scripts(cases: tuple[Case, ...]) -> list[Case]:
    return [case for case in cases if case.steps]


@pytest.fixture
def judged(contract: Contract, scripts: list[Case]) -> Callable[..., dict[str, str]]:
    """Play every case against an API; return what fails or stays open, and why."""

    def judge(api: Api) -> dict[str, str]:
        oracle = Oracle(contract)
        played = [(case, asyncio.run(play(api, case))) for case in scripts]
        missing = missing_links(contract, played)
        found: dict[str, str] = {}
        for case, exchange in played:
            if not {step.link for step in case.steps} & missing:
                # What fails is kept, whatever else is open.
                amiss = _amiss(oracle.judge(case, exchange))
                fails = {k: v for k, v in found.items() if v.startswith("fail")}
                found |= amiss | fails
        return found

    return judge


def _amiss(findings: tuple[Finding, ...]) -> dict[str, str]:
    return {
        str(each.rule): f"{each.verdict}: {each.reason}"
        for each in findings
        if each.verdict != "pass"
    }


Judged = Callable[[Api], dict[str, str]]


def last_of(path: str, number: int = 1) -> str:
    return path.split("/")[-number]


def answering(
    method: str, pattern: str, answer: Callable[[Api, str], Answer]
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


@pytest.mark.parametrize(
    "options", [{}, {"page": 1}, {"page": 3}, {"page": 7}, {"late": 4}], ids=str
)
def test_right_api_is_not_accused(judged: Judged, options: dict[str, Any]) -> None:
    assert judged(Api(**options)) == {}


def test_state_that_never_comes_says_nothing(judged: Judged) -> None:
    # What is called is done at once, as with an empty segment.
    def completed(api: Api, path: str) -> Answer:
        one = last_of(path)
        if one not in api.kept:
            return 404, ERROR
        if api.kept[one]["state"] != "draft":
            return 200, {**api.shown(one), "state": "completed"}
        return 200, api.shown(one)

    assert set(judged(Api(answering("GET", ONE, completed)))) <= {
        # A canceled one that is shown as completed is wrong all the same.
        "lifecycle.cancel",
        "auth.token",
    }


def same(status: int, data: Json = None) -> Callable[[Api, str], Answer]:
    return lambda *_: (status, data)


def test_what_was_left_by_an_earlier_run_is_not_held_against_it(judged: Judged) -> None:
    old = {"name": "ringspec trace no-token", "state": "draft"}

    assert judged(Api(kept={"old": old})) == {}


def test_id_that_is_missing_or_the_same_is_found(judged: Judged) -> None:
    again = judged(Api(answering("POST", CREATE, same(201, {"broadcastId": "b-1"}))))
    none = judged(Api(answering("POST", CREATE, same(201, {"state": "draft"}))))

    assert "again" in again["lifecycle.ids"]
    assert none["lifecycle.readable"].startswith("inconclusive: POST /voice/broad")
    assert "/broadcastId" in none["lifecycle.readable"]


@pytest.fixture
def missing(contract: Contract, scripts: list[Case]) -> Callable[[Override], set[str]]:
    """Return the links that an API seems to lack."""

    def links(override: Override) -> set[str]:
        api = Api(override)
        played = [(case, asyncio.run(play(api, case))) for case in scripts]
        return missing_links(contract, played)

    return links


@pytest.mark.parametrize("status", [404, 405, 501])
def test_operation_that_is_not_there_is_not_accused(
    judged: Judged,
    contract: Contract,
    missing: Callable[[Override], set[str]],
    status: int,
) -> None:
    def nothing(method: str, path: str, _: Api) -> Answer | None:
        return (status, ERROR) if (method, path) != ("POST", CREATE) else None

    assert missing(nothing) == {each.name for each in contract.links}
    assert judged(Api(nothing)) == {}


def test_one_operation_that_is_not_there_is_told_from_one_that_errs(
    missing: Callable[[Override], set[str]],
) -> None:
    assert missing(answering("DELETE", ONE, same(405, ERROR))) == {"delete"}
    assert missing(answering("DELETE", ONE, same(404, ERROR))) == set()


def test_failure_on_the_way_is_brought_back(
    contract: Contract, scripts: list[Case]
) -> None:
    case = next(each for each in scripts if each.id == "lifecycle.deleted/read")
    drops = answering("DELETE", ONE, same(0))

    exchange = asyncio.run(play(Api(drops), case))

    assert exchange.failure is not None
    assert exchange.sent == 2
    assert exchange.played is not None
    assert len(exchange.played.earlier) == 1
    found = _amiss(Oracle(contract).judge(case, exchange))
    assert found["robustness"] == "fail: it was dropped"
    assert found["lifecycle.deleted"].startswith("inconclusive")


def old(count: int) -> dict[str, dict[str, Any]]:
    return {f"o-{n}": {"name": "x", "state": "draft"} for n in range(count)}


@pytest.fixture
def listing(scripts: list[Case]) -> Case:
    return next(each for each in scripts if each.id == "lifecycle.listed/created")


def test_list_without_a_total_is_read_to_its_end(listing: Case) -> None:
    def without(api: Api, path: str) -> Answer:
        return 200, {"items": api.listed(path)["items"], "pagination": {}}

    api = Api(answering("GET", ALL, without), page=2, kept=old(4))

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
    api = Api(answering("GET", ALL, paged), page=2, kept=old(4))

    exchange = asyncio.run(play(api, replace(listing, steps=(*before, last))))

    assert exchange.played is not None
    assert exchange.played.complete == complete
    assert len(exchange.played.items or ()) == 5 or not complete
    assert all(re.fullmatch(r"\w+ " + ALL, it) for it in api.asked), api.asked
    assert max(map(len, api.asked)) < 5_000
    assert "".join(api.asked).isascii()


def test_unfinished_list_accuses_nobody(contract: Contract, listing: Case) -> None:
    exchange = asyncio.run(play(Api(page=3, kept=old(90)), listing))
    assert exchange.played is not None
    unfinished = replace(exchange.played, items=(), complete=False)
    exchange = replace(exchange, played=unfinished)

    (found,) = _amiss(Oracle(contract).judge(listing, exchange)).values()
    assert found.startswith("inconclusive: not read: some pages")
