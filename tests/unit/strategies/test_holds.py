"""Rules of our own contract that an expression says too: both say the same."""

from __future__ import annotations

import pytest

from ringspec.spec.contract import load
from ringspec.spec.expressions import Expression
from ringspec.spec.rules import RuleId
from ringspec.strategies.certificate import cases_of
from ringspec.strategies.shapes.locations import instance_path


@pytest.mark.parametrize(
    "rule", [name for name, each in load().rules.items() if each.holds]
)
def test_the_schema_and_the_expression_say_the_same(rule: RuleId) -> None:
    contract = load()
    said = Expression(contract.rules[rule].holds, contract.types, ("body",))
    said.check()

    seen = set()
    for case in (each for each in cases_of(contract, 0) if each.is_about_body):
        breaches = contract.prover.breaches(case.body)
        others = [it for it in breaches if it.assertion.rule != rule]
        # The schema lists values: of one that is not listed it says nothing.
        if any(("body", *instance_path(it.location)) in said.reads for it in others):
            continue
        broken = len(others) < len(breaches)
        for quick in (True, False):
            holds = said.holds(case.body, {"body": case.body}, quick=quick)
            assert (holds is False) == broken, case.id
        seen.add(broken)
    assert seen == {True, False}
