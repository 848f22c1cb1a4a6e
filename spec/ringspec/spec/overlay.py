"""Overlays: the actions that adapt the contract to a provider's spelling.

Source: OpenAPI Overlay Specification 1.0.0 and 1.1.0, without the `copy` of 1.1;
targets are RFC 9535 JSONPath, and have to match something. Of extensions, which may
stand anywhere, ours are `x-rules` at the top (`rules.py`), and `x-rename` in an action:
another name for a member or a path in all its places.

* A member, where a schema describes it (`….properties.NAME`), is renamed in every
  schema that speaks of the same object, those in conditions and choices included, in
  defaults and examples, and in the accepted answers to such a body. `x-member` keeps
  the canonical name, so that the ids of rules stay the same.
* A path (`$.paths['/…']`) takes along the paths that lie below it.

A renamed member then stands last among its siblings, as an added one does: plain
actions of the same effect give the same contract, and the same cases, to the byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ringspec.spec import reading
from ringspec.spec.answers import RESOURCE
from ringspec.spec.document import Node, resolve
from ringspec.spec.errors import SpecError, spec_error
from ringspec.spec.operations import endpoints, json_body, json_types
from ringspec.spec.reading import check_form, short
from ringspec.spec.schemas import ITEM, Subschema, subschemas
from ringspec.spec.values import (
    Json,
    Location,
    at,
    at_path,
    escape,
    kind_of,
    pointer,
    steps,
    unshared,
)
from ringspec.spec.values import Path as Steps

SHIPPED = Path(__file__).parent / "dialects"
RENAME = "x-rename"
_EXPRESSION = re.compile(r"(\$response\.body#)(/.*)")
# Our pointers in links: into the answers of the linked operation.
_POINTERS = ("x-state", "x-items", "x-total", "x-next")
_HINT = "select `….properties.NAME` of a schema, or `$.paths['/…']`"


@dataclass(frozen=True, slots=True)
class Overlay:
    """A dialect: an overlay, its name, and its name in messages."""

    name: str
    origin: str
    content: dict[str, Json]


def dialect_names() -> list[str]:
    """List the dialects that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def load(name_or_file: str, contract: Path | None = None) -> Overlay:
    """Read an overlay, a shipped one by its name, and check its form.

    If it names a contract that it extends, that is compared by its file name, since
    installed contracts lie anywhere.
    """
    path = reading.find("dialect", name_or_file, SHIPPED)
    content = reading.read(path)
    check_form(content, "overlay", f"{path}: #")
    extends = content.get("extends")
    if contract is not None and extends is not None:
        named = Path(unquote(urlsplit(extends).path))
        if named.name != contract.name:
            fault = f"{path}: extends {extends!r} is not the contract, {contract.name}"
            hint = "leave `extends` out, or name the contract that it adapts"
            raise SpecError(fault, hint=hint)
    return Overlay(path.stem, path.name, content)


def apply(base: Json, overlay: Overlay) -> Json:
    """Return a document as the overlay's actions leave it."""
    base = unshared(base)
    # To 1.0 an array takes one entry, whatever it is; to 1.1 it is joined with one.
    joins = not str(overlay.content.get("overlay")).startswith("1.0.")
    for index, action in enumerate(overlay.content["actions"]):
        where = f"{overlay.origin}: action {index} ({action['target']})"
        locations = _matches(base, action["target"], where)
        if RENAME in action:
            base = rename(base, locations, action[RENAME], where)
            continue
        for location in locations:
            if action.get("remove"):
                if not location:
                    raise spec_error("removes-all", where=where)
                del at(base, location[:-1])[location[-1]]
                continue
            target, update = at(base, location), unshared(action["update"])
            if isinstance(target, list) and not (joins and isinstance(update, list)):
                update = [update]
            merged = _merged(target, update, where)
            if location:
                at(base, location[:-1])[location[-1]] = merged
            else:
                base = merged
    return base


def _matches(base: Json, target: str, where: str) -> list[Location]:
    import jsonpath  # noqa: PLC0415 - slow to import, and only dialects need it

    try:
        environment = jsonpath.JSONPathEnvironment(strict=True)
        found = {match.parts for match in environment.finditer(target, base)}
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise spec_error("no-jsonpath", where=where, why=error) from error
    if not found:
        raise spec_error("no-match", where=where)
    # Last first, so that removing an item does not move the others.
    return sorted(found, key=lambda place: [f"{s:0>9}" for s in place], reverse=True)


def _merged(target: Json, update: Json, where: str, below: Location = ()) -> Json:
    if isinstance(target, dict) and isinstance(update, dict):
        return target | {
            name: _merged(target[name], value, where, (*below, name))
            if name in target
            else value
            for name, value in update.items()
        }
    if isinstance(target, list) and isinstance(update, list):
        return [*target, *update]
    if not isinstance(target, (dict, list)) and not isinstance(update, (dict, list)):
        return update
    kinds = {"object": "an object", "array": "an array"}
    sort = kinds.get(kind_of(target), "a primitive")
    place = f" at {pointer(below)}" if below else ""
    raise SpecError(
        f"{where} updates {sort} with {short(update)}{place}",
        hint=f"{short(target)} stands there; remove it first if it is to be replaced",
    )


def rename(base: Json, places: list[Location], new: str, where: str) -> Json:
    """Rename the nodes at some places."""
    olds = {str(place[-1]) for place in places if place}
    are_paths = all(len(place) == 2 and place[0] == "paths" for place in places)
    fault, hint = "", _HINT
    if new in olds:
        fault, hint = f"renames {new} to itself", "it is called so already"
    elif are_paths:
        for place in places:
            base = _move(base, str(place[1]), new, where)
        return base
    elif not all(len(place) > 1 and place[-2] == "properties" for place in places):
        fault = "selects neither a member of a schema nor a path"
    elif len(olds) > 1:
        fault, hint = f"selects {' and '.join(sorted(olds))}", "rename one by one"
    if fault:
        raise SpecError(f"{where} {fault}", hint=hint)
    (old,) = olds
    owners = {tuple(map(str, place[:-2])) for place in places}
    for owner in owners:
        members = at_path(base, owner)["properties"]
        if isinstance(members[old], bool):
            members[old] = {} if members[old] else {"not": {}}
        if not isinstance(members[old], dict):
            fault = f"{where} selects {short(members[old])}, no schema"
            raise SpecError(fault, hint=_HINT)
        members[old].setdefault("x-member", old)
    return _Renaming(base, old, new, where, owners).done()


def _move(base: Json, old: str, new: str, where: str) -> Json:
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
    base["paths"] = _renamed(base["paths"], moved)
    return _repointed(
        base, {f"#/paths/{escape(a)}": f"#/paths/{escape(b)}" for a, b in moved.items()}
    )


class _Content:
    """One JSON body, of an empty status, or one JSON answer, of one operation."""

    def __init__(self, base: Json, operation: str, status: str, media: str) -> None:
        self.operation, self.status = operation, status
        self.resource: Steps = ()  # instance path, in an answer, of what was created
        # By the path of each schema about it, references followed, conditions and
        # choices gone into, the instance paths at which that schema applies.
        self.schemas: dict[Steps, set[Steps]] = {}
        self.named: set[Steps] = set()  # objects whose member is to be renamed
        node = at_path(base, steps(media))
        # Defaults and examples, each with its instance path.
        self.shown: list[tuple[Json, Steps]] = [(each, ()) for each in _shown(node)]
        self._trace(base, (*steps(media), "schema"), (), ())

    def _trace(self, base: Json, path: Steps, instance: Steps, inside: Steps) -> None:
        """Note a schema and all below it, a recursive one once."""
        node, place = at_path(base, path), pointer(path)
        if not isinstance(node, dict) or place in inside:
            return
        inside = (*inside, place)
        self.schemas.setdefault(path, set()).add(instance)
        self.shown += [(value, instance) for value in _shown(node)]
        if isinstance(node.get("$ref"), str):
            self._trace(base, steps(resolve(base, node, "#")[1]), instance, inside)
        for each in subschemas(Subschema(node)):
            if each.keyword != "propertyNames":
                below = (ITEM,) if each.keyword == "prefixItems" else each.instance
                self._trace(base, (*path, *each.path), (*instance, *below), inside)

    def about(self) -> set[Steps]:
        """Return the paths of the schemas about the objects in `named`."""
        return {path for path, found in self.schemas.items() if found & self.named}


def _shown(node: dict[str, Json]) -> Iterator[Json]:
    """Yield the defaults and examples of a schema or of a media type."""
    yield from map(node.get, ("default", "example", "const"))
    for listed in map(node.get, ("examples", "enum")):
        if isinstance(listed, dict):
            named = (each for each in listed.values() if isinstance(each, dict))
            yield from (each.get("value") for each in named)
        yield from listed if isinstance(listed, list) else ()


def _contents(base: dict[str, Json]) -> Iterator[_Content]:
    for endpoint in endpoints(base):
        if schema := json_body(endpoint):
            yield _Content(base, endpoint.id, "", schema.removesuffix("/schema"))
        for status, response in endpoint.node.at("responses", {}).members():
            for _, media in json_types(response.at("content", {})):
                if media.has("schema"):
                    content = _Content(base, endpoint.id, status, media.place)
                    content.resource = steps(str(response.value.get(RESOURCE, "")))
                    yield content


class _Renaming:
    """One member to be renamed.

    Everything is found before anything is changed. Every schema is concerned that
    describes the member for the same part of a body as one that is selected, or in the
    accepted answers to that body; a component takes all its users along.
    """

    def __init__(
        self, base: dict[str, Json], old: str, new: str, where: str, owners: set[Steps]
    ) -> None:
        self._base, self._old, self._new, self._where = base, old, new, where
        self._names = {old: new}
        self._contents = list(_contents(base))
        # Paths of the schemas that describe the member.
        self._owners: set[Steps] = set()
        while owners - self._owners:
            self._owners |= owners
            owners = self._spread()

    def _spread(self) -> set[Steps]:
        """Find the objects that the owners describe, and all their schemas."""
        for content in self._contents:
            listed = (content.schemas.get(path, set()) for path in self._owners)
            content.named = set().union(*listed)
        for body in self._contents:
            for answer in self._contents:
                same = answer.operation == body.operation
                if same and not body.status and answer.status.startswith("2"):
                    answer.named |= {(*answer.resource, *it) for it in body.named}
        return {
            path
            for content in self._contents
            for path in content.about()
            if self._old in _members(at_path(self._base, path))
        }

    def done(self) -> Json:
        """Rename the member in all its places; return the document."""
        edited = self._owners.union(*(each.about() for each in self._contents))
        for path in edited:
            self._check_shared(path)
        for content in self._contents:
            for value, start in content.shown:
                for instance in content.named:
                    if instance[: len(start)] == start:
                        self._in_value(value, instance[len(start) :])
        for endpoint in endpoints(self._base):
            for status, response in endpoint.node.at("responses", {}).members():
                self._in_links(endpoint.id, status, response.at("links", {}))
        moved = {}
        # The innermost first: paths are of names.
        for path in sorted(edited, key=len, reverse=True):
            self._in_schema(at_path(self._base, path), path)
            if path in self._owners:
                place = f"#{pointer(path)}/properties/"
                moved[place + escape(self._old)] = place + escape(self._new)
        return _repointed(self._base, moved)

    def _check_shared(self, path: Steps) -> None:
        """Refuse to change a schema that other users share."""
        node = at_path(self._base, path)
        changed = dict(node)
        self._in_schema(changed, ())
        shared = any(
            each.schemas.get(path, set()) - each.named for each in self._contents
        )
        if shared and changed != node:
            fault = f"{self._where}: #{pointer(path)} is shared with others that have a"
            hint = "select those members too, to be renamed together"
            raise SpecError(f"{fault} {self._old}", hint=hint)

    def _in_schema(self, node: dict[str, Json], path: Steps) -> None:
        if self._new in _members(node) and self._old in _members(node):
            fault = f"{self._where}: #{pointer(path)} has a member {self._new} already"
            raise SpecError(fault, hint="take another name, or remove that one first")
        for keyword in ("properties", "dependentSchemas"):
            if isinstance(node.get(keyword), dict):
                node[keyword] = _renamed(node[keyword], self._names)
        if isinstance(node.get("required"), list):
            listed = sorted(node["required"], key=lambda name: name == self._old)
            node["required"] = [self._names.get(name, name) for name in listed]
        if isinstance(node.get("dependentRequired"), dict):
            new = self._names
            node["dependentRequired"] = {
                new.get(name, name): [new.get(each, each) for each in needed]
                for name, needed in node["dependentRequired"].items()
            }

    def _in_value(self, value: Json, path: Steps) -> None:
        if isinstance(value, list):
            for item in value if path[:1] == (ITEM,) else ():
                self._in_value(item, path[1:])
        elif isinstance(value, dict) and not path:
            changed = _renamed(value, self._names)
            value.clear()
            value.update(changed)
        elif isinstance(value, dict):
            below = value.values() if path[0] == ITEM else [value.get(path[0])]
            for child in below:
                self._in_value(child, path[1:])

    def _in_links(self, operation: str, status: str, links: Node) -> None:
        for link in (each.value for _, each in links.members()):
            given = link.get("parameters")
            named = given if isinstance(given, dict) else {}
            for name, value in named.items():
                if match := _EXPRESSION.fullmatch(str(value)):
                    named[name] = match[1] + self._pointer(match[2], operation, status)
            for name in _POINTERS:
                if isinstance(link.get(name), str):
                    linked = str(link.get("operationId"))
                    link[name] = self._pointer(link[name], linked, "2")

    def _pointer(self, text: str, operation: str, status: str) -> str:
        """Rename the member in a pointer into an operation's answers of a status."""
        contents = (each for each in self._contents if each.operation == operation)
        answers = (each.named for each in contents if each.status.startswith(status))
        named = set().union(*answers)
        path = list(steps(text))
        for index, step in enumerate(path):
            around = tuple(ITEM if each.isdecimal() else each for each in path[:index])
            # Inside each item of a list, a pointer begins at the item.
            if step == self._old and around in named:
                path[index] = self._new
        return pointer(tuple(path)) if text.startswith("/") else text


def _members(node: Json) -> dict[str, Json]:
    found = node.get("properties") if isinstance(node, dict) else None
    return found if isinstance(found, dict) else {}


def _renamed(node: dict[str, Json], names: dict[str, str]) -> dict[str, Json]:
    """Return an object with other names; members that have one stand last."""
    kept = {name: value for name, value in node.items() if name not in names}
    return kept | {names[name]: node[name] for name in node if name in names}


def _repointed(value: Json, moved: dict[str, str]) -> Json:
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
