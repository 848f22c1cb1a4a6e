"""First-order mutations of a contract: every server that is one slip away from it.

Each is a change of the file, so that of a shared component applies wherever the
component stands; that one of its places is not checked at all is a mutation of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain
from typing import NamedTuple, TypeAlias

from ringspec.spec.assertions import Assertion, by_rule
from ringspec.spec.cel import Term, value_of
from ringspec.spec.contract import Contract
from ringspec.spec.expressions import Expression, Paths
from ringspec.spec.rules import BODY_ACCEPTED, RuleId
from ringspec.spec.schemas import (
    CHOICES,
    HOLDS,
    ITEM,
    KEYWORDS,
    VOCABULARY,
    Subschema,
    keywords,
    subschemas,
    types_of,
)
from ringspec.spec.values import Json, Path, at_path, canonical, kind_of, patched
from ringspec.spec.values import edit as edit_of
from ringspec.strategies.faults.wrong_values import sibling
from ringspec.strategies.shapes.locations import is_of, values_of

# Keywords that are read together, by the one that asserts.
TOGETHER = {
    "contains": ("contains", "minContains", "maxContains"),
    "if": ("if", "then", "else"),
}
# Items of an array in which a changed keyword still holds as written.
FIRST, REST = "the first item", "the items after the first"
# Types that a lax reader accepts as well; bounds that differ in the bound itself.
_WIDER, _OTHER_BOUND = VOCABULARY["wider types"], VOCABULARY["other bounds"]
# The other keywords describe, or lead to other nodes.
_ASSERTING = frozenset({"if", *(name for name in KEYWORDS if KEYWORDS[name].word)})


class MutationKind(StrEnum):
    """Kind of a first-order mutation of a contract."""

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
    EXPRESSION = "expression"


_Node: TypeAlias = dict[str, Json]
# Kind of a change of a keyword, the change in words, and the keywords that replace it.
_Changes: TypeAlias = Iterator[tuple[MutationKind, str, _Node]]


def _replaced(schema: Json, path: Path, node: Json) -> Json:
    """Return a copy of a schema with another subschema at a path."""
    return patched(schema, (edit_of("replace", path, node),)) if path else node


@dataclass(frozen=True, slots=True)
class KeywordEdit:
    """One keyword of one subschema, and what a mutation replaces it by."""

    path: Path  # of the subschema in the inlined schema; it applies as it stands
    old: dict[str, Json]  # the keyword, with those that are read together with it
    new: dict[str, Json]

    def applied(self, schema: Json) -> Json:
        """Return the schema with this edit."""
        node = at_path(schema, self.path)
        rest = {name: each for name, each in node.items() if name not in self.old}
        return _replaced(schema, self.path, {**rest, **self.new})

    def owns(self, path: Path) -> bool:
        """Return whether the path of an error in the schema is one of this keyword."""
        size = len(self.path)
        return path[:size] == self.path and not self.old.keys().isdisjoint(
            path[size : size + 1]
        )


class BodyCondition(NamedTuple):
    """A condition on a member at the top of a body."""

    words: str
    schema: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One first-order change of the contract."""

    id: str
    kind: MutationKind
    rules: tuple[RuleId, ...]
    place: str
    change: str
    # Several where a component is shared, or a rule has several assertions.
    edits: tuple[KeywordEdit, ...]
    kept: str = ""  # items in which the contract still holds: `FIRST`, `REST`, or empty
    when: BodyCondition | None = None  # bodies for which the contract still holds
    holds: str = ""  # what the expression of its rule is changed to, if it has one

    @property
    def least(self) -> int:
        """How many items the innermost array needs for it to show."""
        return 2 if self.kept == FIRST else 1

    def schema(self, schema: Json) -> Json:
        """Return the mutated form of the contract's schema."""
        changed = schema
        for edit in self.edits:
            if not self.kept:
                changed = edit.applied(changed)
                continue
            # In all items but the first, or in the first alone.
            cut = max(at for at, keyword in keywords(edit.path) if keyword == "items")
            array, inside = edit.path[:cut], replace(edit, path=edit.path[cut + 1 :])
            as_written = at_path(schema, (*array, "items"))
            items = [as_written, inside.applied(as_written)]
            first, rest = reversed(items) if self.kept == REST else items
            node = {**at_path(changed, array), "prefixItems": [first], "items": rest}
            changed = _replaced(changed, array, node)
        if self.when is None:
            return changed
        return {"if": self.when.schema, "then": schema, "else": changed}


def mutations_of(contract: Contract, *, thorough: bool = False) -> tuple[Mutation, ...]:
    """Derive every first-order mutation of a contract, in its order.

    If thorough, a rule may depend on any value of any member, however deep.
    """
    # Paths at which each subschema of the file stands, by its pointer.
    places: dict[str, list[Path]] = {}
    for path in _paths(contract.request.schema):
        places.setdefault(contract.request.place_of(path), []).append(path)
    own = contract.of_parameters
    stated = [*contract.assertions, *(own.assertions if own else ())]
    said = by_rule(each for each in stated if each.keyword == HOLDS)
    owned = by_rule(contract.assertions) | said
    rules = [_dropped(contract, name, each) for name, each in owned.items()]
    found = [
        *chain.from_iterable(_in_place(contract, *each) for each in places.items()),
        *_members(contract, places),
        # A rule of one assertion is dropped with it.
        *(each for each in rules if len(each.edits) > 1 or each.holds),
        *chain.from_iterable(_slips(contract, *it) for it in said.items()),
        *chain.from_iterable(
            _contexts(contract, e, owned[e.rules[0]], thorough=thorough) for e in rules
        ),
    ]
    seen: Counter[str] = Counter()
    for index, each in enumerate(found):
        seen[each.id] += 1
        if seen[each.id] > 1:
            found[index] = replace(each, id=f"{each.id} ~{seen[each.id]}")
    return tuple(found)


def _slips(
    contract: Contract, rule: RuleId, owned: list[Assertion]
) -> Iterator[Mutation]:
    """Change each part of an expression."""
    at, dropped = ("body", *owned[0].instance), _dropped(contract, rule, owned)
    written = Expression(owned[0].value, contract.types, at)
    for term in dict.fromkeys(_changed(written, written.term, {"self": at})):
        if term != written.term:
            words = f"as {term.text}"
            yield replace(dropped, id=f"{rule} {words}", change=words, holds=term.text)


def _changed(written: Expression, term: Term, paths: Paths) -> Iterator[Term]:
    """Yield an expression with one part changed: an operator, a bound, a branch."""
    is_text = "string" in {written.kind(it, paths) for it in term.parts}
    for kind in _OTHER_OPERATORS.get(term.kind, ()):
        # The order of texts is of no interest where it is not asked for.
        if kind[0] not in "<>" or term.kind[0] in "<>" or not is_text:
            yield replace(term, kind=kind)
    if term.kind in {"&&", "||", "!"}:
        for index, part in enumerate(term.parts):
            # Where a member is absent, what names it says nothing anyway.
            others = [it for n, it in enumerate(term.parts) if n != index]
            if not any(_asks(it) and _asks(it) in part.text for it in others):
                yield part
    elif term.kind == "?:":
        yield from term.parts[1:]
    elif term.is_macro and term.word in _OTHER_MACROS:
        yield replace(term, word=_OTHER_MACROS[term.word])
    value = value_of(term)
    if type(value) is int and term.kind == "literal":
        yield from (replace(term, word=f"{value + n}") for n in (1, -1))
    inside = written.inside(term, paths) if term.is_macro else paths
    for index, part in enumerate(term.parts):
        known = inside if index > 1 else paths
        yield from (term.put(index, it) for it in _changed(written, part, known))


def _paths(schema: Json) -> Iterator[Path]:
    """Yield the path of each subschema that applies as it stands."""
    pending = [Subschema(schema)]
    while pending:
        each = pending.pop()
        if isinstance(each.schema, dict):
            yield each.path
            # What is in others is changed with the whole keyword.
            leading = {"properties", "allOf", "items", "then", "else"}
            below = [b for b in subschemas(each) if b.holds and b.keyword in leading]
            pending += reversed(below)


def _in_place(contract: Contract, place: str, paths: list[Path]) -> Iterator[Mutation]:
    """Change each keyword of a subschema of the file, wherever that stands."""
    schema = contract.request.schema
    node = at_path(schema, paths[0])
    is_text = all(isinstance(each, str) for each in node.get("enum", (None,)))
    siblings = sibling(schema, paths[0]) if is_text else ()
    # A component is named by its name, anything else by its place in the body.
    name = place.removeprefix("#/components/schemas/")
    if name == place:
        name = place.replace(contract.request.place_of(()), "body", 1)
    for keyword in (each for each in node if each in _ASSERTING):
        if keyword == HOLDS:
            continue  # see `_slips`
        for kept in ("", FIRST, REST) if "items" in _steps(paths[0]) else ("",):
            changes = _changes(node, keyword, siblings)
            if kept:
                changes = iter([(MutationKind.ITEMS, f"only in {kept}", {})])
            for kind, words, new in changes:
                edits = [KeywordEdit(path, _unit(node, keyword), new) for path in paths]
                yield Mutation(
                    id=f"{name}/{keyword} {words}",
                    kind=kind,
                    rules=_owners(contract, edits),
                    place=f"{place}/{keyword}",
                    change=words,
                    edits=tuple(edits),
                    kept=kept,
                )


def _owners(contract: Contract, edits: list[KeywordEdit]) -> tuple[RuleId, ...]:
    """Return the rules of edited keywords; a stricter one is about accepting."""
    found = dict.fromkeys(
        assertion.rule
        for assertion in contract.assertions
        for edit in edits
        if edit.owns(assertion.path)
        and not (
            assertion.keyword == "required"
            and assertion.value in edit.new.get("required", ())
        )
    )
    return tuple(found) or (BODY_ACCEPTED,)


def _members(contract: Contract, places: dict[str, list[Path]]) -> Iterator[Mutation]:
    """Leave each member and each list's items unchecked, place by place."""
    place_of = contract.request.place_of
    for path in _paths(contract.request.schema):
        edit = KeywordEdit(path, at_path(contract.request.schema, path), {})
        owned = [a for a in contract.assertions if edit.owns(a.path)]
        steps = _steps(path)
        around = (place_of(path[:cut]) for cut in range(len(path)))
        if (
            not owned
            or steps[-1:] not in (["items"], ["properties"])
            or {"then", "else"} & {*steps}
            # What is inside a shared component is mutated with it.
            or any(len(places.get(each, ())) > 1 for each in around)
        ):
            continue
        depth = steps.count("properties") + steps.count("items")
        yield Mutation(
            id=f"{'.'.join(owned[0].instance[:depth]).replace(ITEM, '*')} unchecked",
            kind=MutationKind.MEMBER,
            rules=tuple(dict.fromkeys(each.rule for each in owned)),
            place=place_of(path),
            change="unchecked",
            edits=(edit,),
        )


def _dropped(contract: Contract, rule: RuleId, owned: list[Assertion]) -> Mutation:
    """Drop all that states a rule; of an expression, that is its text."""
    values: dict[tuple[Path, str], list[Json]] = {}
    is_said = owned[0].keyword == HOLDS
    for each in owned if not is_said else ():
        values.setdefault((each.stem, each.keyword), []).append(each.value)
    edits: list[KeywordEdit] = []
    for (path, keyword), names in values.items():
        old, new = _unit(at_path(contract.request.schema, path), keyword), _Node()
        if keyword == "required":
            new = {keyword: _omitting(old[keyword], *names)}
        elif keyword == "dependentRequired":
            left = {n: _omitting(each, *names) for n, each in old[keyword].items()}
            new = {keyword: left}
        edits.append(KeywordEdit(path, old, new))
    return Mutation(
        id=f"{rule} dropped",
        kind=MutationKind.EXPRESSION if is_said else MutationKind.RULE,
        rules=(rule,),
        place=owned[0].place,
        change="dropped",
        edits=tuple(edits),
        holds="true" if is_said else "",
    )


def _contexts(
    contract: Contract,
    dropped: Mutation,
    owned: list[Assertion],
    *,
    thorough: bool,
) -> Iterator[Mutation]:
    """Apply a rule only to bodies of one kind, or to all but those.

    The kinds differ in a member that the rule is not about: by default one at the top,
    and by each value only where the rule depends on other members.
    """
    each_value = thorough or any(each.is_conditional for each in owned)
    for path, when in _conditions(contract.request.schema, deep=thorough):
        is_wanted = each_value or not when.words.startswith("not ")
        if is_wanted and not is_of(path, owned):
            yield replace(
                dropped,
                id=f"{dropped.rules[0]} {when.words}",
                kind=MutationKind.CONTEXT,
                change=when.words,
                when=when,
            )


def _conditions(
    schema: Json, above: Path = (), *, deep: bool
) -> Iterator[tuple[Path, BodyCondition]]:
    """Yield conditions on members, by their paths: at the top, or also below it."""

    def whole(name: str, node: Json) -> _Node:
        for each in (name, *reversed(above)):
            node = {"type": "object", "properties": {each: node}, "required": [each]}
        return _Node(node)

    required = {*schema.get("required", ())}
    required |= {*schema.get("x-settled", {}).get("required", ())}
    for name, node in schema.get("properties", {}).items():
        path = (*above, name)
        where = f"where {'.'.join(path)} is"
        for value in values_of(node):
            there, words = whole(name, {"const": value}), f"{where} {canonical(value)}"
            yield path, BodyCondition(f"only {words}", there)
            yield path, BodyCondition(f"not {words}", {"not": there})
        if name not in required:
            given = whole(name, {})
            yield path, BodyCondition(f"only {where} given", given)
            yield path, BodyCondition(f"only {where} absent", {"not": given})
        if deep:
            yield from _conditions(node, path, deep=deep)


def _steps(path: Path) -> list[str]:
    """List the keywords of a path, without names and indexes."""
    return [keyword for _, keyword in keywords(path)]


def _unit(node: _Node, keyword: str) -> _Node:
    """Return a keyword of a node with those that are read together with it."""
    names = TOGETHER.get(keyword, (keyword,))
    return {name: node[name] for name in names if name in node}


def _omitting(listed: list[Json], *values: Json) -> list[Json]:
    return [each for each in listed if each not in values]


def _changes(node: _Node, keyword: str, siblings: tuple[Json, ...] = ()) -> _Changes:
    """Yield each first-order change of a keyword of a node.

    `siblings` is a value from another list of the same object, if there is one.
    """
    old, value = _unit(node, keyword), node[keyword]
    if keyword not in {"required", "dependentRequired"}:
        yield MutationKind.DROP, "dropped", {}
    if keyword in _OWN:
        yield from _OWN[keyword](node, siblings)
    for bound in old:
        yield from _moved_bound(node, old, bound)
    if KEYWORDS[keyword].holds == "one" and isinstance(value, dict):
        for kind, words, new in _within(value):
            yield kind, words, {**old, keyword: new}
    elif keyword in CHOICES:
        for index, branch in enumerate(value):
            for kind, words, new in _within(branch):
                changed = {keyword: [*value[:index], new, *value[index + 1 :]]}
                yield kind, f"{_branch_name(branch, index)}: {words}", changed


def _within(schema: Json) -> _Changes:
    """Yield each change at any depth of a schema, each with the whole new schema."""
    if not isinstance(schema, dict):
        return
    for keyword in (each for each in schema if each in _ASSERTING):
        own = _unit(schema, keyword)
        rest = {name: each for name, each in schema.items() if name not in own}
        for kind, words, new in _changes(schema, keyword):
            yield kind, f"{keyword} {words}", {**rest, **new}
    for below in subschemas(Subschema(schema)):
        if below.keyword in {"properties", "items"}:
            for kind, words, new in _within(below.schema):
                changed = _replaced(schema, below.path, new)
                yield kind, f"{below.path[-1]}: {words}", changed


def _moved_bound(node: _Node, old: _Node, bound: str) -> _Changes:
    other = _OTHER_BOUND.get(bound)
    if other is None and not bound.startswith(("min", "max")):
        return
    for moved in (old[bound] - 1, old[bound] + 1):
        # Numbers of characters, items and members are never negative.
        if moved >= 0 or other:
            yield MutationKind.BOUND, f"{bound} {moved}", {**old, bound: moved}
    if other and other not in node and "number" in types_of(node):
        yield MutationKind.BOUND, f"as {other}", {other: old[bound]}


def _type(types: list[str]) -> _Changes:
    for name in types if len(types) > 1 else ():
        yield MutationKind.TYPE, f"without {name}", {"type": _omitting(types, name)}
    wider = dict.fromkeys(other for name in types for other in _WIDER[name])
    for other in (*wider, "null"):
        if other not in types and not (other == "integer" and "number" in types):
            yield MutationKind.TYPE, f"or {other}", {"type": [*types, other]}


def _enum(listed: list[Json], siblings: tuple[Json, ...]) -> _Changes:
    """Leave out each value, and add such as a lax reader takes for listed ones."""
    for value in listed if len(listed) > 1 else ():
        yield MutationKind.ENUM, f"without {value}", {"enum": _omitting(listed, value)}
    texts = [each for each in listed if isinstance(each, str)]
    numbers, upper = [e for e in listed if kind_of(e) == "integer"], str.upper
    near = [min(numbers) - 1, max(numbers) + 1] if numbers else []
    candidates = [
        ("in another case", [upper(e) if e != upper(e) else e.lower() for e in texts]),
        ("with a blank after", [f"{each} " for each in texts]),
        *((f"{value}", [value]) for value in (*siblings, *near)),
    ]
    for words, found in candidates:
        if more := [each for each in found if each not in listed]:
            yield MutationKind.ENUM, f"or {words}", {"enum": [*listed, *more]}


def _required(names: list[str], members: _Node) -> _Changes:
    for name in names:
        yield MutationKind.DROP, f"without {name}", {"required": _omitting(names, name)}
    for name in _omitting([*members], *names):
        yield MutationKind.REQUIRED, f"and {name}", {"required": [*names, name]}


def _dependent(dependent: dict[str, list[str]]) -> _Changes:
    for name, names in dependent.items():
        for needed in names:
            new = {**dependent, name: _omitting(names, needed)}
            words = f"without {needed} for {name}"
            yield MutationKind.DROP, words, {"dependentRequired": new}


def _condition(old: _Node) -> _Changes:
    kind, otherwise = MutationKind.BRANCH, old.get("else", {})
    yield kind, "always true", {**old, "if": {}}
    if otherwise:
        yield kind, "always false", {**old, "if": {"not": {}}}
    turned = {"if": old["if"], "then": otherwise, "else": old.get("then", {})}
    yield kind, "turned round", turned
    if len(old) > 2:
        for branch in ("then", "else"):
            rest = {name: each for name, each in old.items() if name != branch}
            yield kind, f"without {branch}", rest


def _choice(keyword: str, branches: list[Json]) -> _Changes:
    for index, branch in enumerate(branches if len(branches) > 1 else ()):
        new = {keyword: [*branches[:index], *branches[index + 1 :]]}
        yield MutationKind.BRANCH, f"without {_branch_name(branch, index)}", new
    other = {"anyOf": "oneOf", "oneOf": "anyOf"}[keyword]
    words = "any of them" if other == "anyOf" else "just one of them"
    yield MutationKind.BRANCH, words, {other: branches}


def _branch_name(branch: Json, index: int) -> str:
    names = branch.get("required", ()) if isinstance(branch, dict) else ()
    return "-".join(names) or f"branch {index}"


def _asks(term: Term) -> str:
    """Return the member that a term asks to be absent; empty if it does not."""
    inner = term.parts[0] if term.kind == "!" else term
    is_asked = inner.kind == "call" and inner.word == "has" and term is not inner
    return inner.parts[0].text if is_asked else ""


_OTHER_OPERATORS: dict[str, list[str]] = VOCABULARY["cel"]["other operators"]
_OTHER_MACROS = {"all": "exists", "exists": "all", "exists_one": "exists"}
# Changes of a keyword that are its own, beside dropping it and moving bounds: by a node
# and a value from another list.
_OWN: dict[str, Callable[[_Node, tuple[Json, ...]], _Changes]] = {
    "type": lambda node, _: _type(types_of(node)),
    "enum": lambda node, siblings: _enum(node["enum"], siblings),
    "const": lambda node, siblings: (
        iter(()) if "enum" in node else _enum([node["const"]], siblings)
    ),
    "required": lambda node, _: _required(node["required"], node.get("properties", {})),
    "dependentRequired": lambda node, _: _dependent(node["dependentRequired"]),
    "if": lambda node, _: _condition(_unit(node, "if")),
    "anyOf": lambda node, _: _choice("anyOf", node["anyOf"]),
    "oneOf": lambda node, _: _choice("oneOf", node["oneOf"]),
}
