"""Questions that a contract's sources leave open, with candidates for the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ringspec.spec import reading
from ringspec.spec.contract import OURS, Contract, load
from ringspec.spec.errors import SpecError, UsageError
from ringspec.spec.overlay import Overlay
from ringspec.spec.reading import check_form
from ringspec.spec.rules import RuleId
from ringspec.spec.values import Json


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible answer."""

    name: str
    # Of the overlay that states it; none for the unchanged contract.
    actions: tuple[dict[str, Json], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that no source settles."""

    id: str
    asks: str  # the question, as a sentence
    # Distinguishes the candidates by whether and where a target enforces it.
    rule: RuleId
    candidates: tuple[Candidate, ...]


def questions(path: Path | None = None) -> tuple[Question, ...]:
    """Read the questions beside a contract; beside ours without a path.

    Raises:
        SpecError: the file is not of that form.
        UsageError: the file does not exist.
    """
    path = path or OURS
    own = path.with_suffix(".questions.yaml")
    beside = next(filter(Path.is_file, (own, path.with_name("questions.yaml"))), None)
    if beside is None:
        raise UsageError(
            f"nothing is asked about {path}: it has no questions",
            hint=f"list them in {own.name} beside it",
        )
    data = reading.read(beside)
    check_form(data, "questions", f"{beside}: #")
    found: dict[str, Question] = {}
    for row in data["questions"]:
        known = {it["name"]: tuple(it.get("actions", ())) for it in row["candidates"]}
        if row["id"] in found or len(known) < len(row["candidates"]):
            twice = f"{row['id']} has two candidates of one name"
            twice = "two questions have one id" if row["id"] in found else twice
            raise SpecError(f"{beside}: {twice}", hint="keep one")
        candidates = tuple(Candidate(*each) for each in known.items())
        about = {"id": row["id"], "asks": row["asks"], "rule": RuleId(row["rule"])}
        found[row["id"]] = Question(**about, candidates=candidates)
    return tuple(found.values())


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
