"""What is wrong with a body: one problem for each broken rule and place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Path: TypeAlias = "tuple[str | int, ...]"


@dataclass(frozen=True, slots=True)
class Problem:
    """Say which rule a body breaks, where, and in words what it must be."""

    rule: str
    path: Path
    message: str


def pointer(path: Path) -> str:
    """Write a path as a JSON pointer. Source: RFC 6901, section 3."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return "".join(f"/{step}" for step in steps)


def details(problems: Iterable[Problem]) -> dict[str, str]:
    """Gather the sentences about each place under its JSON pointer."""
    sentences: dict[str, str] = {}
    for problem in problems:
        place = pointer(problem.path)
        before = f"{sentences[place]}; " if place in sentences else ""
        sentences[place] = before + problem.message
    return sentences


def rules(problems: Iterable[Problem]) -> list[str]:
    """List the ids of the broken rules, each once, sorted."""
    return sorted({problem.rule for problem in problems})
