"""The case list of a contract: what is fired, in which order, proven.

In: a contract and a seed. Out: cases, twins before what was made from them. The same
contract and seed give the same cases, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ringspec.spec import (
    Contract,
    InternalError,
    RuleId,
    odd,
    weakest,
)
from ringspec.strategies.bodies import Bodies
from ringspec.strategies.case import TOKEN, Case, Expect, Request, encode
from ringspec.strategies.invalid import Broken, invalid_sketches
from ringspec.strategies.robust import Unsettled, unsettled_sketches
from ringspec.strategies.twins import Twin, context
from ringspec.strategies.valid import ACCEPTED, Sketch, valid_sketches

ROBUSTNESS = RuleId("robustness")
TOKEN_RULE = RuleId("auth.token")
ACCEPTABLE: tuple[str | int, ...] = ("2xx",)
REFUSAL: tuple[str | int, ...] = (400, 422)
SURVIVAL: tuple[str | int, ...] = ("2xx", "3xx", "4xx")


def compile_cases(contract: Contract, seed: int = 0) -> tuple[Case, ...]:
    """Compile and prove the case list of a contract.

    Raises:
        SpecError: the contract has something that cannot be compiled.
        InternalError: the proof fails; nothing unproven is ever returned.
    """
    maker = _Maker(contract, seed)
    cases = tuple(maker.cases())
    prove(contract, cases)
    return cases


@dataclass(frozen=True)
class _Maker:
    contract: Contract
    seed: int

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
        yield from (ids.unique(each) for each in self._headers(accepted[0]))
        for broken in invalid_sketches(bodies, twins):
            yield ids.unique(self._reject(broken))
        if self.contract.operation.secured:
            yield from self._tokens(accepted[0])
        for unsettled in unsettled_sketches(bodies, twins):
            yield ids.unique(self._survive(unsettled))

    def _accept(self, sketch: Sketch) -> Case:
        own = self.contract.rules[sketch.rule].level
        prefix = "" if sketch.rule == ACCEPTED else "valid-"
        return Case(
            id=f"{sketch.rule}/{prefix}{_word(sketch.label)}",
            rule=sketch.rule,
            level=weakest((own, self.contract.level_of_use(sketch.body))),
            expect=Expect.ACCEPT,
            status=ACCEPTABLE,
            request=self._request(encode(sketch.body)),
        )

    def _reject(self, broken: Broken) -> Case:
        return Case(
            id=f"{broken.rule}/{_word(broken.label)}",
            rule=broken.rule,
            level=broken.level,
            expect=Expect.REJECT,
            status=REFUSAL,
            request=self._request(encode(broken.body)),
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
            request=self._request(unsettled.content),
            twin=unsettled.twin.id,
            fault=unsettled.fault,
        )

    def _request(self, body: bytes) -> Request:
        operation = self.contract.operation
        headers = [
            ("Content-Type", operation.media_type),
            ("Accept", "application/json"),
        ]
        if operation.secured:
            headers.append(("Authorization", f"Bearer {TOKEN}"))
        headers += [
            (header.name, header.value)
            for header in operation.headers
            if header.required and header.value is not None
        ]
        return Request(
            method=operation.method.upper(),
            path=operation.path,
            headers=tuple(headers),
            body=body,
        )

    def _headers(self, plain: Case) -> Iterator[Case]:
        """Send each optional header that has a settled value, and an unsettled one."""
        for header in self.contract.operation.headers:
            if header.required or header.value is None:
                continue
            for label, name, value, rule in (
                ("valid-given", header.name, header.value, header.rule),
                ("valid-lower-case", header.name.lower(), header.value, header.rule),
                ("valid-upper-case", header.name.upper(), header.value, header.rule),
                (f"{header.name}-unknown", header.name, "no-such-value", ROBUSTNESS),
                (f"{header.name}-empty", header.name, "", ROBUSTNESS),
            ):
                accept = rule != ROBUSTNESS
                yield replace(
                    plain,
                    id=f"{rule}/{label}",
                    rule=rule,
                    level=self.contract.rules[rule].level,
                    expect=Expect.ACCEPT if accept else Expect.SURVIVE,
                    status=ACCEPTABLE if accept else SURVIVAL,
                    request=_with(plain.request, name, value),
                    twin=plain.id,
                    fault={"header": name, "value": value},
                )

    def _tokens(self, plain: Case) -> Iterator[Case]:
        """Send no token, and one that nobody gave out."""
        unknown = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.bm9ib2R5"
        for label, value in (("missing", None), ("unknown", f"Bearer {unknown}")):
            yield replace(
                plain,
                id=f"{TOKEN_RULE}/{label}",
                rule=TOKEN_RULE,
                level=self.contract.rules[TOKEN_RULE].level,
                expect=Expect.REJECT,
                status=(401,),
                request=_with(plain.request, "Authorization", value),
                twin=plain.id,
                fault={"header": "Authorization", "value": value},
            )


def _with(request: Request, name: str, value: str | None) -> Request:
    """Return a request with a header set, or taken away."""
    others = [each for each in request.headers if each[0].lower() != name.lower()]
    added = [] if value is None else [(name, value)]
    return replace(request, headers=(*others, *added))


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
    if case.expect == Expect.SURVIVE:
        return frozenset()  # nothing is claimed of it
    broken = contract.prover.prove(case.body)
    if case.broken or broken:
        return broken
    if odd(case.body):
        return frozenset({"unsettled text or number"})
    unsettled = contract.settled_prover.prove(case.body)
    return frozenset(f"unsettled {rule}" for rule in unsettled)
