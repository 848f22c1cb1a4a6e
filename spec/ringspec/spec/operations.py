"""Operations: method, path, headers and the place of the body's schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ringspec.spec.document import resolve
from ringspec.spec.errors import SpecError, UsageError
from ringspec.spec.rules import RuleId
from ringspec.spec.values import Json

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """An optional header and the one value that sources settle."""

    name: str
    value: str | None
    place: str
    required: bool

    @property
    def rule(self) -> RuleId:
        """Return the id of the rule that it may be sent, or left out."""
        return RuleId(f"{self.name}.accepted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation that takes a JSON body.

    Attributes:
        path: relative to the server URL, without placeholders.
        schema_place: JSON pointer of the body's schema.
        node: the operation's own node in the document.
        secured: whether the contract asks for credentials.
    """

    id: str
    method: str
    path: str
    media_type: str
    schema_place: str
    place: str
    headers: tuple[Header, ...]
    node: Json
    secured: bool


def headers(operation: Operation) -> tuple[Header, ...]:
    """List the headers that an operation describes."""
    return operation.headers


def choose(base: Json, wanted: str | None) -> Operation:
    """Find the operation by its id; without one, the only POST with a JSON body.

    Raises:
        UsageError: there is none such, or more than one.
        SpecError: it is not one that can be fired.
    """
    found = list(_operations(base))
    if wanted is None:
        candidates = [each for each in found if each.method == "post"]
    else:
        candidates = [each for each in found if each.id == wanted]
    if len(candidates) == 1:
        return candidates[0]
    ids = ", ".join(each.id for each in found) or "none"
    what = f"operation {wanted!r}" if wanted else "only POST with a JSON body"
    raise UsageError(
        f"the contract has no {what}" if not candidates else f"there is no one {what}",
        hint=f"--operation takes one of: {ids}",
    )


def _operations(base: Json) -> Iterator[Operation]:
    for path, item in base["paths"].items():
        for method in METHODS:
            if method in item and "requestBody" in item[method]:
                place = f"#/paths/{path.replace('~', '~0').replace('/', '~1')}/{method}"
                operation = _operation(base, item, place, (method, path))
                if operation is not None:
                    yield operation


def _operation(
    base: Json, item: Json, place: str, route: tuple[str, str]
) -> Operation | None:
    method, path = route
    node = item[method]
    body, body_place = resolve(base, node["requestBody"], f"{place}/requestBody")
    media = next((name for name in body["content"] if "json" in name), None)
    if media is None or "schema" not in body["content"][media]:
        return None
    escaped = media.replace("~", "~0").replace("/", "~1")
    parameters = [*item.get("parameters", ()), *node.get("parameters", ())]
    return Operation(
        id=node.get("operationId", f"{method} {path}"),
        method=method,
        path=path,
        media_type=media,
        schema_place=f"{body_place}/content/{escaped}/schema",
        place=place,
        headers=tuple(_headers(base, parameters, place)),
        node=node,
        secured=bool(node.get("security", base.get("security"))),
    )


def _headers(base: Json, parameters: list[Json], place: str) -> Iterator[Header]:
    for index, parameter in enumerate(parameters):
        node, where = resolve(base, parameter, f"{place}/parameters/{index}")
        if node.get("in") == "header":
            yield _header(node, where)


def _header(node: Json, place: str) -> Header:
    schema = node.get("schema", {})
    settled = schema.get("x-settled", {}).get("const", schema.get("default"))
    value = node.get("example", settled)
    if node.get("required") and value is None:
        raise SpecError(
            f"{place}: header {node['name']} is required and has no example",
            hint="give it an `example` to be sent",
        )
    return Header(
        name=node["name"],
        value=None if value is None else str(value),
        place=place,
        required=bool(node.get("required")),
    )
