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
    """The answers of one operation, and the assertions of its relatives' too."""

    by_status: dict[str, Answer]
    assertions: tuple[Assertion, ...]

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
    """Read what an operation answers, and every assertion about its relatives'.

    Relatives are the operations on the same path and below it: what was created is
    read, started and deleted there.
    """
    own = _answers(base, operation.node, operation.place)
    everywhere = dict(_by_place(own))
    listed = list(routes(base))
    path = next(route.path for route in listed if route.place == operation.place)
    for route in listed:
        if route.path == path or route.path.startswith(f"{path}/"):
            found = _answers(base, route.node, route.place)
            for key, each in _by_place(found):
                everywhere.setdefault(key, each)
    return Answers(own, tuple(everywhere.values()))


def _by_place(answers: dict[str, Answer]) -> Iterator[tuple[str, Assertion]]:
    for answer in answers.values():
        for each in answer.assertions:
            yield f"{each.place}/{each.value}", each


def _answers(
    base: dict[str, Json], node: dict[str, Json], place: str
) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    responses = mapping(node.get("responses", {}), f"{place}/responses")
    for status, response in responses.items():
        at = f"{place}/responses/{escape(status)}"
        described, where = resolve(base, response, at)
        content = mapping(described, where).get("content", {})
        for media, below in mapping(content, f"{where}/content").items():
            start = f"{where}/content/{escape(media)}"
            if "json" in media.lower() and "schema" in mapping(below, start):
                # What contains itself is judged as deep as it is written out.
                schema = inline(base, f"{start}/schema", cut=True)
                check(schema, Catalogue({}))
                found.setdefault(status.upper(), _answer(status.upper(), schema))
    return found


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
