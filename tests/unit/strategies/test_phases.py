"""The cases of wire, authentication and life cycle."""

from __future__ import annotations

from ringspec.spec import Contract
from ringspec.strategies import Case, Expect, Phase, What

Cases = tuple[Case, ...]


def of(cases: Cases, phase: Phase) -> list[Case]:
    return [case for case in cases if case.phase == phase]


def test_phases_stand_in_the_order_of_a_run(cases: Cases) -> None:
    order = list(Phase)
    ranks = [order.index(case.phase) for case in cases]

    assert ranks == sorted(ranks)
    assert set(ranks) == {0, 1, 2, 3}
    stepped = [bool(case.steps) for case in cases]
    assert stepped == sorted(stepped)


def test_refused_early_closes_its_connection(cases: Cases) -> None:
    for case in (*of(cases, Phase.WIRE), *of(cases, Phase.AUTH)):
        if case.expect == Expect.REJECT and case.request.body and not case.steps:
            closes = ("Connection", "close") in case.request.headers
            assert closes or case.rule == "auth.client"


def test_only_the_first_case_of_a_life_has_the_bodys_expectation(
    contract: Contract, cases: Cases
) -> None:
    for case in of(cases, Phase.LIFECYCLE):
        if case.expect == Expect.ACCEPT:
            assert case.request == case.steps[0].request
            assert contract.settled_prover.is_valid(case.body)
        else:
            assert case.request in [step.request for step in case.steps]


def test_each_link_is_asked_without_a_token(contract: Contract, cases: Cases) -> None:
    asked = {case.steps[-1].link for case in of(cases, Phase.AUTH) if case.steps}

    assert asked == {each.name for each in contract.links}


def test_what_a_path_needs_was_captured(cases: Cases) -> None:
    for case in cases:
        known: set[str] = set()
        for step in case.steps:
            needed = set(step.request.path.split("{")[1:])
            assert {each.split("}")[0] for each in needed} <= known
            known |= step.capture.keys()


def test_trace_is_marked_and_the_mark_breaks_nothing_more(
    contract: Contract, cases: Cases
) -> None:
    traces = [case for case in cases if case.rule == "lifecycle.rejected"]

    assert len(traces) >= 3
    for case in traces:
        want = case.steps[-1].wants[0]
        assert want.what == What.UNLIKE
        mark = next(iter(want.value.values()))
        assert mark.encode() in case.request.body
        assert case.broken == tuple(sorted(contract.prover.broken(case.body))) or (
            not case.broken
        )
    assert len({case.request.body for case in traces}) == len(traces)
