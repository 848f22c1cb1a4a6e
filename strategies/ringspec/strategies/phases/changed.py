"""What was created can be changed and deleted, and nothing else is by that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ringspec.spec import Json, Link, Role, pointer
from ringspec.strategies.case import (
    Case,
    Status,
    Want,
    What,
)
from ringspec.strategies.phases.scribe import ACCEPTED, REFUSED, Scribe, members
from ringspec.strategies.shapes.locations import schema_at

_GONE: Status = (404, 410)


def updates(life: Scribe) -> Iterator[Case]:
    """Replace what was created, and look at what it is then."""
    read, update = life.one(Role.READ), life.one(Role.REPLACE)
    if read is None or update is None or not update.same_body:
        return
    old, new = life.richest, life.plain
    shows = Want(what=What.SHOWS, value=new.body)
    put = life.step(update, content=new.request.body)
    yield life.case(
        "lifecycle.updated",
        "answer",
        life.create(old),
        replace(put, wants=(shows, *life.same_id())),
        like=old,
    )
    yield life.case(
        "lifecycle.updated",
        "read",
        life.create(old),
        put,
        life.step(read, ACCEPTED, shows),
        like=old,
    )
    yield life.case(
        "lifecycle.updated",
        "richer",
        life.create(new),
        life.step(update, content=old.request.body),
        life.step(read, ACCEPTED, Want(what=What.SHOWS, value=old.body)),
        like=old,
    )
    gone = [
        Want(what=What.DIFFERS, at=pointer((name,)), value=value)
        for name, value in members(old.body)
        if name not in new.body and not _may_be_shown(life, name, value)
    ]
    if gone:
        yield life.case(
            "lifecycle.updated",
            "replaced",
            life.create(old),
            put,
            life.step(read, ACCEPTED, *gone),
            like=old,
        )
    yield from _refused_updates(life, read, update)


def _may_be_shown(life: Scribe, name: str, value: Json) -> bool:
    """Tell whether a value may be shown of what does not have it."""
    node = schema_at(life.contract.request.schema, (name,))
    return value in (None, False) or value == node.get("default")


def _refused_updates(life: Scribe, read: Link, update: Link) -> Iterator[Case]:
    kept = Want(what=What.SHOWS, value=life.plain.body)
    for case in life.faults:
        put = life.step(update, REFUSED, content=case.request.body)
        label = case.id.replace("/", "-")
        yield life.case(
            "lifecycle.update.refused",
            label,
            life.create(life.plain),
            put,
            like=life.plain,
        )
    yield life.case(
        "lifecycle.update.refused",
        "read",
        life.create(life.rich[0]),
        life.step(read),
        life.step(update, REFUSED, content=life.faults[-1].request.body),
        life.step(read, ACCEPTED, replace(kept, value=life.rich[0].body)),
        like=life.rich[0],
    )


def deletions(life: Scribe) -> Iterator[Case]:
    """Delete what was created, and look for it."""
    read, delete = life.one(Role.READ), life.one(Role.DELETE)
    if read is None or delete is None:
        return
    gone = life.step(delete)
    plain = life.plain
    rule = "lifecycle.deleted"
    create = life.create(plain)
    yield life.case(rule, "answer", create, gone, like=plain)
    yield life.case(rule, "read", create, gone, life.step(read, _GONE), like=plain)
    yield life.case(
        rule,
        "others-stay",
        create,
        life.create(plain, other=True),
        life.step(delete, other=True),
        life.step(read),
        like=plain,
    )
    list_ = life.one(Role.LIST)
    if list_ is not None:
        for name, place in life.captures.items():
            lacks = Want(what=What.LACKS, at=place, value=f"{{{name}}}")
            yield life.case(
                rule,
                "listed",
                create,
                gone,
                life.step(list_, ACCEPTED, lacks),
                like=plain,
            )
