"""Expressions: rules in CEL, of which JSON Schema has no keyword.

An expression is about the value that it stands beside (`self`) and the whole request.
Two evaluators read it. Both get the same text, in which the members of a contract are
of its types: `date-time` and `date` are points in time, `duration` (ISO 8601) is one,
`number` is a double, and so is a whole number beside one.

An expression that has no value for a body, since a member that it names is not there,
or does not compare, says nothing of that body. Source: https://github.com/google/cel-spec
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, cached_property, reduce
from itertools import chain
from operator import add
from typing import TYPE_CHECKING, Any, TypeAlias

from ringspec.spec.errors import SpecError, did_you_mean
from ringspec.spec.reading import short
from ringspec.spec.schemas import HOLDS, ITEM, walk
from ringspec.spec.values import Json, Location, Path

if TYPE_CHECKING:
    import celpy

# No value, where null is one.
UNKNOWN = object()
LOGICAL = frozenset({"&&", "||"})
RELATIONS = ("==", "!=", "<", "<=", ">", ">=", "in")
_ARITHMETIC = ("+", "-", "*", "/", "%")
MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
# They are about the text of a value, whatever it stands for.
_TEXTUAL = frozenset({"startsWith", "endsWith", "contains", "matches", "size"})
_RAW = frozenset({"has", "size", "string", "dyn", "type"})
# How a member is written, for a value of its type.
_TYPED = {
    "time": "timestamp({})",
    "date": "timestamp({} + 'T00:00:00Z')",
    "duration": "isoDuration({})",
    "double": "double({})",
}
_FORMATS = {"date-time": "time", "date": "date", "duration": "duration"}
_MOST_SHOWN = 60
_ISO = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.ASCII,
)
# A text, or a minus that is no sign: cel-python reads `a -1` as two values.
_MINUS = re.compile(
    r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?<=[\w)\]])\s*-\s*(?=\d)"""
)
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression."""

    # `literal`, `name`, `member`, `index`, `call`, `method`, `list`, `map`, `?:`, `!`,
    # `neg`, or an operator between two parts.
    kind: str
    parts: tuple[Node, ...] = ()
    word: str = ""  # a literal, or the name of a variable, member or function

    @property
    def is_macro(self) -> bool:
        """Whether its second part is a variable, that stands for each item."""
        return self.kind == "method" and self.word in MACROS and len(self.parts) > 2

    @property
    def text(self) -> str:
        """The part as an expression."""
        return write(self)

    def all(self) -> Iterator[Node]:
        """Yield the part and all parts of it."""
        yield self
        for each in self.parts:
            yield from each.all()

    def put(self, index: int, part: Node) -> Node:
        """Return the node with another part."""
        return replace(
            self, parts=(*self.parts[:index], part, *self.parts[index + 1 :])
        )

    def named(self, name: str, other: Node) -> Node:
        """Return the node with another one in place of a variable."""
        if self.kind == "name" and self.word == name:
            return other
        return replace(self, parts=tuple(it.named(name, other) for it in self.parts))


def literal(value: Json) -> Node:
    """Return the node of a text, number, boolean or null."""
    return Node("literal", word=json.dumps(value, ensure_ascii=False))


def write(node: Node, instead: Callable[[Node], str] = lambda _: "") -> str:
    """Write a node as an expression; `instead` gives another text for some nodes."""
    return instead(node) or joined(node, [write(each, instead) for each in node.parts])


def joined(node: Node, parts: list[str]) -> str:
    """Write a node whose parts are written."""
    kind, word = node.kind, node.word
    if kind in {"literal", "name"}:
        return word
    if kind == "member":
        return f"{parts[0]}.{word}"
    if kind == "index":
        return f"{parts[0]}[{parts[1]}]"
    if kind == "method":
        return f"{parts[0]}.{word}({', '.join(parts[1:])})"
    if kind in {"call", "list"}:
        ends = "()" if kind == "call" else "[]"
        return f"{word}{ends[0]}{', '.join(parts)}{ends[1]}"
    if kind == "map":
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return f"{{{', '.join(f'{key}: {value}' for key, value in pairs)}}}"
    pairs = zip(node.parts, parts, strict=True)
    parts = [f"({text})" if it.kind in _LOOSE else text for it, text in pairs]
    if kind == "?:":
        return f"{parts[0]} ? {parts[1]} : {parts[2]}"
    sign = {"!": "!", "neg": "-"}.get(kind)
    return f"{sign}{parts[0]}" if sign else f"{parts[0]} {kind} {parts[1]}"


_LOOSE = frozenset({"?:", "neg", *LOGICAL, *RELATIONS, *_ARITHMETIC})
_OPERATORS = {
    **dict(zip(("eq", "ne", "lt", "le", "gt", "ge", "in"), RELATIONS, strict=True)),
    **dict(zip(("add", "sub", "mul", "div", "mod"), _ARITHMETIC, strict=True)),
}


@cache
def parsed(text: str) -> Node:
    """Read an expression.

    Raises:
        SpecError: it is none.
    """
    from celpy import CELParseError  # noqa: PLC0415 - few contracts need it

    spaced = _MINUS.sub(lambda it: it[1] or " - ", text)
    try:
        return _node(_python().compile(spaced))
    except CELParseError as error:
        where = f" at character {error.column}" if error.column else ""
        raise SpecError(
            f"`{text}` is no expression of CEL{where}",
            hint="such as `self.start < self.end` or `size(self.items) <= self.most`",
        ) from error


def _node(tree: Any) -> Node:  # noqa: ANN401 - lark has no types
    """Read a tree of cel-python's grammar."""
    name, below = tree.data, tree.children
    if name in {"expr", "conditionalor", "conditionaland"} and len(below) > 1:
        kind = {"expr": "?:", "conditionalor": "||", "conditionaland": "&&"}[name]
        return Node(kind, tuple(map(_node, below)))
    if name == "unary" and len(below) > 1:
        kind = "!" if below[0].data == "unary_not" else "neg"
        return Node(kind, (_node(below[1]),))
    if len(below) > 1 and name in {"relation", "addition", "multiplication"}:
        left, right = below
        operator = _OPERATORS[left.data.rpartition("_")[2]]
        return Node(operator, (_node(left.children[0]), _node(right)))
    if name in {"literal", "ident"}:
        return Node("name" if name == "ident" else name, word=str(below[0]))
    if name == "member_dot":
        return Node("member", (_node(below[0]),), str(below[1]))
    if name == "member_index":
        return Node("index", tuple(map(_node, below)))
    if name == "member_dot_arg":
        return Node("method", (_node(below[0]), *_listed(below[2:])), str(below[1]))
    if name == "ident_arg":
        return Node("call", _listed(below[1:]), str(below[0]))
    if name == "list_lit":
        return Node("list", _listed(below))
    if name == "map_lit":
        return Node("map", _listed(below))
    if len(below) == 1 and name in {"dot_ident", "dot_ident_arg", "member_object"}:
        raise SpecError("a CEL message is no JSON", hint="use members of `self`")
    return _node(below[0])


def _listed(below: list[Any]) -> tuple[Node, ...]:
    return tuple(map(_node, below[0].children)) if below else ()


def value_of(node: Node) -> Json:
    """Return the value of a literal; UNKNOWN of any other node."""
    if node.kind == "neg" and isinstance(value := value_of(node.parts[0]), int | float):
        return -value
    if node.kind != "literal":
        return UNKNOWN
    with suppress(ValueError):
        return json.loads(node.word)
    if node.word[:1] == "'" and "\\" not in node.word:
        return node.word[1:-1]
    found = _google(()).compile(node.word).eval(data={})
    return found.plain_value()


@dataclass(frozen=True)
class Types:
    """The types of the members of a request, by their paths in it.

    They begin with `body`, `query`, `path`, `headers` or `cookies`.
    """

    kinds: dict[Path, str] = field(default_factory=dict)
    members: dict[Path, dict[str, None]] = field(default_factory=dict)
    values: dict[Path, list[Json]] = field(default_factory=dict)  # the only ones
    steps: dict[Path, float] = field(default_factory=dict)  # they are multiples of

    def add(self, schema: Json, at: Path) -> None:
        """Take in the members of a schema at a path."""
        for each in walk(schema):
            path, node = (*at, *each.instance), each.schema
            stated = node.get("type", ())
            kinds = {stated} if isinstance(stated, str) else {*stated}
            kind = "double" if "number" in kinds else next(iter(kinds - {"null"}), "")
            if kind == "string":
                kind = _FORMATS.get(node.get("format", ""), kind)
            if kind and self.kinds.get(path) not in _TYPED:
                self.kinds[path] = kind
            if listed := [
                *node.get("enum", [node["const"]] if "const" in node else [])
            ]:
                self.values[path] = listed
            if "multipleOf" in node:
                self.steps[path] = node["multipleOf"]
            self.members.setdefault(path, {}).update(
                dict.fromkeys(node.get("properties", ()))
            )
            if not node.get("additionalProperties", not node.get("patternProperties")):
                continue
            if {"additionalProperties", "patternProperties"} & node.keys():
                self.members[path][ITEM] = None

    def lacking(self, path: Path) -> str:
        """Return what is wrong with a path that names no described member."""
        for size in range(1, len(path)):
            known = self.members.get(path[:size], {})
            step, own = path[size], self.kinds.get(path[:size], "")
            if step == ITEM or ITEM in known or step in known:
                continue
            is_closed = size == 1 and path[0] != "body"
            if known or is_closed or own not in {"", "object"}:
                where = ".".join(path[:size]).replace(ITEM, "*")
                near = did_you_mean(step, known)
                return f"{where} has no member {step}{near and ': ' + near.strip()}"
        return ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the names in an expression stand for."""

    values: Mapping[str, Json]
    # Of variables, the paths of what they stand for, and the places in the request.
    paths: Mapping[str, Path]
    places: Mapping[str, Location]

    def with_item(self, name: str, value: Json, path: Path | None, at: Any) -> Scope:  # noqa: ANN401 - a location, or none
        """Return the scope inside of a macro."""
        paths = {**self.paths, name: path} if path else _less(self.paths, name)
        places = {**self.places, name: at} if at else _less(self.places, name)
        return Scope({**self.values, name: value}, paths, places)


def _less(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: found[key] for key in found if key != name}


_Paths: TypeAlias = Mapping[str, Path]
# The first steps of paths in a request.
REQUEST = ("body", "query", "path", "headers", "cookies")


@dataclass(frozen=True)
class Expression:
    """An expression at a place of a contract."""

    text: str
    types: Types
    at: Path  # of `self`, in the request

    @cached_property
    def node(self) -> Node:
        """Its parts; SpecError if it is no expression."""
        return parsed(self.text)

    @cached_property
    def reads(self) -> frozenset[Path]:
        """The paths of the members that it reads."""
        return frozenset(self._read(self.node, {"self": self.at}))

    @cached_property
    def _written(self) -> str:
        return self.write(self.node, {"self": self.at})

    def check(self) -> None:
        """Check that it can be evaluated.

        Raises:
            SpecError: it is no expression, or names what is not there.
        """
        for path in sorted(self.reads, key=len):
            if path[0] not in REQUEST:
                hint = f"a request has {', '.join(REQUEST)}"
                raise SpecError(f"`{self.text}`: request has no {path[0]}", hint=hint)
            if why := self.types.lacking(path):
                raise SpecError(
                    f"`{self.text}`: {why}", hint="name members that are described"
                )
        try:
            program = _google(("request", "self")).compile(self._written)
        except RuntimeError as error:
            what = str(error).partition("ERROR: ")[2].split("\n", 1)[0]
            what = re.sub(r"<input>:\d+:\d+: ", "", what)
            what = what.replace(" (in container '')", "") or str(error)
            raise SpecError(
                f"`{self.text}`: {what}", hint="see the functions of CEL, and `sum`"
            ) from error
        if program.return_type().name() not in {"BOOL", "DYN"}:
            raise SpecError(
                f"`{self.text}` is neither true nor false", hint="compare it"
            )

    def holds(self, value: Json, request: Json, *, quick: bool) -> bool | None:
        """Return whether it holds; None if it says nothing.

        Args:
            value: what it stands beside.
            request: its body and parameters, by `REQUEST`.
            quick: by which of the evaluators.
        """
        names = {"self": value, "request": request}
        found = (_by_google if quick else _by_python)(self._written, names)
        return found if isinstance(found, bool) else None

    def value(self, node: Node, scope: Scope) -> Json:
        """Return the value of a part, by the quick evaluator; UNKNOWN without one."""
        return _by_google(self.write(node, scope.paths), scope.values)

    def shown(self, value: Json, request: Json) -> str:
        """Write it with the values of the members that it names."""
        names = {"self": value, "request": request}

        def instead(node: Node) -> str:
            if node.kind not in {"name", "member", "index"} or not _is_path(node):
                return ""
            found = _by_google(node.text, names)
            return node.text if found is UNKNOWN else short(found, _MOST_SHOWN)

        text = write(self.node, instead)
        sides = self.node.parts if self.node.kind in RELATIONS[:-1] else ()
        found = [_by_google(self.write(it, {"self": self.at}), names) for it in sides]
        if sides and all(isinstance(it, int | float) for it in found):
            told = f" {self.node.kind} ".join(map(short, found))
            return text if told == text else f"{text}, that is {told}"
        return text

    def path(self, node: Node, paths: _Paths) -> Path | None:
        """Return the path in a request of what a node stands for, if it is a member."""
        if node.kind == "name":
            return () if node.word == "request" else paths.get(node.word)
        if node.kind not in {"member", "index"}:
            return None
        above = self.path(node.parts[0], paths)
        if above is None or node.kind == "member":
            return None if above is None else (*above, node.word)
        step = value_of(node.parts[1])
        if above == ("headers",) and isinstance(step, str):
            step = step.lower()
        return (*above, step if isinstance(step, str) else ITEM)

    def item_path(self, node: Node, paths: _Paths) -> Path | None:
        """Return the path of the items of a list."""
        if node.is_macro and node.word == "filter":
            return self.item_path(node.parts[0], paths)
        if node.is_macro and node.word == "map":
            return self.path(node.parts[-1], self.inside(node, paths))
        above = self.path(node, paths)
        return None if above is None else (*above, ITEM)

    def inside(self, node: Node, paths: _Paths) -> _Paths:
        """Return the paths of variables inside of a macro."""
        item, name = self.item_path(node.parts[0], paths), node.parts[1].word
        return {**paths, name: item} if item else _less(paths, name)

    def kind(self, node: Node, paths: _Paths) -> str:
        """Return the type of a part, as far as the contract tells it."""
        path = self.path(node, paths)
        if path is not None:
            return self.types.kinds.get(path, "")
        value = value_of(node)
        if value is not UNKNOWN:
            known = {bool: "boolean", int: "integer", float: "double", str: "string"}
            return known.get(type(value), "")
        if node.kind in _ARITHMETIC:
            kinds = [self.kind(each, paths) for each in node.parts]
            if node.kind == "-" and {*kinds} <= {"time", "date"}:
                return "duration"
            # A time and a duration give a time.
            return next((it for it in ("time", "date", "double") if it in kinds), "")
        if node.kind == "neg":
            return self.kind(node.parts[0], paths)
        if node.kind == "?:":
            kinds = [self.kind(each, paths) for each in node.parts[1:]]
            return "double" if "double" in kinds else kinds[0]
        if node.kind in {"call", "method"}:
            if node.word == "sum":
                return self._item_kind(node.parts[0], paths)
            known = {"timestamp": "time", "int": "integer", "size": "integer"}
            return known.get(node.word, node.word if node.word in _TYPED else "")
        return ""

    def _item_kind(self, node: Node, paths: _Paths) -> str:
        if node.is_macro and node.word == "map":
            return self.kind(node.parts[-1], self.inside(node, paths))
        if node.is_macro and node.word == "filter":
            return self._item_kind(node.parts[0], paths)
        path = self.item_path(node, paths)
        return self.types.kinds.get(path, "") if path else ""

    def _read(self, node: Node, paths: _Paths) -> Iterator[Path]:
        path = self.path(node, paths)
        if path is not None:
            yield from [path] if path else ()
            for each in node.all():
                if each.kind == "index":
                    yield from self._read(each.parts[1], paths)
        elif node.is_macro:
            yield from self._read(node.parts[0], paths)
            for each in node.parts[2:]:
                yield from self._read(each, self.inside(node, paths))
        else:
            for each in node.parts:
                yield from self._read(each, paths)

    def write(self, node: Node, paths: _Paths, wanted: str = "") -> str:
        """Write a part for the evaluators, its members of the contract's types.

        A whole number is written as the type that is wanted beside it.
        """
        path, kind = self.path(node, paths), self.kind(node, paths)
        if path is not None:
            text = self._raw(node, paths)
            own = kind if kind in _TYPED else wanted * (kind == "integer")
            return _TYPED[own].format(text) if own else text
        value = value_of(node)
        if wanted == "double" and type(value) is int:
            return f"{value}.0"
        # Of no items, the sum is a whole number.
        is_wider = wanted == "double" and kind == "integer"
        if is_wider or (node.word == "sum" and kind == "double"):
            return f"double({self._raw(node, paths)})"
        return self._raw(node, paths)

    def _raw(self, node: Node, paths: _Paths) -> str:
        """Write a part, and its own parts in the types that it takes."""
        if node.kind == "call" and node.word == "has" and node.parts:
            return self._has(node.parts[0], paths)
        if node.is_macro:
            inner = self.inside(node, paths)
            own = [self.write(each, inner) for each in node.parts[2:]]
            own = [node.parts[1].word, *own]
            return f"{self._raw(node.parts[0], paths)}.{node.word}({', '.join(own)})"
        path = self.path(node, paths) or ()
        texts = []
        is_raw = node.kind in {"member", "index"} or node.word in {*_RAW, *_TEXTUAL}
        wanted = self._beside(node, paths)
        for index, each in enumerate(node.parts):
            if (is_raw and index == 0) or wanted is None:
                texts.append(self._raw(each, paths))
            else:
                texts.append(self.write(each, paths, wanted))
        if node.kind == "index" and path[:1] == ("headers",):
            texts[1] = json.dumps(path[1])
        return joined(node, texts)

    def _beside(self, node: Node, paths: _Paths) -> str | None:
        """Return the wider type that the parts of an operation share.

        It is None where they are taken as they are, and empty where each has its own.
        """
        if node.kind not in {*RELATIONS, *_ARITHMETIC, "list", "?:"}:
            return ""
        is_held = node.kind == "in" and node.parts[1].kind != "list"
        if is_held or any(each.word == "null" for each in node.parts):
            return None
        lists = (each.parts for each in node.parts if each.kind == "list")
        kinds = {self.kind(it, paths) for it in chain(node.parts, *lists)}
        return "double" if "double" in kinds else ""

    def _has(self, node: Node, paths: _Paths) -> str:
        """Write that a member is there, and all around it."""
        if node.kind == "index" and isinstance(value_of(node.parts[1]), str):
            name, around = (self._raw(it, paths) for it in reversed(node.parts))
            text = f"({name} in {around})"
        else:
            text = f"has({self._raw(node, paths)})"
        above = node.parts[0] if node.parts else node
        if above.kind in {"member", "index"} and above.parts[0].word != "request":
            return f"({self._has(above, paths)} && {text})"
        return text


@cache
def members_read(text: str, instance: Path) -> tuple[Path, ...]:
    """Return the instance paths that an expression reads, of members of a body."""
    reads = Expression(text, Types(), ("body", *instance)).reads
    return tuple(sorted(each[1:] if each[0] == "body" else each for each in reads))


def _is_path(node: Node) -> bool:
    """Return whether a node is a member of `self` or of the request."""
    if node.kind == "name":
        return node.word == "self"
    first = node.parts[0] if node.parts else node
    if first.word == "request" and first.kind == "name":
        return False
    if node.kind == "index" and value_of(node.parts[1]) is UNKNOWN:
        return False
    above = first
    while above.kind in {"member", "index"}:
        above = above.parts[0]
    return above.kind == "name" and above.word in {"self", "request"}


def _carried(value: Json) -> Json:
    """Return a value whose whole numbers both evaluators can hold."""
    if isinstance(value, dict):
        return {name: _carried(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_carried(each) for each in value]
    is_large = type(value) is int and value not in _INT64
    return float(value) if is_large else value


def iso_duration(text: str) -> timedelta:
    """Read an ISO 8601 duration of fixed length; ValueError if it is none."""
    found = _ISO.fullmatch(str(text))
    named = found.groupdict() if found else {}
    parts = {name: int(it) for name, it in named.items() if it}
    if not parts:
        raise ValueError(text)
    return timedelta(**parts)


@cache
def _google(names: tuple[str, ...]) -> Any:  # noqa: ANN401 - it has no types
    """Return Google's evaluator for some variables."""
    from cel_expr_python import cel  # noqa: PLC0415 - few contracts need it

    items = cel.Type.List(cel.Type.DYN)
    total = cel.Overload("sum", cel.Type.DYN, [items], is_member=True, impl=sum)
    length = cel.Overload(
        "iso", cel.Type.DURATION, [cel.Type.STRING], is_member=False, impl=iso_duration
    )
    return cel.NewEnv(
        variables=dict.fromkeys(names, cel.Type.DYN),
        functions=[
            cel.FunctionDecl("sum", [total]),
            cel.FunctionDecl("isoDuration", [length]),
        ],
    )


@cache
def _compiled_by_google(text: str, names: tuple[str, ...]) -> Any:  # noqa: ANN401 - as above
    return _google(names).compile(text)


def _by_google(text: str, names: Mapping[str, Json]) -> Json:
    try:
        program = _compiled_by_google(text, tuple(sorted(names)))
        found = program.eval(data={it: _carried(names[it]) for it in names})
    except Exception:  # noqa: BLE001 - of many kinds: it has no value
        return UNKNOWN
    return UNKNOWN if found.type().name() == "ERROR" else found.plain_value()


@cache
def _python() -> celpy.Environment:
    """Return cel-python's evaluator."""
    import celpy  # noqa: PLC0415 - few contracts need it

    return celpy.Environment()


@cache
def _compiled_by_python(text: str) -> celpy.Runner:
    from celpy import celtypes  # noqa: PLC0415 - as above

    def total(items: list[Any]) -> Any:  # noqa: ANN401 - any number
        return reduce(add, items) if items else celtypes.IntType(0)

    def length(text: str) -> celtypes.DurationType:
        return celtypes.DurationType(iso_duration(text))

    functions: Any = {"sum": total, "isoDuration": length}
    return _python().program(_python().compile(text), functions=functions)


def _by_python(text: str, names: Mapping[str, Json]) -> Json:
    import celpy  # noqa: PLC0415 - as above

    given: Any = {it: celpy.json_to_cel(_carried(names[it])) for it in names}
    try:
        found = _compiled_by_python(text).evaluate(given)
    except Exception:  # noqa: BLE001 - as above
        return UNKNOWN
    return bool(found) if isinstance(found, celpy.celtypes.BoolType) else UNKNOWN
