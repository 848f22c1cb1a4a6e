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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import chain
from typing import TypeAlias

from ringspec.spec.cel import (
    ARITHMETIC,
    RELATIONS,
    UNKNOWN,
    Term,
    by_google,
    by_python,
    google,
    joined,
    parsed,
    value_of,
    write,
)
from ringspec.spec.errors import SpecError, did_you_mean, spec_error
from ringspec.spec.reading import short
from ringspec.spec.schemas import ITEM, VOCABULARY, types_of, walk
from ringspec.spec.values import Json, Path, canonical, kind_of

# They are about the text of a value, whatever it stands for.
_TEXTUAL = frozenset({"startsWith", "endsWith", "contains", "matches", "size"})
_RAW = frozenset({"has", "size", "string", "dyn", "type"})
# How a member is written, for a value of its type.
_TYPED: dict[str, str] = VOCABULARY["cel"]["written"]
# The types of literals, and of what functions return.
_OF_LITERALS = {bool: "boolean", int: "integer", float: "double", str: "string"}
_RESULTS: dict[str, str] = VOCABULARY["cel"]["results"]
# What types are in JSON, if they are called otherwise.
_JSON = dict.fromkeys(("time", "date", "duration"), "string") | {"double": "number"}
# Types that compare with each other, and what each is called.
_COMPARED = {"double": "integer", "date": "time"}
_CALLED: dict[str, str] = VOCABULARY["cel"]["called"]
_FORMATS = {"date-time": "time", "date": "date", "duration": "duration"}
_MOST_SHOWN = 60
# Most values whose verdicts are kept, by one expression.
_MOST_KNOWN = 20_000


@dataclass(frozen=True)
class Types:
    """The types of the members of a request, by their paths in it.

    They begin with `body`, `query`, `path`, `headers` or `cookies`.
    """

    kinds: dict[Path, str] = field(default_factory=dict)
    members: dict[Path, dict[str, None]] = field(default_factory=dict)
    values: dict[Path, list[Json]] = field(default_factory=dict)  # the only ones
    steps: dict[Path, float] = field(default_factory=dict)  # they are multiples of
    defaults: dict[Path, Json] = field(default_factory=dict)

    def add(self, schema: Json, at: Path) -> None:
        """Take in the members of a schema at a path."""
        for each in walk(schema):
            path, node = (*at, *each.instance), each.schema
            stated = [node["const"]] if "const" in node else []
            listed = [*node.get("enum", stated)]
            kinds = {*types_of(node)} or {*map(kind_of, listed)}
            kinds -= {"null"} | ({"integer"} if "number" in kinds else set())
            # Of several types, none is known.
            kind = next(iter(kinds)) if len(kinds) == 1 else ""
            kind = "double" if kind == "number" else kind
            if kind == "string":
                kind = _FORMATS.get(node.get("format", ""), kind)
            if kind and self.kinds.get(path) not in _TYPED:
                self.kinds[path] = kind
            if listed:
                self.values[path] = listed
            if "default" in node:
                self.defaults[path] = node["default"]
            if "multipleOf" in node:
                self.steps[path] = node["multipleOf"]
            self.members.setdefault(path, {}).update(
                dict.fromkeys(node.get("properties", ()))
            )
            others = node.get("additionalProperties", not node.get("patternProperties"))
            if others and {"additionalProperties", "patternProperties"} & node.keys():
                self.members[path][ITEM] = None

    def lacking(self, path: Path) -> str:
        """Return what is wrong with a path that names no described member."""
        for size in range(1, len(path)):
            known = self.members.get(path[:size], {})
            step, own = path[size], self.kinds.get(path[:size], "")
            if step == ITEM or ITEM in known or step in known:
                continue
            is_closed = size == 1 and path[0] != "body"
            is_item = own == "array" and step.isdecimal()
            if known or is_closed or (own not in {"", "object"} and not is_item):
                where = ".".join(path[:size]).replace(ITEM, "*")
                near = did_you_mean(step, known)
                return f"{where} has no member {step}{near and ': ' + near.strip()}"
        return ""


# Of variables, the paths of what they stand for, if these are known.
Paths: TypeAlias = Mapping[str, Path | None]
# The first steps of paths in a request.
REQUEST = ("body", "query", "path", "headers", "cookies")


@dataclass(frozen=True)
class Expression:
    """An expression at a place of a contract."""

    text: str
    types: Types
    at: Path  # of `self`, in the request

    @cached_property
    def term(self) -> Term:
        """What it says, in parts; SpecError if it is no expression."""
        return parsed(self.text)

    @cached_property
    def reads(self) -> frozenset[Path]:
        """The paths of the members that it reads."""
        return frozenset(self._read(self.term, {"self": self.at}))

    @cached_property
    def _values_read(self) -> list[Path]:
        """The paths of the members whose values it reads: not just asks for."""
        return sorted({*self._read(self.term, {"self": self.at}, given=False)})

    @property
    def strict(self) -> Expression:
        """The expression that is false where a bound is met."""

        def inside(term: Term) -> Term:
            kind = {"<=": "<", ">=": ">"}.get(term.kind, term.kind)
            parts = term.parts if kind == "!" else tuple(map(inside, term.parts))
            return replace(term, kind=kind, parts=parts)

        changed = inside(self.term)
        return self if changed == self.term else replace(self, text=changed.text)

    @cached_property
    def _written(self) -> str:
        return self.write(self.term, {"self": self.at})

    def lacking(self) -> str:
        """Return what it names and no schema describes; empty if all is described."""
        for path in sorted(self.reads, key=lambda it: (len(it), it)):
            if why := self.types.lacking(path):
                return f"`{self.text}`: {why}"
        return ""

    def check(self) -> None:
        """Check that it can be evaluated.

        Raises:
            SpecError: it is no expression, or compares what does not compare.
        """
        for path in sorted(self.reads):
            if path[0] not in REQUEST:
                hint = f"a request has {', '.join(REQUEST)}"
                raise SpecError(f"`{self.text}`: request has no {path[0]}", hint=hint)
        if not self.reads:
            raise spec_error("no-member-read", text=self.text)
        for left, right in self._unlike(self.term, {"self": self.at}):
            raise SpecError(
                f"`{self.text}` compares {_CALLED[left]} with {_CALLED[right]}",
                hint="compare values of one type: see `timestamp`, `double`, `string`",
            )
        try:
            program = google(("request", "self")).compile(self._written)
        except RuntimeError as error:
            what = str(error).partition("ERROR: ")[2].split("\n", 1)[0]
            what = re.sub(r"<input>:\d+:\d+: ", "", what)
            what = what.replace(" (in container '')", "") or str(error)
            raise spec_error("no-cel-type", text=self.text, what=what) from error
        if program.return_type().name() not in {"BOOL", "DYN"}:
            raise spec_error("no-condition", text=self.text)

    @cached_property
    def defaults(self) -> dict[Path, Json]:
        """The defaults of the members of a body that it reads, by their paths in it."""
        known = self.types.defaults
        return {
            it[1:]: known[it] for it in self.reads if it in known and ITEM not in it
        }

    def holds(self, value: Json, request: Json, *, quick: bool) -> bool | None:
        """Return whether it holds; None if it says nothing.

        Args:
            value: what it stands beside.
            request: its body and parameters, by `REQUEST`.
            quick: by which of the evaluators.
        """
        given = {"self": value, "request": request}
        names = {it: _projected(given[it], tree) for it, tree in self._needed.items()}
        key = quick, canonical(names)
        if key not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            typed = all(self._is_typed(names, path) for path in self._values_read)
            read = by_google if quick else by_python
            found = read(self._written, names) if typed else UNKNOWN
            self._known[key] = found if isinstance(found, bool) else None
        return self._known[key]

    @cached_property
    def _known(self) -> dict[tuple[bool, str], bool | None]:
        """What each evaluator says of the values that it reads."""
        return {}

    @cached_property
    def _needed(self) -> dict[str, _Tree]:
        """What it reads of `self`, and of the request, if it names them."""
        size, read = len(self.at), sorted(self.reads)
        named = {each.word for each in self.term.all() if each.kind == "name"}
        below = [each[size:] for each in read if each[:size] == self.at]
        trees = {"self": _tree([] if () in below else below), "request": _tree(read)}
        return {name: tree for name, tree in trees.items() if name in named}

    def _is_typed(self, names: Json, path: Path) -> bool:
        """Return whether all at a path is of its type: null is, if it is asked for."""
        kind = self.types.kinds.get(path, "")
        asks = any(each.word == "null" for each in self.term.all())
        kinds = {_JSON.get(kind, kind), "integer" if kind == "double" else ""}
        kinds |= {"null"} if asks else set()
        found = list(_values(names.get("request"), path))
        if path[: len(self.at)] == self.at:
            found += _values(names.get("self"), path[len(self.at) :])
        return all(
            kind_of(it) in kinds or (not kind and (asks or it is not None))
            for it in found
        )

    def shown(self, value: Json, request: Json) -> str:
        """Write it with the values of the members that it names."""
        names, own = {"self": value, "request": request}, {"self": self.at}

        def instead(term: Term) -> str:
            if term.kind == "call" and term.word == "has":
                return term.text
            above = term.parts[0].text if term.parts else ""
            is_open = term.kind == "index" and value_of(term.parts[1]) is UNKNOWN
            if is_open or above == "request" or not self.path(term, own):
                return ""
            found = by_google(term.text, names)
            return term.text if found is UNKNOWN else short(found, _MOST_SHOWN)

        text = write(self.term, instead)
        sides = self.term.parts if self.term.kind in RELATIONS[:-1] else ()
        found = [by_google(self.write(it, own), names) for it in sides]
        if sides and all(type(it) in {int, float} for it in found):
            told = f" {self.term.kind} ".join(f"{it:.12g}" for it in found)
            return text if told == text else f"{text}, that is {told},"
        return text

    def path(self, term: Term, paths: Paths) -> Path | None:
        """Return the path in a request of what a term stands for, if it is a member."""
        if term.kind == "name":
            return () if term.word == "request" else paths.get(term.word)
        if term.kind not in {"member", "index"}:
            return None
        above = self.path(term.parts[0], paths)
        if above is None or term.kind == "member":
            return None if above is None else (*above, term.word)
        step = value_of(term.parts[1])
        if above == ("headers",) and isinstance(step, str):
            step = step.lower()
        return (*above, step if isinstance(step, str) else ITEM)

    def item_path(self, term: Term, paths: Paths) -> Path | None:
        """Return the path of the items of a list."""
        if term.is_macro and term.word == "filter":
            return self.item_path(term.parts[0], paths)
        if term.is_macro and term.word == "map":
            return self.path(term.parts[-1], self.inside(term, paths))
        above = self.path(term, paths)
        return None if above is None else (*above, ITEM)

    def inside(self, term: Term, paths: Paths) -> Paths:
        """Return the paths of variables inside of a macro."""
        item, name = self.item_path(term.parts[0], paths), term.parts[1].word
        return {**paths, name: item}

    def kind(self, term: Term, paths: Paths) -> str:
        """Return the type of a part, as far as the contract tells it."""
        path = self.path(term, paths)
        if path is not None:
            return self.types.kinds.get(path, "")
        if (value := value_of(term)) is not UNKNOWN:
            return _OF_LITERALS.get(type(value), "")
        if term.word == "sum":
            return self._item_kind(term.parts[0], paths)
        if term.kind in {"call", "method"}:
            return _RESULTS.get(term.word, "")
        is_shared = term.kind in {*ARITHMETIC, "neg", "?:"}
        parts = term.parts[term.kind == "?:" :] if is_shared else ()
        kinds = [self.kind(each, paths) for each in parts]
        if term.kind == "-" and kinds[1:] and {*kinds} <= {"time", "date"}:
            return "duration"
        # A time and a duration give a time.
        wider = next((it for it in ("time", "date", "double") if it in kinds), "")
        return wider or "integer" * ({*kinds} == {"integer"})

    def _item_kind(self, term: Term, paths: Paths) -> str:
        if term.is_macro and term.word == "map":
            return self.kind(term.parts[-1], self.inside(term, paths))
        if term.is_macro and term.word == "filter":
            return self._item_kind(term.parts[0], paths)
        path = self.item_path(term, paths)
        return self.types.kinds.get(path, "") if path else ""

    def _unlike(self, term: Term, paths: Paths) -> Iterator[tuple[str, str]]:
        """Yield the types that are compared and never compare."""
        inside = self.inside(term, paths) if term.is_macro else paths
        for index, each in enumerate(term.parts):
            yield from self._unlike(each, inside if index > 1 else paths)
        if term.kind in RELATIONS[:-1] or term.kind in {"+", "-", "*"}:
            kinds = [self.kind(each, paths) for each in term.parts]
            left, right = (_COMPARED.get(each, each) for each in kinds)
            shifts = term.kind in {"+", "-"} and right == "duration"
            if left != right and {left, right} <= _CALLED.keys() and not shifts:
                yield left, right

    def _read(self, term: Term, paths: Paths, *, given: bool = True) -> Iterator[Path]:
        """Yield the members that a part reads; `given`, those too that it asks for."""
        path = self.path(term, paths)
        if path is not None:
            yield from [path] if path else ()
            indexes = (it.parts[1] for it in term.all() if it.kind == "index")
            inner = [(each, paths) for each in indexes]
        elif term.is_macro:
            inside = self.inside(term, paths)
            inner = [(term.parts[0], paths), *((it, inside) for it in term.parts[2:])]
        else:
            is_asked = term.kind == "call" and term.word == "has" and not given
            inner = [(each, paths) for each in term.parts if not is_asked]
        for each, known in inner:
            yield from self._read(each, known, given=given)

    def write(self, term: Term, paths: Paths, wanted: str = "") -> str:
        """Write a part for the evaluators, its members of the contract's types.

        A whole number is written as the type that is wanted beside it.
        """
        path, kind = self.path(term, paths), self.kind(term, paths)
        if path is not None:
            text = self._raw(term, paths)
            own = kind if kind in _TYPED else wanted * (kind == "integer")
            return _TYPED[own].format(text) if own else text
        value = value_of(term)
        if wanted == "double" and type(value) is int:
            return f"{value}.0"
        # Of no items, the sum is a whole number.
        is_wider = wanted == "double" and kind == "integer"
        if is_wider or (term.word == "sum" and kind == "double"):
            return f"double({self._raw(term, paths)})"
        return self._raw(term, paths)

    def _raw(self, term: Term, paths: Paths) -> str:
        """Write a part, and its own parts in the types that it takes."""
        if term.kind == "call" and term.word == "has" and term.parts:
            return self._has(term.parts[0], paths)
        if term.is_macro:
            inner = self.inside(term, paths)
            own = [self.write(each, inner) for each in term.parts[2:]]
            own = [term.parts[1].word, *own]
            return f"{self._raw(term.parts[0], paths)}.{term.word}({', '.join(own)})"
        others = [each for each in term.parts if each.word != "null"]
        if term.kind in {"==", "!="} and len(others) == 1:
            # cel-python compares null with nothing else.
            return f"type({self._raw(others[0], paths)}) {term.kind} type(null)"
        path = self.path(term, paths) or ()
        texts = []
        is_raw = term.kind in {"member", "index"} or term.word in {*_RAW, *_TEXTUAL}
        wanted = self._beside(term, paths)
        for index, each in enumerate(term.parts):
            if (is_raw and index == 0) or wanted is None:
                texts.append(self._raw(each, paths))
            else:
                texts.append(self.write(each, paths, wanted))
        if term.kind == "index" and path[:1] == ("headers",):
            texts[1] = json.dumps(path[1])
        return joined(term, texts)

    def _beside(self, term: Term, paths: Paths) -> str | None:
        """Return the wider type that the parts of an operation share.

        It is None where they are taken as they are, and empty where each has its own.
        """
        if term.kind not in {*RELATIONS, *ARITHMETIC, "list", "?:"}:
            return ""
        is_held = term.kind == "in" and term.parts[1].kind != "list"
        if is_held or any(each.word == "null" for each in term.parts):
            return None
        lists = (each.parts for each in term.parts if each.kind == "list")
        kinds = {self.kind(it, paths) for it in chain(term.parts, *lists)}
        return "double" if "double" in kinds else ""

    def _has(self, term: Term, paths: Paths) -> str:
        """Write that a member is there, and all around it."""
        if term.kind == "index" and isinstance(value_of(term.parts[1]), str):
            name, around = (self._raw(it, paths) for it in reversed(term.parts))
            text = f"({name} in {around})"
        else:
            text = f"has({self._raw(term, paths)})"
        above = term.parts[0] if term.parts else term
        if above.kind in {"member", "index"} and above.parts[0].word != "request":
            return f"({self._has(above, paths)} && {text})"
        return text


# The members that are read of a value; of one that is read whole, none are named.
_Tree: TypeAlias = "dict[str, _Tree]"


def _tree(paths: Iterable[Path]) -> _Tree:
    tree: _Tree = {}
    for path in sorted(paths, key=len):
        at = tree
        for step in path:
            if step in at and not at[step]:
                break  # it is read whole
            at = at.setdefault(step, {})
    return tree


def _projected(value: Json, tree: _Tree) -> Json:
    """Return the part of a value that is read."""
    if not tree or not isinstance(value, dict | list):
        return value
    inner = tree.get(ITEM)
    if isinstance(value, list):
        return value if inner is None else [_projected(it, inner) for it in value]
    if inner is not None:
        return {name: _projected(child, inner) for name, child in value.items()}
    return {it: _projected(value[it], tree[it]) for it in tree if it in value}


def _values(value: Json, path: Path) -> Iterator[Json]:
    """Yield the values at a path, of all items."""
    if not path:
        yield value
    elif path[0] == ITEM:
        below = value.values() if isinstance(value, dict) else value
        for each in below if isinstance(value, dict | list) else ():
            yield from _values(each, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from _values(value[path[0]], path[1:])


@cache
def members_read(text: str, instance: Path) -> tuple[Path, ...]:
    """Return the instance paths that an expression reads, of members of a body."""
    reads = Expression(text, Types(), ("body", *instance)).reads
    return tuple(sorted(each[1:] if each[0] == "body" else each for each in reads))
