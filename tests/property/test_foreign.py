"""Other people's contracts: the engine knows JSON Schema and HTTP, not broadcasts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringspec.spec import Contract, is_irregular, load, patched
from ringspec.strategies import Case, Expect, invalid_bodies, valid_bodies
from ringspec.strategies.case_list import compile_cases

DATA = Path(__file__).parent / "data"
NAMES = ["orders", "sensors", "rota", "branches"]
# Keywords with an invalid case each, of those that stand in the contracts.
BROKEN = {
    "orders": (
        "type enum required dependentRequired minimum maximum "
        "exclusiveMaximum multipleOf minLength maxLength minItems "
        "maxItems uniqueItems format pattern oneOf additionalProperties"
    ),
    "sensors": ("type const required minimum maximum minItems maxItems maxProperties"),
    "branches": ("type required minimum enum maxLength"),
    "rota": ("type enum required minimum maximum contains maxItems"),
}


@pytest.fixture(scope="module", params=NAMES)
def contract(request: pytest.FixtureRequest) -> Contract:
    return load(DATA / f"{request.param}.yaml")


@pytest.fixture(scope="module")
def cases(contract: Contract) -> tuple[Case, ...]:
    return compile_cases(contract)


def keywords(contract: Contract, cases: tuple[Case, ...]) -> set[str]:
    """Return the keywords that some invalid case breaks."""
    return {
        breach.assertion.keyword
        for case in cases
        if case.broken
        for breach in contract.prover.breaches(case.body)
    }


def test_a_foreign_contract_compiles_into_proven_cases(
    contract: Contract, cases: tuple[Case, ...]
) -> None:
    accepted = {case.id: case for case in cases if case.expect == Expect.ACCEPT}

    for case in cases:
        if not case.is_about_body:
            continue
        assert contract.breaks_just(case.body, frozenset(case.broken))
        if case.broken:
            twin = accepted[str(case.twin)]
            assert isinstance(case.fault, tuple)
            assert patched(twin.body, case.fault) == case.body


def test_each_keyword_of_a_foreign_contract_is_broken(
    contract: Contract, cases: tuple[Case, ...]
) -> None:
    assert set(BROKEN[contract.title.lower()].split()) <= keywords(contract, cases)


def test_each_alternative_of_a_foreign_contract_is_accepted_somewhere() -> None:
    bodies = [
        case.body
        for case in compile_cases(load(DATA / "orders.yaml"))
        if case.expect == Expect.ACCEPT
    ]

    assert {tuple(body["payment"]) for body in bodies} == {("card",), ("iban",)}
    assert {body.get("priority") for body in bodies} == {None, "low", "normal", "high"}


@given(st.data())
def test_drawn_bodies_of_a_foreign_contract_are_valid(
    contract: Contract, data: st.DataObject
) -> None:
    body = data.draw(valid_bodies(contract))

    assert contract.prover.proven_broken(body) == frozenset()
    assert contract.settled_prover.proven_broken(body) == frozenset()
    assert not is_irregular(body)


@settings(max_examples=20)
@given(st.data())
def test_drawn_faults_of_a_foreign_contract_break_their_rule_alone(
    contract: Contract, data: st.DataObject
) -> None:
    invalid = data.draw(invalid_bodies(contract=contract))

    assert contract.prover.proven_broken(invalid.body) == {invalid.rule}
    assert contract.prover.proven_broken(invalid.twin) == frozenset()
