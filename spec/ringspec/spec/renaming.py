"""Renaming: `x-rename`, another name for a member or a path, wherever it is named.

In: a document, the places that an action selects, and the new name. Out: the document,
changed. An action that renames selects either

* a member where a schema describes it (`….properties.NAME`). It is renamed in every
  schema that speaks of the same object, those in conditions and choices included, in
  defaults and examples, and in the accepted answers to such a body. `x-member` keeps
  the canonical name, so that the ids of rules stay what they are;
* a path (`$.paths['/…']`), which takes along the paths that lie below it.

It is an action, and not a table at the overlay's top, because actions follow one
another and name the place that they are about; other tools see one without effect.
What is renamed then stands last among its like, as what is added does: the same said by
plain actions gives the same contract, and the same cases, to the byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote

from ringspec.spec.assertions import ITEM
from ringspec.spec.document import resolve
from ringspec.spec.errors import SpecError
from ringspec.spec.operations import routes
from ringspec.spec.reading import short
from ringspec.spec.tracing import Instance, Root, responses, roots, value_at
from ringspec.spec.values import Json, Location, at, pointer, steps

_Value = TypeVar("_Value")
_EXPRESSION = re.compile(r"(\$response\.body#)(/.*)")
# Pointers of ours in links: into what the linked operation answers.
_POINTERS = ("x-state", "x-items", "x-total")
_HINT = "select `….properties.NAME` of a schema, or `$.paths['/…']`"


def rename(base: Json, places: list[Location], new: str, where: str) -> Json:
    """Give what stands at some places another name.

    Raises:
        SpecError: it has no name, the new one is taken, or others would lose the old.
    """
    if all(len(place) == 2 and place[0] == "paths" for place in places):
        for place in places:
            base = _move(base, str(place[1]), new, where)
        return base
    if not all(len(place) > 1 and place[-2] == "properties" for place in places):
        raise SpecError(
            f"{where} selects neither a member of a schema nor a path", hint=_HINT
        )
    olds = {str(place[-1]) for place in places}
    if len(olds) > 1:
        raise SpecError(
            f"{where} selects {' and '.join(sorted(olds))}", hint="rename one by one"
        )
    (old,) = olds
    _check_new(old, new, where)
    for place in places:
        _mark(base, place, old, where)
    return _Renaming(base, old, new, where).done({place[:-2] for place in places})


def _check_new(old: str, new: str, where: str) -> None:
    if old == new:
        raise SpecError(
            f"{where} renames {old} to itself", hint="it is called so already"
        )


def _mark(base: Json, place: Location, old: str, where: str) -> None:
    """Note the canonical name of a member that is about to lose it."""
    holder = at(base, place[:-1])
    child = holder[place[-1]]
    if isinstance(child, bool):
        holder[place[-1]] = child = {} if child else {"not": {}}
    if not isinstance(child, dict):
        raise SpecError(f"{where} selects {short(child)}, no schema", hint=_HINT)
    child.setdefault("x-member", old)


def _move(base: Json, old: str, new: str, where: str) -> Json:
    """Move a path, and those below it, to another place."""
    _check_new(old, new, where)
    if not new.startswith("/"):
        raise SpecError(f"{where} renames a path to {new!r}", hint="it begins with /")
    moved = {
        path: new + path[len(old) :]
        for path in base["paths"]
        if path == old or path.startswith(f"{old.rstrip('/')}/")
    }
    for path in moved.values():
        if path in base["paths"] and path not in moved:
            raise SpecError(f"{where}: there is a path {path}", hint="remove it first")
    base["paths"] = _keys(base["paths"], lambda path: moved.get(path, path))
    return _repointed(
        base, {_place("paths", path): _place("paths", moved[path]) for path in moved}
    )


@dataclass(frozen=True)
class _Renaming:
    """One member on its way to another name."""

    base: dict[str, Json]
    old: str
    new: str
    where: str

    def done(self, owners: set[Location]) -> Json:
        """Rename what some schemas own, wherever it is named."""
        traced = roots(self.base)
        owners, concerned = self._spread(owners, traced)
        edited = owners.union(*(root.about(concerned[root]) for root in traced))
        self._check_shared(edited, traced, concerned)
        for root in traced:
            self._in_values(root, concerned[root])
        self._in_links(traced, concerned)
        # The innermost first: where they stand is found by names.
        for place in sorted(edited, key=len, reverse=True):
            self._in_schema(at(self.base, place), place)
        return _repointed(self.base, self._moved(owners))

    def _spread(
        self, owners: set[Location], traced: list[Root]
    ) -> tuple[set[Location], dict[Root, set[Instance]]]:
        """Find every schema that describes the member, from those selected.

        Whatever describes it for the same part of a body does, and what describes it in
        the accepted answers to that body; a component takes all its users along.
        """
        while True:
            concerned = {root: root.instances(owners) for root in traced}
            for body in (root for root in traced if not root.status):
                for answer in (root for root in traced if root.echoes(body)):
                    concerned[answer] |= concerned[body]
            found = {
                place
                for root in traced
                for place in root.about(concerned[root])
                if self.old in _members(at(self.base, place))
            }
            if found <= owners:
                return owners, concerned
            owners = owners | found

    def _check_shared(
        self,
        edited: set[Location],
        traced: list[Root],
        concerned: dict[Root, set[Instance]],
    ) -> None:
        """See to it that no schema is changed that is about something else as well."""
        for place in edited:
            if not self._is_named(at(self.base, place)):
                continue
            for root in traced:
                if root.schemas.get(place, set()) - concerned[root]:
                    raise SpecError(
                        f"{self.where}: #{pointer(place)} is shared with others that"
                        f" have a {self.old}",
                        hint="select those members too, to be renamed together",
                    )

    def _is_named(self, node: dict[str, Json]) -> bool:
        changed = dict(node)
        self._in_schema(changed, ())
        return changed != node

    def _in_schema(self, node: dict[str, Json], place: Location) -> None:
        """Rename the member in all keywords of a schema that name members."""
        if self.new in _members(node) and self.old in _members(node):
            raise SpecError(
                f"{self.where}: #{pointer(place)} has a member {self.new} already",
                hint="take another name, or remove that one first",
            )
        for keyword in ("properties", "dependentSchemas"):
            if isinstance(node.get(keyword), dict):
                node[keyword] = _keys(node[keyword], self._name)
        if isinstance(node.get("required"), list):
            node["required"] = sorted(node["required"], key=lambda n: n == self.old)
            node["required"] = [self._name(name) for name in node["required"]]
        if isinstance(node.get("dependentRequired"), dict):
            node["dependentRequired"] = {
                self._name(name): [self._name(each) for each in needed]
                for name, needed in node["dependentRequired"].items()
            }

    def _name(self, name: str) -> str:
        return self.new if name == self.old else name

    def _in_values(self, root: Root, instances: set[Instance]) -> None:
        """Rename the member in the defaults and examples around it."""
        for instance in instances:
            for place in root.examples:
                self._in_value(at(self.base, place), instance)
            for place, applied in root.schemas.items():
                for start in applied:
                    if instance[: len(start)] == start:
                        for value in _values(at(self.base, place)):
                            self._in_value(value, instance[len(start) :])

    def _in_value(self, value: Json, way: Instance) -> None:
        if isinstance(value, list):
            for item in value if way[:1] == (ITEM,) else ():
                self._in_value(item, way[1:])
        elif isinstance(value, dict) and not way:
            changed = _keys(value, self._name)
            value.clear()
            value.update(changed)
        elif isinstance(value, dict):
            below = value.values() if way[0] == ITEM else [value.get(way[0])]
            for child in below:
                self._in_value(child, way[1:])

    def _in_links(
        self, traced: list[Root], concerned: dict[Root, set[Instance]]
    ) -> None:
        """Let the links that point at the member follow it."""

        def about(operation: str, status: str = "2") -> set[Instance]:
            here = [
                concerned[root]
                for root in traced
                if root.operation == operation and root.status.startswith(status)
            ]
            return set().union(*here) if status else set()

        for operation, status, link in _links(self.base):
            given = link.get("parameters")
            named = given if isinstance(given, dict) else {}
            for name, value in named.items():
                match = _EXPRESSION.fullmatch(str(value))
                if match:
                    way = self._way(match[2], about(operation, status))
                    named[name] = match[1] + way
            for name in _POINTERS:
                if isinstance(link.get(name), str):
                    there = about(str(link.get("operationId")))
                    link[name] = self._way(link[name], there)

    def _way(self, text: str, instances: set[Instance]) -> str:
        """Rename the member in a pointer into an answer."""
        way = list(steps(text))
        for index, step in enumerate(way):
            around = tuple(ITEM if each.isdecimal() else each for each in way[:index])
            # Inside each item of a list, a pointer begins at the item.
            if step == self.old and around in instances:
                way[index] = self.new
        return pointer(tuple(way)) if text.startswith("/") else text

    def _moved(self, owners: set[Location]) -> dict[str, str]:
        return {
            _place(*place, "properties", self.old): _place(
                *place, "properties", self.new
            )
            for place in sorted(owners, key=len, reverse=True)
        }


def _links(base: dict[str, Json]) -> Iterator[tuple[str, str, dict[str, Json]]]:
    """Yield each link once, with its operation and the status it is found under."""
    seen: set[int] = set()
    for route in routes(base):
        for status, place in responses(base, route):
            links = value_at(base, place).get("links", {})
            for each in links.values() if isinstance(links, dict) else ():
                link, _ = resolve(base, each, place)
                if isinstance(link, dict) and id(link) not in seen:
                    seen.add(id(link))
                    yield route.id, status, link


def _members(node: Json) -> dict[str, Json]:
    found = node.get("properties") if isinstance(node, dict) else None
    return found if isinstance(found, dict) else {}


def _values(node: dict[str, Json]) -> Iterator[Json]:
    """Yield the values that a schema itself shows."""
    yield from (node[name] for name in ("default", "example", "const") if name in node)
    for name in ("examples", "enum"):
        listed = node.get(name)
        yield from listed if isinstance(listed, list) else ()


def _keys(node: dict[str, _Value], name_of: Callable[[str], str]) -> dict[str, _Value]:
    """Rename keys; what is renamed then stands last, as what is added does."""
    kept = {name: value for name, value in node.items() if name_of(name) == name}
    return kept | {
        name_of(name): value for name, value in node.items() if name not in kept
    }


def _place(*location: str | int) -> str:
    return f"#{pointer(location)}"


def _repointed(value: Json, moved: dict[str, str]) -> Json:
    """Let references follow what was moved."""
    if isinstance(value, list):
        return [_repointed(child, moved) for child in value]
    if not isinstance(value, dict):
        return value
    changed = {name: _repointed(child, moved) for name, child in value.items()}
    if isinstance(changed.get("$ref"), str):
        for old, new in moved.items():
            given = unquote(changed["$ref"])
            if given == old or given.startswith(f"{old}/"):
                changed["$ref"] = new + given[len(old) :]
    return changed
