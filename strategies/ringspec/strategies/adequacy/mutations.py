"""Mutants of a contract: every server that is one slip away from it.

In: a contract. Out: its first-order mutants. A change is one of the file, so that of a
shared component holds wherever the component stands; whether each of its places is
checked at all is a mutant of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from ringspec.spec import Assertion, Contract, Json, RuleId, canonical
from ringspec.strategies.adequacy.changes import ASSERTING, Change, changes, unit
from ringspec.strategies.adequacy.units import Path, node_at, nodes, replaced
from ringspec.strategies.faults.enums import sibling
from ringspec.strategies.shapes.locations import stem

_SCHEMAS = "#/components/schemas/"


class Kind(StrEnum):
    """What sort of change a mutant is."""

    DROP = "drop"
    RULE = "rule"
    MEMBER = "member"
    BOUND = "bound"
    ENUM = "enum"
    TYPE = "type"
    REQUIRED = "required"
    BRANCH = "branch"
    ITEMS = "items"
    CONTEXT = "context"


class Items(StrEnum):
    """Which items of an array a changed keyword still holds in, as written."""

    FIRST = "first"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One keyword of one subschema, and what stands there in a mutant.

    Attributes:
        path: the subschema's, in the inlined schema; it holds as it stands.
        old: the keyword, with those that are read together with it.
    """

    path: Path
    old: dict[str, Json]
    new: dict[str, Json]

    def applied(self, schema: Json) -> Json:
        """Return the schema with this edit."""
        node = node_at(schema, self.path)
        rest = {name: each for name, each in node.items() if name not in self.old}
        return replaced(schema, self.path, {**rest, **self.new})

    def owns(self, path: Path) -> bool:
        """Tell whether an error's path in the schema is one of this keyword."""
        size = len(self.path)
        return path[:size] == self.path and (
            len(path) > size and path[size] in self.old
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A condition on a member at the top of a body."""

    words: str
    schema: dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One first-order change of the contract.

    Attributes:
        edits: several where a component is shared, or a rule has several assertions.
        kept: in which items the contract still holds.
        when: for which bodies the contract still holds.
    """

    id: str
    kind: Kind
    rules: tuple[RuleId, ...]
    place: str
    change: str
    edits: tuple[Edit, ...]
    kept: Items | None = None
    when: When | None = None

    def schema(self, schema: Json) -> Json:
        """Return the contract's schema as this mutant has it."""
        changed = schema
        for edit in self.edits:
            if self.kept is not None:
                changed = _in_items(changed, schema, edit, self.kept)
            else:
                changed = edit.applied(changed)
        if self.when is None:
            return changed
        return {"if": self.when.schema, "then": schema, "else": changed}


def _in_items(changed: Json, schema: Json, edit: Edit, kept: Items) -> Json:
    """Apply an edit to all items but the first, or to the first alone."""
    cut = len(edit.path) - 1 - edit.path[::-1].index("items")
    array, inside = edit.path[:cut], replace(edit, path=edit.path[cut + 1 :])
    as_written = node_at(schema, (*array, "items"))
    mutated = inside.applied(as_written)
    first, rest = (
        (as_written, mutated) if kept == Items.FIRST else (mutated, as_written)
    )
    node = {**node_at(changed, array), "prefixItems": [first], "items": rest}
    return replaced(changed, array, node)


def mutants(contract: Contract) -> tuple[Mutant, ...]:
    """Derive every first-order mutant of a contract, in its order."""
    maker = _Maker(contract)
    taken: dict[str, int] = {}
    found = []
    for each in maker.mutants():
        taken[each.id] = taken.get(each.id, 0) + 1
        number = taken[each.id]
        found.append(each if number == 1 else replace(each, id=f"{each.id} ~{number}"))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Place:
    """One subschema of the file, and everywhere it stands."""

    pointer: str
    node: dict[str, Json]
    paths: tuple[Path, ...]


class _Maker:
    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._schema = contract.request.schema

    def mutants(self) -> Iterator[Mutant]:
        places = self._places()
        for place in places:
            yield from self._of_place(place)
        yield from self._members()
        rules = list(self._rules())
        # A rule of one assertion is dropped with it.
        yield from (each for each in rules if len(each.edits) > 1)
        for rule in rules:
            yield from self._contexts(rule)

    def _places(self) -> list[_Place]:
        found: dict[str, list[tuple[Path, dict[str, Json]]]] = {}
        for path, node in nodes(self._schema):
            found.setdefault(self._contract.request.place_of(path), []).append(
                (path, node)
            )
        return [
            _Place(pointer, listed[0][1], tuple(path for path, _ in listed))
            for pointer, listed in found.items()
        ]

    def _of_place(self, place: _Place) -> Iterator[Mutant]:
        for keyword in place.node:
            if keyword not in ASSERTING:
                continue
            old = unit(place.node, keyword)
            siblings = self._siblings(place)
            for change in changes(place.node, keyword, siblings):
                yield self._mutant(place, keyword, old, change)
            for kept in Items if "items" in place.paths[0] else ():
                words = f"only in {_ITEMS[kept]}"
                change = Change(Kind.ITEMS, words, {})
                yield replace(self._mutant(place, keyword, old, change), kept=kept)

    def _mutant(
        self, place: _Place, keyword: str, old: dict[str, Json], change: Change
    ) -> Mutant:
        edits = tuple(Edit(path=path, old=old, new=change.new) for path in place.paths)
        pointer = f"{place.pointer}/{keyword}"
        return Mutant(
            id=f"{self._brief(pointer)} {change.words}",
            kind=Kind(change.kind),
            rules=self._owners(edits),
            place=pointer,
            change=change.words,
            edits=edits,
        )

    def _brief(self, pointer: str) -> str:
        """Shorten a pointer: a component by its name, else what is in the body."""
        if pointer.startswith(_SCHEMAS):
            return pointer.removeprefix(_SCHEMAS)
        return pointer.replace(self._contract.request.place_of(()), "body", 1)

    def _siblings(self, place: _Place) -> tuple[Json, ...]:
        """Return a value of another list of texts in the same object."""
        listed = place.node.get("enum", (None,))
        if not all(isinstance(each, str) for each in listed):
            return ()
        return sibling(self._schema, place.paths[0])

    def _owners(self, edits: tuple[Edit, ...]) -> tuple[RuleId, ...]:
        """Return the rules that edits are about; a stricter one is about accepting."""
        found = {
            assertion.rule: None
            for assertion in self._contract.assertions
            for edit in edits
            if edit.owns(assertion.path) and _is_changed(assertion, edit)
        }
        return tuple(found) or (ACCEPTED,)

    def _members(self) -> Iterator[Mutant]:
        """Leave each member and each list's items unchecked, place by place."""
        for path, node in nodes(self._schema):
            edit = Edit(path=path, old=node, new={})
            owned = [a for a in self._contract.assertions if edit.owns(a.path)]
            if not owned or not _is_member(path) or self._is_inside_shared(path):
                continue
            where = ".".join(owned[0].instance[: _depth(path)])
            yield Mutant(
                id=f"{where} unchecked",
                kind=Kind.MEMBER,
                rules=tuple(dict.fromkeys(each.rule for each in owned)),
                place=self._contract.request.place_of(path),
                change="unchecked",
                edits=(edit,),
            )

    def _is_inside_shared(self, path: Path) -> bool:
        """Tell whether what a path is in stands in several places."""
        return any(
            self._standing[self._contract.request.place_of(path[:cut])] > 1
            for cut in range(len(path))
        )

    @cached_property
    def _standing(self) -> Counter[str]:
        place_of = self._contract.request.place_of
        return Counter(place_of(path) for path, _ in nodes(self._schema))

    def _rules(self) -> Iterator[Mutant]:
        """Drop each rule, all its assertions at once."""
        by_rule: dict[RuleId, list[Assertion]] = {}
        for assertion in self._contract.assertions:
            by_rule.setdefault(assertion.rule, []).append(assertion)
        for rule, owned in by_rule.items():
            yield Mutant(
                id=f"{rule} dropped",
                kind=Kind.RULE,
                rules=(rule,),
                place=owned[0].place,
                change="dropped",
                edits=tuple(self._without(owned)),
            )

    def _without(self, owned: list[Assertion]) -> Iterator[Edit]:
        stems: dict[tuple[Path, str], list[Assertion]] = {}
        for each in owned:
            stems.setdefault((stem(each), each.keyword), []).append(each)
        for (path, keyword), listed in stems.items():
            old = unit(node_at(self._schema, path), keyword)
            names = {each.value for each in listed if keyword in _BY_NAME}
            yield Edit(path=path, old=old, new=_less(old, keyword, names))

    def _contexts(self, dropped: Mutant) -> Iterator[Mutant]:
        """Apply a rule only to bodies of one kind, or to all but those."""
        own = self._own(dropped.rules[0])
        conditional = any("then" in e.path or "else" in e.path for e in dropped.edits)
        for when in self._conditions(own, everywhere=conditional):
            yield replace(
                dropped,
                id=f"{dropped.rules[0]} {when.words}",
                kind=Kind.CONTEXT,
                change=when.words,
                when=when,
            )

    def _own(self, rule: RuleId) -> set[str]:
        """Return the members at the top that a rule is about."""
        found = set()
        for each in self._contract.assertions:
            if each.rule == rule and each.instance:
                found.add(each.instance[0])
            elif each.rule == rule and each.keyword in _BY_NAME:
                found.add(each.value)
        return found

    def _conditions(self, own: set[str], *, everywhere: bool) -> Iterator[When]:
        """Yield what a rule may wrongly depend on.

        One that depends on other members already has to hold beside each value.
        """
        required = set(self._schema.get("required", ()))
        for name, node in self._schema.get("properties", {}).items():
            if name in own:
                continue
            for value in _values(node):
                is_value = {name: {"const": value}}
                there = _object({"properties": is_value, "required": [name]})
                said = f"{name} is {canonical(value)}"
                yield When(words=f"only where {said}", schema=there)
                if everywhere:
                    yield When(words=f"not where {said}", schema={"not": there})
            if name not in required:
                there = _object({"required": [name]})
                yield When(words=f"only where {name} is given", schema=there)
                absent = {"not": there}
                yield When(words=f"only where {name} is absent", schema=absent)


ACCEPTED = RuleId("body.accepted")
_BY_NAME = frozenset({"required", "dependentRequired"})
_ITEMS = {Items.FIRST: "the first item", Items.REST: "the items after the first"}


def _is_changed(assertion: Assertion, edit: Edit) -> bool:
    """Tell whether an assertion of a keyword is one of those that an edit changes."""
    if assertion.keyword == "required":
        return assertion.value not in edit.new.get("required", ())
    return True


def _is_member(path: Path) -> bool:
    if {"then", "else"} & set(path):
        return False
    return path[-1:] == ("items",) or path[-2:-1] == ("properties",)


def _depth(path: Path) -> int:
    """Count the steps into a body that a path in a schema takes."""
    return path.count("properties") + path.count("items")


def _less(old: dict[str, Json], keyword: str, names: set[str]) -> dict[str, Json]:
    """Return a keyword without some names, or nothing."""
    if keyword == "required":
        return {keyword: [each for each in old[keyword] if each not in names]}
    if keyword == "dependentRequired":
        return {
            keyword: {
                name: [each for each in listed if each not in names]
                for name, listed in old[keyword].items()
            }
        }
    return {}


def _values(node: Json) -> list[Json]:
    if "enum" in node:
        return list(node["enum"])
    if "const" in node:
        return [node["const"]]
    return [False, True] if node.get("type") == "boolean" else []


def _object(schema: dict[str, Json]) -> dict[str, Json]:
    return {"type": "object", **schema}
