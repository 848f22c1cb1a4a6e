"""A server of any OpenAPI document, right but for one defect, without code of ours.

It reads the document by itself, validates by jsonschema, keeps what was created in
memory, and makes its answers from their schemas.
"""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from jsonschema import Draft202012Validator
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

TOKEN = "open-the-door-please"
USER = "nobody:at-all-known"
Json = Any
_METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}
SAMPLES = {
    "date": "2024-02-03",
    "date-time": "2024-02-03T04:05:06Z",
    "uuid": "6744a0da-4121-49cd-8479-f8cc20526495",
    "email": "x@example.com",
    "uri": "https://example.com/x",
    "ipv4": "198.51.100.7",
    "ipv6": "2001:db8::1",
}
_FORMATS = copy.deepcopy(Draft202012Validator.FORMAT_CHECKER)
for _bits in (32, 64):
    _FORMATS.checks(f"int{_bits}")(
        lambda value, most=2 ** (_bits - 1): (
            isinstance(value, str | bool) or -most <= value < most
        )
    )


class Document:
    """An OpenAPI file with all its references followed, in the form of 3.1."""

    def __init__(self, path: Path) -> None:
        self.files: dict[Path, Json] = {}
        root = self._file(path)
        self.is_old = root["openapi"].startswith("3.0")
        self.root = self._inlined(root, path.resolve(), 0)
        self.operations = {
            (method, template): {
                **node,
                "parameters": [
                    *node.get("parameters", []),
                    *item.get("parameters", []),
                ],
                "security": node.get("security", self.root.get("security", [])),
            }
            for template, item in self.root["paths"].items()
            for method, node in item.items()
            if method in _METHODS
        }

    def item_of(self, template: str) -> str:
        """Return the path of what a POST to a path creates; empty if there is none."""
        found = (it for _, it in self.operations if it.startswith(f"{template}/{{"))
        return next(found, "")

    def maker_of(self, template: str) -> str:
        """Return the path of the POST that creates what a path names; else empty."""
        for part in re.findall(r"/{[^}]*}", template)[::-1]:
            if ("post", above := template[: template.rindex(part)]) in self.operations:
                return above
        return ""

    def _file(self, path: Path) -> Json:
        path = path.resolve()
        if path not in self.files:
            self.files[path] = json.loads(
                json.dumps(yaml.safe_load(path.read_text("utf-8")), default=str)
            )
        return self.files[path]

    def _found(self, reference: str, at: Path) -> tuple[Json, Path]:
        name, _, pointer = reference.partition("#")
        file = (at.parent / name).resolve() if name else at
        found = self._file(file)
        for part in pointer.strip("/").split("/") if pointer.strip("/") else ():
            found = found[unquote(part).replace("~1", "/").replace("~0", "~")]
        return found, file

    def _extended(self, node: Json, at: Path) -> Json:
        """Return a schema with those that its discriminator names as branches."""
        stated = node.get("discriminator")
        mapping = stated.get("mapping", {}) if isinstance(stated, dict) else {}
        branches: list[Json] = []
        for value, reference in mapping.items():
            child, _ = self._found(reference, at)
            own = [it for it in child.get("allOf", ()) if "$ref" not in it]
            named = {"properties": {stated["propertyName"]: {"enum": [value]}}}
            branches.append({"allOf": [named, *own]})
        is_choice = {"oneOf", "anyOf"} & node.keys()
        return {**node, "oneOf": branches} if branches and not is_choice else node

    def _inlined(self, node: Json, at: Path, depth: int) -> Json:
        if isinstance(node, list):
            return [self._inlined(each, at, depth) for each in node]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("$ref"), str):
            if depth > 12:
                return {}
            found, file = self._found(node["$ref"], at)
            beside = (
                {} if self.is_old else {k: v for k, v in node.items() if k != "$ref"}
            )
            return self._inlined({**found, **beside}, file, depth + 1)
        node = self._extended(node, at)
        out = {
            key: value
            if key in {"example", "examples", "default", "enum", "callbacks"}
            and not (isinstance(value, dict) and key == "examples")
            else self._inlined(value, at, depth)
            for key, value in node.items()
            if key != "discriminator"
        }
        if self.is_old:
            for name, bound in (
                ("exclusiveMinimum", "minimum"),
                ("exclusiveMaximum", "maximum"),
            ):
                if out.get(name) is True:
                    out[name] = out.pop(bound)
                elif out.get(name) is False:
                    del out[name]
            if out.get("nullable") is True and isinstance(out.get("type"), str):
                out["type"] = [out["type"], "null"]
        return out


def is_valid(value: Json, schema: Json) -> bool:
    return Draft202012Validator(schema, format_checker=_FORMATS).is_valid(value)


def members(schema: Json) -> dict[str, Json]:
    """Return the members that a schema describes, its parts of allOf among them."""
    found: dict[str, Json] = {}
    for part in (*schema.get("allOf", ()), schema):
        own = part.get("properties", {}) if part is schema else members(part)
        for name, inner in own.items():
            again = {"allOf": [found[name]]} if name in found else {}
            found[name] = {**inner, **again}
    return found


def needed(schema: Json) -> list[str]:
    inner = (name for part in schema.get("allOf", ()) for name in needed(part))
    return [*schema.get("required", ()), *inner]


def types(schema: Json) -> list[str]:
    stated = schema.get("type", [])
    found = [stated] if isinstance(stated, str) else list(stated)
    for part in schema.get("allOf", ()) if not found else ():
        found = found or types(part)
    return found or ["object"] * bool(members(schema))


def sample(  # noqa: C901, PLR0911 - a return a type
    schema: Json, given: Json = None
) -> Json:
    """Make a value of a schema, of what was given as far as that fits."""
    if given is not None and is_valid(given, schema) and not isinstance(given, dict):
        return given
    for key in ("oneOf", "anyOf"):
        chooses = any(key in part for part in (schema, *schema.get("allOf", ())))
        if chooses and given is not None and is_valid(given, schema):
            return given
        if key in schema and not members(schema):
            made = [sample(each, given) for each in schema[key]]
            return next((it for it in made if is_valid(it, schema)), made[0])
    shown = [
        *schema.get("enum", ()),
        schema.get("const"),
        schema.get("default"),
        schema.get("example"),
    ]
    kinds = types(schema)
    if "object" not in kinds:
        for each in shown:
            if each is not None and is_valid(each, schema):
                return each
    match kinds[0] if kinds else "":
        case "object":
            return _object(schema, given if isinstance(given, dict) else {})
        case "array":
            return [
                sample(schema.get("items", {}), None)
                for _ in range(schema.get("minItems", 0))
            ]
        case "integer" | "number":
            low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
            return next(n for n in (1, low, low + 1, 0, -1) if is_valid(n, schema))
        case "boolean":
            return True
        case "null":
            return None
    texts = [SAMPLES.get(schema.get("format", ""), "text"), "+34666111222", "1234"]
    texts += [
        "x" * schema.get("minLength", 1),
        "09:00",
        "QOS_E",
        "a-b",
        "GET",
        "1.2.3.4",
        "1.2",
    ]
    return next((each for each in texts if is_valid(each, schema)), "text")


def _object(schema: Json, given: dict[str, Json]) -> dict[str, Json]:
    out: dict[str, Json] = {}
    known = members(schema)
    for name, inner in sorted(
        known.items(), key=lambda it: it[0] not in needed(schema)
    ):
        if name in given or name in needed(schema) or "default" in inner:
            before = is_valid(out, schema)
            out[name] = sample(inner, given.get(name))
            if before and not is_valid(out, schema):
                del out[name]
    for name in needed(schema):
        out.setdefault(name, given.get(name, "text"))
    if not isinstance(schema.get("additionalProperties", True), bool) or not known:
        out |= {k: v for k, v in given.items() if is_valid({**out, k: v}, schema)}
    while not is_valid(out, schema):
        more = next((n for n in known if n not in out), None)
        if more is None:
            break
        out[more] = sample(known[more], None)
    return out


@dataclass(frozen=True)
class Defect:
    """What a server does wrong, at which operation, and where."""

    kind: str
    operation: str = ""
    where: tuple[str, ...] = ()


@dataclass
class Server:
    """An application that serves a document.

    Attributes:
        habits: lawful ways in which servers differ.
    """

    document: Document
    defect: Defect = Defect("")
    habits: frozenset[str] = frozenset()
    things: dict[str, dict[str, Json]] = field(default_factory=dict)
    made: int = 0

    def __post_init__(self) -> None:
        templates = {template for _, template in self.document.operations}
        self.routes = [
            (re.compile(re.sub(r"\\{.*?\\}", "([^/]*)", re.escape(it))), it)
            for it in sorted(templates, key=lambda it: (it.count("{"), it))
        ]
        self.operations = copy.deepcopy(self.document.operations)
        for (method, template), node in self.operations.items():
            if self._has("unchecked", name_of(method, template, node)):
                _drop(node, self.defect.where)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        raw = (
            scope["raw_path"].decode("latin-1").removeprefix(scope.get("root_path", ""))
        )
        answer = self.answer(request, raw, await request.body())
        await answer(scope, receive, send)

    def answer(  # noqa: PLR0911 - one for each thing that may be wrong
        self, request: Request, path: str, body: bytes
    ) -> Response:
        found = next(((t, m) for p, t in self.routes if (m := p.fullmatch(path))), None)
        if found is None and self.defect.kind != "any-path":
            return Response(status_code=404)
        if found is None:
            return Response("{}", media_type="application/json")
        template, match = found
        names = re.findall(r"{(.*?)}", template)
        ids = dict(zip(names, map(unquote, match.groups()), strict=True))
        node = self.operations.get((request.method.lower(), template))
        allowed = [m.upper() for m, t in self.operations if t == template]
        if node is None and self.defect.kind != "any-method":
            return Response(status_code=405, headers={"Allow": ", ".join(allowed)})
        if node is None:
            return Response("{}", status_code=200, media_type="application/json")
        name = name_of(request.method.lower(), template, node)
        if not self._has("any-token", name) and not self._is_known(request, node):
            return self._refusal(node, request, 401)
        for status in self._faults(name, node, request, ids, body):
            if self._has("crash", name):
                return Response(status_code=500)
            return self._refusal(
                node, request, 418 if self._has("refusal", name) else status
            )
        data = None
        if "json" in request.headers.get("content-type", ""):
            with suppress(ValueError):
                data = json.loads(body)
        return self._done(name, node, request, template, path, ids, data)

    def _has(self, kind: str, operation: str = "") -> bool:
        return self.defect.kind == kind and self.defect.operation in {"", operation}

    def _is_known(self, request: Request, node: Json) -> bool:
        return not node["security"] or any(
            all(self._proves(request, each) for each in one) for one in node["security"]
        )

    def _proves(self, request: Request, name: str) -> bool:
        scheme = self.document.root["components"]["securitySchemes"][name]
        if scheme["type"] == "apiKey":
            given = {
                "header": request.headers,
                "query": request.query_params,
                "cookie": request.cookies,
            }[scheme["in"]]
            return given.get(scheme["name"]) == TOKEN
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme["type"] == "http" and scheme["scheme"].lower() == "basic":
            return (
                kind.lower() == "basic"
                and token == base64.b64encode(USER.encode()).decode()
            )
        return kind.lower() == "bearer" and token == TOKEN

    def _faults(
        self, name: str, node: Json, request: Request, ids: dict[str, str], body: bytes
    ) -> Iterator[int]:
        """Yield the status of each thing that is wrong with a request."""
        stated = node.get("requestBody", {})
        content, kind = (
            stated.get("content", {}),
            request.headers.get("content-type", ""),
        )
        kind = kind.partition(";")[0].strip().lower()
        if (
            content
            and body
            and kind not in content
            and not self._has("any-media", name)
        ):
            yield 415
        bad = 422 if "422" in self.habits and "422" in node["responses"] else 400
        for each in node["parameters"]:
            value = _read(each, request, ids)
            is_id = each["in"] == "path" and "404" in self.habits
            if value is None and each.get("required"):
                yield bad
            elif value is not None and not is_valid(value, each.get("schema", {})):
                yield 404 if is_id else bad
        schema = content.get(kind, {}).get("schema", {})
        if stated.get("required") and not body:
            yield bad
        if body and "json" in kind:
            try:
                value = json.loads(body.decode(), parse_constant=int)
            except (ValueError, RecursionError):
                if not self._has("any-bytes", name):
                    yield bad
                return
            if not is_valid(value, schema):
                yield bad

    def _refusal(self, node: Json, request: Request, status: int) -> Response:
        described = node["responses"].get(str(status), node["responses"].get("default"))
        return self._response(described or {}, request, status, None)

    def _response(
        self, described: Json, request: Request, status: int, given: Json
    ) -> Response:
        headers = {}
        for name, each in described.get("headers", {}).items():
            text = request.headers.get(name)
            if text is not None and not is_valid(text, each.get("schema", {})):
                text = None
            if text is None and each.get("required"):
                text = str(sample(each.get("schema", {})))
            if text is not None:
                headers[name] = text
        content = described.get("content", {})
        wanted = [it for it in content if it in request.headers.get("accept", "")]
        for media in [*wanted, *content][:1]:
            holder = content[media]
            schema = holder.get("schema", {})
            value = sample(schema, given)
            text = json.dumps(value) if "json" in media else str(value)
            return Response(text, status, headers, media)
        return Response(None, status, headers)

    def _done(
        self,
        name: str,
        node: Json,
        request: Request,
        template: str,
        path: str,
        ids: dict[str, str],
        data: Json,
    ) -> Response:
        """Do what is asked, and answer."""
        good = [it for it in node["responses"] if it[0] == "2"]
        described = node["responses"].get(good[0] if good else "default", {})
        code = int(good[0]) if good else 200
        shown: Json = None
        if collection := self.document.maker_of(template):
            name_in = template[len(collection) + 2 :].partition("}")[0]
            held, key = (
                self.things.setdefault(_filled(collection, ids), {}),
                ids[name_in],
            )
            if key not in held:
                return self._refusal(node, request, 404)
            if template != f"{collection}/{{{name_in}}}":
                pass
            elif request.method == "DELETE":
                if "ended" in self.habits:
                    held[key] = {**held[key], "name": "ended"}
                elif self.defect.kind != "undeleted":
                    del held[key]
            else:
                if isinstance(data, dict):
                    held[key] = {**held[key], **data}
                shown = held[key]
        if request.method == "POST" and self.document.item_of(template):
            return self._created(node, request, template, path, data, described, code)
        if isinstance(data, dict) and not isinstance(shown, dict):
            shown = data
        return self._finished(name, described, request, code, shown)

    def _created(
        self,
        node: Json,
        request: Request,
        template: str,
        path: str,
        data: Json,
        described: Json,
        code: int,
    ) -> Response:
        item = self.document.item_of(template)
        parameter = item[len(template) + 2 :].partition("}")[0]
        schema = next(
            each["schema"]
            for (_, t), other in self.operations.items()
            for each in other["parameters"]
            if t == item and each["name"] == parameter
        )
        held: list[Json] = [*described.get("content", {}).values(), {}]
        answer = held[0].get("schema", {})
        names = {re.sub(r"\W|_", "", it).lower(): it for it in members(answer)}
        own = names.get(parameter.lower().replace("_", ""), names.get("id", "id"))
        key = data.get(own) if isinstance(data, dict) else None
        if not isinstance(key, int | str):
            self.made += 1
            key = _new(schema, self.made)
        made = {**(data if isinstance(data, dict) else {}), own: key}
        name = name_of("post", template, node)
        if not self._has("unreadable", name):
            self.things.setdefault(path, {})[str(key)] = made
        return self._finished(name, described, request, code, made)

    def _finished(
        self, name: str, described: Json, request: Request, code: int, given: Json
    ) -> Response:
        if "silent" in self.habits:
            given = (
                {k: v for k, v in given.items() if k.lower().endswith("id")}
                if isinstance(given, dict)
                else None
            )
        if self._has("echo", name) and isinstance(given, dict):
            given = {key: _other(value) for key, value in given.items()}
        response = self._response(described, request, code, given)
        kind = self.defect.kind if self._has(self.defect.kind, name) else ""
        if kind == "status":
            response.status_code = 299
        if kind == "media":
            response.headers["Content-Type"] = "text/csv"
        if kind == "headers":
            del response.headers[self.defect.where[0]]
        if kind in {"lacks", "types"}:
            return _spoilt(response, self.defect)
        return response


def _other(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _other(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [*map(_other, value)]
    return f"{value}1" if isinstance(value, str) else value


def _spoilt(response: Response, defect: Defect) -> Response:
    """Take a member from an answer, or make it of another type."""
    value = json.loads(bytes(response.body))
    *way, last = defect.where
    holder = value
    for each in way:
        holder = holder[each] if isinstance(holder, dict) else holder[0]
    if defect.kind == "types" and isinstance(holder, dict):
        holder[last] = (
            {"none": "of these"} if not isinstance(holder.get(last), dict) else 7
        )
    elif isinstance(holder, dict):
        holder.pop(last, None)
    return Response(
        json.dumps(value), response.status_code, media_type=response.media_type
    )


def _new(schema: Json, number: int) -> Json:
    if "integer" in types(schema):
        low, high = schema.get("minimum", 1000), schema.get("maximum", 2**31)
        return low + number % (high - low + 1)
    tries = [f"00000000-0000-4000-8000-{number:012}", f"id-{number}", f"{number}"]
    return next(each for each in tries if is_valid(each, schema))


def _filled(template: str, ids: dict[str, str]) -> str:
    return re.sub(r"{(.*?)}", lambda it: ids[it[1]], template)


def _read(parameter: Json, request: Request, ids: dict[str, str]) -> Json:
    """Read a parameter; None if it was not sent."""
    name, schema = parameter["name"], parameter.get("schema", {})
    query = [it.partition("=") for it in request.url.query.split("&") if it]
    texts = {
        "path": [ids[name]] if name in ids else [],
        "query": [
            text.replace("+", " ") for key, _, text in query if unquote(key) == name
        ],
        "header": request.headers.getlist(name),
        "cookie": [request.cookies[name]] if name in request.cookies else [],
    }[parameter["in"]]
    if not texts:
        return None
    if "array" in types(schema):
        if parameter["in"] != "query" or parameter.get("explode") is False:
            texts = texts[0].split(",")
        return [_scalar(unquote(it), schema.get("items", {})) for it in texts]
    return _scalar(
        unquote(texts[0]) if parameter["in"] == "query" else texts[0], schema
    )


def _scalar(text: str, schema: Json) -> Json:
    kinds = types(schema)
    if {"integer", "number"} & {*kinds} and re.fullmatch(
        r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", text
    ):
        return json.loads(text)
    return (
        {"true": True, "false": False}.get(text, text) if "boolean" in kinds else text
    )


def name_of(method: str, template: str, node: Json) -> str:
    return node.get("operationId") or f"{method.upper()} {template}"


def _drop(node: Json, where: tuple[str, ...]) -> None:
    *way, last = where
    for each in way:
        node = node[int(each) if isinstance(node, list) else each]
    if isinstance(node, list):
        node.remove(last)
    else:
        del node[last]


# Keywords, and how the rules that they state end.
_NICKS = {
    "type": "type",
    "enum": "enum",
    "minimum": "min",
    "maximum": "max",
    "pattern": "pattern",
    "minItems": "length",
    "maxItems": "length",
    "minLength": "length",
    "maxLength": "length",
    "format": "format",
    "additionalProperties": "unknown",
}


def _stated(
    schema: Json, way: tuple[str, ...], name: str
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield where keywords stand, each with its rule; not what another one implies."""
    if {"oneOf", "anyOf"} & schema.keys():
        return  # a branch may imply it
    for key, nick in _NICKS.items():
        implied = {
            "type": "enum" in schema or way[-2:-1] == ("allOf",) or "allOf" in schema,
            "minLength": "pattern" in schema,
            "maxLength": "pattern" in schema or "format" in schema,
            "format": schema.get("format") not in SAMPLES,
            "minimum": str(schema.get("format")).startswith("int"),
            "maximum": str(schema.get("format")).startswith("int"),
            "additionalProperties": schema.get(key) is not False,
        }
        if key in schema and not implied.get(key):
            yield (*way, key), f"{name or 'body'}.{nick}"
    lead = f"{name}." if name else ""
    for each in schema.get("required", ()) if "properties" in schema else ():
        yield (*way, "required", each), f"{lead}{each}.required"
    for each, inner in schema.get("properties", {}).items():
        yield from _stated(inner, (*way, "properties", each), f"{lead}{each}")
    for index, part in enumerate(schema.get("allOf", ())):
        yield from _stated(part, (*way, "allOf", str(index)), name)


def _unchecked(document: Document, template: str, node: Json) -> Iterator[Any]:
    """Yield where the keywords of a request stand, each with its rule."""
    content = node.get("requestBody", {}).get("content", {})
    for media in [it for it in content if "json" in it][:1]:
        way = ("requestBody", "content", media, "schema")
        yield from _stated(content[media]["schema"], way, "")
    for index, each in enumerate(node["parameters"]):
        led, schema = f"{each['in']}.{each['name']}", each.get("schema", {})
        held = ("parameters", str(index))
        above = template.partition(f"/{{{each['name']}}}")[0]
        if each["in"] == "path" and ("post", above) in document.operations:
            continue  # what is malformed is not there, which is lawful too
        for at, rule in _stated(schema, (*held, "schema"), led):
            if at[-1] != "type" or types(schema) != ["string"]:
                yield at, rule
        if each.get("required") and each["in"] != "path":
            yield (*held, "required"), f"{led}.required"


def _of_answers(name: str, node: Json, body: Json) -> Iterator[tuple[Defect, str]]:
    """Yield the defects of an operation's answers."""
    is_open = "default" in node["responses"]
    if body is not None and not is_open:
        yield Defect("refusal", name), "error.status"
    found = (it for key, it in node["responses"].items() if key[0] == "2")
    good: Json = next(found, {})
    if good and not is_open:
        yield Defect("status", name), "answer.status"
    for header, each in good.get("headers", {}).items():
        if each.get("required"):
            yield Defect("headers", name, (header,)), "answer.headers"
    for media, each in list(good.get("content", {}).items())[:1]:
        yield Defect("media", name), "answer.media"
        shown = each["schema"]
        if "json" not in media or types(shown) != ["object"]:
            continue
        for inner in needed(shown)[:1]:
            yield Defect("lacks", name, (inner,)), "answer.members"
        for inner in list(members(shown))[:1]:
            yield Defect("types", name, (inner,)), "answer.types"
        if body is not None and {*members(shown)} & {*members(body)}:
            yield Defect("echo", name), "answer.echo"


def defects(document: Document) -> Iterator[tuple[Defect, str]]:
    """Yield defects that servers of a document may have, with the rules they break."""
    for (method, template), node in document.operations.items():
        name = name_of(method, template, node)
        stated = [*_unchecked(document, template, node)]
        for at, rule in stated:
            yield Defect("unchecked", name, at), rule
        if node["security"]:
            yield Defect("any-token", name), "auth.token"
        yield Defect("any-method", name), "wire.method"
        yield Defect("any-path", name), "wire.path"
        content = node.get("requestBody", {}).get("content", {})
        body = next(
            (it["schema"] for key, it in content.items() if "json" in key), None
        )
        if body is not None:
            yield Defect("any-media", name), "wire.media"
            yield Defect("any-bytes", name), "wire.json"
        if stated:
            yield Defect("crash", name), "robustness"
        yield from _of_answers(name, node, body)
        # What was created cannot be read, what was deleted can.
        described = any(each[0] in "2d" for each in node["responses"])
        if method == "post" and described and (item := document.item_of(template)):
            yield Defect("unreadable", name), "lifecycle.readable"
            if ("delete", item) in document.operations:
                yield Defect("undeleted", name), "lifecycle.deleted"
