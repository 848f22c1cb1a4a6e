"""Bodies that clients send: which rules they break, by the word of two validators."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from ringspec.harness.recording.reach import Reach
from ringspec.harness.recording.words import Words, broken, kept, unspecified
from ringspec.spec import (
    Breach,
    Contract,
    Disagreement,
    Json,
    Location,
    RuleId,
    at,
    is_irregular,
    is_shallow,
    pointer,
)

JSON_RULE = RuleId("wire.json")
# Letters of a value, and names of a list, that are cited.
_VALUE, _NAMES = 80, 5
# What is said of these would repeat a whole schema.
_LONG = frozenset({"anyOf", "oneOf", "not", "contains", "propertyNames", "if"})
_NAMING = frozenset({"required", "dependentRequired"})
_CLOSED = frozenset({"additionalProperties", "unevaluatedProperties"})
_BRANCHES = ("allOf", "anyOf", "oneOf")


@dataclass
class Bodies:
    """Judges the bodies of one contract's operation."""

    contract: Contract
    _twice: list[str] = field(default_factory=list)

    def judge(self, content: bytes) -> Words:
        """Say what bytes break and keep, as the body of a create."""
        self._twice.clear()
        data, why = self._read(content)
        if why:
            yield broken(JSON_RULE, why)
            return
        yield kept(JSON_RULE)
        if self._twice:
            listed = _listed(list(dict.fromkeys(self._twice)))
            yield unspecified("body.twice", f"members stand twice: {listed}")
        if not is_shallow(data):
            yield unspecified(
                "body.depth", "the body is nested too deeply to be judged"
            )
        else:
            yield from self._judged(data)

    def _judged(self, data: Json) -> Words:
        try:
            found = self.contract.prover.prove(data)
        except Disagreement:
            why = "the two validators do not read the body alike"
            yield unspecified("body.odd", why)
            return
        reasons: dict[RuleId, str] = {}
        places: set[Location] = set()
        for breach in self.contract.prover.breaches(data):
            reasons.setdefault(breach.assertion.rule, _reason(breach, data))
            places.add(breach.location)
        for rule in self.contract.rules:
            if rule in found:
                yield broken(rule, reasons[rule])
        yield from map(kept, sorted(self._reach.rules(data) - found))
        yield from self._unsettled(data, found, places)

    def _unsettled(
        self, data: Json, found: frozenset[RuleId], places: set[Location]
    ) -> Words:
        """Say what breaks the settled form alone: it is neither right nor wrong.

        What is broken at a place is not called unsettled there as well.
        """
        if is_irregular(data):
            why = "a number such as 2.0, a control character or half a surrogate pair"
            yield unspecified("body.odd", f"the body holds {why}")
        for breach in self.contract.settled_prover.breaches(data):
            if breach.assertion.rule in found:
                continue
            why = _unknown(self.contract.settled, breach, data)
            if why:
                yield unspecified(breach.assertion.rule, why)
            elif breach.location not in places:
                yield unspecified(breach.assertion.rule, _open(breach, data))

    @cached_property
    def _reach(self) -> Reach:
        return Reach(self.contract.request.schema, self.contract.assertions)

    def _read(self, content: bytes) -> tuple[Json, str]:
        """Read JSON, or say why it is none. Source: RFC 8259."""
        try:
            data = json.loads(
                content.decode(),
                parse_constant=_no_json,
                object_pairs_hook=self._object,
            )
        except UnicodeDecodeError as error:
            return None, f"the body is not UTF-8 at byte {error.start}"
        except json.JSONDecodeError as error:
            return None, f"the body is no JSON: {error.msg} at character {error.pos}"
        except (ValueError, RecursionError) as error:
            return None, f"the body is no JSON that can be read: {error}"
        return data, ""

    def _object(self, pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found = dict(pairs)
        if len(found) < len(pairs):
            times = Counter(name for name, _ in pairs)
            self._twice += [name for name in found if times[name] > 1]
        return found


def _reason(breach: Breach, data: Json) -> str:
    assertion, place = breach.assertion, pointer(breach.location)
    if assertion.keyword in _NAMING:
        return f"left out {assertion.value}" + (f" at {place}" if place else "")
    sent = _short(at(data, breach.location))
    where = f"at {place}" if place else "as the body"
    against = assertion.keyword
    if assertion.keyword not in _LONG:
        against += f" {_short(assertion.value)}"
    return f"sent {sent} {where}, against {against}"


def _open(breach: Breach, data: Json) -> str:
    if breach.assertion.keyword in _NAMING:
        return f"{_reason(breach, data)}, which no source settles"
    sent, place = _short(at(data, breach.location)), pointer(breach.location)
    return f"sent {sent} at {place or 'the top'}, which no source settles"


def _unknown(schema: Json, breach: Breach, data: Json) -> str:
    """Name the members that nobody names, where that is what is unsettled."""
    if breach.assertion.keyword not in _CLOSED:
        return ""
    node = schema
    for step in breach.assertion.path[:-1]:
        node = node[int(step)] if isinstance(node, list) else node[step]
    known = set(_named(node))
    names = [each for each in at(data, breach.location) if each not in known]
    place = pointer(breach.location) or "the top"
    return f"sent {_listed(names)} at {place}, which no source names"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(map(_short, names[:_NAMES])) + more


def _named(node: Json) -> Iterator[str]:
    if not isinstance(node, dict):
        return
    yield from node.get("properties", ())
    for keyword in _BRANCHES:
        for child in node.get(keyword, ()):
            yield from _named(child)
    for child in (node.get("then"), node.get("else")):
        yield from _named(child)


def _short(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE else f"{text[:_VALUE]}…"


def _no_json(name: str) -> Json:
    raise ValueError(f"{name} is no JSON")  # though Python reads it
