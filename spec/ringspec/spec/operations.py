"""Operations: method, path, headers, credentials and the place of the body's schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from ringspec.spec.document import resolve
from ringspec.spec.errors import SpecError, UsageError
from ringspec.spec.reading import mapping, sequence, text
from ringspec.spec.rules import RuleId
from ringspec.spec.values import Json, escape, steps

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
        """Return the value to send; SpecError if there is none."""
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Endpoint:
    """A method of a path, whether or not it can be fired."""

    method: str
    path: str
    place: str
    item: dict[str, Json]
    item_place: str
    node: dict[str, Json]

    @property
    def id(self) -> str:
        """Return the operation's id, or method and path where it has none."""
        return str(self.node.get("operationId", f"{self.method} {self.path}"))


def endpoints(base: dict[str, Json]) -> Iterator[Endpoint]:
    """List every method of every path, in the document's order."""
    for path, given in mapping(base.get("paths"), "#/paths").items():
        item, place = resolve(base, given, f"#/paths/{escape(path)}")
        for method in METHODS:
            if method in mapping(item, place):
                yield Endpoint(
                    method=method,
                    path=path,
                    place=f"{place}/{method}",
                    item=item,
                    item_place=place,
                    node=mapping(item[method], f"{place}/{method}"),
                )


def choose(base: dict[str, Json], wanted: str | None) -> Operation:
    """Find the operation by its id; without one, the only POST with a JSON body."""
    able = {each: json_body(base, each) for each in endpoints(base)}
    able = {each: schema for each, schema in able.items() if schema}
    found = [
        (each, schema)
        for each, schema in able.items()
        if (each.method == "post" if wanted is None else each.id == wanted)
    ]
    if len(found) == 1:
        return _operation(base, *found[0])
    ids = ", ".join(each.id for each in able) or "none, no body is JSON"
    what = f"operation {wanted!r}" if wanted else "only POST with a JSON body"
    raise UsageError(
        f"the contract has no {what}" if not found else f"there is no one {what}",
        hint=f"--operation takes one of: {ids}",
    )


def json_body(base: dict[str, Json], endpoint: Endpoint) -> str:
    """Return the place of the schema of an operation's JSON body; empty without one."""
    if "requestBody" not in endpoint.node:
        return ""
    given, start = endpoint.node["requestBody"], f"{endpoint.place}/requestBody"
    body, place = resolve(base, given, start)
    content = mapping(mapping(body, place).get("content"), f"{place}/content")
    media = next((name for name in content if "json" in name.lower()), None)
    if media is None:
        return ""
    below = f"{place}/content/{escape(media)}"
    return f"{below}/schema" if "schema" in mapping(content[media], below) else ""


def _operation(base: dict[str, Json], endpoint: Endpoint, schema: str) -> Operation:
    parameters = _parameters(base, endpoint)
    path = _filled(endpoint.path, parameters)
    headers = [
        each
        for each in parameters
        if each.where == "header" and each.name.lower() not in _RESERVED
    ]
    return Operation(
        id=endpoint.id,
        method=endpoint.method,
        path=path,
        media_type=steps(schema)[-2],
        schema_place=schema,
        place=endpoint.place,
        headers=tuple(
            replace(each, value=each.needed) if each.required else each
            for each in headers
        ),
        node=endpoint.node,
        token_header=token_header_of(base, endpoint.node, endpoint.place),
        methods=tuple(name for name in METHODS if name in endpoint.item),
    )


def responses(
    base: dict[str, Json], node: dict[str, Json], place: str
) -> Iterator[tuple[str, dict[str, Json], str]]:
    """Yield status, node and place of each response of an operation's node."""
    start = f"{place}/responses"
    for status, given in mapping(node.get("responses", {}), start).items():
        response, where = resolve(base, given, f"{start}/{escape(status)}")
        yield status, mapping(response, where), where


def _parameters(base: dict[str, Json], endpoint: Endpoint) -> list[Parameter]:
    """List the parameters; an operation's own replace those of its path."""
    found: dict[tuple[str, str], Parameter] = {}
    holders = (
        (endpoint.item, f"{endpoint.item_place}/parameters"),
        (endpoint.node, f"{endpoint.place}/parameters"),
    )
    for holder, start in holders:
        for index, given in enumerate(sequence(holder.get("parameters", []), start)):
            node, place = resolve(base, given, f"{start}/{index}")
            each = Parameter(
                name=text(mapping(node, place).get("name"), f"{place}/name"),
                where=text(node.get("in"), f"{place}/in"),
                place=place,
                required=bool(node.get("required")),
                value=_value(base, node, place),
            )
            found[each.where, each.name.lower()] = each
    return list(found.values())


def _value(base: dict[str, Json], node: dict[str, Json], place: str) -> str | None:
    """Return the value that a parameter's examples or its schema settle."""
    given, where = resolve(base, node.get("schema", {}), f"{place}/schema")
    schema = {} if isinstance(given, bool) else mapping(given, where)
    settled = schema.get("x-settled")
    known = (
        (node, "example"),
        *_examples(base, node, place),
        (settled if isinstance(settled, dict) else {}, "const"),
        *((schema, name) for name in ("const", "default", "example")),
    )
    candidates = [
        *(holder[name] for holder, name in known if name in holder),
        *sequence(schema.get("examples", []), f"{where}/examples"),
        *sequence(schema.get("enum", []), f"{where}/enum"),
    ]
    for each in candidates:
        if not isinstance(each, (dict, list)) and each is not None:
            return each if isinstance(each, str) else json.dumps(each)
    return None


def _examples(
    base: dict[str, Json], node: dict[str, Json], place: str
) -> Iterator[tuple[dict[str, Json], str]]:
    start = f"{place}/examples"
    for name, given in mapping(node.get("examples", {}), start).items():
        example, where = resolve(base, given, f"{start}/{escape(name)}")
        yield mapping(example, where), "value"


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


def token_header_of(
    base: dict[str, Json], node: dict[str, Json], place: str
) -> TokenHeader | None:
    """Return the header an operation's `security` asks for; None if it asks for none.

    Of several requirements, the first that can be met is taken.
    """
    holder, place = (node, place) if "security" in node else (base, "#")
    place = f"{place}/security"
    listed = sequence(holder.get("security", []), place)
    # An empty requirement among them admits every client.
    if not listed or not all(listed):
        return None
    for index, requirement in enumerate(listed):
        if header := _meeting(base, requirement, f"{place}/{index}"):
            return header
    raise SpecError(
        f"{place} asks for credentials that cannot be sent",
        hint="a bearer token (http, oauth2, openIdConnect), or an apiKey in a header,"
        " may be",
    )


def _meeting(
    base: dict[str, Json], requirement: Json, place: str
) -> TokenHeader | None:
    """Return the header that meets a requirement; None if it takes anything else."""
    names = list(mapping(requirement, place))
    if len(names) != 1:
        return None
    components = mapping(base.get("components", {}), "#/components")
    holder = "#/components/securitySchemes"
    schemes = mapping(components.get("securitySchemes", {}), holder)
    if names[0] not in schemes:
        raise SpecError(
            f"{place} names {names[0]!r}, which is no security scheme",
            hint=f"describe it in {holder}",
        )
    scheme, where = resolve(base, schemes[names[0]], f"{holder}/{escape(names[0])}")
    match mapping(scheme, where):
        case {"type": "apiKey", "in": "header", "name": str(name)}:
            return TokenHeader(name)
        case {"type": "http", "scheme": str(name)} if name.lower() == "bearer":
            return BEARER
        case {"type": "oauth2" | "openIdConnect"}:
            return BEARER
    return None
