"""Cases that expect the exact statuses of one target."""

from __future__ import annotations

from ringspec.strategies import Case, Expect, Phase, expecting


def test_without_statuses_the_cases_are_the_same(cases: tuple[Case, ...]) -> None:
    assert expecting(cases, None, ()) is cases


def test_only_bodies_of_the_operation_are_expected_otherwise(
    cases: tuple[Case, ...],
) -> None:
    found = expecting(cases, 201, (422,))

    changed = {
        (each.expect, each.status)
        for each, before in zip(found, cases, strict=True)
        if each != before
    }
    assert changed == {(Expect.ACCEPT, (201,)), (Expect.REJECT, (422,))}
    assert all(
        each == before
        for each, before in zip(found, cases, strict=True)
        if before.phase != Phase.CASES
    )
    assert [each.id for each in found] == [each.id for each in cases]


def test_one_of_the_two_leaves_the_other_alone(cases: tuple[Case, ...]) -> None:
    accepted = expecting(cases, 201, ())
    refused = expecting(cases, None, (422,))

    bodies = [each for each in accepted if each.phase == Phase.CASES]
    assert {each.status for each in bodies if each.broken} == {(400, 422)}
    assert cases[0].status == refused[0].status == ("2xx",)
