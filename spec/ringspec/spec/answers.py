"""Answers: what is described of them, by status, and the rules of each assertion.

What a contract describes binds as it stands, unless a catalogue says what answers owe:
one with a row `answer.json`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property

from ringspec.spec.assertions import Assertion, assertions
from ringspec.spec.document import Inlined, Node, check, inline
from ringspec.spec.errors import SpecError
from ringspec.spec.forms import without_marked
from ringspec.spec.operations import (
    Operation,
    concrete,
    endpoints,
    is_json,
    json_types,
    media_name,
)
from ringspec.spec.proof import Prover
from ringspec.spec.rules import Catalogue, RuleId
from ringspec.spec.schemas import ITEM, walk
from ringspec.spec.values import Json, known_of, pointer

ANSWER_JSON, ENVELOPE = RuleId("answer.json"), RuleId("error.envelope")
ERROR_STATUS = RuleId("error.status")
# They are asked where no catalogue says what answers owe.
DESCRIBED = frozenset({"answer.status", "answer.media", "answer.headers"})
# Where in an answer with a response's status what was created stands.
RESOURCE = "x-resource"
# The name of a member that has an error's code.
CODE = re.compile(r"(^|_|-|[a-z])code$", re.IGNORECASE)
# Not for the request's content, or not for that alone.
_UNSURE = frozenset({"401", "407", "408", "409", "429"})


@dataclass(frozen=True)
class Answer:
    """The schema of the answers with a status and a media type."""

    schema: Inlined
    assertions: tuple[Assertion, ...]
    at: str = ""  # pointer to what was created, in an answer

    @cached_property
    def prover(self) -> Prover:
        """Validator of answers."""
        return Prover(self.schema.schema, self.assertions)

    def code_places(self, code: Json) -> list[str]:
        """List where an error may have a code: as a value, else by a name."""
        inside = [each for each in walk(self.schema.schema) if each.instance]
        inside = [each for each in inside if ITEM not in each.instance]
        listing = [each for each in inside if code in each.schema.get("enum", ())]
        named = [each for each in inside if CODE.search(each.instance[-1])]
        return [pointer(each.instance) for each in listing or named]


@dataclass(frozen=True, slots=True)
class Described:
    """What is described of the answers with a status."""

    # Media types and ranges, in lower case, each with what its JSON keeps to.
    media: dict[str, Answer | None]
    # By name, whether they are required, and validators of their values.
    headers: dict[str, tuple[bool, Prover]]

    @property
    def answer(self) -> Answer | None:
        """The first schema of their JSON."""
        return next(filter(None, self.media.values()), None)

    def closest(self, label: str) -> str | None:
        """Return the described media type that an answer's label is of."""
        if not label and not all(map(is_json, self.media)):
            return label  # anything may have no label
        fits = (each for each in self.media if fnmatchcase(label, each))
        return max(fits, key=len, default=None)


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of one operation, with the assertions of its relatives'."""

    described: dict[str, Described]  # by status, in upper case
    assertions: tuple[Assertion, ...]
    media_type: str  # what accepted answers are asked for in: JSON if they may be
    bind: bool  # whether they owe what is described of them, and nothing else
    # The statuses that refuse a request; empty if any may.
    refusing: tuple[str | int, ...]
    notices: tuple[str, ...]  # what is odd in their schemas, and stops nothing

    def is_bare(self, status: int) -> bool:
        """Return whether answers of a status need no body."""
        found = self.description(status, "")
        return found is not None and not found.media

    def of(self, status: int) -> Answer | None:
        """Return the closest schema of answers with a status."""
        # Contracts describe errors by `default`, not another success.
        found = self.description(status, "DEFAULT" if status >= 400 else "")
        return found.answer if found else None

    def description(self, status: int, other: str = "DEFAULT") -> Described | None:
        """Return what is described of the answers with a status, by letter."""
        keys = (str(status), f"{status // 100}XX", other)
        return next((self.described[it] for it in keys if it in self.described), None)

    @property
    def at(self) -> str:
        """Pointer to what was created, in an answer that accepts it."""
        given = (self.described[each].answer for each in self.successes)
        return next((each.at for each in given if each), "")

    @property
    def successes(self) -> list[str]:
        """The described statuses that accept a request."""
        return [each for each in self.described if each[0] in "2D"]

    def also(self, *statuses: str | int) -> tuple[str | int, ...]:
        """Return statuses with those that are described as refusals."""
        more = self.refusing if self.bind else ()
        return tuple(dict.fromkeys((*statuses, *more)))


def read_answers(
    base: dict[str, Json], operation: Operation, rows: Collection[RuleId]
) -> Answers:
    """Read an operation's answers, and every assertion about those of its relatives.

    Relatives are the operations on the same path and below it, which read, start and
    delete. A catalogue has the `rows`.
    """
    listed = list(endpoints(base))
    own = next(each for each in listed if each.node.place == operation.place)
    stated: dict[str, Assertion] = {}
    for each in (own, *listed):
        if each.path == own.path or each.path.startswith(f"{own.path}/"):
            for assertion in answers_of(each.node, rows).assertions:
                stated.setdefault(f"{assertion.place}/{assertion.value}", assertion)
    return replace(answers_of(own.node, rows), assertions=tuple(stated.values()))


def _answer(status: str, media: Node, rows: Collection[RuleId], at: str) -> Answer:
    # A recursive schema is judged to the depth written.
    schema = inline(media.document, f"{media.place}/schema")
    check(schema, Catalogue({}))
    schema = replace(schema, schema=without_marked(schema.schema, "writeOnly"))
    stated = []
    for each in assertions(schema, "answer"):
        part = "members" if each.keyword == "required" else "types"
        envelope = status[0] != "2" and {ENVELOPE, ANSWER_JSON} & {*rows}
        rule = ENVELOPE if envelope else RuleId(f"answer.{part}")
        stated.append(replace(each, rule=rule))
    return Answer(schema, tuple(stated), at)


def answers_of(node: Node, rows: Collection[RuleId]) -> Answers:
    """Read the answers of one operation; a catalogue has the `rows`."""
    key = ("answers", node.place, *rows)
    return known_of(node.document, key, lambda: _answers(node, rows))


def _answers(node: Node, rows: Collection[RuleId]) -> Answers:
    described: dict[str, Described] = {}
    bind = ANSWER_JSON not in rows
    for given, response in node.at("responses", {}).members():
        status, content = given.upper(), response.at("content", {})
        at = response.at(RESOURCE).text() if response.has(RESOURCE) else ""
        media = {
            media_name(name): _answer(status, each, rows, at)
            if each.has("schema")
            else None
            for name, each in json_types(content)
        }
        others = dict.fromkeys(media_name(name) for name, _ in content.members())
        headers = _headers(response) if bind else {}
        described[status] = Described({**media, **others, **media}, headers)
    every = [it for each in described.values() for it in each.media.values() if it]
    stated = {f"{it.place}/{it.value}": it for each in every for it in each.assertions}
    accepted = [n for s, each in described.items() if s[0] == "2" for n in each.media]
    best = next(iter(sorted(accepted, key=is_json, reverse=True)), "application/json")
    refusing: list[str | int] = ["4xx"] * bool({"4XX", "DEFAULT"} & described.keys())
    codes = (each for each in described if re.fullmatch(r"4\d\d", each))
    refusing += [int(each) for each in codes if each not in _UNSURE]
    return Answers(
        described=described,
        assertions=tuple(stated.values()),
        # A range with a suffix may be in no Accept. Source: RFC 9110, 12.5.1.
        media_type=best.replace("*+json", "*") if "+" in best else concrete(best),
        bind=bind,
        refusing=(400, 422) if ERROR_STATUS in rows else tuple(refusing),
        notices=tuple(notice for each in every for notice in each.schema.notices),
    )


def _headers(response: Node) -> dict[str, tuple[bool, Prover]]:
    found = {}
    for name, header in response.at("headers", {}).members():
        schema: Json = {}
        if header.has("schema"):
            with suppress(SpecError):  # no body depends on it
                schema = inline(header.document, f"{header.place}/schema").schema
        # Source: OpenAPI 3.1, Response Object.
        if name.lower() != "content-type":
            found[name] = header.value.get("required") is True, Prover(schema, ())
    return found
