"""JSON values as this server understands them, and places in a body."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path as File
from typing import Any, TypeAlias, cast

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = "dict[str, Json]"
Path: TypeAlias = "tuple[str | int, ...]"
Test: TypeAlias = "Callable[[Json], bool]"
Change: TypeAlias = "Callable[[Json], Json]"

_UUID = re.compile(
    "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)


def table(name: str) -> dict[str, Any]:
    """Read a file of TOML in this package."""
    return tomllib.loads((File(__file__).parent / name).read_text("utf-8"))


# Source: facts.md A (defaults), D (states, commands), F (codes), G (dialects).
FACTS = table("facts.toml")


def number(value: Json) -> int | float | None:
    """Return the value if it is a whole number, else nothing; booleans are none.

    Assumed: 2.0 equals 2. No source settles it; JSON has only numbers.
    """
    if isinstance(value, float):
        return value if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def is_uuid(value: Json) -> bool:
    """Return whether a value is 8-4-4-4-12 hex digits, in either case."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def as_object(value: Json) -> JsonObject:
    """Return the value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


# A value after the path that leads to it from the body's root.
Place: TypeAlias = "tuple[Path, Json]"
Select: TypeAlias = "Callable[[Json], Iterable[Place]]"
# Stands for the value of a member that was not sent.
ABSENT = cast("Json", object())
EACH_ITEM = ("*",)


def steps_of(path: str) -> list[tuple[str, ...]]:
    """Split a dotted path into steps: alternative names each, or EACH_ITEM.

    `actions.status.delivered|failed.*.value` has five steps.
    """
    return [tuple(step.split("|")) for step in path.split(".") if step]


def at(path: str = "") -> Select:
    """Select all values at a dotted path.

    A value that is missing, or below a value of another type, is not selected.
    """
    steps = steps_of(path)

    def select(body: Json) -> list[Place]:
        places: list[Place] = [((), body)]
        for step in steps:
            if step == EACH_ITEM:
                places = [
                    ((*path, index), item)
                    for path, value in places
                    if isinstance(value, list)
                    for index, item in enumerate(value)
                ]
            else:
                places = [
                    ((*path, name), value[name])
                    for path, value in places
                    if isinstance(value, dict)
                    for name in step
                    if name in value
                ]
            if not places:
                break  # most checks look at a member that a body does not have
        return places

    return select


def rewritten(value: Json, change: Change, steps: list[tuple[str, ...]]) -> Json:
    """Return a value with each value at the end of the steps changed."""
    if not steps:
        return change(value)
    step, *rest = steps
    if isinstance(value, list) and step == EACH_ITEM:
        return [rewritten(item, change, rest) for item in value]
    if isinstance(value, dict) and step != EACH_ITEM:
        return {
            name: rewritten(below, change, rest) if name in step else below
            for name, below in value.items()
        }
    return value


def member(parents: Select, name: str) -> Select:
    """Select a member of each parent object, ABSENT where it was not sent."""

    def select(body: Json) -> Iterator[Place]:
        for path, value in parents(body):
            if isinstance(value, dict):
                yield (*path, name), value.get(name, ABSENT)

    return select


def when(condition: Test, selected: Select) -> Select:
    """Restrict a selection to bodies that meet a condition."""
    return lambda body: selected(body) if condition(body) else ()
