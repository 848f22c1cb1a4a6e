"""The phase lifecycle: what was created is there, and what was refused is not.

In: accepted and refused cases, and the operations that the contract links to a create.
Out: cases of several steps. A case whose early steps do not come out as they must says
nothing of its rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ringspec.spec import Link, patched, pointer
from ringspec.spec import steps as steps_of
from ringspec.strategies.case import (
    Case,
    Expect,
    Request,
    Status,
    Step,
    Want,
    What,
    closing,
    encode,
    with_header,
)
from ringspec.strategies.lifecycle.steps import (
    ACCEPTED,
    REFUSED,
    Lifecycle,
    members,
    shows,
)
from ringspec.strategies.shapes.bodies import Bodies

_GONE: Status = (404, 410)
# Suffix of the names of a second thing's ids.
_OTHER = "-other"
# Name under which the ids are captured that a list had before.
_KNOWN = "known"


def lifecycle_cases(
    bodies: Bodies, accepted: list[Case], refused: list[Case]
) -> Iterator[Case]:
    """List the cases of a contract's links; none where nothing has an id."""
    life = Lifecycle(bodies, accepted, refused)
    if not life.captures:
        return
    yield from _ids(life)
    if life.read:
        yield from _readable(life, life.read)
        yield from _states(life, life.read)
        if life.update:
            yield from _updates(life, life.read, life.update)
        if life.delete:
            yield from _deletions(life, life.read, life.delete)
        yield from _commands(life, life.read)
    if life.listing:
        yield from _listed(life, life.listing)
        yield from _traces(life, life.listing)
    yield from _unknown(life)


def _ids(life: Lifecycle) -> Iterator[Case]:
    """Compare the ids of several things."""
    create, other = life.create(life.plain), life.create(life.plain, _OTHER)
    pairs = zip(life.ids(What.DIFFERS), life.ids(What.DIFFERS, _OTHER), strict=True)
    for name, (first, second) in zip(life.captures, pairs, strict=True):
        again = replace(other, wants=(first,))
        yield life.case("lifecycle.ids", f"two-{name}", create, again)
        if life.delete is not None:
            # A server that numbers by what there is gives the last id again.
            third = replace(create, capture={}, wants=(first, second))
            steps = (create, other, life.step(life.delete), third)
            yield life.case("lifecycle.ids", f"{name}-after-a-deletion", *steps)


def _label(case: Case) -> str:
    return case.id.replace("/", "-")


def _after(
    life: Lifecycle, rule: str, label: str, *steps: Step, of: Case | None = None
) -> Case:
    """Return a case whose first step is a create, of the plain body if not another."""
    body = of or life.plain
    return life.case(f"lifecycle.{rule}", label, life.create(body), *steps, like=body)


def _one_of(at: str, *values: str) -> Want:
    return Want(what=What.ONE_OF, at=at, value=[*values])


def _readable(life: Lifecycle, read: Link) -> Iterator[Case]:
    """Read what was created, and compare it with what was sent."""
    for body in {each.id: each for each in (life.plain, *life.rich)}.values():
        seen = life.step(read, ACCEPTED, shows(body), *life.same_id())
        yield _after(life, "readable", _label(body), seen, of=body)
    other, rich = life.create(life.plain, _OTHER), life.rich[0]
    seen = life.step(read, ACCEPTED, shows(rich))
    yield _after(life, "readable", "after-another", other, seen, of=rich)


def _states(life: Lifecycle, read: Link) -> Iterator[Case]:
    """Look at the state of what was just created."""
    if not read.first:
        return
    new = _one_of(read.state, *read.first)
    yield _after(life, "state", "read", life.step(read, ACCEPTED, new))
    shown = replace(new, what=What.IF_SHOWN)
    create = replace(life.create(life.plain), wants=(shown,))
    yield life.case("lifecycle.state", "created", create)
    # Whatever is asked for, nothing has begun yet.
    links = life.contract.links
    if any(set(each.transition.comes_from) & set(read.first) for each in links):
        seen = life.step(read, ACCEPTED, _one_of(read.state, *life.waiting))
        yield _after(life, "state", "of-full", seen, of=life.richest)


def _updates(life: Lifecycle, read: Link, update: Link) -> Iterator[Case]:
    """Replace what was created, and look at it."""
    rule, old, new = "updated", life.richest, life.plain
    put = life.step(update, content=new.request.body)
    answer = replace(put, wants=(shows(new), *life.same_id()))
    yield _after(life, rule, "answer", answer, of=old)
    seen = life.step(read, ACCEPTED, shows(new))
    yield _after(life, rule, "read", put, seen, of=old)
    richer = life.step(update, content=old.request.body)
    steps = life.create(new), richer, life.step(read, ACCEPTED, shows(old))
    yield life.case("lifecycle.updated", "richer", *steps, like=old)
    gone = [
        Want(what=What.DIFFERS, at=pointer((name,)), value=value)
        for name, value in members(old.body)
        if name not in new.body and not life.is_default(name, value)
    ]
    if gone:
        seen = life.step(read, ACCEPTED, *gone)
        yield _after(life, rule, "replaced", put, seen, of=old)

    rule, rich = "update.refused", life.rich[0]
    for case in life.faults:
        put = life.step(update, REFUSED, content=case.request.body)
        yield _after(life, rule, _label(case), put)
    put = life.step(update, REFUSED, content=life.faults[-1].request.body)
    seen = life.step(read, ACCEPTED, shows(rich))
    yield _after(life, rule, "read", life.step(read), put, seen, of=rich)


def _deletions(life: Lifecycle, read: Link, delete: Link) -> Iterator[Case]:
    """Delete what was created, and look for it."""
    rule, gone = "deleted", life.step(delete)
    yield _after(life, rule, "answer", gone)
    yield _after(life, rule, "read", gone, life.step(read, _GONE))
    other, second = life.create(life.plain, _OTHER), life.step(delete, suffix=_OTHER)
    yield _after(life, rule, "others-stay", other, second, life.step(read))
    if life.listing:
        for lacks in life.ids(What.LACKS):
            seen = life.step(life.listing, ACCEPTED, lacks)
            yield _after(life, rule, "listed", gone, seen)


def _commands(life: Lifecycle, read: Link) -> Iterator[Case]:
    """Give each command in each state that is settled to allow it, or not to."""
    for command in life.commands if read.first else ():
        taken = command.transition
        allowed = (taken.to, *taken.via)
        leads = (_one_of(command.state, *allowed),) if command.state else ()
        answer = life.step(command, ACCEPTED, *leads)
        stays = life.step(read, ACCEPTED, _one_of(read.state, *allowed))
        for state in taken.comes_from if taken.to else ():
            before, body = _brought(life, read, state)
            for label, steps in (
                ("answer", [answer]),
                ("read", [life.step(command), stays]),
            ):
                rule = f"lifecycle.{command.name}"
                yield life.case(rule, f"{state}-{label}", *before, *steps, like=body)
        for state in taken.refuses:
            before, body = _brought(life, read, state)
            steps = [*before, life.step(command, REFUSED)]
            label = f"{command.name}-{state}"
            yield life.case("lifecycle.transitions", label, *steps, like=body)


def _brought(life: Lifecycle, read: Link, state: str) -> tuple[list[Step], Case]:
    """Return the steps that bring something into a state, and the body it has.

    Where no commands lead there, a full body may be in it from the first; where it is
    not, the case says nothing.
    """
    path = _path_to(life, state)
    body = life.plain if path is not None else life.richest
    steps = [life.create(body)]
    for command in path or ():
        seen = _one_of(read.state, command.transition.to)
        steps += [life.step(command), life.step(read, ACCEPTED, seen)]
    if not path:
        steps.append(life.step(read, ACCEPTED, _one_of(read.state, state)))
    return steps, body


def _path_to(life: Lifecycle, state: str) -> list[Link] | None:
    """Return the shortest path of commands from a first state; None without one."""
    paths: dict[str, list[Link]] = {each: [] for each in life.first}
    found = list(paths)
    for here in found:
        for command in life.commands:
            there = command.transition.to
            if here in command.transition.comes_from and there and there not in paths:
                paths[there] = [*paths[here], command]
                found.append(there)
    return paths.get(state)


def _listed(life: Lifecycle, listing: Link) -> Iterator[Case]:
    """Look for what was created in the list."""
    second = life.create(life.plain, _OTHER)
    for has, other in zip(life.ids(What.HAS), life.ids(What.HAS, _OTHER), strict=True):
        yield _after(life, "listed", "created", life.step(listing, ACCEPTED, has))
        both = life.step(listing, ACCEPTED, has, other)
        yield _after(life, "listed", "both-of-two", second, both)


def _traces(life: Lifecycle, listing: Link) -> Iterator[Case]:
    """Look in the list for what was refused, by a text that nothing else has."""
    name = _marked(life, listing)
    place = next(iter(life.captures.values()))
    for label, request, text, case in _refusable(life, name) if name else ():
        unlike = Want(what=What.UNLIKE, at=place, value={name: text}, known=_KNOWN)
        made = life.case(
            "lifecycle.rejected",
            label,
            replace(life.step(listing), capture={_KNOWN: place}),
            Step(request=request, status=REFUSED),
            life.step(listing, ACCEPTED, unlike),
            like=case,
        )
        yield replace(_refused(made, request), broken=case.broken if case else ())


def _refusable(
    life: Lifecycle, name: str
) -> Iterator[tuple[str, Request, str, Case | None]]:
    """Yield requests to be refused, each with a text of its own in a member."""
    for number, case in enumerate(life.faults, 1):
        text = f"ringspec trace {number}"
        if name not in case.body or name in str(case.fault):
            continue
        mark = {"op": "replace", "path": pointer((name,)), "value": text}
        body = patched(case.body, (mark,))
        if life.contract.prover.broken(body) == frozenset(case.broken):
            yield _label(case), replace(case.request, body=encode(body)), text, case
    for label in ("no-token", "other-media-type", "cut-off"):
        text = f"ringspec trace {label}"
        body = encode({**life.plain.body, name: text})
        request = closing(replace(life.plain.request, body=body))
        if label == "cut-off":
            yield label, replace(request, body=body[:-1]), text, None
        elif label == "other-media-type":
            refused = with_header(request, "Content-Type", "text/plain")
            yield label, refused, text, None
        elif header := life.contract.operation.token_header:
            yield label, with_header(request, header.header, None), text, None


def _refused(case: Case, request: Request) -> Case:
    """Return a case of a request that is to be refused."""
    return replace(case, request=request, expect=Expect.REJECT, status=REFUSED)


def _marked(life: Lifecycle, listing: Link) -> str | None:
    """Return a member with free text that a list shows of its items."""
    answer = listing.answers.of(200)
    shown = answer.schema.schema if answer else {}
    for step in steps_of(listing.paging.items):
        shown = shown.get("properties", {}).get(step, {})
    names = shown.get("items", {}).get("properties", {})
    for name, _ in members(life.plain.body):
        shapes = life.bodies.shapes_at((name,))
        free = all(
            shape.kind == "string"
            and shape.choices() is None
            and shape.format is None
            and not shape.own_patterns
            and (shape.max_length or 100) >= 40
            for shape in shapes
        )
        if name in names and shapes and free:
            return name
    return None


def _unknown(life: Lifecycle) -> Iterator[Case]:
    """Call each operation on what was never created."""
    for relative in life.contract.links:
        if not relative.captures:
            continue
        content = life.plain.request.body if relative.same_body else b""
        step = life.step(relative, REFUSED, content=content, suffix=None)
        step = replace(step, request=closing(step.request))
        made = life.case("lifecycle.unknown", relative.name, step)
        yield _refused(made, step.request)
