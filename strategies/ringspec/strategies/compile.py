"""From JSON Schema 2020-12 to shapes: one small function for each keyword.

Conditions become alternatives: `if A then B else C` is (A and B) or (not A and C).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from itertools import combinations

from ringspec.spec import Json, SpecError, kind_of
from ringspec.strategies.shape import (
    ANYTHING,
    KINDS,
    Alternatives,
    Contained,
    Shape,
    meet,
)

# Annotations, and what only organises a schema.
_SILENT = frozenset(
    {
        "title",
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
        SpecError: it uses a keyword that cannot be compiled.
    """
    if schema is True or schema == {}:
        return tuple(shape for shape in ANYTHING if shape.kind in set(kinds))
    if schema is False:
        return ()
    found: list[Shape] = []
    for kind in _kinds(schema, kinds):
        alternatives: Alternatives = (Shape(kind=kind, examples=_examples(schema)),)
        for keyword, value in schema.items():
            if keyword in _SILENT or keyword.startswith("x-"):
                continue
            alternatives = meet(alternatives, _holds(keyword, value, schema, kind))
        found += alternatives
    return tuple(found)


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
            if keyword not in _SILENT and not keyword.startswith("x-"):
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
    given = [schema["default"]] if "default" in schema else []
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
    return Shape(kind=kind, low=value + (1 if kind == "integer" else 1e-9))


def _below(value: Json, _schema: Json, kind: str) -> Shape:
    return Shape(kind=kind, high=value - (1 if kind == "integer" else 1e-9))


def _properties(value: Json, _schema: Json, kind: str) -> Shape:
    return Shape(
        kind=kind, members={name: compile_schema(sub) for name, sub in value.items()}
    )


def _additional(value: Json, schema: Json, kind: str) -> Shape:
    if value not in (True, False, {}):
        # Members nobody names are never generated, so their schema is not needed.
        value = True
    named = dict.fromkeys(schema.get("properties", {}), ANYTHING)
    return Shape(kind=kind, closed=value is False, members=named)


def _contains(value: Json, schema: Json, kind: str) -> Shape:
    return Shape(
        kind=kind,
        contained=(
            Contained(
                fits=compile_schema(value),
                others=negate(value),
                least=schema.get("minContains", 1),
                most=schema.get("maxContains"),
            ),
        ),
    )


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


def _all_of(value: Json, _schema: Json, kind: str) -> Alternatives:
    start: Alternatives = (Shape(kind=kind),)
    return reduce(meet, (compile_schema(sub, (kind,)) for sub in value), start)


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
    then = compile_schema(schema.get("then", True), (kind,))
    otherwise = compile_schema(schema.get("else", True), (kind,))
    return meet(compile_schema(value, (kind,)), then) + meet(
        negate(value, (kind,)), otherwise
    )


def _dependent(value: Json, _schema: Json, kind: str) -> Alternatives:
    found: Alternatives = (Shape(kind=kind),)
    if kind != "object":
        return found
    for name, needed in value.items():
        without = Shape(kind=kind, members={name: ()})
        having = Shape(kind=kind, required=frozenset({name, *needed}))
        found = meet(found, (without, having))
    return found


_COMPOSED: dict[str, Callable[[Json, Json, str], Alternatives]] = {
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": lambda v, _s, k: negate(v, (k,)),
    "if": _if,
    "dependentRequired": _dependent,
}


def _fails(keyword: str, value: Json, schema: Json, kind: str) -> Alternatives:
    # A keyword that cannot be negated gives no way to fail. What is left is fewer
    # values than there are, never wrong ones.
    if keyword in _NEGATED:
        return tuple(_NEGATED[keyword](value, schema, kind))
    return ()


def _not_properties(value: Json, _schema: Json, kind: str) -> Iterator[Shape]:
    if kind == "object":
        for name, sub in value.items():
            if others := negate(sub):
                required = frozenset({name})
                yield Shape(kind=kind, members={name: others}, required=required)


def _not_required(value: Json, _schema: Json, kind: str) -> Iterator[Shape]:
    if kind == "object":
        for name in value:
            yield Shape(kind=kind, members={name: ()})


def _none_of(value: Json, kind: str) -> Alternatives:
    start: Alternatives = (Shape(kind=kind),)
    return reduce(meet, (negate(sub, (kind,)) for sub in value), start)


def _not_one_of(value: Json, _schema: Json, kind: str) -> Iterator[Shape]:
    yield from _none_of(value, kind)
    for left, right in combinations(value, 2):
        yield from meet(compile_schema(left, (kind,)), compile_schema(right, (kind,)))


def _bound(
    applies: frozenset[str], make: Callable[[Json, str], Shape | None]
) -> Callable[[Json, Json, str], Iterator[Shape]]:
    def negated(value: Json, _schema: Json, kind: str) -> Iterator[Shape]:
        shape = make(value, kind) if kind in applies else None
        if shape is not None:
            yield shape

    return negated


_NEGATED: dict[str, Callable[[Json, Json, str], Iterable[Shape]]] = {
    "const": lambda v, _s, k: [Shape(kind=k, excluded=(v,))],
    "enum": lambda v, _s, k: [Shape(kind=k, excluded=tuple(v))],
    "properties": _not_properties,
    "required": _not_required,
    "allOf": lambda v, _s, k: [each for sub in v for each in negate(sub, (k,))],
    "anyOf": lambda v, _s, k: _none_of(v, k),
    "oneOf": _not_one_of,
    "not": lambda v, _s, k: compile_schema(v, (k,)),
    "minimum": lambda v, s, k: [_below(v, s, k)] if k in _NUMBERS else [],
    "maximum": lambda v, s, k: [_above(v, s, k)] if k in _NUMBERS else [],
    "minItems": _bound(
        _LIST, lambda v, k: Shape(kind=k, max_items=v - 1) if v else None
    ),
    "maxItems": _bound(_LIST, lambda v, k: Shape(kind=k, min_items=v + 1)),
    "minLength": _bound(
        _TEXT, lambda v, k: Shape(kind=k, max_length=v - 1) if v else None
    ),
    "maxLength": _bound(_TEXT, lambda v, k: Shape(kind=k, min_length=v + 1)),
}
