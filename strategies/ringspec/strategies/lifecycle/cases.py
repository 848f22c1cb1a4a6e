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


def _readable(life: Lifecycle, read: Link) -> Iterator[Case]:
    """Read what was created, and compare it with what was sent."""
    rule = "lifecycle.readable"
    for like in {each.id: each for each in (life.plain, *life.rich)}.values():
        seen = life.step(read, ACCEPTED, shows(like), *life.same_id())
        yield life.case(rule, _label(like), life.create(like), seen, like=like)
    rich = life.rich[0]
    yield life.case(
        rule,
        "after-another",
        life.create(rich),
        life.create(life.plain, _OTHER),
        life.step(read, ACCEPTED, shows(rich)),
        like=rich,
    )


def _states(life: Lifecycle, read: Link) -> Iterator[Case]:
    """Look at the state of what was just created."""
    if not read.first:
        return
    new = Want(what=What.ONE_OF, at=read.state, value=list(read.first))
    rule, create, rich = "lifecycle.state", life.create(life.plain), life.richest
    yield life.case(rule, "read", create, life.step(read, ACCEPTED, new))
    shown = replace(create, wants=(replace(new, what=What.IF_SHOWN),))
    yield life.case(rule, "created", shown)
    # Whatever is asked for, nothing has begun yet.
    relatives = life.contract.links
    if any(set(each.transition.comes_from) & set(read.first) for each in relatives):
        waiting = replace(new, value=list(life.waiting))
        seen = life.step(read, ACCEPTED, waiting)
        yield life.case(rule, "of-full", life.create(rich), seen, like=rich)


def _updates(life: Lifecycle, read: Link, update: Link) -> Iterator[Case]:
    """Replace what was created, and look at it."""
    rule, old, new = "lifecycle.updated", life.richest, life.plain
    create, new_body = life.create(old), shows(new)
    put = life.step(update, content=new.request.body)
    answer = replace(put, wants=(new_body, *life.same_id()))
    yield life.case(rule, "answer", create, answer, like=old)
    seen = life.step(read, ACCEPTED, new_body)
    yield life.case(rule, "read", create, put, seen, like=old)
    richer = life.step(update, content=old.request.body)
    seen = life.step(read, ACCEPTED, shows(old))
    yield life.case(rule, "richer", life.create(new), richer, seen, like=old)
    gone = [
        Want(what=What.DIFFERS, at=pointer((name,)), value=value)
        for name, value in members(old.body)
        if name not in new.body and not life.is_default(name, value)
    ]
    if gone:
        seen = life.step(read, ACCEPTED, *gone)
        yield life.case(rule, "replaced", create, put, seen, like=old)

    rule, rich = "lifecycle.update.refused", life.rich[0]
    for case in life.faults:
        put = life.step(update, REFUSED, content=case.request.body)
        yield life.case(rule, _label(case), life.create(new), put)
    yield life.case(
        rule,
        "read",
        life.create(rich),
        life.step(read),
        life.step(update, REFUSED, content=life.faults[-1].request.body),
        life.step(read, ACCEPTED, shows(rich)),
        like=rich,
    )


def _deletions(life: Lifecycle, read: Link, delete: Link) -> Iterator[Case]:
    """Delete what was created, and look for it."""
    rule, create, gone = "lifecycle.deleted", life.create(life.plain), life.step(delete)
    yield life.case(rule, "answer", create, gone)
    yield life.case(rule, "read", create, gone, life.step(read, _GONE))
    other = life.create(life.plain, _OTHER)
    steps = (create, other, life.step(delete, suffix=_OTHER), life.step(read))
    yield life.case(rule, "others-stay", *steps)
    if life.listing:
        for lacks in life.ids(What.LACKS):
            seen = life.step(life.listing, ACCEPTED, lacks)
            yield life.case(rule, "listed", create, gone, seen)


def _commands(life: Lifecycle, read: Link) -> Iterator[Case]:
    """Give each command in each state that is settled to allow it, or not to."""
    for command in life.commands if read.first else ():
        allowed = [command.transition.to, *command.transition.via]
        leads = Want(what=What.ONE_OF, at=command.state, value=allowed)
        answer = life.step(command, ACCEPTED, *((leads,) if command.state else ()))
        stays = replace(leads, at=read.state)
        seen = life.step(command), life.step(read, ACCEPTED, stays)
        rule = f"lifecycle.{command.name}"
        for state in command.transition.comes_from if command.transition.to else ():
            before, like = _brought(life, read, state)
            yield life.case(rule, f"{state}-answer", *before, answer, like=like)
            yield life.case(rule, f"{state}-read", *before, *seen, like=like)
        for state in command.transition.refuses:
            before, like = _brought(life, read, state)
            steps = (*before, life.step(command, REFUSED))
            label = f"{command.name}-{state}"
            yield life.case("lifecycle.transitions", label, *steps, like=like)


def _brought(life: Lifecycle, read: Link, state: str) -> tuple[list[Step], Case]:
    """Return the steps that bring something into a state, and the body it has.

    Where no commands lead there, a full body may be in it from the first; where it is
    not, the case says nothing.
    """
    path = _path_to(life, state)
    like = life.plain if path is not None else life.richest
    steps = [life.create(like)]
    for command in path or ():
        seen = Want(what=What.ONE_OF, at=read.state, value=[command.transition.to])
        steps += [life.step(command), life.step(read, ACCEPTED, seen)]
    if not path:
        seen = Want(what=What.ONE_OF, at=read.state, value=[state])
        steps.append(life.step(read, ACCEPTED, seen))
    return steps, like


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
    rule, create = "lifecycle.listed", life.create(life.plain)
    both = zip(life.ids(What.HAS), life.ids(What.HAS, _OTHER), strict=True)
    for has, other in both:
        yield life.case(rule, "created", create, life.step(listing, ACCEPTED, has))
        seen = life.step(listing, ACCEPTED, has, other)
        steps = (create, life.create(life.plain, _OTHER), seen)
        yield life.case(rule, "both-of-two", *steps)


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
