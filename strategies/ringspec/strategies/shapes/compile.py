"""From JSON Schema 2020-12 to shapes: values that surely fit a schema, or may fit it.

`compile_schema` and `negate` give only values that surely fit, perhaps not all; `reach`
and `avoid` every value that may fit: no shape left proves that no value fits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations, product
from math import ceil, floor, inf, isinf
from typing import Any, TypeAlias

from ringspec.spec.errors import SpecError
from ringspec.spec.plain import fitting, matching, settled
from ringspec.spec.proof import Prover
from ringspec.spec.schemas import types_of
from ringspec.spec.values import Json, kind_of
from ringspec.strategies.shapes.build import MISSING
from ringspec.strategies.shapes.shape import (
    ANYTHING,
    KINDS,
    OTHERS,
    Alternatives,
    Contained,
    Shape,
    meet,
)

# A number that is no integer, where the two are kept apart.
FRACTION = "fraction"
_WIDE_KINDS = tuple(FRACTION if kind == "number" else kind for kind in KINDS)
_NUMBERS = frozenset({"integer", "number", FRACTION})
_FRACTIONS = (1.5, 0.5, 12.5, 123.5, 1234.5, 12345.5, -1.5)
_ALL = frozenset(KINDS) | _NUMBERS
_TEXT, _LIST, _MAP = frozenset({"string"}), frozenset({"array"}), frozenset({"object"})
# Most alternatives that are all worked out; of more, a sample.
FEW = 256
# Most meets for a sample of pairs, or of singles.
_STEPS = 40_000
# Most pairs that a superset meets at once.
_MOST_PAIRS = 2_000
# Longest range of integers that are listed one by one.
_COUNTED = 1000


# The latest alternatives of schemas, by their text.
_FITTING: dict[tuple[bool, str], Alternatives] = {}
_MOST_FITTING = 10_000


@dataclass(frozen=True, slots=True)
class _Compiler:
    """Reads schemas; if `wide`, errs towards more values instead of fewer."""

    wide: bool
    # The surroundings of a keyword that is read, for values of one `kind`.
    schema: dict[str, Json] = field(default_factory=dict)
    kind: str = ""

    def fits(self, schema: Json, kinds: Iterable[str] | None = None) -> Alternatives:
        """Return the alternatives of some kinds that fit a schema.

        Raises:
            TooMany: it has too many conditions; not if `wide`.
        """
        if kinds is None:
            # Readings of a contract have most of their members in common.
            key = self.wide, json.dumps(schema)
            if key not in _FITTING:
                if len(_FITTING) >= _MOST_FITTING:
                    _FITTING.clear()
                _FITTING[key] = self.fits(schema, self._all_kinds)
            return _FITTING[key]
        kinds = tuple(kinds)
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
            elif kind != "number" or not _stated(schema, ("integer",)):
                found.append(Shape(kind=kind))
            # A fraction is a kind of its own only if `wide`: else a few show it.
            else:
                found.append(Shape(kind=kind, enum=_FRACTIONS))
        return live(found) if self.wide else tuple(found)

    def meet(self, left: Alternatives, right: Alternatives) -> Alternatives:
        """Return the intersection of two sets of alternatives, whole if `wide`."""
        return meet(left, right, whole=self.wide)

    def join(self, parts: Iterable[Alternatives], kind: str) -> Alternatives:
        """Return what fits all of some alternatives at once.

        Each condition may double them: of very many, a sample is worked out in which
        any two meet.
        """
        listed = list(parts)
        found: Alternatives = (Shape(kind=kind),)
        for part in listed:
            if self.wide and len(found) * len(part) > _MOST_PAIRS:
                continue  # without one of its conditions a schema admits more
            found = self.meet(found, part)
            found = live(found) if self.wide else found
            if len(found) > FEW and not self.wide:
                return tuple(_sample(listed, kind))
        return found

    @property
    def counts(self) -> tuple[int, Any]:
        """The numbers of items that `contains` asks for."""
        return self.schema.get("minContains", 1), self.schema.get("maxContains", inf)

    @property
    def own(self) -> tuple[str]:
        return (self.kind,)

    @property
    def _all_kinds(self) -> tuple[str, ...]:
        return _WIDE_KINDS if self.wide else KINDS

    def shape(self, **bounds: Any) -> list[Shape]:
        return [Shape(kind=self.kind, **bounds)]

    def breaks_all(self, schemas: list[Json]) -> Alternatives:
        return self.join((self.breaks(each, self.own) for each in schemas), self.kind)

    def counting(self, schema: Json, least: int, most: float) -> list[Shape]:
        fits, others = self.fits(schema), self.breaks(schema)
        counted = Contained(fits=fits, others=others, least=least, most=most)
        return self.shape(contained=(counted,))

    def _parts(self, schema: Json, kind: str) -> Iterator[Alternatives]:
        """Yield the alternatives that each keyword leaves by itself."""
        shown: list[Json] = []
        if not self.wide:
            shown = [schema[name] for name in ("default", "example") if name in schema]
            shown += schema.get("examples", ())
        yield tuple(
            Shape(kind=each, examples=tuple(shown)) for each in _stated(schema, (kind,))
        )
        # For a superset, the parts with the most branches come last.
        keywords = sorted(schema, key="allOf".__eq__) if self.wide else schema
        for keyword in keywords:
            # Any other keyword is an annotation, or is read with another one.
            if keyword not in COMPILED:
                continue
            value = schema[keyword]
            about, admits, _ = COMPILED[keyword]
            if keyword == "allOf":
                for sub in value:
                    wide = [self.fits(sub, (kind,))] if self.wide else ()
                    yield from wide or self._parts(sub, kind)
            elif keyword == "dependentRequired" and kind == "object":
                for name, needed in value.items():
                    having = Shape(kind=kind, required=frozenset({name, *needed}))
                    yield Shape(kind=kind, members={name: ()}), having
            elif kind in about:
                yield tuple(admits(_Compiler(self.wide, schema, kind), value))

    def _failures(self, schema: dict[str, Json], kind: str) -> Iterator[Shape]:
        for keyword, value in schema.items():
            about, _, refuses = COMPILED.get(keyword, (frozenset(), None, None))
            if kind in about and refuses is not None:
                yield from refuses(_Compiler(self.wide, schema, kind), value)
            elif kind in about and self.wide:
                yield Shape(kind=kind)  # its negation is not worked out


def _stated(schema: dict[str, Json], kinds: Iterable[str]) -> list[str]:
    """Return those of some kinds that a schema's `type` allows."""
    stated = {*types_of(schema, _ALL)}
    # An integer is a number: one alternative is enough for both.
    return [
        kind
        for kind in kinds
        if kind in stated or (kind in _NUMBERS and "number" in stated)
    ]


_Reader: TypeAlias = Callable[[_Compiler, Json], Iterable[Shape]]


def _beyond(c: _Compiler, value: Json, *, up: bool) -> list[Shape]:
    if c.kind == "integer":
        return c.shape(low=floor(value) + 1) if up else c.shape(high=ceil(value) - 1)
    # A small step, large enough to change the number.
    digits = len(str(int(abs(value))))
    near = 0 if c.wide else 1e-9 * 10.0 ** max(0, digits - 4)
    return c.shape(low=value + near) if up else c.shape(high=value - near)


def _multiple(c: _Compiler, value: Json) -> list[Shape]:
    if c.wide and not (c.kind == "integer" and isinstance(value, int)):
        void = c.kind == FRACTION and float(value).is_integer()
        return [] if void else c.shape()
    return c.shape(multiple=value)


def _enum(c: _Compiler, values: Json) -> list[Shape]:
    def fits(value: Json) -> bool:
        kind = kind_of(value)
        if c.wide:
            return kind.replace("number", FRACTION) == c.kind
        return kind == c.kind or {kind, c.kind} <= _NUMBERS

    fitting = tuple(filter(fits, _plain(values) if c.wide else values))
    return c.shape(enum=fitting) if fitting else []


def _excluded(c: _Compiler, values: Json) -> list[Shape]:
    return c.shape(excluded=tuple(_plain(values) if c.wide else values))


def _plain(value: Json) -> Json:
    """Write 2.0 as 2 at every depth: JSON Schema sees no difference."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    whole = isinstance(value, float) and value.is_integer()
    return int(value) if whole else value


def _not_contains(c: _Compiler, value: Json) -> list[Shape]:
    least, most = c.counts
    fewer = c.counting(value, 0, least - 1) if least > 0 else []
    return fewer if most == inf else [*fewer, *c.counting(value, most + 1, inf)]


def _additional(c: _Compiler, value: Json) -> list[Shape]:
    closed = value in (False, {"not": {}}) and "patternProperties" not in c.schema
    if c.wide and not closed:
        return c.shape()
    # A member that is only named may have any value.
    anything = c.fits(True) if c.wide else ANYTHING  # noqa: FBT003 - it is a schema
    members = dict.fromkeys(c.schema.get("properties", {}), anything)
    if isinstance(value, dict) and value and not closed:
        # A few members show the schema of any name.
        members = {**dict.fromkeys(_free_names(c), c.fits(value)), **members}
    return c.shape(closed=closed, members=members)


def _free_names(c: _Compiler) -> list[str]:
    """List a few names that members may have, besides those that are described."""
    names = c.schema.get("propertyNames", True)
    if names is True:
        return [*OTHERS]
    tried = [*OTHERS, *settled(names), fitting({"type": "string", **names})]
    fits = Prover(names, ()).is_valid
    return [
        each for each in dict.fromkeys(tried) if isinstance(each, str) and fits(each)
    ][:3]


def _named(c: _Compiler, value: Json) -> list[Shape]:
    """Leave out the members whose names do not fit."""
    if c.wide:
        return c.shape()
    named = {*c.schema.get("properties", ()), *OTHERS}
    fits = Prover(value, ()).is_valid
    return c.shape(members={name: () for name in sorted(named) if not fits(name)})


def _by_pattern(c: _Compiler, value: Json) -> list[Shape]:
    """Describe the members whose names have a pattern; one of each is made up."""
    members: dict[str, Alternatives] = {}
    for pattern, sub in () if c.wide else value.items():
        named = (each for each in c.schema.get("properties", ()))
        made = matching(pattern, 1, 100)
        for name in [*filter(re.compile(pattern).search, named), made]:
            if name is not None:
                found = c.fits(sub)
                members[name] = meet(members[name], found) if name in members else found
    return c.shape(members=members)


def _plainest(c: _Compiler, _value: Json) -> list[Shape]:
    """Return the plainest value that fits everything around a keyword."""
    if c.wide:
        return c.shape()
    value = fitting({**c.schema, "type": c.kind})
    return [] if value is None else c.shape(enum=(value,))


def _one_of(c: _Compiler, value: Json) -> Iterator[Shape]:
    branches = [c.fits(sub, c.own) for sub in value]
    for index, branch in enumerate(branches):
        for other, sub in enumerate(value):
            # Branches that have nothing in common exclude each other as they are.
            many = c.wide and len(branch) > FEW
            if other != index and not many and c.meet(branch, branches[other]):
                branch = c.meet(branch, c.breaks(sub, c.own))  # noqa: PLW2901
        yield from branch


def _not_one_of(c: _Compiler, value: Json) -> Iterator[Shape]:
    yield from c.breaks_all(value)
    for left, right in combinations(value, 2):
        yield from c.meet(c.fits(left, c.own), c.fits(right, c.own))


def _if(
    c: _Compiler, value: Json, read: Callable[[Json, tuple[str]], Alternatives]
) -> Alternatives:
    then, otherwise = c.schema.get("then", True), c.schema.get("else", True)
    taken = c.meet(c.fits(value, c.own), read(then, c.own))
    return taken + c.meet(c.breaks(value, c.own), read(otherwise, c.own))


_over, _under = partial(_beyond, up=True), partial(_beyond, up=False)
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
    "minimum": (_NUMBERS, lambda c, v: c.shape(low=v), _under),
    "maximum": (_NUMBERS, lambda c, v: c.shape(high=v), _over),
    "exclusiveMinimum": (_NUMBERS, _over, lambda c, v: c.shape(high=v)),
    "exclusiveMaximum": (_NUMBERS, _under, lambda c, v: c.shape(low=v)),
    "multipleOf": (_NUMBERS, _multiple, None),
    "minLength": (_TEXT, *_AT_LEAST),
    "maxLength": (_TEXT, *_AT_MOST),
    "format": (_TEXT, lambda c, v: c.shape(**{} if c.wide else {"format": v}), None),
    "pattern": (
        _TEXT,
        lambda c, v: c.shape(**{} if c.wide else {"patterns": (v,)}),
        lambda c, v: (
            c.shape()
            if c.wide
            else _enum(c, [each for each in MISSING if not re.search(v, each)])
        ),
    ),
    "minItems": (_LIST, *_AT_LEAST),
    "maxItems": (_LIST, *_AT_MOST),
    "items": (
        _LIST,
        lambda c, v: c.shape(items=c.fits(v)),
        lambda c, v: c.counting({"not": v}, 1, inf),
    ),
    "prefixItems": (_LIST, _plainest, None),
    "unevaluatedItems": (_LIST, _plainest, None),
    "uniqueItems": (_LIST, lambda c, v: c.shape(unique=v and not c.wide), None),
    "contains": (_LIST, lambda c, v: c.counting(v, *c.counts), _not_contains),
    "properties": (
        _MAP,
        lambda c, v: c.shape(members={name: c.fits(each) for name, each in v.items()}),
        lambda c, v: [
            Shape(kind=c.kind, members={name: others}, required=frozenset({name}))
            for name, each in v.items()
            if (others := c.breaks(each))
        ],
    ),
    "required": (
        _MAP,
        lambda c, v: c.shape(required=frozenset(v)),
        lambda c, v: [shape for each in v for shape in c.shape(members={each: ()})],
    ),
    "dependentRequired": (
        _MAP,
        lambda _c, _v: (),
        lambda c, v: [
            Shape(kind=c.kind, members={lacking: ()}, required=frozenset({name}))
            for name, needed in v.items()
            for lacking in needed
        ],
    ),
    "patternProperties": (_MAP, _by_pattern, None),
    "propertyNames": (_MAP, _named, None),
    "additionalProperties": (_MAP, _additional, None),
    "unevaluatedProperties": (_MAP, lambda c, _v: c.shape(), None),
    "minProperties": (_MAP, *_AT_LEAST),
    "maxProperties": (_MAP, *_AT_MOST),
    "allOf": (
        _ALL,
        lambda _c, _v: (),
        lambda c, v: [shape for each in v for shape in c.breaks(each, c.own)],
    ),
    "anyOf": (
        _ALL,
        lambda c, v: [shape for each in v for shape in c.fits(each, c.own)],
        lambda c, v: c.breaks_all(v),
    ),
    "oneOf": (_ALL, _one_of, _not_one_of),
    "not": (_ALL, lambda c, v: c.breaks(v, c.own), lambda c, v: c.fits(v, c.own)),
    "if": (_ALL, lambda c, v: _if(c, v, c.fits), lambda c, v: _if(c, v, c.breaks)),
}
_EXACT, _SUPERSET = _Compiler(wide=False), _Compiler(wide=True)
compile_schema, negate = _EXACT.fits, _EXACT.breaks
reach, avoid = _SUPERSET.fits, _SUPERSET.breaks


class TooMany(SpecError):  # noqa: N818 - it says what there is
    """A schema has more conditions than can be sampled."""


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
        raise TooMany(
            f"{len(choices)} choices side by side are too many to work out",
            hint="state fewer conditions beside each other, or join some by `oneOf`",
        )
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
    if shape.kind == "array":
        return _no_array(shape)
    if shape.kind == "integer" and shape.enum is None:
        low, high = shape.low, shape.high
        is_long = isinf(low) or isinf(high) or floor(high) - ceil(low) > _COUNTED
        return not is_long and not any(
            map(shape.admits, range(ceil(low), floor(high) + 1))
        )
    if shape.kind != "object":
        return False
    if max(len(shape.required), shape.min_size) > shape.max_size:
        return True
    # Mostly only the members that are needed decide.
    counted = shape.closed and shape.min_size > 0
    looked = shape.members if counted else shape.required & shape.members.keys()
    lacking = {name for name in looked if not live(shape.members[name])}
    return bool(shape.required & lacking) or (
        counted and shape.min_size > len(shape.members) - len(lacking)
    )


def _no_array(shape: Shape) -> bool:
    items, most = shape.items, shape.max_size
    if items is not None and not live(items):
        most = 0
    if shape.min_size > most:
        return True
    for counted in shape.contained:
        fitting = (
            counted.fits if items is None else meet(items, counted.fits, whole=True)
        )
        if counted.least > (most if live(fitting) else 0):
            return True
    # The same items may be counted twice, by a keyword and its negation.
    return any(
        one.least > other.most
        for one, other in product(shape.contained, repeat=2)
        if one.fits == other.fits
    )
