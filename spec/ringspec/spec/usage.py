"""Usage: which of a contract's members and values a body uses, and how attested.

In: an inlined schema and a body. Out: the weakest level among what is used.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.spec.annotations import named
from ringspec.spec.rules import Evidence, Level, weakest
from ringspec.spec.values import Json


def usage(schema: Json, body: Json) -> Level:
    """Return the weakest level among the members and values that a body uses."""
    return weakest(each.level for each in _evidence(schema, body, Evidence.DOCUMENTED))


def _evidence(schema: Json, value: Json, inherited: Evidence) -> Iterator[Evidence]:
    if not isinstance(schema, dict):
        return
    own = Evidence(schema.get("x-evidence", inherited))
    yield own
    if evidence := schema.get("x-enum-evidence", {}).get(named(value)):
        yield Evidence(evidence)
    if isinstance(value, dict):
        members = schema.get("properties", {})
        for name, child in value.items():
            if name in members:
                yield from _evidence(members[name], child, own)
    elif isinstance(value, list):
        for child in value:
            yield from _evidence(schema.get("items"), child, own)
