"""From JSON Schema 2020-12 to shapes: what surely fits a schema, and what may fit it.

Conditions become alternatives: `if A then B else C` is (A and B) or (not A and C). One
table says of each keyword which values it admits and which it refuses. It is read in
two ways. `compile_schema` and `negate` give values that surely fit: of what cannot be
worked out, fewer values than there are. `reach` and `avoid` give every value that may
fit: no shape left proves that no value is. What may stand in a schema at all is checked
beforehand, by `supported.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from math import ceil, floor
from typing import TypeAlias

from ringspec.spec import Json, SpecError, kind_of, same
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

# Annotations, and what is read with another keyword.
SILENT = frozenset(
    {
        *("title", "summary", "description", "default", "examples", "example"),
        *("deprecated", "readOnly", "writeOnly", "nullable", "discriminator", "xml"),
        *("$comment", "$schema", "$id", "$defs", "definitions", "externalDocs"),
        *("minContains", "maxContains", "then", "else", "type"),
        *("contentMediaType", "contentEncoding"),
    }
)
# What to do without a keyword that is not supported.
INSTEAD = "state it by others, such as properties, if, oneOf or contains"
# A number that is no integer, where the two are kept apart.
FRACTION = "fraction"
_WIDE_KINDS = tuple(FRACTION if kind == "number" else kind for kind in KINDS)
_NUMBERS = frozenset({"integer", "number", FRACTION})
_ALL = frozenset(KINDS) | _NUMBERS
_TEXT, _LIST, _MAP = frozenset({"string"}), frozenset({"array"}), frozenset({"object"})
# Up to so many alternatives are all worked out; of more, a sample.
FEW = 256
# Meets that may be needed for a sample of pairs, or of singles.
_STEPS = 40_000
# Integers in a range of at most so many are counted one by one.
_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class _Compiler:
    """Reads schemas; if `wide`, errs towards more values instead of fewer."""

    wide: bool

    def fits(self, schema: Json, kinds: Iterable[str] | None = None) -> Alternatives:
        """Return what fits a schema, of some kinds.

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
        """Return what does not fit a schema, of some kinds."""
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
            # A number that is no integer is no kind of its own, unless `wide`.
            elif kind != "number" or not _stated(schema, ("integer",)):
                found.append(Shape(kind=kind))
        return _live(found) if self.wide else tuple(found)

    def join(self, parts: Iterable[Alternatives], kind: str) -> Alternatives:
        """Return what fits all of some alternatives at once."""
        if not self.wide:
            return joined(parts, kind)
        found: Alternatives = (Shape(kind=kind),)
        for part in parts:
            found = _live(meet(found, part))
        return found

    @property
    def anything(self) -> Alternatives:
        """What any value fits, as a member that is only named."""
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
        # For a superset, what has the most branches comes last.
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
                yield tuple(admits(self, value, schema, kind))

    def _failures(self, schema: dict[str, Json], kind: str) -> Iterator[Shape]:
        for keyword, value in schema.items():
            if _is_silent(keyword):
                continue
            about, _, refuses = COMPILED.get(keyword, (_ALL, _nothing, None))
            if kind in about and refuses is not None:
                yield from refuses(self, value, schema, kind)
            elif kind in about and self.wide:
                yield Shape(kind=kind)  # what it refuses is not worked out


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


_Reader: TypeAlias = Callable[[_Compiler, Json, dict[str, Json], str], Iterable[Shape]]


def _nothing(
    _c: _Compiler, _value: Json, _schema: Json, _kind: str
) -> tuple[Shape, ...]:
    return ()


def _limit(attribute: str, step: int = 0) -> _Reader:
    """Read a bound, moved by a step if the keyword is to be broken."""

    def read(_c: _Compiler, value: Json, _schema: Json, kind: str) -> list[Shape]:
        if step < 0 and value + step < 0:
            return []
        bound = {attribute: value + step if step else value}
        return [Shape(kind=kind, **bound)]

    return read


def _exact(attribute: str) -> _Reader:
    """Read what a superset leaves out."""

    def read(c: _Compiler, value: Json, _schema: Json, kind: str) -> list[Shape]:
        return [Shape(kind=kind) if c.wide else Shape(kind=kind, **{attribute: value})]

    return read


def _above(c: _Compiler, value: Json, _schema: Json, kind: str) -> list[Shape]:
    if kind == "integer":
        return [Shape(kind=kind, low=floor(value) + 1)]
    return [Shape(kind=kind, low=value if c.wide else value + _near(value))]


def _below(c: _Compiler, value: Json, _schema: Json, kind: str) -> list[Shape]:
    if kind == "integer":
        return [Shape(kind=kind, high=ceil(value) - 1)]
    return [Shape(kind=kind, high=value if c.wide else value - _near(value))]


def _near(value: float) -> float:
    """Return a small step from a number: of large ones, one that still tells."""
    digits = len(str(int(abs(value))))
    return 1e-9 * 10.0 ** max(0, digits - 4)


def _multiple(c: _Compiler, value: Json, _schema: Json, kind: str) -> list[Shape]:
    if c.wide and not (kind == "integer" and isinstance(value, int)):
        void = kind == FRACTION and float(value).is_integer()
        return [] if void else [Shape(kind=kind)]
    return [Shape(kind=kind, multiple=value)]


def _enum(c: _Compiler, values: Json, _schema: Json, kind: str) -> list[Shape]:
    if c.wide:
        values = _plain(values)
        fitting = [each for each in values if _wide_kind(each) == kind]
    else:
        fitting = [
            each
            for each in values
            if kind_of(each) == kind or {kind_of(each), kind} <= _NUMBERS
        ]
    return [Shape(kind=kind, enum=tuple(fitting))] if fitting else []


def _excluded(c: _Compiler, values: Json, _schema: Json, kind: str) -> list[Shape]:
    return [Shape(kind=kind, excluded=tuple(_plain(values) if c.wide else values))]


def _wide_kind(value: Json) -> str:
    kind = kind_of(value)
    return FRACTION if kind == "number" else kind


def _plain(value: Json) -> Json:
    """Write 2.0 as 2 at every depth: JSON Schema sees no difference."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    whole = isinstance(value, float) and value.is_integer()
    return int(value) if whole else value


def _misses(c: _Compiler, value: Json, _schema: Json, kind: str) -> list[Shape]:
    if c.wide:
        return [Shape(kind=kind)]
    texts = tuple(each for each in MISSING if not re.search(value, each))
    return [Shape(kind=kind, enum=texts)] if texts else []


def _items(c: _Compiler, value: Json, _schema: Json, kind: str) -> list[Shape]:
    return [Shape(kind=kind, items=c.fits(value))]


def _not_items(c: _Compiler, value: Json, _schema: Json, kind: str) -> list[Shape]:
    return [_counting(c, {"not": value}, kind, 1, None)]


def _contains(c: _Compiler, value: Json, schema: Json, kind: str) -> list[Shape]:
    least, most = schema.get("minContains", 1), schema.get("maxContains")
    return [_counting(c, value, kind, least, most)]


def _not_contains(
    c: _Compiler, value: Json, schema: Json, kind: str
) -> Iterator[Shape]:
    least, most = schema.get("minContains", 1), schema.get("maxContains")
    if least > 0:
        yield _counting(c, value, kind, 0, least - 1)
    if most is not None:
        yield _counting(c, value, kind, most + 1, None)


def _counting(
    c: _Compiler, value: Json, kind: str, least: int, most: int | None
) -> Shape:
    counted = Contained(
        fits=c.fits(value), others=c.breaks(value), least=least, most=most
    )
    return Shape(kind=kind, contained=(counted,))


def _properties(c: _Compiler, value: Json, _schema: Json, kind: str) -> list[Shape]:
    return [
        Shape(kind=kind, members={name: c.fits(sub) for name, sub in value.items()})
    ]


def _not_properties(
    c: _Compiler, value: Json, _schema: Json, kind: str
) -> Iterator[Shape]:
    for name, sub in value.items():
        if others := c.breaks(sub):
            required = frozenset({name})
            yield Shape(kind=kind, members={name: others}, required=required)


def _additional(c: _Compiler, value: Json, schema: Json, kind: str) -> list[Shape]:
    closed = value in (False, {"not": {}}) and "patternProperties" not in schema
    if c.wide and not closed:
        return [Shape(kind=kind)]
    members = dict.fromkeys(schema.get("properties", {}), c.anything)
    if isinstance(value, dict) and value and not closed:
        # What any name may stand for is shown by a few.
        members = {**dict.fromkeys(OTHERS, c.fits(value)), **members}
    return [Shape(kind=kind, closed=closed, members=members)]


def _required(_c: _Compiler, value: Json, _schema: Json, kind: str) -> list[Shape]:
    return [Shape(kind=kind, required=frozenset(value))]


def _not_required(_c: _Compiler, value: Json, _schema: Json, kind: str) -> list[Shape]:
    return [Shape(kind=kind, members={name: ()}) for name in value]


def _dependent(value: Json) -> Iterator[Alternatives]:
    for name, needed in value.items():
        without = Shape(kind="object", members={name: ()})
        having = Shape(kind="object", required=frozenset({name, *needed}))
        yield without, having


def _not_dependent(
    _c: _Compiler, value: Json, _schema: Json, kind: str
) -> Iterator[Shape]:
    for name, needed in value.items():
        for lacking in needed:
            members: dict[str, Alternatives] = {lacking: ()}
            yield Shape(kind=kind, members=members, required=frozenset({name}))


def _not_all_of(c: _Compiler, value: Json, _schema: Json, kind: str) -> list[Shape]:
    return [shape for sub in value for shape in c.breaks(sub, (kind,))]


def _any_of(c: _Compiler, value: Json, _schema: Json, kind: str) -> list[Shape]:
    return [shape for sub in value for shape in c.fits(sub, (kind,))]


def _none_of(c: _Compiler, value: Json, _schema: Json, kind: str) -> Alternatives:
    return c.join((c.breaks(sub, (kind,)) for sub in value), kind)


def _one_of(c: _Compiler, value: Json, _schema: Json, kind: str) -> Iterator[Shape]:
    branches = [c.fits(sub, (kind,)) for sub in value]
    for index, branch in enumerate(branches):
        for other, sub in enumerate(value):
            # Branches that have nothing in common exclude each other as they are.
            if other != index and meet(branch, branches[other]):
                branch = meet(branch, c.breaks(sub, (kind,)))  # noqa: PLW2901
        yield from branch


def _not_one_of(c: _Compiler, value: Json, schema: Json, kind: str) -> Iterator[Shape]:
    yield from _none_of(c, value, schema, kind)
    for left, right in combinations(value, 2):
        yield from meet(c.fits(left, (kind,)), c.fits(right, (kind,)))


def _if(c: _Compiler, value: Json, schema: Json, kind: str) -> Alternatives:
    if not {"then", "else"} & schema.keys():
        return (Shape(kind=kind),)
    return _branches(c, value, kind, [c.fits(each, (kind,)) for each in _both(schema)])


def _not_if(c: _Compiler, value: Json, schema: Json, kind: str) -> Alternatives:
    left = [c.breaks(each, (kind,)) for each in _both(schema)]
    return _branches(c, value, kind, left)


def _both(schema: dict[str, Json]) -> tuple[Json, Json]:
    return schema.get("then", True), schema.get("else", True)


def _branches(
    c: _Compiler, condition: Json, kind: str, branches: list[Alternatives]
) -> Alternatives:
    then, otherwise = branches
    return meet(c.fits(condition, (kind,)), then) + meet(
        c.breaks(condition, (kind,)), otherwise
    )


# By keyword: the kinds it says something of, what it admits, and what it refuses if
# that can be worked out. `allOf` and `dependentRequired` are taken apart beforehand.
COMPILED: dict[str, tuple[frozenset[str], _Reader, _Reader | None]] = {
    "enum": (_ALL, _enum, _excluded),
    "const": (
        _ALL,
        lambda c, v, s, k: _enum(c, [v], s, k),
        lambda c, v, s, k: _excluded(c, [v], s, k),
    ),
    "minimum": (_NUMBERS, _limit("low"), _below),
    "maximum": (_NUMBERS, _limit("high"), _above),
    "exclusiveMinimum": (_NUMBERS, _above, _limit("high")),
    "exclusiveMaximum": (_NUMBERS, _below, _limit("low")),
    "multipleOf": (_NUMBERS, _multiple, None),
    "minLength": (_TEXT, _limit("min_length"), _limit("max_length", -1)),
    "maxLength": (_TEXT, _limit("max_length"), _limit("min_length", 1)),
    "format": (_TEXT, _exact("format"), None),
    "pattern": (
        _TEXT,
        lambda c, v, s, k: _exact("patterns")(c, (v,), s, k),
        _misses,
    ),
    "minItems": (_LIST, _limit("min_items"), _limit("max_items", -1)),
    "maxItems": (_LIST, _limit("max_items"), _limit("min_items", 1)),
    "items": (_LIST, _items, _not_items),
    "uniqueItems": (_LIST, _exact("unique"), None),
    "contains": (_LIST, _contains, _not_contains),
    "properties": (_MAP, _properties, _not_properties),
    "required": (_MAP, _required, _not_required),
    "dependentRequired": (_MAP, _nothing, _not_dependent),
    "additionalProperties": (_MAP, _additional, None),
    "unevaluatedProperties": (_MAP, lambda _c, _v, _s, k: [Shape(kind=k)], None),
    "minProperties": (_MAP, _limit("min_members"), _limit("max_members", -1)),
    "maxProperties": (_MAP, _limit("max_members"), _limit("min_members", 1)),
    "allOf": (_ALL, _nothing, _not_all_of),
    "anyOf": (_ALL, _any_of, _none_of),
    "oneOf": (_ALL, _one_of, _not_one_of),
    "not": (
        _ALL,
        lambda c, v, _s, k: c.breaks(v, (k,)),
        lambda c, v, _s, k: c.fits(v, (k,)),
    ),
    "if": (_ALL, _if, _not_if),
}
# The keywords that can be turned into their contrary.
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
            return _sampled(listed, kind)
    return found


def _sampled(parts: list[Alternatives], kind: str) -> Alternatives:
    base: Alternatives = (Shape(kind=kind),)
    for part in parts:
        base = meet(base, part) if len(part) == 1 else base
    choices = [part for part in parts if len(part) > 1]
    found: list[Shape] = []
    for chosen, fill in _chosen(choices):
        for shape in _completed(base, choices, chosen, fill):
            if shape not in found:
                found.append(shape)
    return tuple(found)


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
        # The last alternative of a condition mostly is that it does not apply.
        yield from ((pair, -1) for pair in pairs)


def _completed(
    base: Alternatives, choices: list[Alternatives], chosen: dict[int, int], fill: int
) -> Alternatives:
    """Take what is chosen, and of the other choices the first that still fits."""
    found = base
    for index, each in chosen.items():
        found = meet(found, (choices[index][each],))
    for index, part in enumerate(choices):
        if index not in chosen:
            ways = (meet(found, (each,)) for each in part[::fill])
            found = next((way for way in ways if way), ())
    return found[:1]


def _live(shapes: Iterable[Shape]) -> Alternatives:
    return tuple(shape for shape in shapes if not is_void(shape))


def is_void(shape: Shape) -> bool:
    """Tell whether certainly nothing fits a shape."""
    if shape.kind == "object":
        return _no_object(shape)
    if shape.kind == "array":
        return _no_array(shape)
    if shape.kind == "integer" and shape.enum is None:
        return _no_integer(shape)
    return False


def _no_object(shape: Shape) -> bool:
    if shape.max_members is not None and (
        max(len(shape.required), shape.min_members) > shape.max_members
    ):
        return True
    if shape.closed and shape.min_members > sum(map(_some, shape.members.values())):
        return True
    return any(
        name in shape.members and not _some(shape.members[name])
        for name in shape.required
    )


def _some(shapes: Alternatives) -> bool:
    return any(not is_void(shape) for shape in shapes)


def _no_array(shape: Shape) -> bool:
    items = shape.items
    most = float("inf") if shape.max_items is None else shape.max_items
    if items is not None and not _some(items):
        most = 0
    if shape.min_items > most:
        return True
    for counted in shape.contained:
        fitting = counted.fits if items is None else meet(items, counted.fits)
        if counted.least > (most if _some(fitting) else 0):
            return True
    # The same items may be counted twice, by a keyword and by its contrary.
    return any(
        one.least > (float("inf") if other.most is None else other.most)
        for one, other in product(shape.contained, repeat=2)
        if one.fits == other.fits
    )


def _no_integer(shape: Shape) -> bool:
    if shape.low is None or shape.high is None:
        return False
    low, high = int(-(-shape.low // 1)), int(shape.high // 1)
    if high - low > _COUNTED:
        return False
    return all(
        any(same(value, other) for other in shape.excluded)
        or bool(shape.multiple and value % shape.multiple)
        for value in range(low, high + 1)
    )
