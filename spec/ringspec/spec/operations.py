"""Operations: method, path, headers, credentials and the place of the body's schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from ringspec.spec.document import Node
from ringspec.spec.errors import SpecError, UsageError
from ringspec.spec.reading import mapping
from ringspec.spec.rules import RuleId
from ringspec.spec.values import Json, steps

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# OpenAPI 3.1, Parameter Object: parameters of these names are ignored.
_RESERVED = frozenset({"accept", "content-type", "authorization"})


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter and the one value that sources settle.

    Attributes:
        where: `header`, `path`, `query` or `cookie`.
        value: None if no example, default or schema settles any.
    """

    name: str
    where: str
    place: str
    required: bool
    value: str | None

    @property
    def rule(self) -> RuleId:
        """Return the id of the rule that a header may be sent, or left out."""
        return RuleId(f"{self.name}.accepted")

    @property
    def needed(self) -> str:
        """Return the value to send; SpecError without one."""
        if self.value is not None:
            return self.value
        raise SpecError(
            f"{self.place}: {self.where} parameter {self.name}"
            " is required and has no example",
            hint="give it an `example` to be sent",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation that takes a JSON body.

    Attributes:
        path: relative to the server URL, without placeholders.
        schema_place: JSON pointer of the body's schema.
        node: the operation's own node in the document.
        token_header: carries the credentials; None if none are needed.
        methods: all that its path has, in lower case.
        paths: of the whole document, with their placeholders.
        takes: the media types of its bodies, in lower case.
        needs_body: whether a request has to have one.
    """

    id: str
    method: str
    path: str
    media_type: str
    schema_place: str
    place: str
    headers: tuple[Parameter, ...]
    node: Json
    token_header: TokenHeader | None
    methods: tuple[str, ...]
    paths: tuple[str, ...]
    takes: tuple[str, ...]
    needs_body: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Endpoint:
    """A method of a path, whether or not it can be fired.

    Attributes:
        item: the path's node, which may have other methods too.
    """

    method: str
    path: str
    item: Node
    node: Node

    @property
    def id(self) -> str:
        """Return the operation's id; without one, method and path."""
        return str(self.node.value.get("operationId", f"{self.method} {self.path}"))


def endpoints(base: dict[str, Json]) -> Iterator[Endpoint]:
    """List every method of every path, in the document's order."""
    for path, item in Node(base, base).at("paths").members():
        for method in METHODS:
            if item.has(method):
                node = item.at(method)
                mapping(node.value, node.place)
                yield Endpoint(method=method, path=path, item=item, node=node)


def choose(base: dict[str, Json], wanted: str | None) -> Operation:
    """Find the operation by its id; without one, the only POST with a JSON body."""
    able = {each: json_body(each) for each in endpoints(base)}
    able = {each: schema for each, schema in able.items() if schema}
    found = [
        each
        for each in able
        if (each.method == "post" if wanted is None else each.id == wanted)
    ]
    if len(found) == 1:
        return _operation(found[0], able[found[0]])
    ids = ", ".join(each.id for each in able) or "none, no body is JSON"
    what = f"operation {wanted!r}" if wanted else "only POST with a JSON body"
    raise UsageError(
        f"the contract has no {what}" if not found else f"there is no one {what}",
        hint=f"--operation takes one of: {ids}",
    )


def media_name(label: str) -> str:
    """Return a media type without parameters, in lower case."""
    return label.partition(";")[0].strip().lower()


def json_body(endpoint: Endpoint) -> str:
    """Return the place of the schema of an operation's JSON body; empty without one."""
    if not endpoint.node.has("requestBody"):
        return ""
    for name, media in endpoint.node.at("requestBody").at("content").members():
        if "json" in name.lower():
            return f"{media.place}/schema" if media.has("schema") else ""
    return ""


def _operation(endpoint: Endpoint, schema: str) -> Operation:
    node = endpoint.node
    parameters = _parameters(endpoint)
    return Operation(
        id=endpoint.id,
        method=endpoint.method,
        path=_filled(endpoint.path, parameters),
        media_type=steps(schema)[-2],
        schema_place=schema,
        place=node.place,
        headers=tuple(
            replace(each, value=each.needed) if each.required else each
            for each in parameters
            if each.where == "header" and each.name.lower() not in _RESERVED
        ),
        node=node.value,
        token_header=token_header_of(node),
        methods=tuple(name for name in METHODS if endpoint.item.has(name)),
        paths=tuple(Node(node.document, node.document).at("paths").value),
        takes=tuple(map(media_name, node.at("requestBody").at("content").value)),
        needs_body=node.at("requestBody").value.get("required") is True,
    )


def _parameters(endpoint: Endpoint) -> list[Parameter]:
    found: dict[tuple[str, str], Parameter] = {}
    for holder in (endpoint.item, endpoint.node):
        for node in holder.at("parameters", []).items():
            each = Parameter(
                name=node.at("name").text(),
                where=node.at("in").text(),
                place=node.place,
                required=bool(node.value.get("required")),
                value=_value(node),
            )
            found[each.where, each.name.lower()] = each
    return list(found.values())


def _value(node: Node) -> str | None:
    """Return the value that a parameter's examples or its schema settle."""
    schema = node.at("schema", {})
    schema = replace(schema, value={}) if isinstance(schema.value, bool) else schema
    settled = schema.at("x-settled").value
    known = (
        (node.value, "example"),
        *((each.value, "value") for _, each in node.at("examples", {}).members()),
        (settled if isinstance(settled, dict) else {}, "const"),
        *((schema.value, name) for name in ("const", "default", "example")),
    )
    candidates = [
        *(holder[name] for holder, name in known if name in holder),
        *(each.value for each in schema.at("examples", []).items()),
        *(each.value for each in schema.at("enum", []).items()),
    ]
    for each in candidates:
        if not isinstance(each, (dict, list)) and each is not None:
            return each if isinstance(each, str) else json.dumps(each)
    return None


def _filled(path: str, parameters: list[Parameter]) -> str:
    """Put examples for a path's placeholders, and for the queries it cannot lack."""
    known = {each.name: each for each in parameters if each.where == "path"}
    for name in re.findall(r"\{([^}]*)\}", path):
        if name not in known:
            raise SpecError(
                f"path {path} has {{{name}}}, and no parameter describes it",
                hint="describe it by a parameter `in: path` with an `example`",
            )
        path = path.replace(f"{{{name}}}", quote(known[name].needed, safe=""))
    required = [each for each in parameters if each.required]
    for each in required:
        if each.where == "cookie":
            raise SpecError(
                f"{each.place}: cookie {each.name} is required",
                hint="cookies are not supported",
            )
    query = [(each.name, each.needed) for each in required if each.where == "query"]
    return f"{path}?{urlencode(query)}" if query else path


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
            hint="a bearer token (http, oauth2, openIdConnect), or an apiKey in a"
            " header, may be",
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
        case {"type": "http", "scheme": str(name)} if name.lower() == "bearer":
            return BEARER
        case {"type": "oauth2" | "openIdConnect"}:
            return BEARER
    return None
