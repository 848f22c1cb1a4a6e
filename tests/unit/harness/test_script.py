"""Cases of several steps, played against an API in this process, and judged."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ringspec.harness import Exchange, Failure, Finding, Response, Trouble
from ringspec.harness.judging.multi_step import missing_links
from ringspec.harness.judging.oracle import Oracle
from ringspec.harness.running import firing as script_module
from ringspec.harness.running.firing import play
from ringspec.spec import Contract, Json
from ringspec.strategies import Case, Phase, Request

Answer = tuple[int, Json]
ROUTE = re.compile(r"/voice/broadcasts(?:/([^/?]+))?(?:/(\w+))?(?:\?(.*))?")


@dataclass
class Api:
    """A small API that keeps what it is sent; any answer can be overridden.

    Attributes:
        late: how many reads a state takes to be seen.
    """

    override: Callable[[str, str, Api], Answer | None] = lambda *_: None
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
) -> Callable[[str, str, Api], Answer | None]:
    def override(asked: str, path: str, api: Api) -> Answer | None:
        if asked == method and re.fullmatch(pattern, path):
            return answer(api, path)
        return None

    return override


ONE = r"/voice/broadcasts/[^/?]+"
ALL = r"/voice/broadcasts(\?.*)?"
ERROR = {"error": {"code": "no", "message": "no"}}


def test_right_api_is_not_accused(judged: Judged) -> None:
    assert judged(Api()) == {}


@pytest.mark.parametrize("page", [1, 3, 7])
def test_right_api_with_small_pages_is_not_accused(judged: Judged, page: int) -> None:
    assert judged(Api(page=page)) == {}


def test_state_is_waited_for(judged: Judged) -> None:
    assert judged(Api(late=4)) == {}


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


@pytest.mark.parametrize(
    ("method", "pattern", "answer", "rule"),
    [
        ("GET", ONE, lambda *_: (404, ERROR), "lifecycle.readable"),
        (
            "GET",
            ONE,
            lambda api, path: (
                (
                    200,
                    {**api.shown(last_of(path)), "name": "another"},
                )
                if last_of(path) in api.kept
                else (404, ERROR)
            ),
            "lifecycle.readable",
        ),
        (
            "GET",
            ALL,
            lambda *_: (
                200,
                {
                    "items": [],
                    "pagination": {"page": 1, "pageSize": 1, "totalRecord": 0},
                },
            ),
            "lifecycle.listed",
        ),
        ("DELETE", ONE, lambda *_: (204, None), "lifecycle.deleted"),
        (
            "POST",
            f"{ONE}/cancel",
            lambda _, path: (
                200,
                {"broadcastId": last_of(path, 2), "state": "canceling"},
            ),
            "lifecycle.cancel",
        ),
        (
            "POST",
            f"{ONE}/pause",
            lambda *_: (200, {"broadcastId": "x", "state": "paused"}),
            "lifecycle.transitions",
        ),
        (
            "POST",
            f"{ONE}/start",
            lambda *_: (200, {"broadcastId": "x", "state": "paused"}),
            "lifecycle.start",
        ),
        (
            "PUT",
            ONE,
            lambda api, path: (
                (200, api.shown(last_of(path)))
                if last_of(path) in api.kept
                else (404, ERROR)
            ),
            "lifecycle.updated",
        ),
        (
            "PUT",
            ONE,
            lambda *_: (200, {"broadcastId": "x"}),
            "lifecycle.update.refused",
        ),
        ("GET", f"{ONE}", lambda *_: (200, {"broadcastId": 1}), "auth.token"),
        (
            "DELETE",
            ".*0000-4000-8000-000000000000",
            lambda *_: (204, None),
            "lifecycle.unknown",
        ),
    ],
)
def test_lie_is_found(
    judged: Judged,
    method: str,
    pattern: str,
    answer: Callable[[Api, str], Answer],
    rule: str,
) -> None:
    found = judged(Api(answering(method, pattern, answer)))

    assert found[rule].startswith("fail: ")


def test_refused_body_that_was_kept_is_found(judged: Judged) -> None:
    def keeping(method: str, path: str, api: Api) -> Answer | None:
        if method == "POST" and path == "/voice/broadcasts":
            api.kept[f"lost-{len(api.asked)}"] = {
                "name": "ringspec trace no-token",
                "state": "draft",
            }
        return None

    found = judged(Api(keeping))

    assert found["lifecycle.rejected"].startswith("fail: the list now has an item")


def test_what_was_left_by_an_earlier_run_is_not_held_against_it(
    judged: Judged,
) -> None:
    old = {"name": "ringspec trace no-token", "state": "draft"}

    assert judged(Api(kept={"old": old})) == {}


def test_same_id_twice_is_found(judged: Judged) -> None:
    def same(method: str, path: str, api: Api) -> Answer | None:
        if method == "POST" and path == "/voice/broadcasts":
            return 201, {"broadcastId": "b-1", "state": "draft"}
        return None

    assert "again" in judged(Api(same))["lifecycle.ids"]


def test_id_that_is_missing_leaves_a_life_open(judged: Judged) -> None:
    def none(method: str, path: str, api: Api) -> Answer | None:
        return (201, {"state": "draft"}) if method == "POST" else None

    found = judged(Api(none))

    assert found["lifecycle.readable"].startswith("inconclusive: POST /voice/broad")
    assert "/broadcastId" in found["lifecycle.readable"]


@pytest.mark.parametrize("status", [404, 405, 501])
def test_operation_that_is_not_there_is_not_accused(
    judged: Judged, contract: Contract, scripts: list[Case], status: int
) -> None:
    def nothing(method: str, path: str, api: Api) -> Answer | None:
        return (status, ERROR) if (method, path) != ("POST", ALL[:17]) else None

    api = Api(nothing)
    played = [(case, asyncio.run(play(api, case))) for case in scripts]

    assert missing_links(contract, played) == {each.name for each in contract.links}
    assert judged(Api(nothing)) == {}


def test_one_operation_that_is_not_there_is_told_from_one_that_errs(
    contract: Contract, scripts: list[Case]
) -> None:
    gone = answering("DELETE", ONE, lambda *_: (405, ERROR))
    errs = answering("DELETE", ONE, lambda *_: (404, ERROR))

    def missing(override: Callable[[str, str, Api], Answer | None]) -> set[str]:
        api = Api(override)
        return missing_links(
            contract, [(case, asyncio.run(play(api, case))) for case in scripts]
        )

    assert missing(gone) == {"delete"}
    assert missing(errs) == set()


def test_failure_on_the_way_is_brought_back(
    contract: Contract, scripts: list[Case]
) -> None:
    case = next(each for each in scripts if each.id == "lifecycle.deleted/read")
    drops = answering("DELETE", ONE, lambda *_: (0, None))

    exchange = asyncio.run(play(Api(drops), case))

    assert exchange.failure is not None
    assert exchange.sent == 2
    assert exchange.played is not None
    assert len(exchange.played.earlier) == 1
    found = _amiss(Oracle(contract).judge(case, exchange))
    assert found["robustness"] == "fail: it was dropped"
    assert found["lifecycle.deleted"].startswith("inconclusive")


def test_limit_of_callers_says_nothing(judged: Judged) -> None:
    found = judged(Api(answering("GET", ONE, lambda *_: (429, ERROR))))

    assert found["lifecycle.readable"].startswith("inconclusive")


def test_long_list_is_looked_at_from_both_ends(scripts: list[Case]) -> None:
    case = next(each for each in scripts if each.id == "lifecycle.listed/created")
    old = {f"o-{n}": {"name": "x", "state": "draft"} for n in range(90)}
    api = Api(page=3, kept=old)

    exchange = asyncio.run(play(api, case))

    pages = [int(asked.split("page=")[1].split("&")[0]) for asked in api.asked[1:]]
    assert pages == [1, 31, 2, 30, 3, 29, 4, 28, 5, 27, 6, 26]
    assert exchange.played is not None
    assert not exchange.played.complete


def test_list_without_a_total_is_turned_over_to_its_end(scripts: list[Case]) -> None:
    case = next(each for each in scripts if each.id == "lifecycle.listed/created")

    def without(api: Api, path: str) -> Answer:
        return 200, {"items": api.listed(path)["items"], "pagination": {}}

    api = Api(answering("GET", ALL, without), page=2)
    api.kept = {f"o-{n}": {"name": "x", "state": "draft"} for n in range(4)}

    exchange = asyncio.run(play(api, case))

    assert exchange.played is not None
    assert exchange.played.complete
    assert len(exchange.played.items or ()) == 5


def test_list_that_is_no_list_breaks_its_schema(judged: Judged) -> None:
    found = judged(Api(answering("GET", ALL, lambda *_: (200, {"items": "none"}))))

    assert found["answer.types"].startswith("fail: /items breaks type")


def test_unfinished_list_accuses_nobody(
    contract: Contract, scripts: list[Case]
) -> None:
    case = next(each for each in scripts if each.id == "lifecycle.listed/created")
    old = {f"o-{n}": {"name": "x", "state": "draft"} for n in range(90)}

    def first_half(api: Api, path: str) -> Answer:
        listed = api.listed(path)
        new = [each for each in listed["items"] if each["broadcastId"].startswith("o")]
        return 200, {**listed, "items": new or listed["items"][:1]}

    exchange = asyncio.run(
        play(Api(answering("GET", ALL, first_half), page=3, kept=old), case)
    )
    assert exchange.played is not None
    unfinished = replace(exchange.played, items=(), complete=False)
    exchange = replace(exchange, played=unfinished)

    assert _amiss(Oracle(contract).judge(case, exchange)) == {}


def test_phases_of_scripts(scripts: list[Case]) -> None:
    assert {case.phase for case in scripts} == {Phase.AUTH, Phase.LIFECYCLE}


def test_id_that_is_half_a_character_ends_no_run(
    cases: tuple[Case, ...],
) -> None:
    def odd(method: str, path: str, _: Api) -> Answer | None:
        made = (201, {"broadcastId": "\ud800"})
        return made if (method, path) == ("POST", "/voice/broadcasts") else None

    case = next(each for each in cases if each.rule == "lifecycle.deleted")
    api = Api(odd)

    exchange = asyncio.run(play(api, case))

    assert exchange.played is not None
    assert any(each.endswith("/voice/broadcasts/%3F") for each in api.asked)
