"""Parameters: members of a request beside its body, written as text and read again.

Those that take part form one value, `{path, query, header, cookie}`, that has a schema
as a body has. What a server reads of the text counts: the text of a number that stands
for a string is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ringspec.spec.document import Inlined, Node, check, inline
from ringspec.spec.errors import MisfitError, SpecError, check_named, spec_error
from ringspec.spec.plain import STYLES, fitting, settled, styled
from ringspec.spec.proof import Prover
from ringspec.spec.reading import short
from ringspec.spec.rules import GROUPS, RULES, Catalogue, RuleId, rows_of
from ringspec.spec.schemas import CHOICES, HOLDS, types_of
from ringspec.spec.values import Json, kind_of

if TYPE_CHECKING:
    from ringspec.spec.assertions import Assertion

# OpenAPI 3.1, Parameter Object: parameters of these names are ignored.
_RESERVED = frozenset({"accept", "content-type", "authorization"})
_WHERE = ("path", "query", "header", "cookie")
# What expressions call these parts of a request.
_PARTS = {"header": "headers", "cookie": "cookies"}
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
# What a text may not be that a path, a header, a cookie or any address can hold.
_FIT = {
    "path": re.compile(r"(?!\.{1,2}$)[^/\\?#;,\s]+"),
    "query": re.compile(r".*", re.DOTALL),
    "header": re.compile(r"[!-~]([ -~]*[!-~])?"),
    "cookie": re.compile(r"[\w.~-]+", re.ASCII),
}
_LONGEST = 1000
# What some servers read as true, false or nothing, or as a whole number.
_LOOSE = re.compile(
    r"|[01]|yes|no|on|off|[tfyn]|true|false|null|none|undefined|.*\.0+|\s.*|.*\s",
    re.IGNORECASE,
)
# Fewer numbers are places, such as rows, unless their name says that they are ids.
_SPAN, _ID = 1000, re.compile("(^i|_i|I)[dD]$")
_PLACEHOLDER = re.compile(r"\{([^}]*)\}")
# No value, where null is one.
UNREAD = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter, and a value that sources settle."""

    name: str
    where: str  # `header`, `path`, `query` or `cookie`
    place: str
    required: bool
    # As it is sent; None if no example, default or schema settles any. One that is
    # required has any that fits.
    value: str | None
    plain: Json = None  # the same as data
    schema: Inlined
    takes_part: bool = False  # whether its values are varied, by its schema
    style: str = "form"
    explode: bool = False
    # Whether a profile gives the value, so that the target knows it.
    named: bool = False

    @property
    def rule(self) -> RuleId:
        """Return the id of the rule that a header may be sent, or left out."""
        is_taken = self.name in {*GROUPS, "body"}
        return RuleId(f"{'header.' * is_taken}{self.name}.accepted")

    @property
    def kinds(self) -> frozenset[str]:
        """The types that its value, or each item of it, may have."""
        schema = self.schema.schema
        inner = schema.get("items", {}) if self.is_list else schema
        return frozenset(_kinds(inner) or {"string"})

    @property
    def is_list(self) -> bool:
        """Whether its value is a list."""
        return "array" in _kinds(self.schema.schema)

    @property
    def is_id(self) -> bool:
        """Whether its value names something that a target may have, or not."""
        schema, is_span = self.schema.schema, False
        if {"minimum", "maximum"} <= schema.keys() and not _ID.search(self.name):
            is_span = schema["maximum"] - schema["minimum"] < _SPAN
        return self.where == "path" and not (
            is_span or {"enum", "const"} & schema.keys() or "boolean" in self.kinds
        )

    def written(self, value: Json) -> str:
        """Return a value as it is sent."""
        raw = self.where in {"header", "cookie"}
        return styled(self.name, value, self.style, explode=self.explode, raw=raw)

    def read(self, texts: list[str]) -> Json:
        """Return what a server reads of the texts that were sent for it."""
        if not self.is_list:
            return self._scalar(texts[0])
        if self.style != "form" or not self.explode:
            apart = {"spaceDelimited": "%20", "pipeDelimited": "|"}.get(self.style, ",")
            texts = texts[0].split(apart)
        return list(map(self._scalar, texts))

    def _scalar(self, text: str) -> Json:
        text = text if self.where in {"header", "cookie"} else unquote(text)
        if self.kinds & {"integer", "number"} and _NUMBER.fullmatch(text):
            return json.loads(text)
        is_flag = "boolean" in self.kinds and text in {"true", "false"}
        return text == "true" if is_flag else text


def _kinds(schema: Json) -> set[str]:
    """Return the types that a schema states, in its branches too."""
    if not isinstance(schema, dict):
        return set()
    found = {*types_of(schema)}
    for keyword in ("allOf", *sorted(CHOICES)):
        for part in schema.get(keyword, ()) if not found else ():
            found |= _kinds(part)
    values = [*schema.get("enum", ())]
    values += [schema["const"]] if "const" in schema else []
    return found or set(map(kind_of, values))


def shown(node: Node) -> Iterator[Json]:
    """Yield the examples of a parameter or of a media type."""
    if node.has("example"):
        yield node.value["example"]
    for _, each in node.at("examples", {}).members():
        yield from [each.value["value"]] if each.has("value") else ()


def read_parameters(
    path: str, holders: Sequence[Node], given: Mapping[str, Json]
) -> list[Parameter]:
    """Read the parameters of a path and of its operation, which go first.

    A placeholder that no parameter describes stands for any text. `given` has values of
    a profile, by name.
    """
    found: dict[tuple[str, str], Node] = {}
    for holder in holders:
        for node in holder.at("parameters", []).items():
            name, where = node.at("name").text(), node.at("in").text()
            # Names of headers may be in any case.
            found[where, name.lower() if where == "header" else name] = node
    for name in _PLACEHOLDER.findall(path):
        made_up = {"name": name, "in": "path", "example": "text"}
        found.setdefault(("path", name), replace(holders[-1], value=made_up))
    return [
        _parameter(node, where, given)
        for (where, name), node in found.items()
        if where in _WHERE and (where != "header" or name not in _RESERVED)
    ]


def _parameter(node: Node, where: str, given: Mapping[str, Json]) -> Parameter:
    name = node.value["name"]
    is_required = where == "path" or bool(node.value.get("required"))
    media, holder = next(iter(node.at("content", {}).members()), ("", node))
    named, schema = name in given, Inlined()
    if holder.has("schema"):
        schema = inline(holder.document, holder.at("schema").place)
        check(schema, Catalogue({}))
        stated = holder.at("schema").value
        if isinstance(stated, dict) and rows_of(stated.get(RULES, {}))[1]:
            what = f"{holder.place}/schema/{RULES} is not tested"
            schema.notices.append(f"{what}: let it stand in the operation object")
    if named:
        plain = _named(name, given[name], schema.schema)
    else:
        is_valid = Prover(schema.schema, ()).is_valid
        fit = (each for each in shown(holder) if each is not None and is_valid(each))
        plain = next(fit, None)
    if plain is None and (error := schema.unavoidable()):
        if is_required:
            raise error
    elif plain is None and is_required:
        plain = _fitting(holder, schema.schema, f"{where} parameter {name}")
    elif plain is None:
        plain = next(settled(holder.at("schema", {}).value), None)
    value = json.dumps(plain) if media else plain
    # Source: OpenAPI 3.1, Parameter Object.
    style = node.value.get("style", "simple" if where in {"path", "header"} else "form")
    if value is not None:
        check_named(f"{node.place}: there is no style", style, STYLES, error=SpecError)
    explode = bool(node.value.get("explode", style == "form"))
    if value is not None:
        value = styled(name, value, style, explode=explode, raw=where == "header")
    found = Parameter(
        name=name,
        where=where,
        place=node.place,
        required=is_required,
        value=value,
        plain=plain,
        schema=schema,
        style=style,
        explode=explode,
        named=named,
    )
    simple = style in {"simple", "form", "spaceDelimited", "pipeDelimited"}
    is_flat = not {"object", "array"} & found.kinds
    is_flat &= not (found.is_list and where == "cookie")
    is_read = bool(schema.schema) and not schema.faults
    return replace(found, takes_part=is_read and not media and simple and is_flat)


def _named(name: str, value: Json, schema: Json) -> Json:
    """Return the value that a profile gives; a variable has it as text."""
    is_valid = Prover(schema, ()).is_valid
    read = [value]
    if isinstance(value, str):
        with suppress(ValueError):
            read.append(json.loads(value))
    fit = next(filter(is_valid, read), None)
    if fit is None:
        raise MisfitError(
            f"{short(value)} breaks what the contract says of {name}",
            hint="give a value that the target knows",
            path=("values", name),
        )
    return fit


def _fitting(node: Node, schema: Json, what: str) -> Json:
    """Return a value that fits the schema of a parameter."""
    value = fitting(schema) if node.has("schema") else "text"
    if value is None:
        raise spec_error("no-value", place=node.place, what=what)
    return value


@dataclass(frozen=True, slots=True)
class Wire:
    """Writes the value of an operation's parameters as text, and reads it."""

    template: str  # the path, with its placeholders
    parameters: tuple[Parameter, ...]
    # Names of the members of the value, by where its parameters stand.
    groups: dict[str, str]

    def written(self, value: Json) -> tuple[str, list[tuple[str, str]]]:
        """Return path and query, and the headers, cookies among them."""
        path, query, headers = self.template, list[str](), list[tuple[str, str]]()
        cookies: list[str] = []
        for each in self.parameters:
            text = each.value if each.required and not each.takes_part else None
            members = value.get(self.groups.get(each.where), {})
            if each.takes_part and each.name in members:
                text = each.written(members[each.name])
            if text is None:
                continue
            if each.where == "path":
                path = path.replace(f"{{{each.name}}}", text)
            elif each.where == "header":
                headers.append((each.name, text))
            else:
                (query if each.where == "query" else cookies).append(text)
        if cookies:
            headers.append(("Cookie", "; ".join(cookies)))
        return f"{path}?{'&'.join(query)}" if query else path, headers

    @property
    def parts(self) -> dict[str, str]:
        """The names of the members of the value, by parts of a request."""
        return {_PARTS.get(where, where): it for where, it in self.groups.items()}

    def request(self, value: Json) -> Json:
        """Return a value as parts of a request, as expressions name them."""
        found = {part: value.get(name, {}) for part, name in self.parts.items()}
        headers = found["headers"].items()
        return {**found, "headers": {name.lower(): it for name, it in headers}}

    @property
    def names(self) -> list[str]:
        """The names of the placeholders, in their order."""
        return _PLACEHOLDER.findall(self.template)

    def match(self, path: str) -> re.Match[str] | None:
        """Match a path without a query; its groups stand for the placeholders."""
        pattern = re.sub(r"\\\{.*?\\\}", "([^/]+)", re.escape(self.template))
        return re.fullmatch(pattern, path)

    def read(self, path: str, headers: Iterable[tuple[str, str]]) -> Json:
        """Return the value that a server reads of a request."""
        path, _, query = path.partition("?")
        sent, match = dict(headers), self.match(path)
        texts: dict[str, list[tuple[str, str]]] = {
            "path": [*zip(self.names, match.groups(), strict=True)] if match else [],
            "query": _pairs(query, "&"),
            "header": [(name.lower(), text) for name, text in sent.items()],
            "cookie": _pairs(sent.get("Cookie", ""), "; "),
        }
        varied = [each for each in self.parameters if each.takes_part]
        found: dict[str, Json] = {self.groups[each.where]: {} for each in varied}
        for each in varied:
            name = each.name.lower() if each.where == "header" else each.name
            listed = [text for key, text in texts[each.where] if key == name]
            if listed:
                found[self.groups[each.where]][each.name] = each.read(listed)
        return found

    def sent(self, path: str, headers: Iterable[tuple[str, str]]) -> Json:
        """Return what a server reads of a request, as expressions name its parts."""
        return self.request(self.read(path, headers))

    def carried(self, value: Json) -> Json:
        """Return what a server reads of a value; UNREAD if no text carries it."""
        for each in filter(attrgetter("takes_part"), self.parameters):
            members = value.get(self.groups[each.where], {})
            if each.name not in members:
                if each.where == "path":
                    return UNREAD
                continue
            given = members[each.name]
            listed = given if isinstance(given, list) and each.is_list else [given]
            if not listed or not all(self._carries(each, it) for it in listed):
                return UNREAD
        return self.read(*self.written(value))

    def _carries(self, parameter: Parameter, value: Json) -> bool:
        if value == parameter.plain:
            return True  # it is for the contract to say
        if value is None or isinstance(value, dict | list):
            return False
        text = value if isinstance(value, str) else json.dumps(value)
        if len(text) > _LONGEST or not _FIT[parameter.where].fullmatch(text):
            return False
        kinds = parameter.kinds
        if "string" in kinds:
            return bool(text) or parameter.required
        # What some read as a value of the type is open.
        is_loose = isinstance(value, str | bool) and kind_of(value) not in kinds
        return not (is_loose and _LOOSE.fullmatch(text))

    def is_testable(self, stated: Assertion) -> bool:
        """Return whether a text can carry what breaks an assertion."""
        if stated.keyword == HOLDS:
            return True  # by values that the schema admits
        where = {group: where for where, group in self.groups.items()}
        if len(stated.instance) < 2:
            around = where.get("".join(stated.instance), "path")
            return stated.keyword == "required" and around != "path"
        group, name, *below = stated.instance
        each = next(
            it for it in self.parameters if (it.where, it.name) == (where[group], name)
        )
        kinds = each.kinds - {"null"}
        if "string" in kinds and len(kinds) > 1:
            return False  # a text that is a number may be either
        if each.is_list and not below:
            return stated.keyword not in {"type", "minItems"} or stated.value in range(
                2, 99
            )
        return "string" not in kinds or stated.keyword not in {"type", *CHOICES}


def _pairs(text: str, apart: str) -> list[tuple[str, str]]:
    split = (each.partition("=") for each in text.split(apart) if each)
    return [(unquote(name), value) for name, _, value in split]


def combined(wire: Wire, place: str) -> Inlined:
    """Return the schema of an operation's parameters, those that take part."""
    groups: dict[str, Json] = {}
    origins: dict[tuple[str, ...], str] = {(): f"{place}/parameters"}
    for each in wire.parameters:
        if not each.takes_part:
            continue
        name = wire.groups[each.where]
        group = groups.setdefault(name, {"type": "object", "properties": {}})
        schema = each.schema.schema
        if each.is_id or each.named:
            schema = {**schema, "x-settled": {"const": each.plain}}
        elif each.plain is not None and not any(settled(schema)):
            schema = {**schema, "examples": [each.plain]}
        group["properties"][each.name] = schema
        if each.required:
            group.setdefault("required", []).append(each.name)
        at = ("properties", name)
        origins.setdefault(at, f"{place}/parameters")
        for path, origin in each.schema.origins.items():
            origins[*at, "properties", each.name, *path] = origin
    schema = {"type": "object", "required": [*groups], "properties": groups}
    return Inlined(schema, origins)
