"""CEL: expressions as trees, and the two evaluators that read them.

Numbers are those of JSON: whole ones are `int`. Besides what CEL has, `sum` adds up a
list, and `isoDuration` reads an ISO 8601 duration.
Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, reduce
from itertools import chain
from operator import add
from typing import Any

from ringspec.spec.errors import SpecError, spec_error
from ringspec.spec.values import Json

# No value, where null is one.
UNKNOWN = object()
LOGICAL = frozenset({"&&", "||"})
RELATIONS = ("==", "!=", "<", "<=", ">", ">=", "in")
ARITHMETIC = ("+", "-", "*", "/", "%")
MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
_LOOSE = frozenset({"?:", "neg", *LOGICAL, *RELATIONS, *ARITHMETIC})
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
class Term:
    """A term of an expression: an operator with its parts, a literal, a name."""

    # `literal`, `name`, `member`, `index`, `call`, `method`, `list`, `map`, `?:`, `!`,
    # `neg`, or an operator between two parts.
    kind: str
    parts: tuple[Term, ...] = ()
    word: str = ""  # a literal, or the name of a variable, member or function

    @property
    def is_macro(self) -> bool:
        """Whether its second part is a variable, that stands for each item."""
        return self.kind == "method" and self.word in MACROS and len(self.parts) > 2

    @property
    def text(self) -> str:
        """The part as an expression."""
        return write(self)

    def all(self) -> Iterator[Term]:
        """Yield the part and all parts of it."""
        yield self
        for each in self.parts:
            yield from each.all()

    def put(self, index: int, part: Term) -> Term:
        """Return the term with another part."""
        parts = (*self.parts[:index], part, *self.parts[index + 1 :])
        return replace(self, parts=parts)

    def named(self, name: str, other: Term) -> Term:
        """Return the term with another one in place of a variable."""
        if self.kind == "name" and self.word == name:
            return other
        return replace(self, parts=tuple(it.named(name, other) for it in self.parts))


def write(term: Term, instead: Callable[[Term], str] = lambda _: "") -> str:
    """Write a term as an expression; `instead` gives another text for some terms."""
    return instead(term) or joined(term, [write(each, instead) for each in term.parts])


def joined(term: Term, parts: list[str]) -> str:
    """Write a term whose parts are written."""
    if term.kind in _FORMS:
        return _FORMS[term.kind](term.word, parts)
    texts = [
        f"({text})" if each.kind in _LOOSE else text
        for each, text in zip(term.parts, parts, strict=True)
    ]
    if term.kind == "?:":
        return f"{texts[0]} ? {texts[1]} : {texts[2]}"
    sign = {"!": "!", "neg": "-"}.get(term.kind)
    return f"{sign}{texts[0]}" if sign else f"{texts[0]} {term.kind} {texts[1]}"


def _pairs(_: str, parts: list[str]) -> str:
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return f"{{{', '.join(f'{key}: {value}' for key, value in pairs)}}}"


_FORMS: dict[str, Callable[[str, list[str]], str]] = {
    "literal": lambda word, _: word,
    "name": lambda word, _: word,
    "member": lambda word, parts: f"{parts[0]}.{word}",
    "index": lambda _, parts: f"{parts[0]}[{parts[1]}]",
    "method": lambda word, parts: f"{parts[0]}.{word}({', '.join(parts[1:])})",
    "call": lambda word, parts: f"{word}({', '.join(parts)})",
    "list": lambda _, parts: f"[{', '.join(parts)}]",
    "map": _pairs,
}


@cache
def parsed(text: str) -> Term:
    """Read an expression.

    Raises:
        SpecError: it is none.
    """
    from celpy.celparser import CELParseError  # noqa: PLC0415 - few contracts need it

    spaced = _MINUS.sub(lambda it: it[1] or " - ", text)
    try:
        return _term(_python().compile(spaced))
    except CELParseError as error:
        where = f" at character {error.column}" if error.column else ""
        raise spec_error("no-cel", text=text, where=where) from error


_OPERATORS = {
    **dict(zip(("eq", "ne", "lt", "le", "gt", "ge", "in"), RELATIONS, strict=True)),
    **dict(zip(("add", "sub", "mul", "div", "mod"), ARITHMETIC, strict=True)),
}
_BETWEEN = {"expr": "?:", "conditionalor": "||", "conditionaland": "&&"}
# Of a rule of cel-python's grammar, the kind of term, and which of its children is a
# word; the others are parts, or lists of them.
_RULES: dict[str, tuple[str, int | None]] = {
    "literal": ("literal", 0),
    "ident": ("name", 0),
    "member_dot": ("member", 1),
    "member_index": ("index", None),
    "member_dot_arg": ("method", 1),
    "ident_arg": ("call", 0),
    "list_lit": ("list", None),
    "map_lit": ("map", None),
}
_LISTS = frozenset({"exprlist", "mapinits"})


def _term(tree: Any) -> Term:
    """Read a tree of cel-python's grammar."""
    name, below = tree.data, tree.children
    if name in _RULES:
        kind, at = _RULES[name]
        trees = [it for n, it in enumerate(below) if n != at]
        lists = [it.children if it.data in _LISTS else [it] for it in trees]
        parts = map(_term, chain.from_iterable(lists))
        return Term(kind, tuple(parts), "" if at is None else str(below[at]))
    if name in {"dot_ident", "dot_ident_arg", "member_object"}:
        raise SpecError("a CEL message is no JSON", hint="use members of `self`")
    if len(below) == 1:
        return _term(below[0])
    if name in _BETWEEN:
        return Term(_BETWEEN[name], tuple(map(_term, below)))
    left, right = below
    if name == "unary":
        return Term("!" if left.data == "unary_not" else "neg", (_term(right),))
    operator = _OPERATORS[left.data.rpartition("_")[2]]
    return Term(operator, (_term(left.children[0]), _term(right)))


def value_of(term: Term) -> Json:
    """Return the value of a literal; UNKNOWN of any other term."""
    if term.kind == "neg" and isinstance(value := value_of(term.parts[0]), int | float):
        return -value
    if term.kind != "literal":
        return UNKNOWN
    with suppress(ValueError):
        return json.loads(term.word)
    if term.word[:1] == "'" and "\\" not in term.word:
        return term.word[1:-1]
    return google(()).compile(term.word).eval(data={}).plain_value()


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
def google(names: tuple[str, ...]) -> Any:
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
def _google_program(text: str, names: tuple[str, ...]) -> Any:
    return google(names).compile(text)


def by_google(text: str, names: Mapping[str, Json]) -> Json:
    """Evaluate an expression by Google's evaluator; UNKNOWN if it has no value."""
    try:
        program = _google_program(text, tuple(sorted(names)))
        found = program.eval(data={it: _carried(names[it]) for it in names})
    except Exception:  # noqa: BLE001 - of many kinds: it has no value
        return UNKNOWN
    is_none = found.type().name() == "ERROR"
    return UNKNOWN if is_none else _ordered(found.plain_value())


def _ordered(value: Json) -> Json:
    """Return a value with members by their names: maps have no order in CEL."""
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value, key=str)}
    return [*map(_ordered, value)] if isinstance(value, list) else value


@cache
def _python() -> Any:
    """Return cel-python's evaluator."""
    import celpy  # noqa: PLC0415 - few contracts need it
    from celpy import evaluation  # noqa: PLC0415 - as above

    # An error of errors in a list writes each of them many times over.
    setattr(evaluation.CELEvalError, "__repr__", object.__repr__)  # noqa: B010
    limit = sys.getrecursionlimit()
    try:
        return celpy.Environment()
    finally:
        # It raises the limit, and with it the depth of JSON that is read anywhere.
        sys.setrecursionlimit(limit)


@cache
def _python_program(text: str) -> Any:
    from celpy import celtypes  # noqa: PLC0415 - as above

    def total(items: list[Any]) -> Any:
        return reduce(add, items) if items else celtypes.IntType(0)

    def length(text: str) -> Any:
        return celtypes.DurationType(iso_duration(text))

    functions: Any = {"sum": total, "isoDuration": length}
    return _python().program(_python().compile(text), functions=functions)


def by_python(text: str, names: Mapping[str, Json]) -> Json:
    """Return whether an expression is true, by cel-python; UNKNOWN if it is neither."""
    from celpy import adapter, celtypes  # noqa: PLC0415 - as above

    try:
        given: Any = {it: adapter.json_to_cel(_carried(names[it])) for it in names}
        found = _python_program(text).evaluate(given)
    except Exception:  # noqa: BLE001 - as above
        return UNKNOWN
    return bool(found) if isinstance(found, celtypes.BoolType) else UNKNOWN
