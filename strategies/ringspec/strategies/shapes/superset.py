"""Regions: a superset of the bodies that fit a schema, to prove that there are none.

In: an inlined schema. Out: shapes, as `compile.py` makes them, but erring to the other
side: there a keyword that cannot be turned into its contrary gives no value, here it
gives any. What no shape is left of, no body fits.

Numbers with a fraction are a kind of their own here, `fraction`; 2.0 is the integer 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from itertools import combinations, product

from ringspec.spec import Json, kind_of, same
from ringspec.strategies.shapes.shape import Alternatives, Contained, Shape, meet

FRACTION = "fraction"
KINDS = ("object", "array", "string", "integer", FRACTION, "boolean", "null")
_NUMBERS = frozenset({"integer", FRACTION})
_BY_KIND = {
    _NUMBERS: (
        *("minimum", "maximum", "multipleOf"),
        *("exclusiveMinimum", "exclusiveMaximum"),
    ),
    frozenset({"string"}): ("minLength", "maxLength", "pattern", "format"),
    frozenset({"array"}): (
        *("minItems", "maxItems", "items", "uniqueItems"),
        *("contains", "prefixItems", "unevaluatedItems"),
    ),
    frozenset({"object"}): (
        *("minProperties", "maxProperties", "properties", "propertyNames"),
        *("required", "dependentRequired", "additionalProperties"),
        *("patternProperties", "dependentSchemas", "unevaluatedProperties"),
    ),
}
# Keyword: the kinds it says something of; the others are about all.
_ABOUT = {name: kinds for kinds, names in _BY_KIND.items() for name in names}
# Integers in a range of at most so many are counted one by one.
_COUNTED = 1000


def reach(schema: Json, kinds: Iterable[str] = KINDS) -> Alternatives:
    """Return shapes that every value which fits a schema fits."""
    if not isinstance(schema, dict):
        return tuple(Shape(kind=kind) for kind in kinds) if schema else ()
    found: list[Shape] = []
    for kind in _stated(schema, kinds):
        shapes: Alternatives = (Shape(kind=kind),)
        for part in _parts(schema, kind):
            shapes = _live(meet(shapes, part))
        found += shapes
    return tuple(found)


def _parts(schema: dict[str, Json], kind: str) -> Iterator[Alternatives]:
    """Yield what each keyword leaves, that with the most branches last."""
    for keyword, value in schema.items():
        about = kind in _ABOUT.get(keyword, KINDS)
        if keyword in _HOLDS and keyword != "allOf" and about:
            yield tuple(_HOLDS[keyword](value, schema, kind))
    for branch in schema.get("allOf", ()):
        yield reach(branch, (kind,))


def _live(shapes: Iterable[Shape]) -> Alternatives:
    return tuple(shape for shape in shapes if not is_void(shape))


def avoid(schema: Json, kinds: Iterable[str] = KINDS) -> Alternatives:
    """Return shapes that every value which does not fit a schema fits."""
    if not isinstance(schema, dict):
        return () if schema else reach(True, kinds)  # noqa: FBT003 - it is a schema
    stated = set(_stated(schema, kinds))
    found = [Shape(kind=kind) for kind in kinds if kind not in stated]
    for kind in stated:
        for keyword, value in schema.items():
            if kind not in _ABOUT.get(keyword, KINDS) or keyword not in _ASSERTING:
                continue
            if keyword in _FAILS:
                found += _FAILS[keyword](value, schema, kind)
            else:
                found.append(Shape(kind=kind))
    return _live(found)


def _stated(schema: dict[str, Json], kinds: Iterable[str]) -> list[str]:
    stated = schema.get("type", KINDS)
    names = {stated} if isinstance(stated, str) else set(stated)
    if "number" in names:
        names |= _NUMBERS
    return [kind for kind in kinds if kind in names]


_Read = Callable[[Json, dict[str, Json], str], Iterable[Shape]]


def _enum(values: Json, kind: str) -> Iterator[Shape]:
    fitting = tuple(value for value in _plain(values) if _kind(value) == kind)
    if fitting:
        yield Shape(kind=kind, enum=fitting)


def _kind(value: Json) -> str:
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


def _contains(value: Json, schema: dict[str, Json], kind: str) -> Iterator[Shape]:
    least, most = schema.get("minContains", 1), schema.get("maxContains")
    yield _counting(value, kind, least, most)


def _counting(value: Json, kind: str, least: int, most: int | None) -> Shape:
    counted = Contained(fits=reach(value), others=avoid(value), least=least, most=most)
    return Shape(kind=kind, contained=(counted,))


def _multiple(value: Json, _schema: dict[str, Json], kind: str) -> Iterator[Shape]:
    if kind == "integer" and isinstance(value, int):
        yield Shape(kind=kind, multiple=value)
    elif kind == "integer" or not float(value).is_integer():
        yield Shape(kind=kind)


def _all_of(value: Json, _schema: dict[str, Json], kind: str) -> Alternatives:
    start: Alternatives = (Shape(kind=kind),)
    return reduce(meet, (reach(each, (kind,)) for each in value), start)


def _one_of(value: Json, _schema: dict[str, Json], kind: str) -> Iterator[Shape]:
    for index, branch in enumerate(value):
        others = [each for other, each in enumerate(value) if other != index]
        yield from reduce(
            meet, (avoid(each, (kind,)) for each in others), reach(branch, (kind,))
        )


def _if(value: Json, schema: dict[str, Json], kind: str) -> Alternatives:
    kinds = (kind,)
    then, otherwise = schema.get("then", {}), schema.get("else", {})
    return meet(reach(value, kinds), reach(then, kinds)) + meet(
        avoid(value, kinds), reach(otherwise, kinds)
    )


def _dependent(value: Json, _schema: dict[str, Json], kind: str) -> Alternatives:
    found: Alternatives = (Shape(kind=kind),)
    for name, needed in value.items():
        without = Shape(kind=kind, members={name: ()})
        having = Shape(kind=kind, required=frozenset({name, *needed}))
        found = meet(found, (without, having))
    return found


def _closed(value: Json, schema: dict[str, Json], kind: str) -> Iterator[Shape]:
    named = schema.get("properties", {})
    free = value is not False or "patternProperties" in schema
    # No meet narrows `reach(True)`: it says only that the member has a name here.
    members = dict.fromkeys(named, reach(True))  # noqa: FBT003 - it is a schema
    yield Shape(kind=kind, closed=not free, members={} if free else members)


def _properties(value: Json, _schema: dict[str, Json], kind: str) -> Iterator[Shape]:
    yield Shape(
        kind=kind, members={name: reach(below) for name, below in value.items()}
    )


_HOLDS: dict[str, _Read] = {
    "enum": lambda v, _s, k: _enum(v, k),
    "const": lambda v, _s, k: _enum([v], k),
    "minimum": lambda v, _s, k: [Shape(kind=k, low=v)],
    "maximum": lambda v, _s, k: [Shape(kind=k, high=v)],
    "exclusiveMinimum": lambda v, _s, k: [_above(v, k)],
    "exclusiveMaximum": lambda v, _s, k: [_below(v, k)],
    "multipleOf": _multiple,
    "minLength": lambda v, _s, k: [Shape(kind=k, min_length=v)],
    "maxLength": lambda v, _s, k: [Shape(kind=k, max_length=v)],
    "minItems": lambda v, _s, k: [Shape(kind=k, min_items=v)],
    "maxItems": lambda v, _s, k: [Shape(kind=k, max_items=v)],
    "items": lambda v, _s, k: [Shape(kind=k, items=reach(v))],
    "contains": _contains,
    "properties": _properties,
    "required": lambda v, _s, k: [Shape(kind=k, required=frozenset(v))],
    "additionalProperties": _closed,
    "minProperties": lambda v, _s, k: [Shape(kind=k, min_members=v)],
    "maxProperties": lambda v, _s, k: [Shape(kind=k, max_members=v)],
    "allOf": _all_of,
    "anyOf": lambda v, _s, k: [shape for each in v for shape in reach(each, (k,))],
    "oneOf": _one_of,
    "not": lambda v, _s, k: avoid(v, (k,)),
    "if": _if,
    "dependentRequired": _dependent,
}


def _above(value: float, kind: str) -> Shape:
    """Return the numbers above a bound; of fractions, the bound too."""
    if kind == "integer":
        return Shape(kind=kind, low=int(value // 1) + 1)
    return Shape(kind=kind, low=value)


def _below(value: float, kind: str) -> Shape:
    if kind == "integer":
        return Shape(kind=kind, high=int(-(-value // 1)) - 1)
    return Shape(kind=kind, high=value)


def _not_contains(value: Json, schema: dict[str, Json], kind: str) -> Iterator[Shape]:
    least, most = schema.get("minContains", 1), schema.get("maxContains")
    if least > 0:
        yield _counting(value, kind, 0, least - 1)
    if most is not None:
        yield _counting(value, kind, most + 1, None)


def _not_properties(
    value: Json, _schema: dict[str, Json], kind: str
) -> Iterator[Shape]:
    for name, below in value.items():
        if others := avoid(below):
            required = frozenset({name})
            yield Shape(kind=kind, members={name: others}, required=required)


def _not_items(value: Json, _schema: dict[str, Json], kind: str) -> Iterator[Shape]:
    yield _counting({"not": value}, kind, 1, None)


def _not_one_of(value: Json, _schema: dict[str, Json], kind: str) -> Iterator[Shape]:
    yield from _none(value, kind)
    for left, right in combinations(value, 2):
        yield from meet(reach(left, (kind,)), reach(right, (kind,)))


def _none(value: Json, kind: str) -> Alternatives:
    start: Alternatives = (Shape(kind=kind),)
    return reduce(meet, (avoid(each, (kind,)) for each in value), start)


def _not_if(value: Json, schema: dict[str, Json], kind: str) -> Alternatives:
    kinds = (kind,)
    then, otherwise = schema.get("then", {}), schema.get("else", {})
    return meet(reach(value, kinds), avoid(then, kinds)) + meet(
        avoid(value, kinds), avoid(otherwise, kinds)
    )


_FAILS: dict[str, _Read] = {
    "type": lambda _v, _s, _k: [],  # kinds that are not stated fail by themselves
    "enum": lambda v, _s, k: [Shape(kind=k, excluded=tuple(_plain(v)))],
    "const": lambda v, _s, k: [Shape(kind=k, excluded=(_plain(v),))],
    "minimum": lambda v, _s, k: [_below(v, k)],
    "maximum": lambda v, _s, k: [_above(v, k)],
    "exclusiveMinimum": lambda v, _s, k: [Shape(kind=k, high=v)],
    "exclusiveMaximum": lambda v, _s, k: [Shape(kind=k, low=v)],
    "minLength": lambda v, _s, k: [Shape(kind=k, max_length=v - 1)] if v else [],
    "maxLength": lambda v, _s, k: [Shape(kind=k, min_length=v + 1)],
    "minItems": lambda v, _s, k: [Shape(kind=k, max_items=v - 1)] if v else [],
    "maxItems": lambda v, _s, k: [Shape(kind=k, min_items=v + 1)],
    "items": _not_items,
    "contains": _not_contains,
    "properties": _not_properties,
    "required": lambda v, _s, k: [Shape(kind=k, members={name: ()}) for name in v],
    "minProperties": lambda v, _s, k: [Shape(kind=k, max_members=v - 1)] if v else [],
    "maxProperties": lambda v, _s, k: [Shape(kind=k, min_members=v + 1)],
    "allOf": lambda v, _s, k: [shape for each in v for shape in avoid(each, (k,))],
    "anyOf": lambda v, _s, k: _none(v, k),
    "oneOf": _not_one_of,
    "not": lambda v, _s, k: reach(v, (k,)),
    "if": _not_if,
}
# These refuse values too, but what they refuse is not worked out.
_ASSERTING = frozenset(
    {*_FAILS, *_HOLDS, "format", "pattern", "uniqueItems", "propertyNames"}
    | {"patternProperties", "dependentSchemas", "prefixItems"}
    | {"unevaluatedProperties", "unevaluatedItems"}
)


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
        len(shape.required) > shape.max_members or shape.min_members > shape.max_members
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
