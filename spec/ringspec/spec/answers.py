"""Answers: the schemas they keep to, by status, and the rules of each assertion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from ringspec.spec.assertions import Assertion, assertions
from ringspec.spec.document import Inlined, Node, check, inline
from ringspec.spec.forms import for_answer
from ringspec.spec.operations import Operation, concrete, endpoints, json_types
from ringspec.spec.proof import Prover
from ringspec.spec.rules import Catalogue, RuleId
from ringspec.spec.values import Json


@dataclass(frozen=True)
class Answer:
    """The schema of the answers with a status (`201`, `2XX` or `default`)."""

    status: str
    schema: Inlined
    assertions: tuple[Assertion, ...]

    @cached_property
    def prover(self) -> Prover:
        """Validator of answers."""
        return Prover(self.schema.schema, self.assertions)


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of one operation, with the assertions of its relatives'.

    Attributes:
        bare: statuses described without a body: none is needed.
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
            # Contracts describe errors by `default`, not another success.
            keys.append("DEFAULT")
        return next(
            (self.by_status[key] for key in keys if key in self.by_status), None
        )


def read_answers(base: dict[str, Json], operation: Operation) -> Answers:
    """Read an operation's answers, and every assertion about those of its relatives.

    Relatives are the operations on the same path and below it, which read, start and
    delete.
    """
    listed = list(endpoints(base))
    own = next(each for each in listed if each.node.place == operation.place)
    stated: dict[str, Assertion] = {}
    for each in (own, *listed):
        if each.path == own.path or each.path.startswith(f"{own.path}/"):
            for assertion in answers_of(each.node).assertions:
                stated.setdefault(f"{assertion.place}/{assertion.value}", assertion)
    return replace(answers_of(own.node), assertions=tuple(stated.values()))


def _answer(status: str, schema: Inlined) -> Answer:
    stated = []
    for each in assertions(schema, "answer"):
        part = "members" if each.keyword == "required" else "types"
        rule = f"answer.{part}" if status.startswith("2") else "error.envelope"
        stated.append(replace(each, rule=RuleId(rule)))
    return Answer(status, schema, tuple(stated))


def answers_of(node: Node) -> Answers:
    """Read the answers of one operation."""
    found: dict[str, Answer] = {}
    bare: set[str] = set()
    media_types: list[str] = []
    for given, response in node.at("responses", {}).members():
        status = given.upper()
        content = response.at("content", {})
        if not content.value:
            bare.add(status)
        for name, media in json_types(content):
            if status.startswith("2"):
                media_types.append(name)
            if media.has("schema"):
                # A recursive schema is judged to the depth written.
                schema = inline(node.document, f"{media.place}/schema")
                check(schema, Catalogue({}))
                found.setdefault(status, _answer(status, for_answer(schema)))
    stated = {
        f"{each.place}/{each.value}": each
        for answer in found.values()
        for each in answer.assertions
    }
    accepted = next(iter(media_types), "application/json")
    return Answers(
        found,
        tuple(stated.values()),
        frozenset(bare),
        # A range with a suffix may be in no Accept. Source: RFC 9110, 12.5.1.
        accepted.replace("*+json", "*") if "+" in accepted else concrete(accepted),
    )
