"""Rule packs: catalogues that are laid over any contract.

A row with the id of one of the contract's rules changes its fields. Any other states a
rule of its own, and how it is judged:

* `holds: EXPRESSION`: requests keep to it, see `expressions.py`.
* `echo: NAME`: a header that requests have comes back in the answer, unchanged.
* `answers: {4XX: {…}}`: a JSON Schema, by status or class, that answers keep to.
* `closed: true`: a body has no other members than those described.

A rule about accepted answers has an id that begins with `answer.`, one about refusals
with `error.`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ringspec.spec.answers import Answer
from ringspec.spec.assertions import assertions
from ringspec.spec.document import Inlined
from ringspec.spec.errors import spec_error
from ringspec.spec.reading import check_form, find, read
from ringspec.spec.rules import Rule, RuleId, fields_of
from ringspec.spec.values import Json

_SHIPPED = Path(__file__).parent / "packs"
_CLOSING = {"additionalProperties", "unevaluatedProperties"}
CLOSED = RuleId("body.unknown")


@dataclass(frozen=True)
class AnswerCheck:
    """What a rule pack asks of answers."""

    rule: RuleId
    echo: str = ""  # name of a header
    answers: Json = None  # schemas by status, such as `404` or `4XX`

    @cached_property
    def by_status(self) -> dict[str, Answer]:
        """What answers keep to, by status or class."""
        found = {}
        for status, schema in (self.answers or {}).items():
            inlined = Inlined(schema)
            found[status.upper()] = Answer(inlined, assertions(inlined, "answer"))
        return found

    def of(self, status: int) -> Answer | None:
        """Return what answers with a status keep to."""
        exact = self.by_status.get(str(status))
        return exact or self.by_status.get(f"{status // 100}XX")


def read_packs(names: Iterable[str]) -> list[Json]:
    """Read the rows of rule packs, each a shipped one's name or a file.

    Raises:
        UsageError: there is no such pack.
        SpecError: one is at fault.
    """
    rows: list[Json] = []
    for name in names:
        content = read(path := find("rule pack", name, _SHIPPED))
        check_form(content, "pack", f"{path}: #")
        for row in content["rules"]:
            judged = {"echo", "answers"} & row.keys()
            if judged and not row["id"].startswith(("answer.", "error.")):
                raise spec_error("about-answers", path=path, name=row["id"])
            accepts, listed = row["id"].startswith("answer."), row.get("answers", ())
            if listed and not any((it[0] == "2") == accepts for it in listed):
                raise spec_error("other-status", path=path, name=row["id"])
            if "closed" in row and row["id"] != CLOSED:
                raise spec_error("about-unknown", path=path, name=row["id"], own=CLOSED)
        usual = {"level": "must", "evidence": "documented", "source": path.name}
        said = (usual if "holds" in row else {} for row in content["rules"])
        pairs = zip(said, content["rules"], strict=True)
        rows += [{**more, **row} for more, row in pairs]
    return rows


def closed(schema: Json, rows: Iterable[Json]) -> Json:
    """Return a body's schema as the packs close it."""
    is_open = isinstance(schema, dict) and not _CLOSING & schema.keys()
    if is_open and schema and any(row.get("closed") for row in rows):
        return {**schema, "unevaluatedProperties": False}
    return schema


def checks(rows: Iterable[Json]) -> Iterator[AnswerCheck]:
    """Yield what packs ask of answers."""
    for row in rows:
        if {"echo", "answers"} & row.keys():
            yield AnswerCheck(row["id"], row.get("echo", ""), row.get("answers"))


def overlaid(rules: dict[RuleId, Rule], rows: Iterable[Json]) -> dict[RuleId, Rule]:
    """Return rules as packs change them, with those that they add."""
    found = dict(rules)
    for row in rows:
        fields = fields_of(row)
        if row["id"] in found:
            found[row["id"]] = replace(found[row["id"]], **fields)
        elif {"echo", "answers"} & row.keys():
            found[row["id"]] = Rule(**fields)
    return found
