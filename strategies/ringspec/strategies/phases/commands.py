"""Commands: each is taken in the states that allow it, and leads where it says."""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.spec import Link, Role
from ringspec.strategies.case import (
    Case,
    Step,
    Want,
    What,
)
from ringspec.strategies.phases.scribe import ACCEPTED, REFUSED, Scribe


def commands(life: Scribe) -> Iterator[Case]:
    """Give each command in each state that is settled to allow it, or not to."""
    read = life.one(Role.READ)
    commands = [r for r in life.contract.links if r.role == Role.COMMAND]
    if read is None or not read.first:
        return
    for command in commands:
        for state in command.transition.comes_from:
            if command.transition.to:
                yield from _taken(life, read, command, state, commands)
        for state in command.transition.refuses:
            yield from _not_taken(life, read, command, state, commands)


def _taken(
    life: Scribe,
    read: Link,
    command: Link,
    state: str,
    commands: list[Link],
) -> Iterator[Case]:
    allowed = [command.transition.to, *command.transition.via]
    leads = Want(what=What.ONE_OF, at=command.state, value=allowed)
    stays = Want(what=What.ONE_OF, at=read.state, value=allowed)
    before, like = _brought(life, read, state, commands)
    rule = f"lifecycle.{command.name}"
    yield life.case(
        rule,
        f"{state}-answer",
        *before,
        life.step(command, ACCEPTED, *((leads,) if command.state else ())),
        like=like,
    )
    yield life.case(
        rule,
        f"{state}-read",
        *before,
        life.step(command),
        life.step(read, ACCEPTED, stays),
        like=like,
    )


def _not_taken(
    life: Scribe,
    read: Link,
    command: Link,
    state: str,
    commands: list[Link],
) -> Iterator[Case]:
    before, like = _brought(life, read, state, commands)
    yield life.case(
        "lifecycle.transitions",
        f"{command.name}-{state}",
        *before,
        life.step(command, REFUSED),
        like=like,
    )


def _brought(
    life: Scribe, read: Link, state: str, commands: list[Link]
) -> tuple[list[Step], Case]:
    """Bring something into a state, and see that it is in it.

    Where no commands lead there, a full body may be in it from the first; where
    not, the case says nothing.
    """
    way = _way(life, state, commands)
    like = life.plain if way is not None else life.richest
    script = [life.create(like)]
    for command in way or ():
        seen = Want(what=What.ONE_OF, at=read.state, value=[command.transition.to])
        script += [life.step(command), life.step(read, ACCEPTED, seen)]
    if not way:
        seen = Want(what=What.ONE_OF, at=read.state, value=[state])
        script.append(life.step(read, ACCEPTED, seen))
    return script, like


def _way(life: Scribe, state: str, commands: list[Link]) -> list[Link] | None:
    """Find the shortest way of commands from the first state; None without one."""
    read = life.one(Role.READ)
    ways: dict[str, list[Link]] = {s: [] for s in (read.first if read else ())}
    found = list(ways)
    for here in found:
        for command in commands:
            there = command.transition.to
            if here in command.transition.comes_from and there and there not in ways:
                ways[there] = [*ways[here], command]
                found.append(there)
    return ways.get(state)
