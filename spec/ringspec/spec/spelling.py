"""Spelling: canonical places of a body, as a dialect spells them.

In: a schema in which `x-member` keeps canonical names. Out: places and patches of the
catalogue, which speaks canonically, as they stand in the bodies that are sent.
"""

from __future__ import annotations

from dataclasses import replace

from ringspec.spec.rules import Catalogue, Edit
from ringspec.spec.values import Json, pointer, steps


def spelt(catalogue: Catalogue, schema: Json) -> Catalogue:
    """Return a catalogue whose edits are of bodies as a dialect spells them."""
    couplings = tuple(
        replace(each, edits=tuple(_edit(edit, schema) for edit in each.edits))
        for each in catalogue.couplings
    )
    return replace(catalogue, couplings=couplings)


def _edit(edit: Edit, schema: Json) -> Edit:
    where = {_way((name,), schema)[0]: value for name, value in edit.where.items()}
    patch = tuple(
        {**step, "path": pointer(_way(steps(step["path"]), schema))}
        for step in edit.patch
    )
    return replace(edit, where=where, patch=patch)


def _way(way: tuple[str, ...], schema: Json) -> tuple[str, ...]:
    """Spell a canonical path, as far as the schema names its steps."""
    found: list[str] = []
    for step in way:
        members = schema.get("properties", {}) if isinstance(schema, dict) else {}
        name = next((n for n in members if _canonical(n, members) == step), step)
        found.append(name)
        items = schema.get("items", {}) if isinstance(schema, dict) else {}
        schema = members.get(name, items)
    return tuple(found)


def _canonical(name: str, members: dict[str, Json]) -> str:
    child = members[name]
    return str(child.get("x-member", name)) if isinstance(child, dict) else name
