"""Operations: method, path, headers, credentials and the place of the body's schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from ringspec.spec.document import Node, follow, resolve
from ringspec.spec.errors import (
    SpecError,
    UsageError,
    check_named,
    did_you_mean,
    nearest,
    spec_error,
)
from ringspec.spec.parameters import Parameter, Wire, read_parameters, shown
from ringspec.spec.reading import mapping
from ringspec.spec.schemas import VOCABULARY
from ringspec.spec.security import Security, security_of
from ringspec.spec.values import Json, known_of, steps

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# Their bodies have no meaning. Source: RFC 9110, 9.3.
_BODILESS = frozenset({"get", "head", "delete", "options", "trace"})
# Fields that decide what is sent and expected, by the object that has them.
_FIELDS: dict[str, list[str]] = VOCABULARY["fields"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation."""

    id: str
    method: str
    path: str  # relative to the server URL, without placeholders
    media_type: str
    examples: tuple[Json, ...]  # of whole bodies
    media_types: tuple[str, ...]  # all that the body may have, ranges included
    schema_place: str  # JSON pointer of the body's schema; empty if it takes none
    place: str
    headers: tuple[Parameter, ...]
    wire: Wire  # how its parameters are written and read
    node: Json  # the operation's own node in the document
    security: Security
    methods: tuple[str, ...]  # all that its path has, in lower case
    needs_body: bool  # whether a request has to have one

    @property
    def effect(self) -> str:
        """What it may do outside its server, after `may`."""
        return str(self.node.get("x-effect") or "have effects that nobody can undo")

    def admits(self, media: str) -> bool:
        """Return whether the body may be of a media type, in lower case."""
        kinds = map(media_name, self.media_types)
        return any(fnmatchcase(media.strip(), kind) for kind in kinds)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Endpoint:
    """A method of a path, whether or not it can be fired."""

    method: str
    path: str
    item: Node  # the path's node, which may have other methods too
    node: Node
    id: str  # method and path, if the operation has none of its own

    def is_called(self, name: str) -> bool:
        """Return whether it is meant by an id, or by method and path."""
        method, _, path = name.partition(" ")
        return name == self.id or (method.lower(), path) == (self.method, self.path)


def endpoints(base: dict[str, Json]) -> list[Endpoint]:
    """List every method of every path, in the document's order."""
    return known_of(base, "endpoints", lambda: list(_endpoints(base)))


def _endpoints(base: dict[str, Json]) -> Iterator[Endpoint]:
    found = [
        (method, path, item, item.at(method))
        for path, item in Node(base, base).at("paths", {}).members()
        for method in METHODS
        if item.has(method)
    ]
    stated = [mapping(it.value, it.place).get("operationId") for *_, it in found]
    counts = Counter(map(str, stated))
    for (method, path, item, node), own in zip(found, stated, strict=True):
        # An id that others have too names none of them.
        is_one = own is not None and counts[str(own)] == 1
        name = str(own) if is_one else f"{method.upper()} {path}"
        yield Endpoint(method=method, path=path, item=item, node=node, id=name)


def leading(name: str, ids: Iterable[str]) -> str:
    """Return the operation that leads an id of a run of several; empty if none does."""
    led = (each for each in ids if name.startswith(f"{each}/"))
    return max(led, key=len, default="")


def choose(
    base: dict[str, Json], wanted: str | None, given: Mapping[str, Json]
) -> Operation:
    """Find the operation by its id; without one, the only POST with a JSON body.

    `given` has values of its parameters, by name, or by operation and name.
    """
    known = endpoints(base)
    if wanted is None:
        found = [it for it in known if it.method == "post" and json_body(it)]
    else:
        found = [each for each in known if each.is_called(wanted)][:1]
    root, one = Node(base, base), found[0] if len(found) == 1 else None
    items = [one.item] if one else [it for _, it in root.at("paths", {}).members()]
    for place, name, near in _misspelt(root, items, [one.method] if one else METHODS):
        raise SpecError(f"{place} has {name}", hint=f"did you mean {near}?")
    for place, name in _unsupported(one) if one else ():
        raise spec_error("unsupported", place=place, name=name)
    if one:
        own = {**given, **(own if isinstance(own := given.get(one.id), dict) else {})}
        return _operation(one, own)
    mapping(base.get("paths"), "#/paths")
    ids = ", ".join(each.id for each in known) or "none"
    what = f"operation {wanted!r}" if wanted else "only POST with a JSON body"
    near = did_you_mean(wanted or "", [each.id for each in known])
    raise UsageError(
        f"the contract has no {what}" if not found else f"there is no one {what}",
        hint=f"{near}--operation takes one of: {ids}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which operations of a document are meant: those named, or all but some."""

    operations: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()  # of which each has one at least, if any are given

    def of(self, base: dict[str, Json]) -> list[str]:
        """List the ids of those in a document, in its order.

        Raises:
            UsageError: a name or a tag is none, or nothing is left.
        """
        known = endpoints(base)
        for name in (*self.operations, *self.excluded):
            if not any(each.is_called(name) for each in known):
                ids = [each.id for each in known]
                check_named("the contract has no operation", name, ids, "it has {}")
        tags = {each.id: each.node.value.get("tags", ()) for each in known}
        for tag in self.tags:
            listed = sorted({it for found in tags.values() for it in found})
            check_named("no operation has the tag", tag, listed)

        def has(each: Endpoint, names: tuple[str, ...]) -> bool:
            return any(map(each.is_called, names))

        found = [
            each.id
            for each in known
            if (not self.operations or has(each, self.operations))
            and not has(each, self.excluded)
            and (not self.tags or {*self.tags} & {*tags[each.id]})
        ]
        if not found:
            hint = "see --operation, --exclude-operation and --tag"
            raise UsageError("no operation is left to be tested", hint=hint)
        return found


def _misspelt(
    root: Node, items: list[Node], methods: Iterable[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield fields that are probably misspelt: place, name and the one meant."""
    looked = [(root, "document"), *((each, "path") for each in items)]
    for item in items:
        for node in (item.at(each) for each in methods if item.has(each)):
            body = node.at("requestBody", {})
            looked += [(node, "operation"), (body, "body")]
            looked += [(it, "media") for _, it in body.at("content", {}).members()]
            looked += [(it, "parameter") for it in node.at("parameters", []).items()]
            responses = node.at("responses", {}).members()
            looked += [(each, "response") for _, each in responses]
    for node, kind in looked:
        for name in mapping(node.value, node.place):
            near = nearest(name, _FIELDS[kind], cutoff=0.75)
            if near and name not in _FIELDS[kind] and not name.startswith("x-"):
                yield node.place, name, near[0]


def _unsupported(one: Endpoint) -> Iterator[tuple[str, str]]:
    """Yield what OpenAPI 3.2 has and nothing here does: place and name."""
    if one.item.has("additionalOperations"):
        yield one.item.place, "additionalOperations"
    for holder in (one.item, one.node):
        for each in holder.at("parameters", []).items():
            if each.at("in").value == "querystring":
                yield each.place, "in: querystring"
    responses = one.node.at("responses", {}).members()
    for holder in (one.node.at("requestBody", {}), *(it for _, it in responses)):
        content = holder.at("content", {})
        if not any(media.has("schema") for _, media in json_types(content)):
            media = (it for _, it in content.members() if it.has("itemSchema"))
            yield from ((each.place, "itemSchema") for each in media)


def json_types(content: Node) -> list[tuple[str, Node]]:
    """List the media types of a content that are JSON by their names, best first.

    Ranges are among them. Source: RFC 6839, 3.1; RFC 9110, 12.5.1.
    """
    ranked = [(_rank(name), name, media) for name, media in content.members()]
    best = sorted((each for each in ranked if each[0]), key=lambda each: each[0])
    return [(name, media) for _, name, media in best]


def media_name(label: str) -> str:
    """Return a media type without parameters, in lower case."""
    return label.partition(";")[0].strip().lower()


def is_json(media: str) -> bool:
    """Return whether a media type is JSON by its name."""
    return _rank(media) in {1, 2}


def _rank(media: str) -> int:
    """Rank a media type among those that are JSON; 0 if it is not."""
    name = media_name(media)
    if name == "application/json":
        return 1
    if "*" in name:
        return 3 * (name in {"*/*", "application/*", "application/*+json"})
    return 2 * (name == "text/json" or name.endswith("+json"))


def concrete(media: str) -> str:
    """Return a media type that a range admits; any other as it is."""
    if "*" not in media:
        return media
    return "application/json" if media.endswith("/*") else media.replace("*", "x")


def json_body(endpoint: Endpoint) -> str:
    """Return the place of the schema of an operation's JSON body; empty without one."""
    body = endpoint.node.at("requestBody", {})
    if endpoint.method in _BODILESS and body.value.get("required") is not True:
        return ""
    content = body.at("content", {})
    places = (m.place for _, m in json_types(content) if m.has("schema"))
    return next((f"{place}/schema" for place in places), "")


def _operation(endpoint: Endpoint, given: Mapping[str, Json]) -> Operation:
    node, schema = endpoint.node, json_body(endpoint)
    security = security_of(node)
    # What carries a token is no parameter beside that.
    tokens = {(it.where, it.name.lower()) for it in (*security.places, *security.spare)}
    parameters = [
        each
        for each in read_parameters(endpoint.path, (endpoint.item, node), given)
        if (each.where, each.name.lower()) not in tokens
    ]
    headers = [each for each in parameters if each.where == "header"]
    # As if no value was varied.
    fixed = tuple(replace(each, takes_part=False) for each in parameters)
    path, sent = Wire(endpoint.path, fixed, {}).written({})
    cookies = (each for each in parameters if each.required and each.where == "cookie")
    for each in list(cookies)[:1]:
        value = dict(sent)["Cookie"]
        headers.append(replace(each, name="Cookie", where="header", value=value))
    body = node.at("requestBody", {})
    content = body.at("content", {})
    if not schema and body.value.get("required") is True and content.value:
        fault = f"{body.place}: the body is {' or '.join(content.value)}"
        raise SpecError(fault, hint="only bodies of JSON are tested")
    chosen = steps(schema)[-2] if schema else ""
    names = {"path", "query", "header", "cookie"}
    taken = set(_members_at(node, schema)) if schema else set[str]()
    return Operation(
        id=endpoint.id,
        method=endpoint.method,
        path=path,
        media_type=concrete(chosen),
        examples=tuple(shown(content.at(chosen))) if schema else (),
        media_types=tuple(content.value) if schema else (),
        schema_place=schema,
        place=node.place,
        headers=tuple(headers),
        wire=Wire(
            endpoint.path,
            tuple(parameters),
            {it: f"{it}-parameters" if it in taken else it for it in sorted(names)},
        ),
        node=node.value,
        security=security,
        methods=tuple(name for name in METHODS if endpoint.item.has(name)),
        needs_body=bool(schema) and body.value.get("required") is True,
    )


def _members_at(node: Node, schema: str) -> Json:
    found, _ = resolve(node.document, follow(node.document, schema), schema)
    return found.get("properties", {}) if isinstance(found, dict) else {}
