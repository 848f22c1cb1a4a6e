"""Contexts: beside which values of the other members a rule has been broken already.

In: the bodies that a rule's cases are made from. Out: how much another would add. A
rule that a server only checks where a member has one value, or is absent, is found by a
case beside another; one that it forgets beside a value only by a case beside that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from ringspec.spec import Contract, Json, Level, canonical


@dataclass(frozen=True)
class Twin:
    """A valid case's body, and what is typical of it.

    Attributes:
        context: top-level members by value where it is short, else by presence.
        strained: whether a text in it is as short, as long or as odd as may be.
    """

    id: str
    level: Level
    body: Json
    size: int
    context: frozenset[str]
    strained: bool = False


def context(body: Json) -> frozenset[str]:
    """Name what a server may look at before it checks something else."""
    if not isinstance(body, dict):
        return frozenset()
    found: set[str] = set()
    for name, value in body.items():
        found.add(f"{name}")
        if isinstance(value, dict):
            found |= {f"{name}.{child}" for child in value}
        elif isinstance(value, list):
            found.add(f"{name}={len(value)} items")
        elif not isinstance(value, str) or len(value) < 10:
            found.add(f"{name}={canonical(value)}")
    return frozenset(found)


# A member that is absent, and one that is there with a value that is not counted.
ABSENT = ""
PRESENT = "+"
NULL = "null"
# Stands between the names of members inside each other.
INSIDE = "/"
# Not one of many values: each of these is worth meeting.
_PLAIN = frozenset({ABSENT, PRESENT, "true", "false"})
State = tuple[str, str]


@dataclass(frozen=True)
class Members:
    """Says of the members at the top of a body which value each has.

    And of those inside an object that always stands there whether they stand in it.
    """

    contract: Contract
    _known: dict[int, tuple[Json, frozenset[State]]] = field(default_factory=dict)

    def of(self, body: Json) -> frozenset[State]:
        """Return the state of each member that the contract names."""
        # By id, as a body is asked about for each fault; it is kept with its answer.
        if id(body) not in self._known:
            states = frozenset(_states(self.contract.request.schema, body, ""))
            self._known[id(body)] = body, states
        return self._known[id(body)][1]


def _states(schema: Json, body: Json, around: str) -> Iterator[State]:
    if not isinstance(body, dict):
        return
    required = schema.get("required", ())
    for name, node in schema.get("properties", {}).items():
        yield around + name, _state(node, body[name]) if name in body else ABSENT
        if name in required and "properties" in node:
            yield from _states(node, body.get(name), f"{around}{name}{INSIDE}")


def _state(node: Json, value: Json) -> str:
    counted = {"enum", "const"} & node.keys() or node.get("type") == "boolean"
    return canonical(value) if counted or value is None else PRESENT


@dataclass(frozen=True)
class Met:
    """What a rule has been broken beside.

    Attributes:
        own: members that the rule is about.
        everywhere: whether each value counts, or any two that tell it is no matter.
    """

    own: set[str]
    everywhere: bool
    _states: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, states: frozenset[State]) -> None:
        """Note the states of a body in which the rule was broken."""
        for name, state in states:
            self._states[name].add(state)

    def gain(self, states: frozenset[State]) -> int:
        """Count what a body would add that is worth a case of its own."""
        return sum(self._adds(name, state) for name, state in states)

    def spare(self, states: frozenset[State]) -> int:
        """Count what else a body would add: worth a choice between bodies."""
        return sum(self._is_new(name, state) for name, state in states)

    def _is_new(self, name: str, state: str) -> bool:
        known = self._states[name]
        if name in self.own or state in known:
            return False
        if state == NULL:
            # Mostly as good as nothing: a value tells more.
            return PRESENT in known
        return state in _PLAIN or len(known) < 2

    def _adds(self, name: str, state: str) -> bool:
        known = self._states[name]
        if name in self.own or state in known or INSIDE in name:
            return False
        return self.everywhere or len(known) < 2 or state == ABSENT
