"""The phase lifecycle: what was created is there, and what was refused is not.

A case whose early steps do not come out as they must says nothing of its rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from itertools import chain, pairwise
from typing import Self

from ringspec.spec.assertions import Assertion
from ringspec.spec.contract import Contract
from ringspec.spec.links import Link, Role
from ringspec.spec.rules import Level, RuleId, weakest
from ringspec.spec.schemas import ITEM
from ringspec.spec.values import Json, canonical, edit, patched, pointer
from ringspec.spec.values import steps as steps_of
from ringspec.strategies.case import (
    Case,
    Expect,
    Phase,
    Request,
    Requests,
    Status,
    Step,
    Want,
    What,
    closing,
    encode,
    with_header,
    with_token,
)
from ringspec.strategies.shapes.bodies import Bodies, bodies_of
from ringspec.strategies.shapes.locations import schema_at

ACCEPTED: Status = ("2xx",)
REFUSED: Status = ("4xx",)
ANY: Status = ("2xx", "3xx", "4xx", "5xx")
_GONE: Status = (404, 410)
# Suffix of the names of a second resource's ids.
_OTHER = "-other"
# Name under which the ids are captured that a list had before.
_KNOWN = "known"
# An id that a server is most unlikely to have given out.
_UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
_IN_BRACES = re.compile(r"\{([^}]*)\}")
_ORDER = (Role.LIST, Role.READ, Role.REPLACE, Role.COMMAND, Role.DELETE)


class Lifecycle:
    """The operations on what a contract creates, and the bodies to create it with."""

    def __init__(
        self,
        bodies: Bodies,
        accepted: list[Case],
        refused: list[Case],
        missing: Collection[str] = (),
    ) -> None:
        self.bodies, self.accepted, self.refused = bodies, accepted, refused
        self.contract, self.plain = bodies.contract, accepted[0]
        links = self.contract.links
        # Pointers to the ids that paths need, by name.
        self.captures = {n: at for each in links for n, at in each.captures.items()}
        offered = [each for each in links if each.name not in missing]
        # None of those that the target does not offer.
        by_role = {each.role: each for each in reversed(offered)}
        self.read, self.listing = by_role.get(Role.READ), by_role.get(Role.LIST)
        self.delete, update = by_role.get(Role.DELETE), by_role.get(Role.REPLACE)
        self.update = update if update and update.same_body else None
        self.commands = [each for each in offered if each.role == Role.COMMAND]
        # States of what was just created from the plainest body; and from any.
        self.first = self.read.first if self.read else ()
        begun = [each.comes_from for each in links]
        leaving = [states for states in begun if {*states} & {*self.first}]
        self.waiting = tuple(dict.fromkeys(chain(self.first, *leaving)))

    @classmethod
    def of(cls, contract: Contract, cases: Iterable[Case]) -> Self | None:
        """Take the bodies from a case list; None where nothing has an id."""
        listed = [case for case in cases if case.phase == Phase.CASES]
        accepted = [case for case in listed if case.expect == Expect.ACCEPT]
        if not accepted or not any(each.captures for each in contract.links):
            return None
        refused = [case for case in listed if case.broken]
        return cls(bodies_of(contract), accepted, refused)

    def lacking(self, missing: Collection[str]) -> Lifecycle:
        """Return it for a target that does not offer some links."""
        return Lifecycle(self.bodies, self.accepted, self.refused, missing)

    @cached_property
    def rich(self) -> list[Case]:
        """Accepted bodies that differ much, the strongest level first."""
        found, seen = list[Case](), set[str]()
        for case in sorted(
            self.accepted, key=lambda each: (each.level.rank, -len(each.request.body))
        ):
            new = {f"{k}={canonical(v)}" for k, v in members(case.body)} - seen
            if len(new) > 2 and len(found) < 4:
                found.append(case)
                seen |= new
        others = (
            max(self.accepted, key=lambda each: len(each.request.body)),
            max(self.accepted, key=lambda each: (_varied(each.body), -each.level.rank)),
        )
        return list({each.id: each for each in (*found, *others)}.values())

    @cached_property
    def richest(self) -> Case:
        """The body with most members, at SHOULD or above."""

        def size(case: Case) -> tuple[int, int]:
            given = sum(value is not None for _, value in members(case.body))
            return given, len(case.request.body)

        return max((e for e in self.accepted if e.level.gates(Level.SHOULD)), key=size)

    @cached_property
    def differing(self) -> list[Case]:
        """Accepted bodies that differ much, the plainest first."""
        found = (self.plain, *self.rich, self.richest)
        return list({each.request.body: each for each in found}.values())

    @cached_property
    def faults(self) -> list[Case]:
        """Certified faults of different kinds, of the rules of strongest level."""
        kinds: dict[str, Case] = {}
        # A default may lawfully be taken for what some lack.
        sure = [each for each in self.refused if not each.or_default] or self.refused
        for case in sorted(sure, key=lambda each: each.level.rank):
            for each in self.contract.assertions if len(case.broken) == 1 else ():
                if each.rule == case.rule:
                    kinds.setdefault(_kind(each), case)
        return list({each.id: each for each in kinds.values()}.values())

    def replaced(self, earlier: Iterable[Case], now: Case, at: str) -> list[Want]:
        """Want that nothing is left of earlier bodies; defaults may be shown."""
        found: dict[str, Want] = {}
        for name, value in chain(*(members(case.body) for case in earlier)):
            node = schema_at(self.contract.request.schema, (name,))
            defaults = (None, False, node.get("default"))
            if name not in now.body and value not in defaults:
                want = Want(what=What.DIFFERS, at=at + pointer((name,)), value=value)
                found[f"{name}={value}"] = want
        return list(found.values())

    def places(self, link: Link) -> dict[str, str]:
        """Return pointers to the ids, by name, in a link's answer or its items."""
        own, found = f"{self.contract.answers.at}/", dict(self.captures)
        for name, at in self.captures.items():
            if at.startswith(own):
                found[name] = f"{link.answers.at}/{at.removeprefix(own)}"
        return {**found, list(found)[-1]: link.id} if link.id else found

    def ids(self, what: What, suffix: str = "", of: Link | None = None) -> list[Want]:
        """Want something of the ids in the answer of a link, or of a create.

        They are compared with captured ones.
        """
        listed = what == What.IF_SHOWN
        return [
            Want(what=what, at=place, value=[value] if listed else value)
            for name, place in (self.places(of) if of else self.captures).items()
            for value in (f"{{{name}{suffix}}}",)
        ]

    def create(self, case: Case, suffix: str = "") -> Step:
        """Return the step that creates what a case sends, and captures its ids.

        The suffix of the names of the ids tells it from what else was created.
        """
        capture = {f"{name}{suffix}": at for name, at in self.captures.items()}
        return Step(request=case.request, status=ACCEPTED, capture=capture)

    def step(
        self,
        link: Link,
        status: Status = ACCEPTED,
        *wants: Want,
        content: bytes | None = None,
        suffix: str | None = "",
    ) -> Step:
        """Return a step of a linked operation on what was created with a suffix.

        It sends the plain body if the operation takes one, or other content. Without a
        suffix, None, it is about an id that no server has given out.
        """
        if content is None:
            content = self.plain.request.body if link.same_body else b""
        request = Requests(self.contract).relative(link, content)
        named = _UNKNOWN_ID if suffix is None else rf"{{\1{suffix}}}"
        return Step(
            request=replace(request, path=_IN_BRACES.sub(named, request.path)),
            status=status,
            wants=wants,
            link=link.name,
            paging=link.paging if link.role == Role.LIST else None,
        )

    def case(
        self, rule: str, label: str, *steps: Step, like: Case | None = None
    ) -> Case:
        """Return a case of some steps; its level is at most that of the body sent."""
        like, id_ = like or self.plain, RuleId(f"lifecycle.{rule}")
        return replace(
            like,
            id=f"{id_}/{label.replace('/', '-')}",
            rule=id_,
            level=weakest((self.contract.rules[id_].level, like.level)),
            request=steps[0].request,
            twin=None,
            fault=None,
            phase=Phase.LIFECYCLE,
            steps=steps,
        )

    def after(
        self, rule: str, label: str, *steps: Step, of: Case | None = None
    ) -> Case:
        """Return a case whose first step creates from a body, the plain one if None."""
        body = of or self.plain
        return self.case(rule, label, self.create(body), *steps, like=body)

    def survey(self) -> Case:
        """Return a case that calls each operation once, to see which are offered."""
        steps = [
            replace(self.step(each, ANY), paging=None)
            for each in sorted(self.contract.links, key=lambda e: _ORDER.index(e.role))
        ]
        return self.after("ids", "survey", *steps)


def _kind(assertion: Assertion) -> str:
    if assertion.keyword == "required" and not assertion.instance:
        return "conditional" if "then" in assertion.path else "required"
    if "then" in assertion.path:
        return "cross-field"
    bounds = {"maximum", "minimum", "maxLength", "maxItems"}
    return "bound" if assertion.keyword in bounds else "any"


def _varied(body: Json) -> int:
    """Count neighbours that differ in a body's lists, palindromes aside."""
    lists = [value for _, value in members(body) if isinstance(value, list)]
    ordered = [each for each in lists if each != each[::-1]]
    return sum(left != right for each in ordered for left, right in pairwise(each))


def members(body: Json) -> list[tuple[str, Json]]:
    """List the members of a body; none where it is no object."""
    return list(body.items()) if isinstance(body, dict) else []


def shows(case: Case, link: Link) -> Want:
    """Want the answer of a link to show the body of a case."""
    return Want(what=What.SHOWS, at=link.answers.at, value=case.body)


def one_of(at: str, *values: str) -> Want:
    """Want one of some values at a place of an answer."""
    return Want(what=What.ONE_OF, at=at, value=[*values])


def lifecycle_cases(
    bodies: Bodies, accepted: list[Case], refused: list[Case]
) -> Iterator[Case]:
    """List the cases of a contract's links; none where nothing has an id."""
    life = Lifecycle(bodies, accepted, refused)
    if not life.captures:
        return
    if any(each.inferred for each in life.contract.links):
        yield from _inferred(life)
        return
    yield from _ids(life)
    if life.read:
        yield from _readable(life, life.read)
        if life.first:
            yield from _states(life, life.read)
        if life.update:
            yield from _updates(life, life.read, life.update)
        if life.delete:
            yield from _deletions(life, life.read, life.delete)
        if life.first:
            yield from _commands(life, life.read)
    if life.listing:
        yield from _listed(life, life.listing)
        yield from _traces(life, life.listing)
    for link in (each for each in life.contract.links if each.captures):
        step = life.step(link, REFUSED, suffix=None)
        step = replace(step, request=closing(step.request))
        yield _refused(life.case("unknown", link.name, step))


def _inferred(life: Lifecycle) -> Iterator[Case]:
    """Read what was created, and what was deleted, unless its name was sent."""
    sent = {steps_of(at)[0] for at in life.captures.values()}
    rich = {each.id: each for each in (life.plain, *life.rich)}.values()
    free = [each for each in rich if sent.isdisjoint(dict(members(each.body)))]
    if (read := life.read) is None or life.plain not in free:
        return
    for body in free:
        seen = life.step(read, ACCEPTED, shows(body, read))
        yield life.after("readable", body.id, seen, of=body)
    if life.delete:
        gone = life.step(read, read.answers.also(*_GONE))
        steps = (life.step(read), life.step(life.delete), gone)
        yield life.after("deleted", "read", *steps)


def _ids(life: Lifecycle) -> Iterator[Case]:
    other = life.create(life.plain, _OTHER)
    pairs = zip(life.ids(What.DIFFERS), life.ids(What.DIFFERS, _OTHER), strict=True)
    for name, (first, second) in zip(life.captures, pairs, strict=True):
        yield life.after("ids", f"two-{name}", replace(other, wants=(first,)))
        if not life.contract.catalogue.rules:
            # Others have values of their own; what is sent again may be refused.
            again = replace(other, wants=(first,), status=(*ACCEPTED, *REFUSED))
            yield life.after("ids", f"again-{name}", again)
        if life.delete is not None:
            # A server that numbers by what there is gives the last id again.
            third = replace(life.create(life.plain), capture={}, wants=(first, second))
            steps = (other, life.step(life.delete), third)
            yield life.after("ids", f"{name}-after-a-deletion", *steps)


def _readable(life: Lifecycle, read: Link) -> Iterator[Case]:
    for body in {each.id: each for each in (life.plain, *life.rich)}.values():
        same = life.ids(What.IF_SHOWN, of=read)
        seen = life.step(read, ACCEPTED, shows(body, read), *same)
        yield life.after("readable", body.id, seen, of=body)
    other, rich = life.create(life.plain, _OTHER), life.rich[0]
    seen = life.step(read, ACCEPTED, shows(rich, read))
    yield life.after("readable", "after-another", other, seen, of=rich)


def _states(life: Lifecycle, read: Link) -> Iterator[Case]:
    new = one_of(read.state, *life.first)
    yield life.after("state", "read", life.step(read, ACCEPTED, new))
    shown = replace(new, what=What.IF_SHOWN)
    create = replace(life.create(life.plain), wants=(shown,))
    yield life.case("state", "created", create)
    # Whatever is asked for, nothing has begun yet.
    if any(set(each.comes_from) & set(life.first) for each in life.contract.links):
        seen = life.step(read, ACCEPTED, one_of(read.state, *life.waiting))
        yield life.after("state", "of-full", seen, of=life.richest)


def _updates(life: Lifecycle, read: Link, update: Link) -> Iterator[Case]:
    rule, old, new = "updated", life.richest, life.plain
    put = life.step(update)
    same = life.ids(What.IF_SHOWN, of=update)
    answer = replace(put, wants=(shows(new, update), *same))
    yield life.after(rule, "answer", answer, of=old)
    yield life.after(
        rule, "read", put, life.step(read, ACCEPTED, shows(new, read)), of=old
    )
    richer = life.step(update, content=old.request.body)
    steps = life.create(new), richer, life.step(read, ACCEPTED, shows(old, read))
    yield life.case(rule, "richer", *steps, like=old)
    if gone := life.replaced([old], new, read.answers.at):
        seen = life.step(read, ACCEPTED, *gone)
        yield life.after(rule, "replaced", put, seen, of=old)

    rule, rich = "update.refused", life.rich[0]
    for case in life.faults:
        put = life.step(update, REFUSED, content=case.request.body)
        yield life.after(rule, case.id, put)
    put = life.step(update, REFUSED, content=life.faults[-1].request.body)
    seen = life.step(read, ACCEPTED, shows(rich, read))
    yield life.after(rule, "read", life.step(read), put, seen, of=rich)


def _listed(life: Lifecycle, listing: Link) -> Iterator[Case]:
    second = life.create(life.plain, _OTHER)
    ids = (life.ids(What.HAS, suffix, listing) for suffix in ("", _OTHER))
    for has, other in zip(*ids, strict=True):
        yield life.after("listed", "created", life.step(listing, ACCEPTED, has))
        both = life.step(listing, ACCEPTED, has, other)
        yield life.after("listed", "both-of-two", second, both)


def _deletions(life: Lifecycle, read: Link, delete: Link) -> Iterator[Case]:
    rule, gone = "deleted", life.step(delete)
    yield life.after(rule, "answer", gone)
    yield life.after(rule, "read", gone, life.step(read, read.answers.also(*_GONE)))
    other, second = life.create(life.plain, _OTHER), life.step(delete, suffix=_OTHER)
    yield life.after(rule, "others-stay", other, second, life.step(read))
    if life.listing:
        for lacks in life.ids(What.LACKS, of=life.listing):
            seen = life.step(life.listing, ACCEPTED, lacks)
            yield life.after(rule, "listed", gone, seen)


def _commands(life: Lifecycle, read: Link) -> Iterator[Case]:
    """Give each command in each state that is settled to allow it, or not to."""
    for command in life.commands:
        allowed = (command.leads_to, *command.via)
        leads = (one_of(command.state, *allowed),) if command.state else ()
        stays = life.step(read, ACCEPTED, one_of(read.state, *allowed))
        for state in command.comes_from if command.leads_to else ():
            before, body = _brought(life, read, state)
            for label, steps in (
                (f"{state}-answer", [life.step(command, ACCEPTED, *leads)]),
                (f"{state}-read", [life.step(command), stays]),
            ):
                yield life.after(command.name, label, *before, *steps, of=body)
        for state in command.refuses:
            before, body = _brought(life, read, state)
            steps = [*before, life.step(command, REFUSED)]
            label = f"{command.name}-{state}"
            yield life.after("transitions", label, *steps, of=body)


def _brought(life: Lifecycle, read: Link, state: str) -> tuple[list[Step], Case]:
    """Return the steps that bring what was created into a state, and its body.

    They follow the shortest path of commands from a first state. Where none lead there,
    a full body may be in it from the first; where it is not, the case says nothing.
    """
    paths: dict[str, list[Link]] = {each: [] for each in life.first}
    found = list(paths)
    for here in found:
        for command in life.commands:
            there = command.leads_to
            if here in command.comes_from and there and there not in paths:
                paths[there] = [*paths[here], command]
                found.append(there)
    path, steps = paths.get(state, []), list[Step]()
    for command in path:
        seen = one_of(read.state, command.leads_to)
        steps += [life.step(command), life.step(read, ACCEPTED, seen)]
    if not path:
        steps.append(life.step(read, ACCEPTED, one_of(read.state, state)))
    return steps, life.plain if state in paths else life.richest


def _traces(life: Lifecycle, listing: Link) -> Iterator[Case]:
    """Look in the list for what was refused, by a text that nothing else has."""
    name, place = _marked(life, listing), next(iter(life.places(listing).values()))
    for label, text, request, like in _refusable(life, name) if name else ():
        unlike = Want(what=What.UNLIKE, at=place, value={name: text}, known=_KNOWN)
        before = replace(life.step(listing), capture={_KNOWN: place})
        refused = Step(request=request, status=REFUSED)
        after = life.step(listing, ACCEPTED, unlike)
        made = life.case("rejected", label, before, refused, after, like=like)
        broken = like.broken if like else ()
        yield replace(_refused(made), request=request, broken=broken)


def _refusable(
    life: Lifecycle, name: str
) -> Iterator[tuple[str, str, Request, Case | None]]:
    """Yield requests to be refused, each with a text of its own in a member."""
    for number, case in enumerate(life.faults, 1):
        text = f"ringspec trace {number}"
        if name not in case.body or name in str(case.fault):
            continue
        body = patched(case.body, (edit("replace", (name,), text),))
        if life.contract.breaks_just(body, frozenset(case.broken)):
            yield case.id, text, replace(case.request, body=encode(body)), case
    changes: dict[str, Callable[[Request], Request]] = {
        "other-media-type": lambda it: with_header(it, "Content-Type", "text/plain"),
        "cut-off": lambda it: replace(it, body=it.body[:-1]),
    }
    if places := life.contract.operation.security.places:
        changes = {"no-token": lambda it: with_token(it, places[0], None)} | changes
    for label, change in changes.items():
        text = f"ringspec trace {label}"
        body = encode({**life.plain.body, name: text})
        yield label, text, change(closing(replace(life.plain.request, body=body))), None


def _refused(case: Case) -> Case:
    return replace(case, expect=Expect.REJECT, status=REFUSED)


def _marked(life: Lifecycle, listing: Link) -> str | None:
    """Return a member with free text that a list shows of its items."""
    answer = listing.answers.of(200)
    shown = answer.schema.schema if answer else {}
    item = schema_at(shown, (*steps_of(listing.paging.items), ITEM))
    names = item.get("properties", {})
    for name, _ in members(life.plain.body):
        shapes = life.bodies.shapes_at((name,))
        free = all(each.is_free_text and each.max_size >= 40 for each in shapes)
        if name in names and shapes and free:
            return name
    return None
