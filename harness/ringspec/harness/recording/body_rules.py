"""Judges the bodies that clients send: which rules they break, keep, and leave open."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from ringspec.harness.judging.verdict import Verdict
from ringspec.spec import (
    ABOUT,
    Breach,
    Contract,
    Disagreement,
    Json,
    Location,
    RuleId,
    at,
    at_path,
    at_pointer,
    branches,
    is_irregular,
    is_shallow,
    kind_of,
    pointer,
    short,
)

if TYPE_CHECKING:
    import jsonschema_rs

# One statement about a request: its verdict, the rule, and the reason, with value and
# place. OPEN, which no source settles, may be about a name that is no rule's; None is a
# remark, which is about none.
Statement: TypeAlias = tuple[Verdict | None, str, str]
BROKEN, KEPT, OPEN = Verdict.FAIL, Verdict.PASS, Verdict.INCONCLUSIVE
JSON_RULE = "wire.json"
# Characters of a value, and names of a list, that are cited.
_VALUE, _NAMES = 80, 5
# Keywords whose value would repeat a whole schema.
_LONG = frozenset({"anyOf", "oneOf", "not", "contains", "propertyNames", "if"})
_NAMING = frozenset({"required", "dependentRequired"})
_CLOSED = frozenset({"additionalProperties", "unevaluatedProperties"})
_CHILDREN = {("items",), ("additionalProperties",)}
_IRREGULAR = "a number such as 2.0, a control character or half a surrogate pair"


@dataclass
class BodyJudge:
    """Judges the bodies of one contract's operation, by two validators."""

    contract: Contract
    _repeated: list[str] = field(default_factory=list)

    @cached_property
    def _schema(self) -> jsonschema_rs.Draft202012Validator:
        import jsonschema_rs  # noqa: PLC0415 - the prover imports it as late

        return jsonschema_rs.Draft202012Validator(self.contract.request.schema)

    def judge(self, content: bytes) -> Iterator[Statement]:
        """Judge bytes as the body of a create."""
        self._repeated.clear()
        data, why = self._parse(content)
        if why:
            yield BROKEN, JSON_RULE, why
            return
        yield KEPT, JSON_RULE, ""
        if self._repeated:
            listed = _listed(list(dict.fromkeys(self._repeated)))
            yield OPEN, "body.twice", f"members stand twice: {listed}"
        if is_shallow(data):
            yield from self._judge(data)
        else:
            why = "the body is nested too deeply to be judged"
            yield OPEN, "body.depth", why

    def _parse(self, content: bytes) -> tuple[Json, str]:
        """Return JSON, or why it is none. Source: RFC 8259."""

        def constant(name: str) -> Json:
            raise ValueError(f"{name} is no JSON")  # though Python reads it

        def members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
            times = Counter(name for name, _ in pairs)
            self._repeated += [name for name in times if times[name] > 1]
            return dict(pairs)

        try:
            data = json.loads(
                content.decode(), parse_constant=constant, object_pairs_hook=members
            )
        except UnicodeDecodeError as error:
            return None, f"the body is not UTF-8 at byte {error.start}"
        except json.JSONDecodeError as error:
            return None, f"the body is no JSON: {error.msg} at character {error.pos}"
        except (ValueError, RecursionError) as error:
            return None, f"the body is no JSON that can be read: {error}"
        return data, ""

    def _judge(self, data: Json) -> Iterator[Statement]:
        prover = self.contract.prover
        try:
            broken = prover.prove(data)
        except Disagreement:
            why = "the two validators do not read the body alike"
            yield OPEN, "body.odd", why
            return
        reasons: dict[RuleId, str] = {}
        locations: set[Location] = set()
        for breach in prover.breaches(data):
            reasons.setdefault(breach.assertion.rule, _reason(breach, data))
            locations.add(breach.location)
        for rule in self.contract.rules:
            if rule in broken:
                yield BROKEN, rule, reasons[rule]
        for rule in sorted(self._applicable(data) - broken):
            yield KEPT, rule, ""
        if is_irregular(data):
            yield OPEN, "body.odd", f"the body holds {_IRREGULAR}"
        for breach in self.contract.settled_prover.breaches(data):
            rule = breach.assertion.rule
            unknown = _unknown_members(self.contract.settled, breach, data)
            # What is broken at a place is not called unsettled there as well.
            if rule not in broken and (unknown or breach.location not in locations):
                yield OPEN, rule, unknown or _reason(breach, data, settled=False)

    def _applicable(self, data: Json) -> set[RuleId]:
        """Return the rules that a body gives occasion to keep or to break."""
        # The validator takes no half a surrogate pair, and no rule depends on one.
        text = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")
        body = json.loads(text)
        places: dict[str, set[str]] = {}
        for unit in self._schema.evaluate(body).list()["details"]:
            place = unit["instanceLocation"]
            places.setdefault(unit["evaluationPath"], set()).add(place)
        found: set[RuleId] = set()
        for each in self.contract.assertions:
            met = places.get(pointer(each.stem), set())
            if each.stem[-1:] in _CHILDREN:
                # The keyword is listed as well, at the value of the schema around it.
                met = met - places.get(pointer(each.stem[:-1]), set())
            kinds = {kind_of(at_pointer(body, place)) for place in met}
            about = ABOUT.get(each.keyword)
            if about == "number" and "integer" in kinds:
                about = "integer"
            if kinds and (about is None or about in kinds):
                found.add(each.rule)
        return found


def _reason(breach: Breach, data: Json, *, settled: bool = True) -> str:
    assertion, place = breach.assertion, pointer(breach.location)
    if assertion.keyword in _NAMING:
        found = f"left out {assertion.value}" + (f" at {place}" if place else "")
        return found if settled else f"{found}, which no source settles"
    sent = short(at(data, breach.location), _VALUE)
    if not settled:
        return f"sent {sent} at {place or 'the top'}, which no source settles"
    where = f"at {place}" if place else "as the body"
    against = assertion.keyword
    if assertion.keyword not in _LONG:
        against += f" {short(assertion.value, _VALUE)}"
    return f"sent {sent} {where}, against {against}"


def _unknown_members(schema: Json, breach: Breach, data: Json) -> str:
    """Return which members no source names; empty for other breaches."""
    if breach.assertion.keyword not in _CLOSED:
        return ""
    known = set(_member_names(at_path(schema, breach.assertion.stem)))
    names = [each for each in at(data, breach.location) if each not in known]
    place = pointer(breach.location) or "the top"
    return f"sent {_listed(names)} at {place}, which no source names"


def _member_names(schema: Json) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    yield from schema.get("properties", ())
    for branch in branches(schema):
        yield from _member_names(branch)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(short(each, _VALUE) for each in names[:_NAMES]) + more
