"""The case list of a contract, in firing order, with proof.

In: a contract and a seed. Out: cases, twins before the cases made from them. The same
contract and seed give the same cases, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

from ringspec.spec import (
    Assertion,
    Contract,
    InternalError,
    SpecError,
    is_irregular,
)
from ringspec.strategies.bodies.invalid import coupled_cases, invalid_cases
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
    made = [
        (reading, case)
        for reading, case in _cases(contract.undropped, seed)
        if case.rule in contract.rules
    ]
    for reading, case in made:
        check_label(reading, case)
    return tuple(case for _, case in made)


# A case, and the reading of the contract that names the rules it breaks.
_Judged: TypeAlias = tuple[Contract, Case]


def _cases(contract: Contract, seed: int) -> Iterator[_Judged]:
    unique = _Ids().unique
    made = list(_readings(contract, seed, unique))
    for bodies, accepted, judged in made:
        for case in accepted:
            yield bodies.contract, case
        yield from judged
    # The first reading has the plainest body.
    bodies, accepted, judged = made[0]
    rejected = [case for _, case in judged]
    plain = accepted[0]
    coupled = [unique(each) for each in coupled_cases(bodies, accepted)]
    headers = [unique(each) for each in header_cases(contract, plain)]
    wire = [unique(each) for each in wire_cases(contract, plain)]
    sent = {each.request.body for each in wire}
    robust = [
        c for c in robustness_cases(bodies, accepted) if c.request.body not in sent
    ]
    for case in (
        *coupled,
        *headers,
        *wire,
        *map(unique, robust),
        *map(unique, auth_cases(contract, plain)),
        *map(unique, lifecycle_cases(bodies, accepted, [*rejected, *coupled])),
    ):
        yield bodies.contract, case


def _readings(
    contract: Contract, seed: int, unique: Callable[[Case], Case]
) -> Iterator[tuple[Bodies, list[Case], list[_Judged]]]:
    """Yield each reading's bodies, with its accepted cases and those that it rejects.

    Raises:
        SpecError: no reading can be compiled.
    """
    by_body: dict[bytes, Case] = {}
    edges: set[str] = set()
    shown: set[Assertion] = set()
    broken: set[Assertion] = set()
    failed: SpecError | None = None
    for reading in contract.readings():
        bodies = Bodies(reading)
        try:
            valid = valid_cases(
                bodies, [a for a in reading.applicable if a not in shown], seed
            )
        except SpecError as error:
            failed = failed or error
            continue
        shown.update(reading.applicable)
        accepted = []
        for case, is_edge in valid:
            if case.request.body not in by_body:
                accepted.append(unique(case))
                by_body[case.request.body] = accepted[-1]
                edges |= {accepted[-1].id} if is_edge else set()
        twins = [by_body[case.request.body] for case, _ in valid]
        left = [each for each in reading.applicable if each not in broken]
        choices = [each for each in left if each.path in reading.chosen]
        # What breaks a choice itself is meant for none of its branches.
        judged = [
            (reading, [each for each in left if each not in choices]),
            *((replace(contract, chosen=dict(c.within)), [c]) for c in choices),
        ]
        rejected: list[_Judged] = []
        for judge, about in judged:
            made = invalid_cases(bodies, judge, about, twins, edges)
            rejected += [(judge, unique(case)) for case in made]
            rules = {case.rule for _, case in rejected}
            broken.update(each for each in about if each.rule in rules)
        yield bodies, accepted, rejected
    if failed is not None and not shown:
        raise failed


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


def check_label(contract: Contract, case: Case) -> None:
    """Prove the label of a case on the bytes that will be sent.

    Raises:
        InternalError: the label is wrong.
    """
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
