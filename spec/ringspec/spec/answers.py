"""Answers: the schemas they keep to, by status, and the rules of each assertion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from ringspec.spec.annotations import check
from ringspec.spec.assertions import Assertion, assertions
from ringspec.spec.document import Inlined, escape, inline, resolve
from ringspec.spec.operations import Operation, routes
from ringspec.spec.proof import Prover
from ringspec.spec.reading import mapping
from ringspec.spec.rules import Catalogue, RuleId
from ringspec.spec.schemas import for_answer
from ringspec.spec.values import Json


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
    """The answers of one operation, and the assertions of its links' too.

    Attributes:
        bare: statuses that are described without a body, so that none is asked for.
        media_type: what accepted answers are, the first that is JSON.
    """

    by_status: dict[str, Answer]
    assertions: tuple[Assertion, ...]
    bare: frozenset[str] = frozenset()
    media_type: str = "application/json"

    def is_bare(self, status: int) -> bool:
        """Tell whether answers of a status need no body."""
        if str(status) in self.by_status or str(status) in self.bare:
            return str(status) in self.bare
        return f"{status // 100}XX" in self.bare

    def of(self, status: int) -> Answer | None:
        """Return the answer that a status is described by, the closest one."""
        keys = [str(status), f"{status // 100}XX"]
        if status >= 400:
            # Contracts describe their errors by it, not another success.
            keys.append("DEFAULT")
        return next(
            (self.by_status[key] for key in keys if key in self.by_status), None
        )


def read_answers(base: dict[str, Json], operation: Operation) -> Answers:
    """Read what an operation answers, and every assertion about its links'.

    Relatives are the operations on the same path and below it: what was created is
    read, started and deleted there.
    """
    own = answers_of(base, operation.node, operation.place)
    everywhere = dict(_by_place(own))
    listed = list(routes(base))
    path = next(route.path for route in listed if route.place == operation.place)
    for route in listed:
        if route.path == path or route.path.startswith(f"{path}/"):
            for key, each in _by_place(answers_of(base, route.node, route.place)):
                everywhere.setdefault(key, each)
    return replace(own, assertions=tuple(everywhere.values()))


def _by_place(answers: Answers) -> Iterator[tuple[str, Assertion]]:
    for each in answers.assertions:
        yield f"{each.place}/{each.value}", each


def answers_of(base: dict[str, Json], node: dict[str, Json], place: str) -> Answers:
    """Read what one operation answers."""
    found: dict[str, Answer] = {}
    bare: set[str] = set()
    media_types: list[str] = []
    responses = mapping(node.get("responses", {}), f"{place}/responses")
    for given, response in responses.items():
        status = given.upper()
        described, where = resolve(base, response, f"{place}/responses/{escape(given)}")
        content = mapping(mapping(described, where).get("content", {}), where)
        if not content:
            bare.add(status)
        for media, below in content.items():
            start = f"{where}/content/{escape(media)}"
            if "json" in media.lower():
                media_types += [media] if status.startswith("2") else []
                if "schema" in mapping(below, start):
                    # What contains itself is judged as deep as it is written out.
                    schema = inline(base, f"{start}/schema", cut=True)
                    check(schema, Catalogue({}))
                    found.setdefault(status, _answer(status, for_answer(schema)))
    stated = {
        f"{each.place}/{each.value}": each
        for answer in found.values()
        for each in answer.assertions
    }
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
