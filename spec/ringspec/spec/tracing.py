"""Tracing: which schemas of a document speak of which part of a body.

In: an OpenAPI document. Out: for every body and every answer its **root**: where each
schema stands that is about it, and the instance paths at which that schema applies;
also where whole examples of it stand. References are followed, conditions and choices
are gone into: whatever names a member of a part is found by the part's path.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ringspec.spec.assertions import ITEM
from ringspec.spec.document import MANY, NAMED, ONE, escape, resolve
from ringspec.spec.operations import Route, json_body, routes
from ringspec.spec.reading import mapping
from ringspec.spec.values import Json, Location, at, steps

Instance = tuple[str, ...]

# Below these the value is another one: a member that nothing names, or an item.
_OTHER = frozenset(
    {
        *("patternProperties", "additionalProperties", "unevaluatedProperties"),
        *("items", "prefixItems", "contains", "unevaluatedItems"),
    }
)
# About names, or about nothing where it stands.
_ASIDE = frozenset({"propertyNames", "$defs"})


@dataclass(frozen=True, slots=True, eq=False)
class Root:
    """One body, or one answer, of one operation.

    Attributes:
        status: of an answer; empty for a body.
        schemas: instance paths by the place of each schema.
        examples: places of whole values.
    """

    operation: str
    status: str
    schemas: dict[Location, set[Instance]] = field(default_factory=dict)
    examples: list[Location] = field(default_factory=list)

    def echoes(self, body: Root) -> bool:
        """Tell whether it answers a body, and shows what was taken in."""
        return self.operation == body.operation and self.status.startswith("2")

    def instances(self, places: set[Location]) -> set[Instance]:
        """Return where in this root schemas of some places apply."""
        found = (self.schemas[place] for place in places if place in self.schemas)
        return {instance for each in found for instance in each}

    def about(self, instances: set[Instance]) -> set[Location]:
        """Return the places of the schemas that apply at any of some instances."""
        return {place for place, found in self.schemas.items() if found & instances}


def roots(document: dict[str, Json]) -> list[Root]:
    """Trace every JSON body and every JSON answer of a document."""
    found: list[Root] = []
    for route in routes(document):
        body = json_body(document, route)
        if body is not None:
            media = body.schema_place.rsplit("/", 1)[0]
            found.append(_root(document, (route.id, ""), media))
        for status, media in _answers(document, route):
            found.append(_root(document, (route.id, status), media))
    return found


def responses(document: dict[str, Json], route: Route) -> Iterator[tuple[str, str]]:
    """Yield the status of each response of an operation, and its place."""
    start = f"{route.place}/responses"
    for status, given in mapping(route.node.get("responses", {}), start).items():
        yield status, resolve(document, given, f"{start}/{escape(status)}")[1]


def _answers(document: dict[str, Json], route: Route) -> Iterator[tuple[str, str]]:
    for status, place in responses(document, route):
        response = mapping(value_at(document, place), place)
        content = mapping(response.get("content", {}), f"{place}/content")
        for media, node in content.items():
            if "json" in media.lower() and isinstance(node, dict) and "schema" in node:
                yield status, f"{place}/content/{escape(media)}"


def _root(document: Json, named: tuple[str, str], media: str) -> Root:
    root = Root(*named)
    place = located(document, media)
    _trace(document, (*place, "schema"), (), root, frozenset())
    node = value_at(document, media)
    root.examples.extend(_examples(node, place))
    return root


def _examples(node: dict[str, Json], place: Location) -> Iterator[Location]:
    if "example" in node:
        yield (*place, "example")
    named = node.get("examples")
    for name, each in named.items() if isinstance(named, dict) else ():
        if isinstance(each, dict) and "value" in each:
            yield (*place, "examples", name, "value")


def _trace(
    document: Json,
    place: Location,
    instance: Instance,
    root: Root,
    inside: frozenset[Location],
) -> None:
    """Note a schema and all below it; one that contains itself is noted once."""
    node = at(document, place)
    if not isinstance(node, dict) or place in inside:
        return
    inside |= {place}
    root.schemas.setdefault(place, set()).add(instance)
    if isinstance(node.get("$ref"), str):
        _, target = resolve(document, node, "#")
        _trace(document, located(document, target), instance, root, inside)
    for steps_, below in _below(node):
        _trace(document, (*place, *steps_), (*instance, *below), root, inside)


def _below(node: dict[str, Json]) -> Iterator[tuple[Location, Instance]]:
    """Yield the steps to each schema below one, and where in its value they lead."""
    for keyword, value in node.items():
        if keyword in _ASIDE:
            continue
        deeper: Instance = (ITEM,) if keyword in _OTHER else ()
        if keyword in ONE:
            yield (keyword,), deeper
        elif keyword in MANY and isinstance(value, list):
            yield from (((keyword, index), deeper) for index in range(len(value)))
        elif keyword in NAMED and isinstance(value, dict):
            named = keyword == "properties"
            for name in value:
                yield (keyword, name), ((name,) if named else deeper)


def value_at(document: Json, place: str) -> Json:
    """Return what stands at a pointer that has been resolved."""
    return at(document, located(document, place))


def located(document: Json, place: str) -> Location:
    """Write a pointer as a location: of a list, the index is a number."""
    found: list[str | int] = []
    for step in steps(place):
        key = int(step) if isinstance(document, list) else step
        document = document[key]
        found.append(key)
    return tuple(found)
