"""Answers: the schemas they keep to, by status, and the rules of each assertion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from ringspec.spec.assertions import Assertion, assertions
from ringspec.spec.document import Inlined, check, inline
from ringspec.spec.forms import for_answer
from ringspec.spec.operations import Operation, endpoints, responses
from ringspec.spec.proof import Prover
from ringspec.spec.reading import mapping
from ringspec.spec.rules import Catalogue, RuleId
from ringspec.spec.values import Json, escape


@dataclass(frozen=True)
class Answer:
    """The schema of the answers of some status (`201`, `2XX` or `default`)."""

    status: str
    schema: Inlined
    assertions: tuple[Assertion, ...]

    @cached_property
    def prover(self) -> Prover:
        """Names what an answer breaks."""
        return Prover(self.schema.schema, self.assertions)


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of one operation, and the assertions of its relatives' too.

    Attributes:
        bare: statuses described without a body, so that none is needed.
        media_type: the first JSON type of accepted answers.
    """

    by_status: dict[str, Answer]
    assertions: tuple[Assertion, ...]
    bare: frozenset[str] = frozenset()
    media_type: str = "application/json"

    def is_bare(self, status: int) -> bool:
        """Return whether answers of a status need no body."""
        if str(status) in self.by_status or str(status) in self.bare:
            return str(status) in self.bare
        return f"{status // 100}XX" in self.bare

    def of(self, status: int) -> Answer | None:
        """Return the closest description of answers with a status."""
        keys = [str(status), f"{status // 100}XX"]
        if status >= 400:
            # Contracts describe their errors by it, not another success.
            keys.append("DEFAULT")
        return next(
            (self.by_status[key] for key in keys if key in self.by_status), None
        )


def read_answers(base: dict[str, Json], operation: Operation) -> Answers:
    """Read an operation's answers, and every assertion about those of its relatives.

    Relatives are the operations on the same path and below it: what was created is
    read, started and deleted there.
    """
    own = answers_of(base, operation.node, operation.place)
    stated = _by_place(own.assertions)
    listed = list(endpoints(base))
    path = next(each.path for each in listed if each.place == operation.place)
    for each in listed:
        if each.path == path or each.path.startswith(f"{path}/"):
            below = answers_of(base, each.node, each.place)
            for key, assertion in _by_place(below.assertions).items():
                stated.setdefault(key, assertion)
    return replace(own, assertions=tuple(stated.values()))


def _by_place(stated: Iterable[Assertion]) -> dict[str, Assertion]:
    return {f"{each.place}/{each.value}": each for each in stated}


def answers_of(base: dict[str, Json], node: dict[str, Json], place: str) -> Answers:
    """Read the answers of one operation."""
    found: dict[str, Answer] = {}
    bare: set[str] = set()
    media_types: list[str] = []
    for given, response, where in responses(base, node, place):
        status = given.upper()
        content = mapping(response.get("content", {}), where)
        if not content:
            bare.add(status)
        for media, below in content.items():
            start = f"{where}/content/{escape(media)}"
            if "json" not in media.lower():
                continue
            if status.startswith("2"):
                media_types.append(media)
            if "schema" in mapping(below, start):
                # A schema that contains itself is judged as deep as it is written.
                schema = inline(base, f"{start}/schema", cut=True)
                check(schema, Catalogue({}))
                found.setdefault(status, _answer(status, for_answer(schema)))
    stated = _by_place(
        assertion for answer in found.values() for assertion in answer.assertions
    )
    return Answers(
        found,
        tuple(stated.values()),
        frozenset(bare),
        next(iter(media_types), "application/json"),
    )


def _answer(status: str, schema: Inlined) -> Answer:
    return Answer(
        status,
        schema,
        tuple(
            replace(each, rule=_rule(status, each.keyword))
            for each in assertions(schema, "answer")
        ),
    )


def _rule(status: str, keyword: str) -> RuleId:
    if not status.startswith("2"):
        return RuleId("error.envelope")
    return RuleId("answer.members" if keyword == "required" else "answer.types")
