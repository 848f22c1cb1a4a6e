"""From JSON Schema 2020-12 to shapes: values that surely fit a schema, or may fit it.

Conditions become alternatives: `if A then B else C` is (A and B) or (not A and C). One
table has for each keyword the values that it admits and refuses. `compile_schema` and
`negate` give only values that surely fit, perhaps not all. `reach` and `avoid` give
every value that may fit: no shape left proves that no value fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from math import ceil, floor, inf, isinf
from typing import Any, TypeAlias

from ringspec.spec import Json, SpecError, kind_of
from ringspec.strategies.shapes.shape import (
    ANYTHING,
    KINDS,
    OTHERS,
    Alternatives,
    Contained,
    Shape,
    meet,
)
from ringspec.strategies.shapes.text import MISSING

# Annotations, and keywords that are read with another one.
SILENT = frozenset(
    {
        *("title", "summary", "description", "default", "examples", "example"),
        *("deprecated", "readOnly", "writeOnly", "nullable", "discriminator", "xml"),
        *("$comment", "$schema", "$id", "$defs", "definitions", "externalDocs"),
        *("minContains", "maxContains", "then", "else", "type"),
        *("contentMediaType", "contentEncoding"),
    }
)
# By unsupported keyword, the hint.
INSTEAD = "state it by others, such as properties, if, oneOf or contains"
# A number that is no integer, where the two are kept apart.
FRACTION = "fraction"
_WIDE_KINDS = tuple(FRACTION if kind == "number" else kind for kind in KINDS)
_NUMBERS = frozenset({"integer", "number", FRACTION})
_ALL = frozenset(KINDS) | _NUMBERS
_TEXT, _LIST, _MAP = frozenset({"string"}), frozenset({"array"}), frozenset({"object"})
# Most alternatives that are all worked out; of more, a sample.
FEW = 256
# Most meets for a sample of pairs, or of singles.
_STEPS = 40_000
# Longest range of integers that are listed one by one.
_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class _Compiler:
    """Reads schemas; if `wide`, errs towards more values instead of fewer."""

    wide: bool

    def fits(self, schema: Json, kinds: Iterable[str] | None = None) -> Alternatives:
        """Return the alternatives of some kinds that fit a schema.

        Raises:
            SpecError: it uses a keyword that cannot be compiled, or too many
                conditions; not if `wide`.
        """
        kinds = self._all_kinds if kinds is None else tuple(kinds)
        if schema is False:
            return ()
        if schema is True or schema == {}:
            return tuple(Shape(kind=each) for each in self._all_kinds if each in kinds)
        return tuple(
            shape
            for kind in _stated(schema, kinds)
            for shape in self.join(self._parts(schema, kind), kind)
        )

    def breaks(self, schema: Json, kinds: Iterable[str] | None = None) -> Alternatives:
        """Return the alternatives of some kinds that break a schema."""
        kinds = self._all_kinds if kinds is None else tuple(kinds)
        if schema is True or schema == {}:
            return ()
        if schema is False:
            return self.fits(True, kinds)  # noqa: FBT003 - it is a schema
        stated = set(_stated(schema, kinds))
        found: list[Shape] = []
        for kind in kinds:
            if kind in stated:
                found += self._failures(schema, kind)
            # A fraction is a kind of its own only if `wide`.
            elif kind != "number" or not _stated(schema, ("integer",)):
                found.append(Shape(kind=kind))
        return live(found) if self.wide else tuple(found)

    def join(self, parts: Iterable[Alternatives], kind: str) -> Alternatives:
        """Return what fits all of some alternatives at once."""
        if not self.wide:
            return joined(parts, kind)
        found: Alternatives = (Shape(kind=kind),)
        for part in parts:
            found = live(meet(found, part))
        return found

    @property
    def anything(self) -> Alternatives:
        """Alternatives for any value, as of a member that is only named."""
        return self.fits(True) if self.wide else ANYTHING  # noqa: FBT003 - a schema

    @property
    def _all_kinds(self) -> tuple[str, ...]:
        return _WIDE_KINDS if self.wide else KINDS

    def _parts(self, schema: Json, kind: str) -> Iterator[Alternatives]:
        """Yield the alternatives that each keyword leaves by itself."""
        if isinstance(schema, bool):
            yield (Shape(kind=kind),) if schema else ()
            return
        shown = () if self.wide else _examples(schema)
        yield tuple(
            Shape(kind=each, examples=shown) for each in _stated(schema, (kind,))
        )
        # For a superset, the parts with the most branches come last.
        keywords = sorted(schema, key="allOf".__eq__) if self.wide else schema
        for keyword in keywords:
            value = schema[keyword]
            if _is_silent(keyword) or (self.wide and keyword not in COMPILED):
                continue
            if keyword not in COMPILED:
                raise SpecError(
                    f"keyword {keyword!r} cannot be compiled",
                    hint=INSTEAD,
                )
            about, admits, _ = COMPILED[keyword]
            if keyword == "allOf":
                for sub in value:
                    if self.wide:
                        yield self.fits(sub, (kind,))
                    else:
                        yield from self._parts(sub, kind)
            elif keyword == "dependentRequired":
                yield from _dependent(value) if kind == "object" else ()
            elif kind in about:
                yield tuple(admits(_Context(self, schema, kind), value))

    def _failures(self, schema: dict[str, Json], kind: str) -> Iterator[Shape]:
        for keyword, value in schema.items():
            if _is_silent(keyword):
                continue
            about, _, refuses = COMPILED.get(keyword, (_ALL, None, None))
            if kind in about and refuses is not None:
                yield from refuses(_Context(self, schema, kind), value)
            elif kind in about and self.wide:
                yield Shape(kind=kind)  # its negation is not worked out


def _is_silent(keyword: str) -> bool:
    return keyword in SILENT or keyword.startswith("x-")


def _stated(schema: dict[str, Json], kinds: Iterable[str]) -> list[str]:
    """Return those of some kinds that a schema's `type` allows."""
    stated = schema.get("type", _ALL)
    stated = {stated} if isinstance(stated, str) else set(stated)
    # An integer is a number: one alternative is enough for both.
    return [
        kind
        for kind in kinds
        if kind in stated or (kind in _NUMBERS and "number" in stated)
    ]


def _examples(schema: dict[str, Json]) -> tuple[Json, ...]:
    given = [schema[name] for name in ("default", "example") if name in schema]
    return (*given, *schema.get("examples", ()))


@dataclass(frozen=True, slots=True)
class _Context:
    """The surroundings of a keyword, for values of one type."""

    compiler: _Compiler
    schema: dict[str, Json]
    kind: str

    @property
    def wide(self) -> bool:
        return self.compiler.wide

    def shape(self, **bounds: Any) -> list[Shape]:
        return [Shape(kind=self.kind, **bounds)]

    def fits(self, schema: Json) -> Alternatives:
        return self.compiler.fits(schema, (self.kind,))

    def breaks(self, schema: Json) -> Alternatives:
        return self.compiler.breaks(schema, (self.kind,))

    def fits_none(self, schemas: list[Json]) -> Alternatives:
        return self.compiler.join(map(self.breaks, schemas), self.kind)

    def counting(self, schema: Json, least: int, most: float) -> list[Shape]:
        fits, others = self.compiler.fits(schema), self.compiler.breaks(schema)
        counted = Contained(fits=fits, others=others, least=least, most=most)
        return self.shape(contained=(counted,))


_Reader: TypeAlias = Callable[[_Context, Json], Iterable[Shape]]


def _above(c: _Context, value: Json) -> list[Shape]:
    if c.kind == "integer":
        return c.shape(low=floor(value) + 1)
    return c.shape(low=value if c.wide else value + _near(value))


def _below(c: _Context, value: Json) -> list[Shape]:
    if c.kind == "integer":
        return c.shape(high=ceil(value) - 1)
    return c.shape(high=value if c.wide else value - _near(value))


def _near(value: float) -> float:
    """Return a small step from a number, large enough to change it."""
    digits = len(str(int(abs(value))))
    return 1e-9 * 10.0 ** max(0, digits - 4)


def _multiple(c: _Context, value: Json) -> list[Shape]:
    if c.wide and not (c.kind == "integer" and isinstance(value, int)):
        void = c.kind == FRACTION and float(value).is_integer()
        return [] if void else c.shape()
    return c.shape(multiple=value)


def _enum(c: _Context, values: Json) -> list[Shape]:
    if c.wide:
        fitting = [
            each
            for each in _plain(values)
            if kind_of(each).replace("number", FRACTION) == c.kind
        ]
    else:
        fitting = [
            each
            for each in values
            if kind_of(each) == c.kind or {kind_of(each), c.kind} <= _NUMBERS
        ]
    return c.shape(enum=tuple(fitting)) if fitting else []


def _excluded(c: _Context, values: Json) -> list[Shape]:
    return c.shape(excluded=tuple(_plain(values) if c.wide else values))


def _plain(value: Json) -> Json:
    """Write 2.0 as 2 at every depth: JSON Schema sees no difference."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    whole = isinstance(value, float) and value.is_integer()
    return int(value) if whole else value


def _not_pattern(c: _Context, value: Json) -> list[Shape]:
    texts = tuple(each for each in MISSING if not re.search(value, each))
    return c.shape() if c.wide else c.shape(enum=texts) if texts else []


def _contains(c: _Context, value: Json) -> list[Shape]:
    least, most = c.schema.get("minContains", 1), c.schema.get("maxContains", inf)
    return c.counting(value, least, most)


def _not_contains(c: _Context, value: Json) -> list[Shape]:
    least, most = c.schema.get("minContains", 1), c.schema.get("maxContains", inf)
    fewer = c.counting(value, 0, least - 1) if least > 0 else []
    return fewer if most == inf else [*fewer, *c.counting(value, most + 1, inf)]


def _properties(c: _Context, value: Json) -> list[Shape]:
    return c.shape(members={each: c.compiler.fits(sub) for each, sub in value.items()})


def _not_properties(c: _Context, value: Json) -> Iterator[Shape]:
    for name, sub in value.items():
        if others := c.compiler.breaks(sub):
            yield from c.shape(members={name: others}, required=frozenset({name}))


def _additional(c: _Context, value: Json) -> list[Shape]:
    closed = value in (False, {"not": {}}) and "patternProperties" not in c.schema
    if c.wide and not closed:
        return c.shape()
    members = dict.fromkeys(c.schema.get("properties", {}), c.compiler.anything)
    if isinstance(value, dict) and value and not closed:
        # A few members show the schema of any name.
        members = {**dict.fromkeys(OTHERS, c.compiler.fits(value)), **members}
    return c.shape(closed=closed, members=members)


def _dependent(value: Json) -> Iterator[Alternatives]:
    for name, needed in value.items():
        without = Shape(kind="object", members={name: ()})
        having = Shape(kind="object", required=frozenset({name, *needed}))
        yield without, having


def _not_dependent(c: _Context, value: Json) -> Iterator[Shape]:
    for name, needed in value.items():
        for lacking in needed:
            yield from c.shape(members={lacking: ()}, required=frozenset({name}))


def _one_of(c: _Context, value: Json) -> Iterator[Shape]:
    branches = [c.fits(sub) for sub in value]
    for index, branch in enumerate(branches):
        for other, sub in enumerate(value):
            # Branches that have nothing in common exclude each other as they are.
            if other != index and meet(branch, branches[other]):
                branch = meet(branch, c.breaks(sub))  # noqa: PLW2901
        yield from branch


def _not_one_of(c: _Context, value: Json) -> Iterator[Shape]:
    yield from c.fits_none(value)
    for left, right in combinations(value, 2):
        yield from meet(c.fits(left), c.fits(right))


def _if(c: _Context, value: Json) -> Alternatives:
    then, otherwise = c.schema.get("then", True), c.schema.get("else", True)
    if then is otherwise is True:
        return tuple(c.shape())
    taken = meet(c.fits(value), c.fits(then))
    return taken + meet(c.breaks(value), c.fits(otherwise))


def _not_if(c: _Context, value: Json) -> Alternatives:
    then, otherwise = c.schema.get("then", True), c.schema.get("else", True)
    broken = meet(c.fits(value), c.breaks(then))
    return broken + meet(c.breaks(value), c.breaks(otherwise))


# The values that a bound of a size admits, and those it refuses.
_AT_LEAST: tuple[_Reader, _Reader] = (
    lambda c, v: c.shape(min_size=v),
    lambda c, v: c.shape(max_size=v - 1) if v > 0 else [],
)
_AT_MOST: tuple[_Reader, _Reader] = (
    lambda c, v: c.shape(max_size=v),
    lambda c, v: c.shape(min_size=v + 1),
)
# By keyword: the kinds it is about, the values it admits, and those it refuses, if they
# can be worked out. `allOf` and `dependentRequired` are taken apart beforehand. A
# superset leaves out `format`, `pattern` and `uniqueItems`.
COMPILED: dict[str, tuple[frozenset[str], _Reader, _Reader | None]] = {
    "enum": (_ALL, _enum, _excluded),
    "const": (_ALL, lambda c, v: _enum(c, [v]), lambda c, v: _excluded(c, [v])),
    "minimum": (_NUMBERS, lambda c, v: c.shape(low=v), _below),
    "maximum": (_NUMBERS, lambda c, v: c.shape(high=v), _above),
    "exclusiveMinimum": (_NUMBERS, _above, lambda c, v: c.shape(high=v)),
    "exclusiveMaximum": (_NUMBERS, _below, lambda c, v: c.shape(low=v)),
    "multipleOf": (_NUMBERS, _multiple, None),
    "minLength": (_TEXT, *_AT_LEAST),
    "maxLength": (_TEXT, *_AT_MOST),
    "format": (_TEXT, lambda c, v: c.shape(**{} if c.wide else {"format": v}), None),
    "pattern": (
        _TEXT,
        lambda c, v: c.shape(**{} if c.wide else {"patterns": (v,)}),
        _not_pattern,
    ),
    "minItems": (_LIST, *_AT_LEAST),
    "maxItems": (_LIST, *_AT_MOST),
    "items": (
        _LIST,
        lambda c, v: c.shape(items=c.compiler.fits(v)),
        lambda c, v: c.counting({"not": v}, 1, inf),
    ),
    "uniqueItems": (_LIST, lambda c, v: c.shape(unique=v and not c.wide), None),
    "contains": (_LIST, _contains, _not_contains),
    "properties": (_MAP, _properties, _not_properties),
    "required": (
        _MAP,
        lambda c, v: c.shape(required=frozenset(v)),
        lambda c, v: [shape for each in v for shape in c.shape(members={each: ()})],
    ),
    "dependentRequired": (_MAP, lambda _c, _v: (), _not_dependent),
    "additionalProperties": (_MAP, _additional, None),
    "unevaluatedProperties": (_MAP, lambda c, _v: c.shape(), None),
    "minProperties": (_MAP, *_AT_LEAST),
    "maxProperties": (_MAP, *_AT_MOST),
    "allOf": (
        _ALL,
        lambda _c, _v: (),
        lambda c, v: [shape for each in v for shape in c.breaks(each)],
    ),
    "anyOf": (
        _ALL,
        lambda c, v: [shape for each in v for shape in c.fits(each)],
        lambda c, v: c.fits_none(v),
    ),
    "oneOf": (_ALL, _one_of, _not_one_of),
    "not": (_ALL, lambda c, v: c.breaks(v), lambda c, v: c.fits(v)),
    "if": (_ALL, _if, _not_if),
}
# The keywords that can be negated.
NEGATED = frozenset(name for name, row in COMPILED.items() if row[2] is not None)

_EXACT, _SUPERSET = _Compiler(wide=False), _Compiler(wide=True)
compile_schema, negate = _EXACT.fits, _EXACT.breaks
reach, avoid = _SUPERSET.fits, _SUPERSET.breaks


class TooMany(SpecError):  # noqa: N818 - it says what there is
    """A schema has more conditions than can be sampled."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} choices side by side are too many to work out",
            hint="state fewer conditions beside each other, or join some by `oneOf`",
        )


def joined(parts: Iterable[Alternatives], kind: str) -> Alternatives:
    """Return what fits all of some alternatives at once.

    Each condition may double them: of very many, a sample is worked out in which any
    two meet.

    Raises:
        TooMany: not even a sample can be worked out.
    """
    listed = list(parts)
    found: Alternatives = (Shape(kind=kind),)
    for part in listed:
        found = meet(found, part)
        if len(found) > FEW:
            return tuple(_sample(listed, kind))
    return found


def _sample(parts: list[Alternatives], kind: str) -> list[Shape]:
    base: Alternatives = (Shape(kind=kind),)
    for part in parts:
        base = meet(base, part) if len(part) == 1 else base
    choices = [part for part in parts if len(part) > 1]
    found: list[Shape] = []
    for chosen, fill in _chosen(choices):
        shapes = base
        for index, each in chosen.items():
            shapes = meet(shapes, (choices[index][each],))
        # Of the other choices, the first that still fits.
        for index, part in enumerate(choices):
            if index not in chosen:
                ways = (meet(shapes, (each,)) for each in part[::fill])
                shapes = next((way for way in ways if way), ())
        found += [shape for shape in shapes[:1] if shape not in found]
    return found


def _chosen(choices: list[Alternatives]) -> Iterator[tuple[dict[int, int], int]]:
    """Yield alternatives to begin with, and from which end the others are tried."""
    singles = [
        {index: each} for index, part in enumerate(choices) for each in range(len(part))
    ]
    if 2 * len(singles) * len(choices) > _STEPS:
        raise TooMany(len(choices))
    for fill in (-1, 1):
        yield from ((single, fill) for single in singles)
    pairs = [
        {i: a, j: b}
        for (i, one), (j, other) in combinations(enumerate(choices), 2)
        for a, b in product(range(len(one)), range(len(other)))
    ]
    if len(pairs) * len(choices) <= _STEPS:
        # The last alternative of a condition mostly is its negation.
        yield from ((pair, -1) for pair in pairs)


def live(shapes: Iterable[Shape]) -> Alternatives:
    """Leave out the shapes that certainly no value fits."""
    return tuple(shape for shape in shapes if not _is_void(shape))


def _is_void(shape: Shape) -> bool:
    if shape.kind == "object":
        return _no_object(shape)
    if shape.kind == "array":
        return _no_array(shape)
    return shape.kind == "integer" and shape.enum is None and _no_integer(shape)


def _no_object(shape: Shape) -> bool:
    if max(len(shape.required), shape.min_size) > shape.max_size:
        return True
    allowed = {name for name, below in shape.members.items() if live(below)}
    if shape.closed and shape.min_size > len(allowed):
        return True
    return bool(shape.required & shape.members.keys() - allowed)


def _no_array(shape: Shape) -> bool:
    items, most = shape.items, shape.max_size
    if items is not None and not live(items):
        most = 0
    if shape.min_size > most:
        return True
    for counted in shape.contained:
        fitting = counted.fits if items is None else meet(items, counted.fits)
        if counted.least > (most if live(fitting) else 0):
            return True
    # The same items may be counted twice, by a keyword and its negation.
    return any(
        one.least > other.most
        for one, other in product(shape.contained, repeat=2)
        if one.fits == other.fits
    )


def _no_integer(shape: Shape) -> bool:
    if isinf(shape.low) or isinf(shape.high):
        return False
    low, high = int(-(-shape.low // 1)), int(shape.high // 1)
    if high - low > _COUNTED:
        return False
    return not any(map(shape.admits, range(low, high + 1)))
