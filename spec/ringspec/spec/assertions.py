"""Assertions: each part of a schema that can fail by itself, and its rule.

Assertions inside `not`, `if` and `contains` never fail by themselves: the keyword
around them does. Those inside `anyOf` and `oneOf` fail where a body is read as one that
was meant for their branch (see `proof.py`), unless the catalogue names a rule for the
choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ringspec.spec.document import Inlined
from ringspec.spec.expressions import members_read
from ringspec.spec.rules import GROUPS, RuleId
from ringspec.spec.schemas import (
    CHOICES,
    CLOSING,
    CONTAINS,
    HOLDS,
    KEYWORDS,
    Subschema,
    branches,
    keywords,
    subschemas,
    walk,
)
from ringspec.spec.values import Json, Path, at_path, steps, unshared

# The branches of choices that something stands in, by the paths of the choices.
Within: TypeAlias = tuple[tuple[Path, int], ...]
# The branch that each choice is read as, by the path of the choice.
Chosen: TypeAlias = Mapping[Path, int]

# The annotations by which a contract names its rules.
_NAMING = frozenset({"x-rule", "x-rules", "x-rule-prefix"})
# Nothing breaks these.
_VACUOUS = {"minLength": 0, "minItems": 0, "minProperties": 0, "uniqueItems": False}
_REQUIRED = frozenset({"required", "dependentRequired"})
# Keywords that are several assertions, each with its name as the last step.
_SEVERAL = _REQUIRED | {HOLDS}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assertion:
    """A part of a schema that can fail by itself."""

    # Steps in the inlined schema, the keyword included and, for `required`, the name of
    # the member, for an expression its rule.
    path: Path
    keyword: str
    rule: RuleId
    instance: Path  # where it applies in a body; `*` stands for any item
    place: str  # JSON pointer into the contract
    value: Json  # the keyword's value; the text of an expression
    # The branches of choices that it stands in, outermost first: the path of each
    # `anyOf` or `oneOf`, and the branch's index.
    within: Within = ()

    @property
    def stem(self) -> Path:
        """Return the path of the subschema that it stands in."""
        return self.path[: -2 if self.keyword in _SEVERAL else -1]

    @property
    def subject(self) -> Path:
        """Return the instance path of what it is about: of a member that is missing."""
        return self.instance + (self.value,) * (self.keyword in _REQUIRED)

    @property
    def subjects(self) -> tuple[Path, ...]:
        """Return the instance paths that it is about: all that an expression reads."""
        if self.keyword == HOLDS:
            return members_read(self.value, self.instance)
        return (self.subject,) if self.subject else ()

    @property
    def is_conditional(self) -> bool:
        """Return whether it applies only under a condition."""
        return any(each in {"then", "else"} for _, each in keywords(self.path))


@dataclass(frozen=True, slots=True)
class _Naming:
    """The names of the rules of a schema that names none."""

    own: str  # prefix of the ids of its own rules
    inner: str = ""  # prefix of its members' ids
    owner: str | None = None  # the rule that owns everything inside; None without one
    # Canonical names of members that a dialect spells its own way.
    names: dict[str, str] = field(default_factory=dict)
    in_choices: bool = False  # whether the branches of choices are read too

    def at(self, node: dict[str, Json]) -> _Naming:
        """Return the naming in a schema, by its annotations."""
        prefix = node.get("x-rule-prefix")
        return replace(
            self,
            own=prefix or self.own,
            inner=prefix or self.inner,
            owner=node.get("x-rule", self.owner),
            names={**self.names, **_spellings(node)},
        )

    def member(self, name: str) -> str:
        """Return the dotted canonical path of a member."""
        canonical = self.names.get(name, name) or "unnamed"
        inner = self.inner or ("body" if canonical in GROUPS else "")
        return f"{inner}.{canonical}" if inner else canonical

    def branch(self, name: str) -> _Naming:
        """Return the naming of a branch of a choice; without a name, as around it."""
        if not name:
            return self
        inner = f"{self.inner}.{name}" if self.inner else name
        return replace(self, own=inner, inner=inner)

    def below(self, child: Subschema) -> _Naming:
        """Return the naming of a subschema."""
        speaks_of = KEYWORDS[child.keyword].speaks_of
        if speaks_of == "same":
            return self
        if speaks_of == "items":
            return replace(self, own=f"{self.own}.items", names={})
        named = child.keyword == "properties"
        member = self.member(child.path[-1]) if named else f"{self.own}.values"
        return replace(self, own=member, inner=member, names={})


def _spellings(node: dict[str, Json]) -> dict[str, str]:
    """Map a dialect's member names to the canonical ones.

    A branch may name members that only another one describes.
    """
    found = {k: v for it in branches(node) for k, v in _spellings(it).items()}
    for name, child in node.get("properties", {}).items():
        if isinstance(child, dict) and "x-member" in child:
            found[name] = child["x-member"]
    return found


def assertions(
    inlined: Inlined, root: str = "body", *, in_choices: bool = False
) -> tuple[Assertion, ...]:
    """List the assertions of a schema, in its order, `in_choices` those of branches.

    The ids of rules about the whole value begin with `root`.
    """
    naming = _Naming(root, in_choices=in_choices)
    stated = tuple(_walk(inlined, Subschema(inlined.schema), naming))
    if any(_NAMING & each.schema.keys() for each in walk(inlined.schema)):
        return stated
    known = _VACUOUS.items()
    failing = (each for each in stated if (each.keyword, each.value) not in known)
    return tuple(_distinguished(failing))


def _distinguished(stated: Iterable[Assertion]) -> Iterator[Assertion]:
    """Yield assertions, with a number where other values would share an id."""
    known: dict[RuleId, list[tuple[Path, Within, Json]]] = {}
    # What is stated outside a branch too is one rule.
    outside: dict[str, list[Assertion]] = {}
    for each in stated:
        if each.keyword == HOLDS:
            yield each  # it has a name of its own
            continue
        same = outside.setdefault(repr((each.keyword, each.instance, each.value)), [])
        around = (a for a in same if a.within == each.within[: len(a.within)])
        if outer := next(around, None):
            yield replace(each, rule=outer.rule)
            continue
        same.append(each)
        name = each.value if each.keyword in _REQUIRED else ""
        about = (each.instance, each.within, name)
        owners = known.setdefault(each.rule, [])
        if about not in owners:
            owners.append(about)
        turn = owners.index(about) + 1
        rule = each.rule if turn == 1 else RuleId(f"{each.rule}~{turn}")
        yield replace(each, rule=rule)


def _walk(
    inlined: Inlined,
    at: Subschema,
    naming: _Naming,
    within: Within = (),
) -> Iterator[Assertion]:
    node = at.schema
    if not isinstance(node, dict):
        return
    naming = naming.at(node)
    below: dict[str, list[Subschema]] = {}
    for child in subschemas(at):
        below.setdefault(child.keyword, []).append(child)
    for keyword, value in node.items():
        if keyword in KEYWORDS and KEYWORDS[keyword].word:
            for each in _stated(inlined, at, naming, keyword, value):
                yield replace(each, within=within)
        named = naming.owner or node.get("x-rules", {}).get(keyword)
        is_open = at.holds and naming.in_choices and keyword in CHOICES and not named
        names = branch_names(inlined, at.path, node, keyword) if is_open else []
        for index, child in enumerate(below.get(keyword, ())):
            if is_open:
                inside = (*within, ((*at.path, keyword), index))
                branch = replace(child, holds=True)
                yield from _walk(inlined, branch, naming.branch(names[index]), inside)
            elif child.holds:
                yield from _walk(inlined, child, naming.below(child), within)


def by_rule(stated: Iterable[Assertion]) -> dict[RuleId, list[Assertion]]:
    """Return assertions by their rules, in order."""
    found: dict[RuleId, list[Assertion]] = {}
    for each in stated:
        found.setdefault(each.rule, []).append(each)
    return found


def branch_names(
    inlined: Inlined, path: Path, node: dict[str, Json], keyword: str
) -> list[str]:
    """Name the branches of a choice, for the ids of rules inside.

    A branch is named by the constant that tells it apart, else by its reference, title
    or number. Beside null, a single branch needs no name.
    """
    listed = node[keyword]
    nulls = [isinstance(each, dict) and each.get("type") == "null" for each in listed]
    if nulls.count(False) == 1:
        return ["null" if is_null else "" for is_null in nulls]
    names: list[str] = []
    fixed = [constants(branch) for branch in listed]
    for index, branch in enumerate(listed):
        others = fixed[:index] + fixed[index + 1 :]
        apart = [
            str(value)
            for name, value in fixed[index].items()
            if all(other.get(name, value) != value for other in others)
        ]
        place = inlined.origins.get((*path, keyword, str(index)), "")
        *around, name = steps(place) or ("",)
        referred = name if around == ["components", "schemas"] else ""
        stated = branch if isinstance(branch, dict) else {}
        described = [stated.get("title", ""), *stated.get("required", ())[:1]]
        kinds = f"{stated.get('type', '')}"
        found = [*apart, referred, *described, kinds, f"option-{index + 1}"]
        words = ("-".join(re.findall(r"\w+", each)) for each in found)
        name = next(filter(None, words))
        names.append(name if name not in names else f"{name}-{index + 1}")
    return names


def constants(branch: Json) -> dict[str, Json]:
    """Return the members that a branch fixes to one text or number."""
    return {
        name: values[0]
        for name, values in listed(branch).items()
        if len(values) == 1 and isinstance(values[0], str | int)
    }


def listed(branch: Json) -> dict[str, list[Json]]:
    """Return the values that a branch lists for its members."""
    if not isinstance(branch, dict):
        return {}
    found: dict[str, list[Json]] = {}
    for part in branch.get("allOf", ()):
        found |= listed(part)
    for name, child in branch.get("properties", {}).items():
        node = child if isinstance(child, dict) else {}
        values = [node["const"]] if "const" in node else node.get("enum", ())
        if values:
            found[name] = [*values]
    return found


def _stated(
    inlined: Inlined, at: Subschema, naming: _Naming, keyword: str, value: Json
) -> Iterator[Assertion]:
    if keyword == "additionalProperties" and value is not False:
        return  # a schema speaks for itself
    if keyword in CLOSING and value in (True, {}):
        return
    if keyword == "pattern":
        value = at.schema.get("x-pattern", value)  # as the document has it
    stated = Assertion(
        path=(*at.path, keyword),
        keyword=keyword,
        rule=RuleId(""),
        instance=at.instance,
        place=inlined.place_of((*at.path, keyword)),
        value=value,
    )
    for name, row in value.items() if keyword == HOLDS else ():
        path, place = (*stated.path, name), inlined.place_of(at.path)
        said = replace(stated, path=path, place=place, value=row["holds"])
        yield replace(said, rule=RuleId(name))
    if keyword == HOLDS:
        return
    given = at.schema.get("x-rules", {}).get(keyword)
    if keyword not in _REQUIRED:
        derived = f"{naming.own}.{KEYWORDS[keyword].word}"
        yield replace(stated, rule=RuleId(given or naming.owner or derived))
        return
    if keyword == "dependentRequired":
        value = sorted({name for listed in value.values() for name in listed})
    for name in value:
        rule = naming.owner or given or f"{naming.member(name)}.required"
        yield replace(stated, path=(*stated.path, name), rule=RuleId(rule), value=name)


def readings(stated: Iterable[Assertion]) -> list[Chosen]:
    """List choices of one branch for each `anyOf` and `oneOf`, by path.

    Together they take each branch. Choices beside each other turn together, so that the
    number is that of the branches of the widest one, not of their combinations.
    """
    stated = tuple(stated)
    # By the branch around them, the choices that have rules inside.
    opened = {path for each in stated for path, _ in each.within}
    inside: dict[Within, list[Assertion]] = {}
    for each in stated:
        if each.path in opened:
            inside.setdefault(each.within, []).append(each)

    def below(within: Within) -> list[Chosen]:
        turns = [
            [
                {choice.path: index, **deeper}
                for index in range(len(choice.value))
                for deeper in below((*within, (choice.path, index)))
            ]
            for choice in inside.get(within, ())
        ]
        most = max(map(len, turns), default=1)
        return [
            {path: i for turn in turns for path, i in turn[n % len(turn)].items()}
            for n in range(most)
        ]

    return below(())


def without(
    inlined: Inlined, stated: Iterable[Assertion], gone: frozenset[RuleId]
) -> Inlined:
    """Return a schema without the keywords that some rules own."""
    taken = [each for each in stated if each.rule in gone]
    schema = unshared(inlined.schema) if taken else inlined.schema
    for assertion in taken:
        keyword, name = assertion.keyword, assertion.value
        node = at_path(schema, assertion.stem)
        left: Json = None
        if keyword == HOLDS:
            held = node[keyword].items()
            left = {rule: row for rule, row in held if rule != assertion.rule}
        elif keyword == "required":
            left = [each for each in node[keyword] if each != name]
        elif keyword == "dependentRequired":
            left = {
                member: kept
                for member, needed in node[keyword].items()
                if (kept := [each for each in needed if each != name])
            }
        if left:
            node[keyword] = left
            continue
        for each in CONTAINS if keyword in CONTAINS else {keyword}:
            node.pop(each, None)
        node.get("x-rules", {}).pop(keyword, None)
    return replace(inlined, schema=schema) if taken else inlined
