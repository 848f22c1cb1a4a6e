"""The case list of a contract, with proof: twins before the cases made from them.

The same contract and seed give the same cases, byte for byte.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, count, islice
from typing import TypeAlias, cast
from urllib.parse import urlencode

from ringspec.spec.assertions import Assertion, Chosen, constants
from ringspec.spec.contract import Contract
from ringspec.spec.errors import InternalError, SpecError
from ringspec.spec.links import Role
from ringspec.spec.proof import Prover, is_irregular
from ringspec.spec.rules import BODY_ACCEPTED, ROBUSTNESS, SCOPE, RuleId
from ringspec.spec.schemas import CHOICES, HOLDS
from ringspec.spec.security import TokenPlace
from ringspec.spec.values import Json, Path, steps
from ringspec.strategies.bodies.invalid import (
    Certifier,
    InvalidCases,
    check_alike,
    coupled_cases,
)
from ringspec.strategies.bodies.robustness import VALUES, robustness_cases, spoilt
from ringspec.strategies.bodies.valid import accepted_case, having, valid_cases
from ringspec.strategies.case import (
    STATUS,
    Case,
    Expect,
    Phase,
    Request,
    Requests,
    Slot,
    Status,
    Step,
    closing,
    encode,
    with_credentials,
    with_header,
    with_token,
)
from ringspec.strategies.lifecycle.cases import lifecycle_cases
from ringspec.strategies.own_values import OwnValues
from ringspec.strategies.shapes.bodies import Bodies, plain_case, tried

_JSON = RuleId("wire.json")
_MEDIA = RuleId("wire.media")
_METHOD = RuleId("wire.method")
_PATH = RuleId("wire.path")
_TOKEN = RuleId("auth.token")
_CLIENT = RuleId("auth.client")
_UNKNOWN_TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.bm9ib2R5"  # noqa: S105
# Of more readings, all but the first show what is new in them.
_MANY = 10
# Most values of parameters beside which bodies break rules about both, and most of such
# cases beside the first.
_BESIDE, _FEW = 8, 8
# Most readings in which a rule is tried in vain.
_IN_VAIN = 3


def compile_cases(
    contract: Contract,
    seed: int = 0,
    tell: Callable[[str], object] = str,
    *,
    thorough: bool = False,
) -> tuple[Case, ...]:
    """Compile and prove the case list of a contract.

    A thorough one breaks each rule beside each value of each other member.

    Raises:
        SpecError: the contract has something that cannot be compiled.
        InternalError: the proof fails; nothing unproven is ever returned.
    """
    # Dropped rules are left out at the end, so that the other cases stay the same.
    dropped = {name: contract.catalogue.rules[name] for name in contract.dropped}
    whole = replace(contract, rules={**dropped, **contract.rules})
    # A catalogue knows what its target takes twice.
    own = None if contract.catalogue.rules else OwnValues(contract, seed)
    about = f"{len(contract.rules)} rules of {contract.operation.id}"
    tell(f"compiling cases for {about}")
    made = [*_cases(whole, seed, thorough=thorough)]
    tell(f"proving {len(made)} cases")
    return tuple(_proven(*each, own) for each in made if each[1].rule in contract.rules)


def _proven(contract: Contract, case: Case, own: OwnValues | None) -> Case:
    def seems(each: Case, body: Json) -> bool:
        """Return whether the quick validator agrees with a case's label for a body."""
        return _label(contract, each, body, Prover.broken) == frozenset(each.broken)

    given = own.give(case, seems) if own else case
    for each in (given, case):
        # By both validators, once.
        label = _label(contract, each, each.body)
        if label == frozenset(each.broken):
            return each
    raise InternalError(
        f"case {case.id} should break {sorted(case.broken)}, but is {sorted(label)}",
        hint="please report it, with the contract",
    )


# A case, and the reading of the contract that names the rules it breaks.
_Judged: TypeAlias = tuple[Contract, Case]
# Bodies, the accepted cases of them, and those that are rejected.
_Reading: TypeAlias = tuple[Bodies, list[Case], list[_Judged]]


def _cases(contract: Contract, seed: int, *, thorough: bool) -> Iterator[_Judged]:
    unique = partial(_unique, taken=set())
    listing = partial(_readings, seed=seed, thorough=thorough)
    if not contract.operation.schema_place:
        plain = plain_case(contract)
        for case in (
            plain,
            *_parameter_cases(contract, plain, listing),
            *_wire_cases(contract, plain),
            *_auth_cases(contract, plain),
        ):
            yield contract, unique(case)
        return
    made = list(listing(contract, unique))
    for bodies, accepted, judged in made:
        check_alike(bodies, [*accepted, *(case for _, case in judged)])
    for bodies, accepted, judged in made:
        for case in accepted:
            yield bodies.contract, case
        yield from judged
    # The first reading has the plainest body.
    bodies, accepted, judged = made[0]
    plain = accepted[0]
    coupled = [unique(each) for each in coupled_cases(bodies, accepted)]
    headers = [*map(unique, _header_cases(contract, plain))]
    wire = [*map(unique, _wire_cases(contract, plain))]
    sent = {each.request.body for each in wire}
    robust = robustness_cases(bodies, accepted)
    rejected = [*(case for _, case in judged), *coupled]
    varied = [*_parameter_cases(contract, plain, listing)]
    for case in (
        *coupled,
        *(unique(each) for each in varied),
        *_across(bodies, varied, unique),
        *headers,
        *wire,
        *(unique(each) for each in robust if each.request.body not in sent),
        *map(unique, _auth_cases(contract, plain)),
        *map(unique, lifecycle_cases(bodies, accepted, rejected)),
    ):
        yield bodies.contract, case


def _parameter_cases(
    contract: Contract, plain: Case, listing: Callable[..., Iterator[_Reading]]
) -> Iterator[Case]:
    """Vary the parameters of the plain request, as members of a value of their own."""
    if (own := contract.of_parameters) is None:
        return
    if own.held:
        own = replace(own, beside={"body": plain.body})
    requests, ids = Requests(contract), dict[str, str]()
    unique = partial(_unique, taken={plain.id})
    try:
        listed = list(listing(own, unique))
    except SpecError:
        return  # their rules stay untested
    for _, accepted, judged in listed:
        for case in (*accepted, *(case for _, case in judged)):
            request = requests.varied(plain.request, case.body)
            ids[case.id] = case.id
            if case.expect == Expect.ACCEPT and request == plain.request:
                ids[case.id] = plain.id
                continue
            made = replace(case, request=request, fault=None, or_default={})
            if case.expect == Expect.REJECT:
                patch = cast("tuple[dict[str, Json], ...]", case.fault)
                made = replace(made, twin=ids[str(case.twin)], fault=_differing(patch))
                if "path" in _differing(patch) and 404 not in made.status:
                    # What cannot be named is not there.
                    made = replace(made, status=(*made.status, 404))
            yield made


def _across(
    bodies: Bodies, varied: list[Case], unique: Callable[[Case], Case]
) -> Iterator[Case]:
    """Break expressions of body and parameters beside other values of parameters."""
    contract, known = bodies.contract, set[RuleId]()
    own, wire = contract.of_parameters, contract.operation.wire
    both = {it.rule for it in own.assertions if it.keyword == HOLDS} if own else set()
    both &= {each.rule for each in contract.assertions}
    beside = (each.request for each in varied if both and each.expect == Expect.ACCEPT)
    for request in islice(beside, _BESIDE):
        read = wire.sent(request.path, request.headers)
        near = Bodies(replace(contract, beside=read))
        for each in near.contract.assertions:
            if each.rule not in both:
                continue
            shown, certifier = [], Certifier(near.contract)
            for body in having(near, near.read_by(each)):
                found = certifier.breaking(near, each, body)
                shown += [(body, *it) for it in islice(found, _FEW)]
            # The first values show each part of the expression, others that it binds.
            for body, fault, made in shown[: 1 if each.rule in known else _FEW]:
                label = f"{fault.name}-beside-{request.path.partition('?')[2]}"
                twin = accepted_case(contract, BODY_ACCEPTED, f"for-{label}", body)
                sent = replace(request, body=twin.request.body)
                yield (twin := unique(replace(twin, request=sent)))
                known.add(each.rule)
                about = {"twin": twin.id, "fault": fault.patch, "broken": (each.rule,)}
                content, expect = encode(made), Expect.REJECT
                case = Requests(contract).case(
                    each.rule, label, expect, content, **about
                )
                yield unique(replace(case, request=replace(request, body=content)))


def _differing(patch: tuple[dict[str, Json], ...]) -> dict[str, Json]:
    """Return which parameter a patch changes, and to what."""
    where, name, *_ = steps(patch[0]["path"])
    return {where.removesuffix("-parameters"): name, "value": patch[0].get("value")}


def _readings(
    contract: Contract, unique: Callable[[Case], Case], seed: int, *, thorough: bool
) -> Iterator[_Reading]:
    """Yield each reading's bodies, with its accepted cases and those that it rejects.

    Raises:
        SpecError: no reading can be compiled.
    """
    by_body: dict[bytes, Case] = {}
    edges: set[str] = set()
    shown: set[Assertion] = set()
    broken: set[Assertion] = set()
    failed = Counter[RuleId]()
    # A member that tells the branches apart may be needed in one and not in another.
    labels = {
        (*each.instance, name)
        for each in contract.assertions
        if each.keyword in CHOICES
        for branch in each.value
        for name in constants(branch)
    }
    for bodies in _compiled(contract):
        reading = bodies.contract
        new = [each for each in reading.applicable if each not in shown]
        later = bool(shown) and len(contract.readings) > _MANY
        valid = valid_cases(bodies, new, seed, only_new=later)
        shown.update(reading.applicable)
        accepted: list[Case] = []

        def known(case: Case, accepted: list[Case] = accepted) -> Case:
            if case.request.body not in by_body:
                accepted.append(unique(case))
                by_body[case.request.body] = accepted[-1]
            return by_body[case.request.body]

        for case, is_edge in valid:
            twin = known(case)
            edges |= {twin.id} if is_edge else set()
        twins = [by_body[case.request.body] for case, _ in valid]
        hopeful = (it for it in reading.applicable if failed[it.rule] < _IN_VAIN)
        left = [each for each in hopeful if each not in broken]
        choices = [each for each in left if each.path in reading.chosen]
        # What breaks a choice itself is meant for none of its branches.
        judged = [
            (reading, [each for each in left if each not in choices]),
            *((contract.meant_as(dict(c.within)), [c]) for c in choices),
        ]
        rejected: list[_Judged] = []
        for judge, about in judged:
            made = InvalidCases(bodies, judge, twins, edges, known, thorough=thorough)
            rejected += [(judge, unique(case)) for case in made.breaking(about)]
            failed.update(made.failed)
            rules = {case.rule for _, case in rejected}
            needed = (each for each in about if each.keyword == "required")
            again = {each for each in needed if each.subject in labels}
            broken.update(a for a in about if a.rule in rules and a not in again)
        yield bodies, accepted, rejected


def _compiled(contract: Contract) -> Iterator[Bodies]:
    """Yield the bodies of each reading that can be compiled.

    Choices that no body meets together are taken one by one, beside those of the first
    reading that has bodies.

    Raises:
        SpecError: there is none.
    """
    errors: list[SpecError] = []
    known: Bodies | None = None
    seen: set[tuple[Path, int]] = set()
    failed: list[Chosen] = []
    for chosen in contract.readings:
        if (bodies := tried(contract, chosen, errors)) is None:
            failed.append(chosen)
            continue
        known = known or bodies
        seen.update(chosen.items())
        yield bodies
    # Of one choice, with those inside it.
    for chosen, top in ((each, top) for each in failed for top in each):
        own = {p: i for p, i in chosen.items() if p[: len(top)] == top}
        if own.items() <= seen:
            continue
        first = known.contract.chosen if known else {}
        others = {p: i for p, i in first.items() if p[: len(top)] != top}
        if bodies := tried(contract, {**others, **own}, errors):
            known = known or bodies
            seen.update(own.items())
            yield bodies
    if known is None:
        raise errors[0]


def _unique(case: Case, taken: set[str]) -> Case:
    """Return a case with an id of its own: a repeated id gets the twin's name."""
    name = case.id
    if name in taken and case.twin:
        name = f"{name}~{case.twin.split('/', 1)[-1]}"
    names = chain([name], (f"{name}~{number}" for number in count(2)))
    name = next(each for each in names if each not in taken)
    taken.add(name)
    return replace(case, id=name)


def _label(
    contract: Contract,
    case: Case,
    body: Json,
    broken_by: Callable[[Prover, Json], frozenset[RuleId]] = Prover.proven_broken,
) -> frozenset[str]:
    """Return the rules that both validators find broken, or why it is not valid."""
    if case.expect == Expect.SURVIVE or not case.is_about_body:
        return frozenset()  # nothing is claimed of its body
    prover, settled_prover = contract.prover, contract.settled_prover
    if own := contract.of_parameters:
        request, wire = case.request, contract.operation.wire
        read = wire.read(request.path, request.headers)
        prover = prover.beside(wire.request(read))
        settled_prover = settled_prover.beside(wire.request(read))
        is_of_them = isinstance(case.fault, dict)
        said = {it.rule for it in own.assertions if is_of_them or it.keyword == HOLDS}
        wanted = said.intersection(case.broken)
        provers = [each.beside({"body": body}) for each in (own.prover, *own.provers)]
        if all(broken_by(each, read) != wanted for each in provers[1:]):
            return broken_by(provers[0], read)
        if wanted and is_of_them:
            return frozenset(wanted)
    if not contract.operation.schema_place:
        return frozenset()
    broken = broken_by(prover, body)
    if case.broken or broken:
        return broken
    unsettled = {"text or number"} if is_irregular(body) else set[str]()
    unsettled = unsettled or {*broken_by(settled_prover, body)}
    return frozenset(f"unsettled {each}" for each in unsettled)


@dataclass(frozen=True)
class _Variants:
    """Makes the cases that differ from the plain one."""

    contract: Contract
    plain: Case

    def case(
        self,
        rule: RuleId,
        label: str,
        request: Request,
        fault: dict[str, Json],
        status: Status = (),
    ) -> Case:
        """Return the case of another request, to be rejected with a status if given."""
        expect = Expect.SURVIVE if rule == ROBUSTNESS else Expect.ACCEPT
        return replace(
            self.plain,
            id=f"{rule}/{label}",
            rule=rule,
            level=self.contract.rules[rule].level,
            expect=Expect.REJECT if status else expect,
            status=status or STATUS[expect],
            request=request,
            twin=self.plain.id,
            fault=fault,
            phase=Phase.AUTH if rule.startswith("auth.") else Phase.WIRE,
        )

    def header(
        self,
        rule: RuleId,
        label: str,
        name: str,
        value: str | None,
        status: Status = (),
        *,
        where: str = "header",
        closes: bool = True,
    ) -> Case:
        """Return the case of another value of a header, or where a token goes."""
        request = with_token(self.plain.request, TokenPlace(name, where=where), value)
        fault: dict[str, Json] = {where: name, "value": value}
        made = closing(request) if closes else request
        return self.case(rule, label, made, fault, status)


def _header_cases(contract: Contract, plain: Case) -> Iterator[Case]:
    """Send each optional header that has a settled value, and unsettled ones."""
    variants = _Variants(contract, plain)
    for header in contract.operation.headers:
        if header.required or header.value is None:
            continue
        for label, name in (
            ("valid-given", header.name),
            ("valid-lower-case", header.name.lower()),
            ("valid-upper-case", header.name.upper()),
        ):
            yield variants.header(header.rule, label, name, header.value, closes=False)
        for unsettled, value, times in VALUES["of any header"]:
            label, sent = f"{header.name}-{unsettled}", value * times
            yield variants.header(ROBUSTNESS, label, header.name, sent, closes=False)


def _wire_cases(contract: Contract, plain: Case) -> Iterator[Case]:
    """Send bytes that are no JSON, other labels, methods and paths."""
    variants, sent, good = _Variants(contract, plain), plain.request, plain.request.body
    operation, answers = contract.operation, contract.answers
    if not operation.schema_place:
        yield from _aimed_elsewhere(variants)
        return
    # JSON with a label that it may have. Source: RFC 9110, 8.3.1.
    charset = f"{operation.media_type}; charset=utf-8"
    label, name = "valid-charset", "Content-Type"
    yield variants.header(_MEDIA, label, name, charset, closes=False)
    for label, content in spoilt("bytes", good):
        request = closing(replace(sent, body=content))
        if content or operation.needs_body or not answers.bind:
            yield variants.case(_JSON, label, request, {"bytes": label}, ("4xx",))
    for value in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        if not operation.admits(value):
            label, status = value.replace("/", "-"), answers.also(415)
            yield variants.header(_MEDIA, label, "Content-Type", value, status)
    yield from _aimed_elsewhere(variants)
    # Case is ignored by RFC 9110, 8.3.1, but many compare it.
    for label, (name, unsettled) in VALUES["of headers"].items():
        yield variants.header(ROBUSTNESS, label, name, unsettled)
    huge = good[:-1] + b',"x":"' + b"x" * 300_000 + b'"}'
    label, request = "300-kilobytes", closing(replace(sent, body=huge))
    yield variants.case(ROBUSTNESS, label, request, {"bytes": label})


def _aimed_elsewhere(variants: _Variants) -> Iterator[Case]:
    """Send other methods and paths."""
    sent, operation = variants.plain.request, variants.contract.operation
    answers = variants.contract.answers
    # Methods that the path does not have, without a body.
    for method in ("PUT", "PATCH", "DELETE"):
        if method.lower() not in operation.methods:
            bare = with_header(sent, "Content-Type", None)
            request = replace(bare, method=method, body=b"")
            fault = {"method": method}
            # 501: the server knows the method nowhere. Source: RFC 9110, 15.6.2.
            status = answers.also(405, 501)
            yield variants.case(_METHOD, method.lower(), request, fault, status)
    for label, other in _other_paths(variants.contract):
        request = with_credentials(replace(sent, path=other), operation.security)
        request, fault = closing(request), {"path": other}
        yield variants.case(_PATH, label, request, fault, answers.also(404))


def _other_paths(contract: Contract) -> Iterator[tuple[str, str]]:
    """Yield paths that the contract lacks: with a longer name, and with one cut.

    The last name is changed, or one before where another path would fit.
    """
    paths = map(re.escape, contract.inputs.document["paths"])
    known = [re.sub(r"\\\{.*?\\\}", "[^/]+", each) for each in paths]
    names = contract.operation.path.partition("?")[0].rstrip("/").split("/")
    for label, cut, more in (("longer-name", None, "-ringspec"), ("cut-name", -1, "")):
        for at in reversed(range(1, len(names))):
            changed = f"{names[at][:cut]}{more}"
            other = "/".join((*names[:at], changed, *names[at + 1 :]))
            if changed and not any(re.fullmatch(it, other) for it in known):
                yield label, other
                break


def _auth_cases(contract: Contract, plain: Case) -> Iterator[Case]:
    """Send no token, and wrong ones."""
    places = contract.operation.security.places
    if not places:
        return
    variants = _Variants(contract, plain)
    for place in places:
        cases = [(_TOKEN, contract.answers.also(401), each) for each in _tokens(place)]
        if SCOPE in contract.rules and place.slot == Slot.TOKEN:
            # 404 hides what is not for everybody. Source: RFC 9110, 15.5.4.
            weaker = "weaker", place.value(Slot.TOKEN_WEAKER)
            cases.append((SCOPE, (403, 404), weaker))
        for rule, status, (label, sent) in cases:
            where = place.where
            yield variants.header(rule, label, place.name, sent, status, where=where)
    # Wrong credentials of a client. Source: RFC 6749, 4.4 and 5.2.
    right = {
        "grant_type": "client_credentials",
        "client_id": Slot.CLIENT_ID,
        "client_secret": Slot.CLIENT_SECRET,
    }
    for label, wrong in VALUES["of credentials"].items():
        request = Request(
            method="POST",
            path=Slot.TOKEN_URL,
            headers=(
                ("Content-Type", "application/x-www-form-urlencoded"),
                ("Accept", "application/json"),
            ),
            body=urlencode({**right, **wrong}, safe="{}").encode(),
        )
        case = variants.case(_CLIENT, label, request, wrong, (400, 401, 403))
        yield replace(case, twin=None)
    # No token, and an unknown one, for each linked operation.
    for link in (each for each in contract.links if not each.inferred):
        content = plain.request.body if link.role == Role.REPLACE else b""
        request = Requests(contract).relative(link, content)
        create = Step(request=plain.request, status=("2xx",), capture=link.captures)
        those = _Variants(contract, replace(plain, request=request))
        listed = ((place, list(_tokens(place))[:2]) for place in link.security.places)
        for place, label, value in ((it, *each) for it, two in listed for each in two):
            about = f"{link.name}-{label}", place.name, value, link.answers.also(401)
            case = those.header(_TOKEN, *about, where=place.where)
            last = Step(request=case.request, status=case.status, link=link.name)
            if not link.captures:
                yield replace(case, steps=(last,))
                continue
            # A created resource is known by its create.
            known = replace(case, request=plain.request, expect=Expect.ACCEPT)
            yield replace(known, steps=(create, last))


def _tokens(place: TokenPlace) -> Iterator[tuple[str, str | None]]:
    """Yield wrong values of a token's place, by their labels; None for nothing."""
    of = "" if place.slot == Slot.TOKEN else f"{place.id}-"
    yield f"{of}missing", None
    yield f"{of}unknown", place.value(_UNKNOWN_TOKEN)
    yield f"{of}empty", place.value("")
    if of:
        return  # one of several
    if place.scheme:
        yield "bare", _UNKNOWN_TOKEN
        other = "Bearer" if place.scheme == "Basic" else "Basic"
        yield "other-scheme", f"{other} {Slot.TOKEN}"
    if place.scheme != "Basic":  # readers of base64 differ on its end
        yield "cut", place.value(Slot.TOKEN_CUT)
        yield "longer", place.value(f"{Slot.TOKEN}x")
    yield "other-case", place.value(Slot.TOKEN_SWAPPED)
    yield "null", place.value("null")
