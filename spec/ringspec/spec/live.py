"""The live form of a schema: what may be sent where it can do harm.

In: an inlined schema. Out: a schema made of its `x-live` annotations alone. Each says,
beside a member, what its value has to keep to on a target that acts on what it takes;
`{not: {}}` keeps a member away. It narrows what is sent, and judges nobody: a body that
does not keep to it is left out, whether it is valid or not.
"""

from __future__ import annotations

from ringspec.spec.document import NAMED
from ringspec.spec.values import Json

# Branches that speak of the same value. What stands in any of them holds always: to
# find out which one applies is to trust the body.
_BRANCHES = ("allOf", "anyOf", "oneOf")
_BRANCH = ("then", "else")
_INSIDE = ("items", "additionalProperties")
_MEMBERS = tuple(sorted(NAMED & {"properties", "patternProperties"}))


def live_form(schema: Json) -> dict[str, Json]:
    """Return the schema of what may be sent; an empty one where nothing is said."""
    if not isinstance(schema, dict):
        return {}
    parts = [schema["x-live"]] if "x-live" in schema else []
    parts += [form for each in _branches(schema) if (form := live_form(each))]
    found: dict[str, Json] = {}
    for keyword in _MEMBERS:
        forms = {
            name: form
            for name, child in schema.get(keyword, {}).items()
            if (form := live_form(child))
        }
        if forms:
            found[keyword] = forms
    for keyword in _INSIDE:
        if form := live_form(schema.get(keyword)):
            # Of an array or an object alone, whatever else the schema may be of.
            found[keyword] = form
    if parts:
        found["allOf"] = parts
    return found


def _branches(schema: dict[str, Json]) -> list[Json]:
    return [
        *(child for keyword in _BRANCHES for child in schema.get(keyword, ())),
        *(schema[keyword] for keyword in _BRANCH if keyword in schema),
        *schema.get("dependentSchemas", {}).values(),
    ]
