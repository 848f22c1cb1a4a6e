"""The case list of a contract, in firing order, with proof.

In: a contract and a seed. Out: cases, twins before the cases made from them. The same
contract and seed give the same cases, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ringspec.spec import (
    Contract,
    InternalError,
    is_irregular,
)
from ringspec.strategies.bodies.invalid import invalid_cases
from ringspec.strategies.bodies.robustness import robustness_cases
from ringspec.strategies.bodies.valid import valid_cases
from ringspec.strategies.case import Case, Expect
from ringspec.strategies.http_cases import auth_cases, header_cases, wire_cases
from ringspec.strategies.lifecycle.cases import lifecycle_cases
from ringspec.strategies.shapes.bodies import Bodies


def compile_cases(contract: Contract, seed: int = 0) -> tuple[Case, ...]:
    """Compile and prove the case list of a contract.

    Raises:
        SpecError: the contract has something that cannot be compiled.
        InternalError: the proof fails; nothing unproven is ever returned.
    """
    # Dropped rules are left out at the end, so that the other cases stay the same.
    made = _cases(contract.undropped, seed)
    cases = tuple(case for case in made if case.rule in contract.rules)
    check_labels(contract, cases)
    return cases


def _cases(contract: Contract, seed: int) -> Iterator[Case]:
    bodies = Bodies(contract)
    unique = _Ids().unique
    accepted: list[Case] = []
    edge_ids: set[str] = set()
    for case, is_edge in valid_cases(bodies, seed):
        accepted.append(unique(case))
        if is_edge:
            edge_ids.add(accepted[-1].id)
    yield from accepted
    rejected = [unique(each) for each in invalid_cases(bodies, accepted, edge_ids)]
    yield from rejected
    plain = accepted[0]
    yield from map(unique, header_cases(contract, plain))
    wire = [unique(each) for each in wire_cases(contract, plain)]
    yield from wire
    sent = {each.request.body for each in wire}
    for case in robustness_cases(bodies, accepted):
        if case.request.body not in sent:
            yield unique(case)
    yield from map(unique, auth_cases(contract, plain))
    yield from map(unique, lifecycle_cases(bodies, accepted, rejected))


class _Ids:
    """Makes ids unique: a repeated id gets the twin's name."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, case: Case) -> Case:
        name = case.id
        if name in self._taken and case.twin:
            name = f"{name}~{case.twin.split('/', 1)[-1]}"
        base, number = name, 2
        while name in self._taken:
            name, number = f"{base}~{number}", number + 1
        self._taken.add(name)
        return replace(case, id=name)


def check_labels(contract: Contract, cases: Iterable[Case]) -> None:
    """Prove the label of each case on the bytes that will be sent.

    Raises:
        InternalError: a label is wrong.
    """
    for case in cases:
        found = _label(contract, case)
        if found != frozenset(case.broken):
            raise InternalError(
                f"case {case.id} should break {sorted(case.broken)},"
                f" but is {sorted(found)}",
                hint="please report it, with the contract",
            )


def _label(contract: Contract, case: Case) -> frozenset[str]:
    """Return the rules that both validators find broken, or why it is not valid."""
    if case.expect == Expect.SURVIVE or not case.is_about_body:
        return frozenset()  # nothing is claimed of its body
    broken = contract.prover.proven_broken(case.body)
    if case.broken or broken:
        return broken
    if is_irregular(case.body):
        return frozenset({"unsettled text or number"})
    unsettled = contract.settled_prover.proven_broken(case.body)
    return frozenset(f"unsettled {rule}" for rule in unsettled)
