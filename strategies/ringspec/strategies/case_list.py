"""The case list of a contract: what is fired, in which order, proven.

In: a contract and a seed. Out: cases, twins before what was made from them. The same
contract and seed give the same cases, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from ringspec.spec import (
    Contract,
    InternalError,
    RuleId,
    is_irregular,
    weakest,
)
from ringspec.strategies.bodies.contexts import Twin, context
from ringspec.strategies.bodies.invalid import Broken, invalid_sketches
from ringspec.strategies.bodies.robustness import Unsettled, unsettled_sketches
from ringspec.strategies.bodies.valid import ACCEPTED, Sketch, valid_sketches
from ringspec.strategies.case import Case, Expect, Phase, Requests, Status, encode
from ringspec.strategies.http_cases import auth_cases, header_cases, wire_cases
from ringspec.strategies.lifecycle.cases import lifecycle_cases
from ringspec.strategies.shapes.bodies import Bodies

ROBUSTNESS = RuleId("robustness")
ACCEPTABLE: Status = ("2xx",)
REFUSAL: Status = (400, 422)
SURVIVAL: Status = ("2xx", "3xx", "4xx")


def compile_cases(contract: Contract, seed: int = 0) -> tuple[Case, ...]:
    """Compile and prove the case list of a contract.

    Raises:
        SpecError: the contract has something that cannot be compiled.
        InternalError: the proof fails; nothing unproven is ever returned.
    """
    # Cases are made as ever, and those of what a dialect drops are left out.
    maker = _Maker(contract.undropped, seed)
    cases = tuple(case for case in maker.cases() if case.rule in contract.rules)
    prove(contract, cases)
    return cases


@dataclass(frozen=True)
class _Maker:
    contract: Contract
    seed: int

    @cached_property
    def _requests(self) -> Requests:
        return Requests(self.contract)

    def cases(self) -> Iterator[Case]:
        bodies = Bodies(self.contract)
        ids = _Ids()
        sketches = valid_sketches(bodies, self.seed)
        accepted = [ids.unique(self._accept(sketch)) for sketch in sketches]
        yield from accepted
        twins = [
            Twin(
                each.id,
                each.level,
                each.body,
                len(each.request.body),
                context(each.body),
                sketch.strained,
            )
            for each, sketch in zip(accepted, sketches, strict=True)
        ]
        refused = [
            ids.unique(self._reject(broken))
            for broken in invalid_sketches(bodies, twins)
        ]
        yield from refused
        plain = accepted[0]
        yield from (ids.unique(each) for each in header_cases(self.contract, plain))
        wire = [ids.unique(each) for each in wire_cases(self.contract, plain)]
        yield from wire
        said = {each.request.body for each in wire}
        for unsettled in unsettled_sketches(bodies, twins):
            if unsettled.content not in said:
                yield ids.unique(self._survive(unsettled))
        yield from (ids.unique(each) for each in auth_cases(self.contract, plain))
        alive = lifecycle_cases(bodies, accepted, refused)
        yield from (ids.unique(each) for each in alive)

    def _accept(self, sketch: Sketch) -> Case:
        own = self.contract.rules[sketch.rule].level
        prefix = "" if sketch.rule == ACCEPTED else "valid-"
        return Case(
            id=f"{sketch.rule}/{prefix}{_word(sketch.label)}",
            rule=sketch.rule,
            level=weakest((own, self.contract.level_of_use(sketch.body))),
            expect=Expect.ACCEPT,
            status=ACCEPTABLE,
            request=self._requests.create(encode(sketch.body)),
        )

    def _reject(self, broken: Broken) -> Case:
        return Case(
            id=f"{broken.rule}/{_word(broken.label)}",
            rule=broken.rule,
            level=broken.level,
            expect=Expect.REJECT,
            status=REFUSAL,
            request=self._requests.create(encode(broken.body)),
            twin=broken.twin.id,
            fault=broken.fault.patch,
            broken=broken.rules,
            coupled=len(broken.rules) > 1,
        )

    def _survive(self, unsettled: Unsettled) -> Case:
        return Case(
            id=f"{ROBUSTNESS}/{_word(unsettled.label)}",
            rule=ROBUSTNESS,
            level=self.contract.rules[ROBUSTNESS].level,
            expect=Expect.SURVIVE,
            status=SURVIVAL,
            request=self._requests.create(unsettled.content),
            twin=unsettled.twin.id,
            fault=unsettled.fault,
            phase=Phase.WIRE,
        )


class _Ids:
    """Keeps ids apart: a second case of the same name tells its twin."""

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


def _word(label: str) -> str:
    """Write a label so that an id has no blanks."""
    return "-".join(label.split())


def prove(contract: Contract, cases: Iterable[Case]) -> None:
    """Prove the label of each case on the bytes that will be sent.

    Raises:
        InternalError: a case is not what it is called.
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
    broken = contract.prover.prove(case.body)
    if case.broken or broken:
        return broken
    if is_irregular(case.body):
        return frozenset({"unsettled text or number"})
    unsettled = contract.settled_prover.prove(case.body)
    return frozenset(f"unsettled {rule}" for rule in unsettled)
