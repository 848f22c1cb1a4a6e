"""Scopes: rules that nothing holds bodies to, told as one where all of a sort fall.

A server that checks no types has one defect, not sixty. Sorts are read from the ids of
rules: all there are, those with the same last word, those below one member.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from ringspec.harness import Finding, Judged, Outcome, RuleResult
from ringspec.spec import Json, Rule, RuleId, at_pointer
from ringspec.strategies import Case

# Fewer may well be missed one by one.
_MANY = 3
_SHARE = 0.9
# What is said of answers has places in the contract too, and is not of bodies sent.
_OTHERS = ("answer", "error")
_BETWEEN = "if"
_READ_AS = "as "
_TYPES = {
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
    type(None): "null",
}
_CONDITIONAL = ("/then/", "/else/", "/dependentRequired", "/dependentSchemas")


@dataclass(frozen=True, slots=True)
class Scope:
    """A sort of rules that nothing holds bodies to.

    Attributes:
        key: `*`, `*.type`, `flow.menu.*`, `if` for rules between members, or `as`
            and a type that is taken for others.
    """

    key: str

    @property
    def title(self) -> str:
        """Say what goes wrong."""
        if self.key == "*":
            return "invalid bodies are accepted, whatever rule they break"
        if self.key == _BETWEEN:
            return "invalid bodies are accepted: no rule between members is checked"
        if self.key.endswith(".*"):
            inside = self.key.removesuffix(".*")
            return f"invalid bodies are accepted: nothing inside {inside} is checked"
        if self.key.startswith(_READ_AS):
            what = self.key.removeprefix(_READ_AS)
            return f"invalid bodies are accepted: {what} is taken for another type"
        return f"invalid bodies are accepted: no rule {self.key} is checked"


def scopes(
    unchecked: Collection[RuleId], results: Iterable[RuleResult]
) -> dict[RuleId, Scope]:
    """Return the widest scope of each unchecked rule that is in one.

    Args:
        unchecked: rules that some accepted body breaks.
        results: of all rules; those that were not judged say nothing.
    """
    judged = [
        each.rule
        for each in results
        if each.outcome in {Outcome.PASS, Outcome.FAIL}
        and each.rule.places
        and each.rule.group not in _OTHERS
    ]
    members: dict[str, set[RuleId]] = {}
    for rule in judged:
        for key in _keys(rule):
            members.setdefault(key, set()).add(rule.id)
    fallen = {
        key: len(rules)
        for key, rules in members.items()
        if len(rules) >= _MANY and len(rules & set(unchecked)) >= _SHARE * len(rules)
    }
    found: dict[RuleId, Scope] = {}
    for rule in judged:
        keys = [key for key in _keys(rule) if key in fallen]
        if rule.id in unchecked and keys:
            found[rule.id] = Scope(max(keys, key=lambda key: (fallen[key], key)))
    return found


def _keys(rule: Rule) -> Iterator[str]:
    words = rule.id.split(".")
    yield "*"
    yield f"*.{words[-1]}"
    if all(any(it in place for it in _CONDITIONAL) for place in rule.places):
        yield _BETWEEN
    # Its own type may well be checked where nothing inside is.
    for end in range(1, len(words) - 1):
        yield ".".join((*words[:end], "*"))


def coercions(
    unchecked: Iterable[Finding], judged: Iterable[Judged]
) -> dict[RuleId, Scope]:
    """Return the scope of each rule that lets one wrong type pass, as others do.

    A server that reads numbers from words does so wherever it reads any. A rule that
    lets everything pass is not looked at at all, which is another defect.
    """
    strict = {
        rule
        for each in judged
        for rule in each.case.broken
        if each.exchange.response and 400 <= each.exchange.response.status < 500
    }
    taken: dict[RuleId, set[str]] = {}
    for finding in unchecked:
        if finding.rule in strict:
            taken.setdefault(finding.rule, set()).add(
                _taken(finding.case, finding.twin)
            )
    alike: dict[str, list[RuleId]] = {}
    for rule, types in taken.items():
        if len(types) == 1 and "" not in types:
            alike.setdefault(types.pop(), []).append(rule)
    return {
        rule: Scope(_READ_AS + name)
        for name, rules in alike.items()
        if len(rules) >= _MANY
        for rule in rules
    }


def _taken(case: Case, twin: Case | None) -> str:
    """Name the type that a case has put in place of another; empty if it has not."""
    if twin is None or not isinstance(case.fault, tuple) or len(case.fault) != 1:
        return ""
    operation: Json = case.fault[0]
    if operation["op"] != "replace":
        return ""
    old, new = at_pointer(twin.body, operation["path"]), operation["value"]
    name = _TYPES[type(new)]
    return "" if name == _TYPES[type(old)] else name
