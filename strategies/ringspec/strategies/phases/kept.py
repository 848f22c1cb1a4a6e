"""What was created is there: it has an id and a state, is read and listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ringspec.spec import Link, Role
from ringspec.strategies.case import (
    Case,
    Want,
    What,
)
from ringspec.strategies.phases.scribe import ACCEPTED, OTHER, Scribe


def ids(life: Scribe) -> Iterator[Case]:
    """Compare the ids of several things."""
    plain, delete = life.plain, life.one(Role.DELETE)
    for name, place in life.captures.items():
        first = Want(what=What.DIFFERS, at=place, value=f"{{{name}}}")
        second = replace(first, value=f"{{{name}-{OTHER}}}")
        create, other = life.create(plain), life.create(plain, other=True)
        again = replace(other, wants=(first,))
        yield life.case("lifecycle.ids", f"two-{name}", create, again, like=plain)
        if delete is not None:
            # Whoever counts what there is gives the last one's id again.
            gone = life.step(delete)
            third = replace(create, capture={}, wants=(first, second))
            yield life.case(
                "lifecycle.ids",
                f"{name}-after-a-deletion",
                create,
                other,
                gone,
                third,
                like=plain,
            )


def readable(life: Scribe) -> Iterator[Case]:
    """Read what was created, and compare it with what was sent."""
    read = life.one(Role.READ)
    if read is None:
        return
    for case in dict.fromkeys([life.plain.id, *(each.id for each in life.rich)]):
        like = next(each for each in life.accepted if each.id == case)
        shows = Want(what=What.SHOWS, value=like.body)
        yield life.case(
            "lifecycle.readable",
            like.id.replace("/", "-"),
            life.create(like),
            life.step(read, ACCEPTED, shows, *life.same_id()),
            like=like,
        )
    # What was created before is not what is created after.
    yield life.case(
        "lifecycle.readable",
        "after-another",
        life.create(life.rich[0]),
        life.create(life.plain, other=True),
        life.step(read, ACCEPTED, Want(what=What.SHOWS, value=life.rich[0].body)),
        like=life.rich[0],
    )
    yield from _states(life, read)


def _states(life: Scribe, read: Link) -> Iterator[Case]:
    """Look at the state of what was just created."""
    if not read.first:
        return
    new = Want(what=What.ONE_OF, at=read.state, value=list(read.first))
    rule, plain, rich = "lifecycle.state", life.plain, life.richest
    seen = life.step(read, ACCEPTED, new)
    yield life.case(rule, "read", life.create(plain), seen, like=plain)
    told = replace(new, what=What.IF_SHOWN)
    create = replace(life.create(plain), wants=(told,))
    yield life.case(rule, "created", create, like=plain)
    # Whatever is asked for, nothing has begun yet.
    waiting = dict.fromkeys(
        state
        for each in life.contract.links
        if set(each.transition.comes_from) & set(read.first)
        for state in (*read.first, *each.transition.comes_from)
    )
    if waiting:
        seen = life.step(read, ACCEPTED, replace(new, value=list(waiting)))
        yield life.case(rule, "of-full", life.create(rich), seen, like=rich)


def listed(life: Scribe) -> Iterator[Case]:
    """Look for what was created in the list."""
    list_ = life.one(Role.LIST)
    if list_ is None:
        return
    for name, place in life.captures.items():
        has = Want(what=What.HAS, at=place, value=f"{{{name}}}")
        yield life.case(
            "lifecycle.listed",
            "created",
            life.create(life.plain),
            life.step(list_, ACCEPTED, has),
            like=life.plain,
        )
        yield life.case(
            "lifecycle.listed",
            "both-of-two",
            life.create(life.plain),
            life.create(life.plain, other=True),
            life.step(
                list_,
                ACCEPTED,
                has,
                replace(has, value=f"{{{name}-{OTHER}}}"),
            ),
            like=life.plain,
        )
