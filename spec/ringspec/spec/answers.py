"""Answers: the schemas that they keep to, by status, and the rules of each assertion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from ringspec.spec.assertions import Assertion, assertions
from ringspec.spec.document import Inlined, inline, resolve
from ringspec.spec.operations import Operation
from ringspec.spec.proof import Prover
from ringspec.spec.rules import RuleId
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
    """The answers of one operation, and the assertions of all operations'."""

    by_status: dict[str, Answer]
    assertions: tuple[Assertion, ...]

    def of(self, status: int) -> Answer | None:
        """Return the answer that a status is described by, the closest one."""
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in self.by_status:
                return self.by_status[key]
        return None


def read_answers(base: Json, operation: Operation) -> Answers:
    """Read what an operation answers, and every assertion about any answer."""
    own = _answers(base, operation.node, operation.place)
    everywhere: dict[str, Assertion] = {}
    for path, item in base["paths"].items():
        for method, node in item.items():
            if isinstance(node, dict) and "responses" in node:
                place = f"#/paths/{path.replace('~', '~0').replace('/', '~1')}/{method}"
                for answer in _answers(base, node, place).values():
                    for each in answer.assertions:
                        everywhere.setdefault(f"{each.place}/{each.value}", each)
    return Answers(own, tuple(everywhere.values()))


def _answers(base: Json, node: Json, place: str) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    for status, response in node["responses"].items():
        at = f"{place}/responses/{status}"
        described, where = resolve(base, response, at)
        for media, content in described.get("content", {}).items():
            if "json" in media and "schema" in content:
                escaped = media.replace("~", "~0").replace("/", "~1")
                schema = inline(base, f"{where}/content/{escaped}/schema")
                found[str(status).upper()] = _answer(str(status).upper(), schema)
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
