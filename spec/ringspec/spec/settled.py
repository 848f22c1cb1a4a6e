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
_BOUNDED = frozenset({"enum", "const", "format", "pattern", "x-settled"})


def settle(schema: Json) -> Json:
    """Return the settled form of a schema."""
    if not isinstance(schema, dict):
        return schema
    changed = {keyword: _keyword(keyword, value) for keyword, value in schema.items()}
    settled = changed.pop("x-settled", None)
    if settled is not None:
        changed["allOf"] = [*changed.get("allOf", ()), settled]
    kinds = schema.get("type", ())
    if "string" in kinds and not _BOUNDED & schema.keys():
        changed.setdefault("minLength", TEXT_MIN)
        changed.setdefault("maxLength", TEXT_MAX)
        changed["pattern"] = NOT_BLANK
    if "object" in kinds and "properties" in schema:
        changed.setdefault("additionalProperties", False)
    return changed


def _keyword(keyword: str, value: Json) -> Json:
    # Only where a subschema holds as it stands: what is inside a condition or a
    # choice decides between branches and is left as written.
    if keyword == "items":
        return settle(value)
    if keyword in {"allOf"}:
        return [_branch(child) for child in value]
    if keyword in NAMED and isinstance(value, dict):
        return {name: settle(child) for name, child in value.items()}
    return value


def _branch(schema: Json) -> Json:
    if not isinstance(schema, dict):
        return schema
    return {
        keyword: settle(value) if keyword in {"then", "else"} else value
        for keyword, value in settle(schema).items()
    }
