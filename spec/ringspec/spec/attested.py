"""The attested part of a schema: only members and values of a level, or a stronger one.

In: an inlined schema and a level. Out: the schema without what weaker sources show, so
that no body that fits it uses any of that.
"""

from __future__ import annotations

from ringspec.spec.annotations import named
from ringspec.spec.rules import Evidence, Level
from ringspec.spec.values import Json


def attested(schema: Json, level: Level) -> Json:
    """Return a schema in which nothing may stand that is attested less well."""
    return _attested(schema, level, Evidence.DOCUMENTED)


def _attested(schema: Json, level: Level, inherited: Evidence) -> Json:
    if not isinstance(schema, dict):
        return schema
    own = Evidence(schema.get("x-evidence", inherited))
    if not own.level.gates(level):
        return False
    changed = dict(schema)
    for keyword in ("properties", "items"):
        below = schema.get(keyword)
        if keyword == "items" and isinstance(below, dict):
            changed[keyword] = _attested(below, level, own)
        elif isinstance(below, dict):
            changed[keyword] = {
                name: _attested(child, level, own) for name, child in below.items()
            }
    if "enum" in schema:
        changed["enum"] = _values(schema, level)
    return changed


def _values(schema: dict[str, Json], level: Level) -> list[Json]:
    told = schema.get("x-enum-evidence", {})
    return [
        value
        for value in schema["enum"]
        if Evidence(told.get(named(value), Evidence.DOCUMENTED)).level.gates(level)
    ]
