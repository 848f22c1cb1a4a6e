"""From JSON Schema 2020-12 to shapes: one small function for each keyword.

Conditions become alternatives: `if A then B else C` is (A and B) or (not A and C).
What may stand in a schema at all is checked beforehand, by `supported.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, product
from math import ceil, floor

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

# So many are worked out, every one; of more, a sample.
FEW = 256
# A sample of pairs takes no more steps than these, and one of singles neither.
_STEPS = 40_000


class TooMany(SpecError):  # noqa: N818 - it says what there is
    """A schema has more conditions than can be sampled."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} choices side by side are too many to work out",
            hint="state fewer conditions beside each other, or join some by `oneOf`",
        )


def joined(parts: Iterable[Alternatives], kind: str) -> Alternatives:
    """Return what fits all of some alternatives at once.

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
    found: dict[int, Shape] = {}
    for chosen, fill in _chosen(choices):
        for shape in _completed(base, choices, chosen, fill):
            if shape not in found.values():
                found[len(found)] = shape
    return tuple(found.values())


_Chosen = dict[int, int]


def _chosen(choices: list[Alternatives]) -> Iterator[tuple[_Chosen, int]]:
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
    base: Alternatives, choices: list[Alternatives], chosen: _Chosen, fill: int
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


# Annotations, and what only organises a schema.
SILENT = frozenset(
    {
        "title",
        "summary",
        "description",
        "default",
        "examples",
        "example",
        "deprecated",
        "readOnly",
        "writeOnly",
        "$comment",
        "$schema",
        "$id",
        "$defs",
        "definitions",
        "minContains",
        "maxContains",
        "then",
        "else",
        "type",
        "contentMediaType",
        "contentEncoding",
        "discriminator",
        "xml",
        "externalDocs",
        "nullable",
    }
)


def compile_schema(schema: Json, kinds: Iterable[str] = KINDS) -> Alternatives:
    """Compile a schema into alternatives.

    Raises:
        SpecError: it uses a keyword that cannot be compiled, or too many conditions.
    """
    if schema is True or schema == {}:
        return tuple(shape for shape in ANYTHING if shape.kind in set(kinds))
    if schema is False:
        return ()
    return tuple(
        shape
        for kind in _kinds(schema, kinds)
        for shape in joined(_parts(schema, kind), kind)
    )


def _parts(schema: Json, kind: str) -> Iterator[Alternatives]:
    """Yield the alternatives that each keyword leaves by itself."""
    if schema is True or schema is False:
        yield (Shape(kind=kind),) if schema else ()
        return
    yield tuple(
        Shape(kind=each, examples=_examples(schema)) for each in _kinds(schema, (kind,))
    )
    for keyword, value in schema.items():
        if keyword == "allOf":
            for sub in value:
                yield from _parts(sub, kind)
        elif keyword == "dependentRequired":
            yield from _dependent(value, kind)
        elif keyword not in SILENT and not keyword.startswith("x-"):
            yield _holds(keyword, value, schema, kind)


def negate(schema: Json, kinds: Iterable[str] = KINDS) -> Alternatives:
    """Compile what does not fit a schema into alternatives."""
    if schema is True or schema == {}:
        return ()
    if schema is False:
        return compile_schema(True, kinds)  # noqa: FBT003 - it is a schema
    fitting = set(_kinds(schema, kinds))
    found: list[Shape] = []
    for kind in kinds:
        if kind not in fitting:
            # A number that is no integer is no kind of its own: better no way to fail.
            if kind != "number" or "integer" not in fitting:
                found.append(Shape(kind=kind))
            continue
        for keyword, value in schema.items():
            if keyword not in SILENT and not keyword.startswith("x-"):
                found += _fails(keyword, value, schema, kind)
    return tuple(found)


def _kinds(schema: dict[str, Json], kinds: Iterable[str]) -> list[str]:
    stated = schema.get("type", KINDS)
    stated = {stated} if isinstance(stated, str) else set(stated)
    # An integer is a number: one alternative is enough for both.
    return [
        kind
        for kind in kinds
        if kind in stated or (kind == "integer" and "number" in stated)
    ]


def _examples(schema: dict[str, Json]) -> tuple[Json, ...]:
    given = [schema[name] for name in ("default", "example") if name in schema]
    return (*given, *schema.get("examples", ()))


def _holds(keyword: str, value: Json, schema: Json, kind: str) -> Alternatives:
    if keyword in _COMPOSED:
        return _COMPOSED[keyword](value, schema, kind)
    if keyword not in _PLAIN:
        raise SpecError(
            f"keyword {keyword!r} cannot be compiled",
            hint="state it by others, such as properties, if, oneOf or contains",
        )
    applies, read = _PLAIN[keyword]
    if kind not in applies:
        return (Shape(kind=kind),)
    shape = read(value, schema, kind)
    return () if shape is None else (shape,)


_NUMBERS = frozenset({"integer", "number"})
_Reader = Callable[[Json, Json, str], "Shape | None"]


def _enum(values: Json, _schema: Json, kind: str) -> Shape | None:
    fitting = tuple(
        value
        for value in values
        if kind_of(value) == kind or {kind_of(value), kind} == _NUMBERS
    )
    return Shape(kind=kind, enum=fitting) if fitting else None


def _above(value: Json, _schema: Json, kind: str) -> Shape:
    whole = kind == "integer"
    return Shape(kind=kind, low=floor(value) + 1 if whole else value + _near(value))


def _below(value: Json, _schema: Json, kind: str) -> Shape:
    whole = kind == "integer"
    return Shape(kind=kind, high=ceil(value) - 1 if whole else value - _near(value))


def _near(value: float) -> float:
    """Return a small step from a number: of large ones, one that still tells."""
    digits = len(str(int(abs(value))))
    return 1e-9 * 10.0 ** max(0, digits - 4)


def _properties(value: Json, _schema: Json, kind: str) -> Shape:
    return Shape(
        kind=kind, members={name: compile_schema(sub) for name, sub in value.items()}
    )


def _additional(value: Json, schema: Json, kind: str) -> Shape:
    members = dict.fromkeys(schema.get("properties", {}), ANYTHING)
    if isinstance(value, dict) and value not in ({}, {"not": {}}):
        # What any name may stand for is shown by a few.
        others = dict.fromkeys(OTHERS, compile_schema(value))
        members = {**others, **members}
    closed = value is False or value == {"not": {}}
    return Shape(kind=kind, closed=closed, members=members)


def _contains(value: Json, schema: Json, kind: str) -> Shape:
    least, most = schema.get("minContains", 1), schema.get("maxContains")
    return _counting(value, kind, least, most)


def _counting(value: Json, kind: str, least: int, most: int | None) -> Shape:
    fits, others = compile_schema(value), negate(value)
    counted = Contained(fits=fits, others=others, least=least, most=most)
    return Shape(kind=kind, contained=(counted,))


_ALL = frozenset(KINDS)
_TEXT, _LIST, _MAP = frozenset({"string"}), frozenset({"array"}), frozenset({"object"})

# Keyword: the kinds it says something of, and how it is read.
_PLAIN: dict[str, tuple[frozenset[str], _Reader]] = {
    "enum": (_ALL, _enum),
    "const": (_ALL, lambda v, s, k: _enum([v], s, k)),
    "minimum": (_NUMBERS, lambda v, _s, k: Shape(kind=k, low=v)),
    "maximum": (_NUMBERS, lambda v, _s, k: Shape(kind=k, high=v)),
    "exclusiveMinimum": (_NUMBERS, _above),
    "exclusiveMaximum": (_NUMBERS, _below),
    "multipleOf": (_NUMBERS, lambda v, _s, k: Shape(kind=k, multiple=v)),
    "minLength": (_TEXT, lambda v, _s, k: Shape(kind=k, min_length=v)),
    "maxLength": (_TEXT, lambda v, _s, k: Shape(kind=k, max_length=v)),
    "format": (_TEXT, lambda v, _s, k: Shape(kind=k, format=v)),
    "pattern": (_TEXT, lambda v, _s, k: Shape(kind=k, patterns=(v,))),
    "minItems": (_LIST, lambda v, _s, k: Shape(kind=k, min_items=v)),
    "maxItems": (_LIST, lambda v, _s, k: Shape(kind=k, max_items=v)),
    "items": (_LIST, lambda v, _s, k: Shape(kind=k, items=compile_schema(v))),
    "uniqueItems": (_LIST, lambda v, _s, k: Shape(kind=k, unique=v)),
    "contains": (_LIST, _contains),
    "properties": (_MAP, _properties),
    "required": (_MAP, lambda v, _s, k: Shape(kind=k, required=frozenset(v))),
    "additionalProperties": (_MAP, _additional),
    "unevaluatedProperties": (_MAP, lambda _v, _s, k: Shape(kind=k)),
    "minProperties": (_MAP, lambda v, _s, k: Shape(kind=k, min_members=v)),
    "maxProperties": (_MAP, lambda v, _s, k: Shape(kind=k, max_members=v)),
}


def _any_of(value: Json, _schema: Json, kind: str) -> Alternatives:
    return tuple(shape for sub in value for shape in compile_schema(sub, (kind,)))


def _one_of(value: Json, _schema: Json, kind: str) -> Alternatives:
    branches = [compile_schema(sub, (kind,)) for sub in value]
    found: Alternatives = ()
    for index, branch in enumerate(branches):
        for other, sub in enumerate(value):
            # Branches that have nothing in common exclude each other as they are.
            if other != index and meet(branch, branches[other]):
                branch = meet(branch, negate(sub, (kind,)))  # noqa: PLW2901
        found += branch
    return found


def _if(value: Json, schema: Json, kind: str) -> Alternatives:
    if not {"then", "else"} & schema.keys():
        return (Shape(kind=kind),)
    then = compile_schema(schema.get("then", True), (kind,))
    otherwise = compile_schema(schema.get("else", True), (kind,))
    return meet(compile_schema(value, (kind,)), then) + meet(
        negate(value, (kind,)), otherwise
    )


def _dependent(value: Json, kind: str) -> Iterator[Alternatives]:
    for name, needed in value.items() if kind == "object" else ():
        without = Shape(kind=kind, members={name: ()})
        having = Shape(kind=kind, required=frozenset({name, *needed}))
        yield without, having


_COMPOSED: dict[str, Callable[[Json, Json, str], Alternatives]] = {
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": lambda v, _s, k: negate(v, (k,)),
    "if": _if,
}


def _fails(keyword: str, value: Json, schema: Json, kind: str) -> Alternatives:
    # A keyword that cannot be negated gives no way to fail. What is left is fewer
    # values than there are, never wrong ones.
    if keyword not in _NEGATED:
        return ()
    applies, read = _NEGATED[keyword]
    return tuple(read(value, schema, kind)) if kind in applies else ()


_Ways = Callable[[Json, Json, str], Iterable[Shape]]


def _not_properties(value: Json, _schema: Json, kind: str) -> Iterator[Shape]:
    for name, sub in value.items():
        if others := negate(sub):
            required = frozenset({name})
            yield Shape(kind=kind, members={name: others}, required=required)


def _not_dependent(value: Json, _schema: Json, kind: str) -> Iterator[Shape]:
    for name, needed in value.items():
        for lacking in needed:
            members: dict[str, Alternatives] = {lacking: ()}
            yield Shape(kind=kind, members=members, required=frozenset({name}))


def _not_contains(value: Json, schema: Json, kind: str) -> Iterator[Shape]:
    least, most = schema.get("minContains", 1), schema.get("maxContains")
    if least > 0:
        yield _counting(value, kind, 0, least - 1)
    if most is not None:
        yield _counting(value, kind, most + 1, None)


def _not_pattern(value: Json, _schema: Json, kind: str) -> Iterator[Shape]:
    pattern = re.compile(value)
    texts = tuple(each for each in MISSING if not pattern.search(each))
    if texts:
        yield Shape(kind=kind, enum=texts)


def _none_of(value: Json, kind: str) -> Alternatives:
    return joined((negate(sub, (kind,)) for sub in value), kind)


def _not_one_of(value: Json, _schema: Json, kind: str) -> Iterator[Shape]:
    yield from _none_of(value, kind)
    for left, right in combinations(value, 2):
        yield from meet(compile_schema(left, (kind,)), compile_schema(right, (kind,)))


def _not_if(value: Json, schema: Json, kind: str) -> Alternatives:
    then = negate(schema.get("then", True), (kind,))
    otherwise = negate(schema.get("else", True), (kind,))
    return meet(compile_schema(value, (kind,)), then) + meet(
        negate(value, (kind,)), otherwise
    )


# Keyword: the kinds that it can refuse, and what it refuses.
_NEGATED: dict[str, tuple[frozenset[str], _Ways]] = {
    "const": (_ALL, lambda v, _s, k: [Shape(kind=k, excluded=(v,))]),
    "enum": (_ALL, lambda v, _s, k: [Shape(kind=k, excluded=tuple(v))]),
    "allOf": (_ALL, lambda v, _s, k: [way for sub in v for way in negate(sub, (k,))]),
    "anyOf": (_ALL, lambda v, _s, k: _none_of(v, k)),
    "oneOf": (_ALL, _not_one_of),
    "not": (_ALL, lambda v, _s, k: compile_schema(v, (k,))),
    "if": (_ALL, _not_if),
    "minimum": (_NUMBERS, lambda v, s, k: [_below(v, s, k)]),
    "maximum": (_NUMBERS, lambda v, s, k: [_above(v, s, k)]),
    "exclusiveMinimum": (_NUMBERS, lambda v, _s, k: [Shape(kind=k, high=v)]),
    "exclusiveMaximum": (_NUMBERS, lambda v, _s, k: [Shape(kind=k, low=v)]),
    "minLength": (
        _TEXT,
        lambda v, _s, k: [Shape(kind=k, max_length=v - 1)] if v else [],
    ),
    "maxLength": (_TEXT, lambda v, _s, k: [Shape(kind=k, min_length=v + 1)]),
    "pattern": (_TEXT, _not_pattern),
    "minItems": (_LIST, lambda v, _s, k: [Shape(kind=k, max_items=v - 1)] if v else []),
    "maxItems": (_LIST, lambda v, _s, k: [Shape(kind=k, min_items=v + 1)]),
    "items": (_LIST, lambda v, _s, k: [_counting({"not": v}, k, 1, None)]),
    "contains": (_LIST, _not_contains),
    "properties": (_MAP, _not_properties),
    "required": (
        _MAP,
        lambda v, _s, k: [Shape(kind=k, members={name: ()}) for name in v],
    ),
    "dependentRequired": (_MAP, _not_dependent),
    "minProperties": (
        _MAP,
        lambda v, _s, k: [Shape(kind=k, max_members=v - 1)] if v else [],
    ),
    "maxProperties": (_MAP, lambda v, _s, k: [Shape(kind=k, min_members=v + 1)]),
}

# What a schema may say, and what can be turned into its contrary.
COMPILED = frozenset({*_PLAIN, *_COMPOSED, "allOf", "dependentRequired"})
NEGATED = frozenset(_NEGATED)
