"""Places: schemas of what stands somewhere in a body, and schemas that say less.

In: a schema and a path in it. Out: schemas of the bodies that fit something there;
supersets of what a schema admits, which are quicker to compile.
"""

from __future__ import annotations

from dataclasses import replace

from ringspec.spec import ITEM, Json
from ringspec.strategies.adequacy.units import TOGETHER, Path, node_at
from ringspec.strategies.shapes.shape import Alternatives, Shape
from ringspec.strategies.shapes.superset import is_void, reach

Instance = tuple[str, ...]
_STEPS = {"properties": 2, "allOf": 2, "prefixItems": 2, "dependentSchemas": 2}


def instance_of(path: Path) -> Instance:
    """Return where in a body a subschema applies."""
    found: list[str] = []
    steps = iter(path)
    for step in steps:
        if step == "properties":
            found.append(next(steps))
        elif step in {"items", "prefixItems"}:
            found.append(ITEM)
        if step in {"allOf", "prefixItems", "dependentSchemas"}:
            next(steps)
    return tuple(found)


def somewhere(schema: Json, path: Path, wanted: Json, least: int = 1) -> Json:
    """Return a schema of the bodies in which something fits at some value of a path.

    Args:
        schema: that the path is one of.
        path: a subschema's.
        wanted: what the value there fits.
        least: how many items the innermost array on the way has.

    """
    cuts = []
    at = 0
    while at < len(path):
        width = _STEPS.get(path[at], 1)
        cuts.append((at, at + width))
        at += width
    for start, end in reversed(cuts):
        keyword, name = path[start], path[end - 1]
        if keyword == "properties":
            wanted = {
                "type": "object",
                "properties": {name: wanted},
                "required": [name],
            }
        elif keyword in {"items", "prefixItems"}:
            wanted = {"type": "array", "contains": wanted, "minItems": least}
            least = 1
        elif keyword == "dependentSchemas":
            wanted = {"allOf": [{"type": "object", "required": [name]}, wanted]}
        elif keyword in {"then", "else"}:
            condition = node_at(schema, (*path[:start], "if"))
            taken = condition if keyword == "then" else {"not": condition}
            wanted = {"allOf": [taken, wanted]}
    return wanted


def pruned(schema: Json, instance: Instance) -> Json:
    """Return a schema that says less: only what is near an instance path is kept.

    What fits the schema fits this too.
    """
    if not isinstance(schema, dict):
        return schema
    step, rest = instance[:1], instance[1:]
    kept = {name: value for name, value in schema.items() if name not in _DEEP}
    if "properties" in schema:
        kept["properties"] = {
            name: pruned(child, rest) if (name,) == step else _shallow(child)
            for name, child in schema["properties"].items()
        }
    if "items" in schema and step in {(ITEM,), ()}:
        kept["items"] = pruned(schema["items"], rest)
    if step == (ITEM,) and "contains" in schema:
        # What is counted among the items says little of any one of them.
        kept = {name: kept[name] for name in kept if name not in TOGETHER["contains"]}
    if "allOf" in schema:
        kept["allOf"] = [pruned(each, instance) for each in schema["allOf"]]
    return kept


def joined(schema: Json, *more: Json) -> Json:
    """Return a schema that says more, what is new first: it leaves the least."""
    return {**schema, "allOf": [*more, *schema.get("allOf", ())]}


_DEEP = frozenset({"properties", "items", "allOf", "unevaluatedProperties"})
_INSIDE = frozenset(
    {"properties", "items", "contains", "minContains", "maxContains"}
    | {"allOf", "anyOf", "oneOf", "if", "then", "else", "required"}
    | {"additionalProperties", "unevaluatedProperties"}
)


def _shallow(schema: Json) -> Json:
    """Return a schema without what it says of a value's parts."""
    if not isinstance(schema, dict):
        return schema
    kinds = (
        {schema.get("type", "object")}
        if isinstance(schema.get("type", "object"), str)
        else set(schema["type"])
    )
    if not kinds & {"object", "array"}:
        return schema
    return {name: value for name, value in schema.items() if name not in _INSIDE}


def opened(shapes: Alternatives, place: Instance) -> Alternatives:
    """Let anything stand at a place, or nothing, where something may stand there."""
    if not place:
        return reach(True)  # noqa: FBT003 - it is a schema
    found: list[Shape] = []
    step, rest = place[0], place[1:]
    for shape in shapes:
        if step == ITEM and shape.kind == "array":
            items = (*(shape.items or ()), *opened(shape.items or (), rest))
            if shape.items is None:
                items = reach(True)  # noqa: FBT003 - likewise
            found.append(replace(shape, items=items, contained=(), unique=False))
        elif shape.kind == "object" and step != ITEM:
            inside = shape.members.get(step)
            if inside is None or not any(not is_void(each) for each in inside):
                continue
            below = opened(inside, rest)
            required = shape.required if rest else shape.required - {step}
            members = {**shape.members, step: below}
            found.append(replace(shape, members=members, required=required))
    return tuple(found)
