"""Operations: method, path, headers, credentials and the place of the body's schema."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from ringspec.spec.document import Node, check, inline
from ringspec.spec.errors import SpecError, UsageError, did_you_mean, nearest
from ringspec.spec.plain import STYLES, fitting, settled, styled
from ringspec.spec.reading import mapping
from ringspec.spec.rules import GROUPS, Catalogue, RuleId
from ringspec.spec.schemas import VOCABULARY
from ringspec.spec.values import Json, steps

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# OpenAPI 3.1, Parameter Object: parameters of these names are ignored.
_RESERVED = frozenset({"accept", "content-type", "authorization"})
# Fields that decide what is sent and expected, by the object that has them.
_FIELDS: dict[str, list[str]] = VOCABULARY["fields"]


@dataclass(frozen=True, slots=True)
class TokenHeader:
    """The header that carries the token.

    Attributes:
        scheme: word before the token; empty without one.
    """

    header: str
    scheme: str = ""

    def value(self, token: str) -> str:
        """Return the header's value with a token in it."""
        return f"{self.scheme} {token}".strip()


BEARER = TokenHeader("Authorization", "Bearer")
# What follows the word Basic is the token too. Source: RFC 7617, 2.
_SCHEMES = frozenset({"bearer", "basic"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter and the one value that sources settle.

    Attributes:
        where: `header`, `path`, `query` or `cookie`.
        value: as it is sent; None if no example, default or schema settles any. One
            that is required has any that fits.
    """

    name: str
    where: str
    place: str
    required: bool
    value: str | None

    @property
    def rule(self) -> RuleId:
        """Return the id of the rule that a header may be sent, or left out."""
        taken = self.name in GROUPS or self.name == "body"
        return RuleId(
            f"header.{self.name}.accepted" if taken else f"{self.name}.accepted"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation that takes a JSON body.

    Attributes:
        path: relative to the server URL, without placeholders.
        examples: of whole bodies.
        media_types: all that the body may have, ranges included.
        schema_place: JSON pointer of the body's schema.
        node: the operation's own node in the document.
        token_header: carries the credentials; None if none are needed.
        methods: all that its path has, in lower case.
        paths: of the whole document, with their placeholders.
        needs_body: whether a request has to have one.
    """

    id: str
    method: str
    path: str
    media_type: str
    examples: tuple[Json, ...]
    media_types: tuple[str, ...]
    schema_place: str
    place: str
    headers: tuple[Parameter, ...]
    node: Json
    token_header: TokenHeader | None
    methods: tuple[str, ...]
    paths: tuple[str, ...]
    needs_body: bool

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
    """A method of a path, whether or not it can be fired.

    Attributes:
        item: the path's node, which may have other methods too.
        id: method and path, if the operation has none of its own.
    """

    method: str
    path: str
    item: Node
    node: Node
    id: str

    def is_called(self, name: str) -> bool:
        """Return whether it is meant by an id, or by method and path."""
        method, _, path = name.partition(" ")
        return name == self.id or (method.lower(), path) == (self.method, self.path)


def endpoints(base: dict[str, Json]) -> Iterator[Endpoint]:
    """List every method of every path, in the document's order."""
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


def choose(base: dict[str, Json], wanted: str | None) -> Operation:
    """Find the operation by its id; without one, the only POST with a JSON body."""
    able = {each: json_body(each) for each in endpoints(base)}
    able = {each: schema for each, schema in able.items() if schema}
    found = [
        each
        for each in able
        if (each.method == "post" if wanted is None else each.is_called(wanted))
    ]
    root, one = Node(base, base), found[0] if len(found) == 1 else None
    items = [one.item] if one else [it for _, it in root.at("paths", {}).members()]
    for place, name, near in _misspelt(root, items, [one.method] if one else METHODS):
        raise SpecError(f"{place} has {name}", hint=f"did you mean {near}?")
    for place, name in _unsupported(one) if one else ():
        hint = "leave it out of a copy, or name another operation by --operation"
        raise SpecError(f"{place} has {name}, which is not supported", hint=hint)
    if one:
        return _operation(one, able[one])
    mapping(base.get("paths"), "#/paths")
    ids = ", ".join(each.id for each in able) or "none, no body is JSON"
    what = f"operation {wanted!r}" if wanted else "only POST with a JSON body"
    near = did_you_mean(wanted or "", [each.id for each in able])
    raise UsageError(
        f"the contract has no {what}" if not found else f"there is no one {what}",
        hint=f"{near}--operation takes one of: {ids}",
    )


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
    if not endpoint.node.has("requestBody"):
        return ""
    content = endpoint.node.at("requestBody").at("content", {})
    places = (m.place for _, m in json_types(content) if m.has("schema"))
    return next((f"{place}/schema" for place in places), "")


def _operation(endpoint: Endpoint, schema: str) -> Operation:
    node = endpoint.node
    parameters = _parameters(endpoint)
    headers = [each for each in parameters if each.where == "header"]
    needed = [each for each in parameters if each.required]
    query = [str(each.value) for each in needed if each.where == "query"]
    if cookies := [each for each in needed if each.where == "cookie"]:
        value = "; ".join(str(each.value) for each in cookies)
        headers.append(replace(cookies[0], name="Cookie", where="header", value=value))
    content = node.at("requestBody").at("content")
    chosen = steps(schema)[-2]
    return Operation(
        id=endpoint.id,
        method=endpoint.method,
        path=_filled(endpoint.path, parameters, query),
        media_type=concrete(chosen),
        examples=tuple(_shown(content.at(chosen))),
        media_types=tuple(content.value),
        schema_place=schema,
        place=node.place,
        headers=tuple(headers),
        node=node.value,
        token_header=token_header_of(node),
        methods=tuple(name for name in METHODS if endpoint.item.has(name)),
        paths=tuple(Node(node.document, node.document).at("paths").value),
        needs_body=node.at("requestBody").value.get("required") is True,
    )


def _shown(node: Node) -> Iterator[Json]:
    """Yield the examples of a parameter or of a media type."""
    if node.has("example"):
        yield node.value["example"]
    for _, each in node.at("examples", {}).members():
        yield from [each.value["value"]] if each.has("value") else ()


def _parameters(endpoint: Endpoint) -> list[Parameter]:
    found: dict[tuple[str, str], Node] = {}
    for holder in (endpoint.item, endpoint.node):
        for node in holder.at("parameters", []).items():
            name, where = node.at("name").text(), node.at("in").text()
            # Names of headers may be in any case.
            found[where, name.lower() if where == "header" else name] = node
    return [
        _parameter(node, where)
        for (where, name), node in found.items()
        if where != "header" or name not in _RESERVED
    ]


def _parameter(node: Node, where: str) -> Parameter:
    name = node.value["name"]
    is_required = where == "path" or bool(node.value.get("required"))
    media, holder = next(iter(node.at("content", {}).members()), ("", node))
    value = next((each for each in _shown(holder) if each is not None), None)
    if value is None and is_required:
        value = _fitting(holder, f"{where} parameter {name}")
    elif value is None:
        value = next(settled(holder.at("schema", {}).value), None)
    if is_json(media):
        value = json.dumps(value)
    # Source: OpenAPI 3.1, Parameter Object.
    style = node.value.get("style", "simple" if where in {"path", "header"} else "form")
    if value is not None and style not in STYLES:
        raise SpecError(
            f"{node.place}: there is no style {style!r}",
            hint=f"{did_you_mean(style, STYLES)}there are {', '.join(STYLES)}",
        )
    if value is not None:
        explode = bool(node.value.get("explode", style == "form"))
        value = styled(name, value, style, explode=explode, raw=where == "header")
    about = {"name": name, "where": where, "place": node.place}
    return Parameter(**about, required=is_required, value=value)


def _fitting(node: Node, what: str) -> Json:
    """Return a value that fits the schema of a parameter."""
    if not node.has("schema"):
        return "text"
    schema = inline(node.document, node.at("schema").place)
    check(schema, Catalogue({}))
    value = fitting(schema.schema)
    if value is None:
        raise SpecError(
            f"{node.place}: {what} is required, and no value that fits it is found",
            hint="give it an `example` to be sent",
        )
    return value


def _filled(path: str, parameters: list[Parameter], query: list[str]) -> str:
    """Put values for a path's placeholders, and for the queries it cannot lack."""
    known = {each.name: each.value for each in parameters if each.where == "path"}
    for name in re.findall(r"\{([^}]*)\}", path):
        if known.get(name) is None:
            raise SpecError(
                f"path {path} has {{{name}}}, and no parameter describes it",
                hint="describe it by a parameter `in: path` with an `example`",
            )
        path = path.replace(f"{{{name}}}", str(known[name]))
    return f"{path}?{'&'.join(query)}" if query else path


def token_header_of(node: Node) -> TokenHeader | None:
    """Return the header an operation's `security` asks for; None if it asks for none.

    Of several requirements, the first that can be met is taken.
    """
    root = Node(node.document, node.document)
    security = (node if node.has("security") else root).at("security", [])
    listed = security.items()
    # An empty requirement among them admits every client.
    if not listed or not all(each.value for each in listed):
        return None
    found = [_meeting(root, each) for each in listed]
    header = next(filter(None, found), None)
    if header is None:
        raise SpecError(
            f"{security.place} asks for credentials that cannot be sent",
            hint="a token (http bearer or basic, oauth2, openIdConnect), or an apiKey"
            " in a header, may be",
        )
    return header


def _meeting(root: Node, requirement: Node) -> TokenHeader | None:
    """Return the header that meets a requirement; None if it takes anything else."""
    names = list(mapping(requirement.value, requirement.place))
    if len(names) != 1:
        return None
    schemes = root.at("components", {}).at("securitySchemes", {})
    if not schemes.has(names[0]):
        raise SpecError(
            f"{requirement.place} names {names[0]!r}, which is no security scheme",
            hint=f"describe it in {schemes.place}",
        )
    scheme = schemes.at(names[0])
    match mapping(scheme.value, scheme.place):
        case {"type": "apiKey", "in": "header", "name": str(name)}:
            return TokenHeader(name)
        case {"type": "http", "scheme": str(name)} if name.lower() in _SCHEMES:
            return TokenHeader("Authorization", name.capitalize())
        case {"type": "oauth2" | "openIdConnect"}:
            return BEARER
    return None
