"""Questions that a contract's sources leave open, with candidates for the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ringspec.spec import overlay, reading
from ringspec.spec.contract import OURS, Contract, load
from ringspec.spec.errors import SpecError, UsageError
from ringspec.spec.overlay import Overlay
from ringspec.spec.reading import mapping, only, sequence, text
from ringspec.spec.rules import RuleId
from ringspec.spec.values import Json

_NAMES = ("id", "asks", "source", "rule", "candidates")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible answer.

    Attributes:
        actions: of the overlay that states it; none for the unchanged contract.
    """

    name: str
    actions: tuple[dict[str, Json], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that no source settles.

    Attributes:
        asks: the question, as a sentence.
        rule: distinguishes the candidates by whether and where a target enforces it.
    """

    id: str
    asks: str
    rule: RuleId
    candidates: tuple[Candidate, ...]


def questions(path: Path | None = None) -> tuple[Question, ...]:
    """Read the questions beside a contract; beside ours without a path.

    Raises:
        SpecError: the file is not of that form.
        UsageError: the file does not exist.
    """
    path = path or OURS
    for beside in (
        path.with_suffix(".questions.yaml"),
        path.with_name("questions.yaml"),
    ):
        if beside.is_file():
            return _read(beside)
    raise UsageError(
        f"nothing is asked about {path}: it has no questions",
        hint=f"list them in {path.with_suffix('.questions.yaml').name} beside it",
    )


def _read(path: Path) -> tuple[Question, ...]:
    data = mapping(reading.read(path), str(path))
    rows = sequence(data.get("questions"), f"{path}: questions")
    found: dict[str, Question] = {}
    for index, row in enumerate(rows):
        place = f"{path}: question {index + 1}"
        question = _question(mapping(row, place), place)
        if question.id in found:
            raise SpecError(f"{place}: {question.id} stands twice", hint="keep one")
        found[question.id] = question
    return tuple(found.values())


def _question(row: dict[str, Json], place: str) -> Question:
    only(row, _NAMES, place, f"a question has {', '.join(_NAMES)}")
    id_ = text(row.get("id"), f"{place}: id")
    place = f"{place} ({id_})"
    candidates: dict[str, Candidate] = {}
    listed = sequence(row.get("candidates"), f"{place}: candidates")
    for given in listed:
        each = mapping(given, f"{place}: candidate")
        actions = sequence(each.get("actions", []), f"{place}: candidate: actions")
        name = text(each.get("name"), f"{place}: candidate: name")
        if actions:
            overlay.check(overlay_of(actions, name), f"{place}: candidate {name}")
        candidates[name] = Candidate(name, tuple(actions))
    if len(candidates) < max(2, len(listed)):
        raise SpecError(
            f"{place} has no two candidates, or two of one name",
            hint="list every way in which a target may have it",
        )
    return Question(
        id=id_,
        asks=text(row.get("asks"), f"{place}: asks"),
        rule=RuleId(text(row.get("rule"), f"{place}: rule")),
        candidates=tuple(candidates.values()),
    )


def overlay_of(listed: Sequence[Json], title: str, **info: Json) -> dict[str, Json]:
    """Return an overlay of some actions; without any, one of no effect."""
    nothing = {
        "target": "$",
        "description": "The contract's own spelling: nothing is changed.",
        "update": {},
    }
    about = {"title": title, "version": "1", **info}
    return {"overlay": "1.1.0", "info": about, "actions": [*listed] or [nothing]}


def load_with_actions(
    listed: tuple[Json, ...],
    path: Path | None = None,
    *,
    operation: str | None = None,
    origin: str = "questions",
) -> Contract:
    """Load a contract changed by the actions of some candidates, one after another.

    Messages call the actions by their origin.

    Raises:
        SpecError: the contract or an action is at fault.
        UsageError: the operation does not exist.
    """
    dialect = Overlay("probed", origin, overlay_of(listed, "As answered so far"))
    return load(path, operation=operation, dialect=dialect)
