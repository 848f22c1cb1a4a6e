"""Assertions: each part of a schema that can fail by itself, and its rule.

Assertions inside `anyOf`, `oneOf`, `not`, `if` and `contains` never fail by themselves:
the keyword around them does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from ringspec.spec.document import Inlined
from ringspec.spec.rules import RuleId
from ringspec.spec.schemas import (
    CLOSING,
    CONTAINS,
    KEYWORDS,
    Subschema,
    branches,
    subschemas,
)
from ringspec.spec.values import Json, Path, at_path, unshared

_REQUIRED = frozenset({"required", "dependentRequired"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assertion:
    """A part of a schema that can fail by itself.

    Attributes:
        path: steps in the inlined schema, the keyword and, for `required`, the
            member's name included.
        instance: where it applies in a body; `*` stands for any item.
        place: JSON pointer into the contract.
        value: the keyword's value.
    """

    path: Path
    keyword: str
    rule: RuleId
    instance: Path
    place: str
    value: Json

    @property
    def stem(self) -> Path:
        """Return the path of the subschema that it stands in."""
        return self.path[: -2 if self.keyword in _REQUIRED else -1]


@dataclass(frozen=True, slots=True)
class _Naming:
    """The names of the rules of a schema that names none.

    Attributes:
        own: prefix of the ids of its own rules.
        inner: prefix of its members' ids.
        owner: the rule that owns everything inside; None without one.
        names: canonical names of members that a dialect spells its own way.
    """

    own: str
    inner: str = ""
    owner: str | None = None
    names: dict[str, str] = field(default_factory=dict)

    def at(self, node: dict[str, Json]) -> _Naming:
        """Return the naming in a schema, by its annotations."""
        prefix = node.get("x-rule-prefix")
        return _Naming(
            prefix or self.own,
            prefix or self.inner,
            node.get("x-rule", self.owner),
            {**self.names, **_spellings(node)},
        )

    def member(self, name: str) -> str:
        """Return the dotted canonical path of a member."""
        canonical = self.names.get(name, name)
        return f"{self.inner}.{canonical}" if self.inner else canonical

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
    found: dict[str, str] = {}
    for branch in branches(node):
        found |= _spellings(branch)
    own = {
        name: child["x-member"]
        for name, child in node.get("properties", {}).items()
        if isinstance(child, dict) and "x-member" in child
    }
    return {**found, **own}


def assertions(inlined: Inlined, root: str = "body") -> tuple[Assertion, ...]:
    """List the assertions of a schema, in its order."""
    return tuple(_walk(inlined, Subschema(inlined.schema), _Naming(root)))


def _walk(inlined: Inlined, at: Subschema, naming: _Naming) -> Iterator[Assertion]:
    node = at.schema
    if not isinstance(node, dict):
        return
    naming = naming.at(node)
    below: dict[str, list[Subschema]] = {}
    for child in subschemas(at):
        below.setdefault(child.keyword, []).append(child)
    for keyword, value in node.items():
        if keyword in KEYWORDS and KEYWORDS[keyword].word:
            yield from _stated(inlined, at, naming, keyword, value)
        for child in below.get(keyword, ()):
            if child.holds:
                yield from _walk(inlined, child, naming.below(child))


def _stated(
    inlined: Inlined, at: Subschema, naming: _Naming, keyword: str, value: Json
) -> Iterator[Assertion]:
    if keyword == "additionalProperties" and value is not False:
        return  # a schema speaks for itself
    if keyword in CLOSING and value in (True, {}):
        return
    stated = Assertion(
        path=(*at.path, keyword),
        keyword=keyword,
        rule=RuleId(""),
        instance=at.instance,
        place=f"{inlined.origins.get(at.path, '#')}/{keyword}",
        value=value,
    )
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


def without(
    inlined: Inlined, stated: Iterable[Assertion], gone: frozenset[RuleId]
) -> Inlined:
    """Return a schema without the keywords that some rules own."""
    taken = [each for each in stated if each.rule in gone]
    if not taken:
        return inlined
    schema = unshared(inlined.schema)
    for assertion in taken:
        _remove(schema, assertion)
    return replace(inlined, schema=schema)


def _remove(schema: Json, assertion: Assertion) -> None:
    keyword, name = assertion.keyword, assertion.value
    node = at_path(schema, assertion.stem)
    left: Json = None
    if keyword == "required":
        left = [each for each in node[keyword] if each != name]
    elif keyword == "dependentRequired":
        kept = {
            member: [each for each in needed if each != name]
            for member, needed in node[keyword].items()
        }
        left = {member: needed for member, needed in kept.items() if needed}
    if left:
        node[keyword] = left
        return
    for each in CONTAINS if keyword in CONTAINS else {keyword}:
        node.pop(each, None)
    node.get("x-rules", {}).pop(keyword, None)
