"""Turns, and twins that are fired where they are due."""

from __future__ import annotations

import json
from itertools import islice, pairwise

import pytest

from ringspec.harness import Exchange, Failure, Response, Trouble, Verdict
from ringspec.load import Ammunition, Shooter, turns
from ringspec.strategies import Case, Expect, Request

from ...plain import PLAIN  # noqa: TID252 - tests are no distribution
from .conftest import TOKEN


class Server:
    """Answers by the status that it is told to."""

    def __init__(self, status: int = 422) -> None:
        self.status = status
        self.sent: list[Request] = []

    def __call__(self, request: Request) -> Exchange:
        self.sent.append(request)
        if not self.status:
            failure = Failure(trouble=Trouble.TIMEOUT, message="nothing came")
            return Exchange(url="", request=request, failure=failure)
        response = Response(status=self.status, headers=(), body=b"{}")
        return Exchange(url="", request=request, response=response)


@pytest.fixture
def rejected(ammunition: Ammunition) -> Case:
    first = ammunition.cases[0].id
    return next(
        case
        for case in ammunition.cases
        if case.expect == Expect.REJECT and case.broken and case.twin == first
    )


@pytest.mark.parametrize("number", range(5))
def test_a_round_has_each_case_once(ammunition: Ammunition, number: int) -> None:
    whole = len(ammunition.cases)

    found = list(islice(turns(ammunition.cases, number), whole))

    assert sorted(case.id for case in found) == sorted(
        case.id for case in ammunition.cases
    )


def test_users_begin_apart_from_each_other(ammunition: Ammunition) -> None:
    places = {case.id: place for place, case in enumerate(ammunition.cases)}
    found = [next(turns(ammunition.cases, number)) for number in range(8)]

    begins = sorted(places[case.id] for case in found)

    gaps = [b - a for a, b in pairwise(begins)]
    assert min(gaps) > len(places) // 20


def test_no_cases_have_no_turns() -> None:
    assert list(turns((), 3)) == []


def test_twin_is_fired_first(ammunition: Ammunition, rejected: Case) -> None:
    server = Server(201)

    shots = list(Shooter(ammunition, server).fire(rejected))

    assert [shot.case.id for shot in shots] == [rejected.twin, rejected.id]


def test_twin_that_was_accepted_is_not_fired_again(
    ammunition: Ammunition, rejected: Case
) -> None:
    server = Server(201)
    shooter = Shooter(ammunition, server)
    list(shooter.fire(rejected))

    server.status = 422
    (shot,) = shooter.fire(rejected)

    verdicts = {str(it.rule): it.verdict for it in shot.findings}
    assert verdicts[rejected.rule] == Verdict.PASS


def test_refusal_says_nothing_while_its_twin_is_refused(
    ammunition: Ammunition, rejected: Case
) -> None:
    *_, shot = Shooter(ammunition, Server(422)).fire(rejected)

    verdicts = {str(it.rule): it.verdict for it in shot.findings}
    assert verdicts[rejected.rule] == Verdict.INCONCLUSIVE


def test_no_answer_is_held_against_robustness_alone(
    ammunition: Ammunition, rejected: Case
) -> None:
    *_, shot = Shooter(ammunition, Server(0)).fire(rejected)

    verdicts = {str(it.rule): it.verdict for it in shot.findings}
    assert verdicts == {
        "robustness": Verdict.FAIL,
        str(rejected.rule): Verdict.INCONCLUSIVE,
    }


def test_what_is_not_selected_is_not_judged(ammunition: Ammunition) -> None:
    (shot,) = Shooter(ammunition, Server(400)).fire(ammunition.cases[0])

    assert {it.rule for it in shot.findings} <= ammunition.selected


def test_reason_shows_no_secret_that_was_echoed(ammunition: Ammunition) -> None:
    class Echo(Server):
        def __call__(self, request: Request) -> Exchange:
            body = json.dumps({**PLAIN, "retryDelays": [TOKEN]}).encode()
            headers = (("Content-Type", "application/json"),)
            response = Response(status=201, headers=headers, body=body)
            return Exchange(url="", request=request, response=response)

    shots = [
        shot
        for case in ammunition.cases[:20]
        for shot in Shooter(ammunition, Echo()).fire(case)
    ]

    reasons = [it.reason for shot in shots for it in shot.findings if it.reason]
    assert any("[redacted]" in reason for reason in reasons)
    assert not any(TOKEN in reason for reason in reasons)
