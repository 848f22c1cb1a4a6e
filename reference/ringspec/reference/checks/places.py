"""Places in a body: what a check looks at, found by walking along steps."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ringspec.reference.problems import Path
    from ringspec.reference.values import Json


class Place(NamedTuple):
    """A value together with the path that leads to it from the body's root."""

    path: Path
    value: Json


class Each(Enum):
    """The step into every item of an array."""

    ITEM = "item"


class Absent(Enum):
    """What stands at the place of a member that was not sent."""

    ABSENT = "absent"


ITEM = Each.ITEM
# A place's value is JSON everywhere but where `member` looks for what may be missing.
ABSENT = cast("Json", Absent.ABSENT)

Step: TypeAlias = "str | Each | tuple[str, ...]"
Select: TypeAlias = "Callable[[Json], Iterable[Place]]"


def at(*steps: Step) -> Select:
    """Select what stands at the end of the steps, as often as there is one.

    A step is a member's name, several names, or ITEM for each item of an array. What is
    not there, or stands in a value of another type, is no place.
    """

    def select(body: Json) -> list[Place]:
        places = [Place((), body)]
        for step in steps:
            if not places:
                break  # most checks look at what a body does not have
            if isinstance(step, str):
                places = [
                    Place((*path, step), value[step])
                    for path, value in places
                    if isinstance(value, dict) and step in value
                ]
            else:
                places = [below for place in places for below in _below(place, step)]
        return places

    return select


def _below(place: Place, step: Each | tuple[str, ...]) -> Iterator[Place]:
    path, value = place
    if isinstance(step, Each):
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield Place((*path, index), item)
    elif isinstance(value, dict):
        for name in step:
            if name in value:
                yield Place((*path, name), value[name])


def member(parents: Select, name: str) -> Select:
    """Select a member of each parent object, ABSENT where it was not sent."""

    def select(body: Json) -> Iterator[Place]:
        for path, value in parents(body):
            if isinstance(value, dict):
                yield Place((*path, name), value.get(name, ABSENT))

    return select


def names(parents: Select) -> Select:
    """Select the names of each parent object's members, as values."""

    def select(body: Json) -> Iterator[Place]:
        for path, value in parents(body):
            if isinstance(value, dict):
                yield from (Place((*path, name), name) for name in value)

    return select


def both(first: Select, second: Select) -> Select:
    """Select what either of two selections finds."""

    def select(body: Json) -> Iterator[Place]:
        yield from first(body)
        yield from second(body)

    return select


def when(condition: Callable[[Json], bool], selected: Select) -> Select:
    """Select only in bodies that meet a condition."""
    return lambda body: selected(body) if condition(body) else ()


def has(name: str, value: Json) -> Callable[[Json], bool]:
    """Make the condition that a body's member has one value."""
    return lambda body: isinstance(body, dict) and body.get(name) == value


def first(selected: Select) -> Select:
    """Select only the first of what is found."""

    def select(body: Json) -> list[Place]:
        return list(selected(body))[:1]

    return select
