"""Answers: what is described of them, by status, and the rules of each assertion.

What a contract describes binds as it stands, unless a catalogue says what answers owe:
one with a row `answer.json`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property

from ringspec.spec.assertions import Assertion, assertions
from ringspec.spec.document import Inlined, Node, check, inline
from ringspec.spec.errors import SpecError
from ringspec.spec.forms import for_answer
from ringspec.spec.operations import Operation, endpoints
from ringspec.spec.proof import Prover
from ringspec.spec.rules import Catalogue, RuleId
from ringspec.spec.values import Json

ANSWER_JSON, ENVELOPE = RuleId("answer.json"), RuleId("error.envelope")
ERROR_STATUS = RuleId("error.status")
ANSWER_STATUS, ANSWER_MEDIA = RuleId("answer.status"), RuleId("answer.media")
ANSWER_HEADERS = RuleId("answer.headers")
# They bind those contracts that describe such things.
DESCRIBED = frozenset({ANSWER_STATUS, ANSWER_MEDIA, ANSWER_HEADERS})
# By a catalogue's row, and where nothing is described.
_REFUSALS: tuple[str | int, ...] = (400, 422)
_ANY: tuple[str | int, ...] = ("4xx",)
# Refusals that are not about the request's content. Source: product.md, Levels.
NO_JUDGEMENT = frozenset({401, 407, 408, 429})
CONFLICT = 409


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
class AnswerHeader:
    """A header of answers; `prover` is None where its schema cannot be asked."""

    name: str
    place: str
    required: bool
    prover: Prover | None


@dataclass(frozen=True, slots=True)
class Described:
    """What is described of the answers with a status.

    Attributes:
        media: media types and ranges, in lower case, each with what its JSON keeps to.
        places: of the media types.
    """

    media: dict[str, Answer | None]
    places: tuple[str, ...] = ()
    headers: tuple[AnswerHeader, ...] = ()

    def closest(self, label: str) -> str | None:
        """Return the described media type that an answer's label is of."""
        if not label and not all(map(is_json, self.media)):
            return label  # anything may have no label
        ranges = sorted((each for each in self.media if "*" in each), key=len)
        fits = (each for each in reversed(ranges) if label and fnmatchcase(label, each))
        return label if label in self.media else next(fits, None)


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of one operation, with the assertions of its relatives'.

    Attributes:
        described: by status, in upper case.
        media_type: what accepted answers are asked for in: JSON if they may be.
        bind: whether they owe what is described of them, and nothing else.
        refusals: the statuses that refuse a request.
        promises: the rules that what is described comes under, with the places.
    """

    by_status: dict[str, Answer]
    assertions: tuple[Assertion, ...]
    described: dict[str, Described]
    media_type: str
    bind: bool
    refusals: tuple[str | int, ...]
    promises: tuple[tuple[RuleId, str], ...]

    def is_bare(self, status: int) -> bool:
        """Return whether answers of a status need no body."""
        keys = (str(status), f"{status // 100}XX")
        found = (self.described[key] for key in keys if key in self.described)
        return any(not each.media for each in [*found][:1])

    def of(self, status: int) -> Answer | None:
        """Return the closest description of answers with a status."""
        keys = [str(status), f"{status // 100}XX"]
        if status >= 400:
            # Contracts describe errors by `default`, not another success.
            keys.append("DEFAULT")
        return next(
            (self.by_status[key] for key in keys if key in self.by_status), None
        )

    def description(self, status: int) -> Described | None:
        """Return what is described of the answers with a status, by letter."""
        keys = (str(status), f"{status // 100}XX", "DEFAULT")
        return next((self.described[it] for it in keys if it in self.described), None)

    @property
    def successes(self) -> list[str]:
        """The described statuses that accept a request."""
        return [each for each in self.described if each[0] in "2D"]

    def also(self, *statuses: str | int) -> tuple[str | int, ...]:
        """Return statuses with those that are described as refusals."""
        told = self.refusals != _ANY or {"4XX", "DEFAULT"} & self.described.keys()
        own = self.refusals if self.bind and told else ()
        return tuple(dict.fromkeys((*statuses, *own)))


def is_json(media: str) -> bool:
    """Return whether a media type, without parameters, is JSON by its name."""
    return media == "application/json" or media.endswith("+json")


def read_answers(
    base: dict[str, Json], operation: Operation, rows: Collection[RuleId]
) -> Answers:
    """Read an operation's answers, and every assertion about those of its relatives.

    Relatives are the operations on the same path and below it, which read, start and
    delete. A catalogue has the `rows`.
    """
    listed = list(endpoints(base))
    own = next(each for each in listed if each.node.place == operation.place)
    found: dict[str, Assertion] = {}
    promises: dict[tuple[RuleId, str], None] = {}
    for each in (own, *listed):
        if each.path == own.path or each.path.startswith(f"{own.path}/"):
            answers = answers_of(each.node, rows)
            promises |= dict.fromkeys(answers.promises)
            for assertion in answers.assertions:
                found.setdefault(f"{assertion.place}/{assertion.value}", assertion)
    return replace(
        answers_of(own.node, rows),
        assertions=tuple(found.values()),
        promises=tuple(promises),
    )


def _answer(status: str, schema: Inlined, rows: Collection[RuleId]) -> Answer:
    own = []
    for each in assertions(schema, "answer"):
        part = "members" if each.keyword == "required" else "types"
        rule = RuleId(f"answer.{part}")
        if status[0] != "2" and (ENVELOPE in rows or ANSWER_JSON in rows):
            rule = ENVELOPE
        own.append(replace(each, rule=rule))
    return Answer(status, schema, tuple(own))


def answers_of(node: Node, rows: Collection[RuleId]) -> Answers:
    """Read the answers of one operation; a catalogue has the `rows`."""
    found: dict[str, Answer] = {}
    described: dict[str, Described] = {}
    bind = ANSWER_JSON not in rows
    responses = node.at("responses", {})
    for given, response in responses.members():
        status, media = given.upper(), dict[str, Answer | None]()
        content = response.at("content", {}).members()
        for written, each in content:
            name = written.partition(";")[0].strip().lower()
            media.setdefault(name, None)
            if each.has("schema") and (is_json(name) or (bind and "*" in name)):
                # A recursive schema is judged to the depth written.
                schema = inline(node.document, f"{each.place}/schema")
                check(schema, Catalogue({}))
                answer = _answer(status, for_answer(schema), rows)
                media[name] = media[name] or answer
                found.setdefault(status, answer)
        places = tuple(each.place for _, each in content)
        headers = tuple(_headers(response)) if bind else ()
        described[status] = Described(media, places, headers)
    every = [*found.values()]
    every += [it for each in described.values() for it in each.media.values() if it]
    own = {f"{it.place}/{it.value}": it for each in every for it in each.assertions}
    accepted = [n for s, each in described.items() if s[0] == "2" for n in each.media]
    accepted = sorted((n for n in accepted if "*" not in n), key=is_json, reverse=True)
    answers = Answers(
        found,
        tuple(own.values()),
        described,
        next(iter(accepted), "application/json"),
        bind,
        _REFUSALS if ERROR_STATUS in rows else _refusals(described),
        (),
    )
    promises = _promises(answers, responses.place) if bind else ()
    return replace(answers, promises=tuple(promises))


def _headers(response: Node) -> Iterator[AnswerHeader]:
    for name, header in response.at("headers", {}).members():
        # Source: OpenAPI 3.1, Response Object.
        if name.lower() == "content-type":
            continue
        prover = None
        if header.has("schema"):
            try:
                schema = inline(header.document, f"{header.place}/schema")
                check(schema, Catalogue({}))
                prover = Prover(schema.schema, ())
            except SpecError:
                pass  # no body depends on it
        required = header.value.get("required") is True
        yield AnswerHeader(name, header.place, required, prover)


def _refusals(described: Collection[str]) -> tuple[str | int, ...]:
    silent = {"401", "407", "408", "409", "429"}
    found = [s for s in described if s[0] == "4" and s.isdigit() and s not in silent]
    if {"4XX", "DEFAULT"} & set(described) or not found:
        return _ANY
    return tuple(int(each) for each in found)


def _promises(answers: Answers, place: str) -> Iterator[tuple[RuleId, str]]:
    if answers.successes:
        yield ANSWER_STATUS, place
    for each in answers.described.values():
        yield from ((ANSWER_MEDIA, it) for it in each.places)
        yield from ((ANSWER_HEADERS, header.place) for header in each.headers)
