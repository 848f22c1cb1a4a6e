"""Turns, and twins that are fired where they are due."""

from __future__ import annotations

import json
from itertools import islice, pairwise

import pytest

from ringspec.harness import Exchange, Failure, Response, Trouble, Verdict
from ringspec.load import LoadSetup, Shooter, turns
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
def rejected(setup: LoadSetup) -> Case:
    first = setup.cases[0].id
    return next(
        case
        for case in setup.cases
        if case.expect == Expect.REJECT and case.broken and case.twin == first
    )


@pytest.mark.parametrize("number", range(5))
def test_a_round_has_each_case_once(setup: LoadSetup, number: int) -> None:
    whole = len(setup.cases)

    found = list(islice(turns(setup.cases, number), whole))

    assert sorted(case.id for case in found) == sorted(case.id for case in setup.cases)


def test_users_begin_apart_from_each_other(setup: LoadSetup) -> None:
    places = {case.id: place for place, case in enumerate(setup.cases)}
    found = [next(turns(setup.cases, number)) for number in range(8)]

    begins = sorted(places[case.id] for case in found)

    gaps = [b - a for a, b in pairwise(begins)]
    assert min(gaps) > len(places) // 20


def test_no_cases_have_no_turns() -> None:
    assert list(turns((), 3)) == []


def test_twin_is_fired_first(setup: LoadSetup, rejected: Case) -> None:
    server = Server(201)

    shots = list(Shooter(setup, server).fire(rejected))

    assert [shot.case.id for shot in shots] == [rejected.twin, rejected.id]


def test_twin_that_was_accepted_is_not_fired_again(
    setup: LoadSetup, rejected: Case
) -> None:
    server = Server(201)
    shooter = Shooter(setup, server)
    list(shooter.fire(rejected))

    server.status = 422
    (shot,) = shooter.fire(rejected)

    verdicts = {str(it.rule): it.verdict for it in shot.findings}
    assert verdicts[rejected.rule] == Verdict.PASS


def test_refusal_says_nothing_while_its_twin_is_refused(
    setup: LoadSetup, rejected: Case
) -> None:
    *_, shot = Shooter(setup, Server(422)).fire(rejected)

    verdicts = {str(it.rule): it.verdict for it in shot.findings}
    assert verdicts[rejected.rule] == Verdict.INCONCLUSIVE


def test_no_answer_is_held_against_robustness_alone(
    setup: LoadSetup, rejected: Case
) -> None:
    *_, shot = Shooter(setup, Server(0)).fire(rejected)

    verdicts = {str(it.rule): it.verdict for it in shot.findings}
    assert verdicts == {
        "robustness": Verdict.FAIL,
        str(rejected.rule): Verdict.INCONCLUSIVE,
    }


def test_what_is_not_selected_is_not_judged(setup: LoadSetup) -> None:
    (shot,) = Shooter(setup, Server(400)).fire(setup.cases[0])

    assert {it.rule for it in shot.findings} <= setup.selected


def test_reason_shows_no_secret_that_was_echoed(setup: LoadSetup) -> None:
    class Echo(Server):
        def __call__(self, request: Request) -> Exchange:
            body = json.dumps({**PLAIN, "retryDelays": [TOKEN]}).encode()
            headers = (("Content-Type", "application/json"),)
            response = Response(status=201, headers=headers, body=body)
            return Exchange(url="", request=request, response=response)

    shots = [
        shot for case in setup.cases[:20] for shot in Shooter(setup, Echo()).fire(case)
    ]

    reasons = [it.reason for shot in shots for it in shot.findings if it.reason]
    assert any("[redacted]" in reason for reason in reasons)
    assert not any(TOKEN in reason for reason in reasons)
