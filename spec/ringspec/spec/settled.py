"""The settled form of a schema: what valid bodies keep to where sources are silent.

In: an inlined schema. Out: a stricter one. A body is valid when it keeps to the settled
form, invalid when it breaks the schema itself, and between the two nothing is settled.
Beside `x-settled`, some things are unsettled for every API: members that nobody names,
texts that are empty, blank or of more than a hundred characters.
"""

from __future__ import annotations

from ringspec.spec.document import NAMED
from ringspec.spec.values import Json

TEXT_MIN = 1
TEXT_MAX = 100
# A text with nothing to read in it may be taken for an absent one.
NOT_BLANK = r"[^\s]"
# Branches of one value; `prefixItems` is about its items.
MANY = ("allOf", "anyOf", "oneOf")
_BOUNDED = frozenset({"enum", "const", "format", "pattern", "x-settled"})


def settle(schema: Json) -> Json:
    """Return the settled form of a schema."""
    if not isinstance(schema, dict):
        return schema
    changed = _settled(schema)
    if "string" in schema.get("type", ()) and not _BOUNDED & schema.keys():
        changed.update(_bounds(schema))
    if "object" in _kinds(schema):
        _close(changed, schema)
    return changed


def _settled(schema: dict[str, Json]) -> dict[str, Json]:
    """Settle what is below a schema, and join in what it says itself."""
    changed = {keyword: _keyword(keyword, value) for keyword, value in schema.items()}
    settled = changed.pop("x-settled", None)
    if settled is not None:
        changed["allOf"] = [*changed.get("allOf", ()), settled]
    return changed


def _keyword(keyword: str, value: Json) -> Json:
    # Only where a subschema holds as it stands: what is inside a condition or a
    # choice decides between branches and is left as written.
    if keyword == "items":
        return settle(value)
    if keyword == "allOf":
        return [_branch(child) for child in value]
    if keyword == "dependentSchemas":
        return {name: _branch(child) for name, child in value.items()}
    if keyword in NAMED:
        return {name: settle(child) for name, child in value.items()}
    return value


def _branch(schema: Json) -> Json:
    """Settle one of several schemas of one value: none may close or bound it alone."""
    return {
        keyword: _branch(value) if keyword in {"then", "else"} else value
        for keyword, value in _settled(schema).items()
    }


def _bounds(schema: dict[str, Json]) -> dict[str, Json]:
    """Return the bounds of a free text, as far as its own leave them."""
    least, most = schema.get("minLength", 0), schema.get("maxLength", TEXT_MAX)
    if most < TEXT_MIN:
        return {}
    bounds = {"minLength": max(least, TEXT_MIN), "pattern": NOT_BLANK}
    if "maxLength" not in schema:
        bounds["maxLength"] = max(least, TEXT_MAX)
    return bounds


def _close(changed: dict[str, Json], schema: dict[str, Json]) -> None:
    """Let an object have no members but those that are named."""
    own = set(schema.get("properties", {}))
    if _names(schema) - own:
        # Only this keyword sees the members that branches name.
        changed.setdefault("unevaluatedProperties", False)
    elif own:
        changed.setdefault("additionalProperties", False)


def _branches(schema: dict[str, Json]) -> list[dict[str, Json]]:
    """List the schemas that speak of the same value as a schema does."""
    listed = [
        *(child for keyword in MANY for child in schema.get(keyword, ())),
        *(schema.get(keyword) for keyword in ("then", "else")),
        *schema.get("dependentSchemas", {}).values(),
    ]
    return [each for each in listed if isinstance(each, dict)]


def _names(schema: dict[str, Json]) -> set[str]:
    below = (_names(branch) for branch in _branches(schema))
    return set(schema.get("properties", {})).union(*below)


def _kinds(schema: dict[str, Json]) -> set[str]:
    stated = schema.get("type", ())
    own = {stated} if isinstance(stated, str) else set(stated)
    return own.union(*(_kinds(branch) for branch in _branches(schema)))
