"""Forms of a schema: for valid bodies, requests, answers and live targets.

* The **settled** form is stricter where sources are silent: a body is valid if it keeps
  to it, invalid if it breaks the schema itself, and unspecified otherwise. Members
  without a name in the schema, and texts that are empty, blank or of more than a
  hundred characters are unsettled for every API.
* The **live** form is made of `x-live` alone: the schema of a member's value on a
  target that acts on requests; `{not: {}}` forbids the member.
* Requests lack members that are only read, answers those that are only written.
* A form limited to a level has no member or value of a weaker one.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.spec.assertions import Chosen, listed
from ringspec.spec.rules import Evidence, Level, weakest
from ringspec.spec.schemas import (
    CHOICES,
    KEYWORDS,
    Subschema,
    branches,
    rebuilt,
    subschemas,
    types_of,
)
from ringspec.spec.values import Json, Path, enum_key

TEXT_MIN = 1
TEXT_MAX = 100
# A text without a visible character may be read as absent.
NOT_BLANK = r"[^\s]"
BASE64 = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
_BOUNDED = frozenset(
    {"enum", "const", "format", "pattern", "x-settled", "contentEncoding"}
)
# Schemas that are settled on their own, and those that are so beside others of the
# same value. Conditions stay as written.
_ALONE = frozenset({"items", "properties", "patternProperties", "$defs"})
_BESIDE = frozenset({"allOf", "dependentSchemas"})
_CONDITIONAL = frozenset({"then", "else"})
_HOLDING = frozenset(name for name, row in KEYWORDS.items() if row.holds)


def settle(schema: Json) -> Json:
    """Return the settled form of a schema."""
    if not isinstance(schema, dict):
        return schema
    changed = _settled(schema, _BESIDE)
    if "string" in schema.get("type", ()) and not _BOUNDED & schema.keys():
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        if most is None or most >= TEXT_MIN:
            longest = max(least, TEXT_MAX) if most is None else most
            bounds = {"minLength": max(least, TEXT_MIN), "pattern": NOT_BLANK}
            changed |= {**bounds, "maxLength": longest}
    if schema.get("contentEncoding") == "base64":
        changed.setdefault("pattern", BASE64)
    if "object" in _types(schema):
        # A member that is required and not described: if any value is right, a text is
        # what most readers take.
        other = schema.get("additionalProperties")
        any_other = other if isinstance(other, dict) and other else {"type": "string"}
        nameless = {
            name: settle(any_other)
            for name in sorted(_required(schema) - _names(schema))
        }
        if nameless:
            changed["properties"] = {**changed.get("properties", {}), **nameless}
        own = set(changed.get("properties", {}))
        if _names(schema) - own:
            # Only this keyword sees the members that branches name.
            changed.setdefault("unevaluatedProperties", False)
        elif own:
            changed.setdefault("additionalProperties", False)
    return changed


def _settled(schema: dict[str, Json], beside: frozenset[str]) -> dict[str, Json]:
    """Settle the subschemas and add `x-settled`; set no bounds, close nothing."""

    def below(keyword: str, _steps: Path, child: Json) -> Json:
        if keyword in _ALONE:
            return settle(child)
        if keyword in beside:
            return _settled(child, _BESIDE | _CONDITIONAL)
        # Of a branch that cannot be read, no value is settled.
        is_choice = keyword in CHOICES and isinstance(child, dict)
        is_out = is_choice and child.get("x-settled") == {"not": {}}
        return {"not": {}} if is_out else child

    changed = rebuilt(schema, below)
    settled = changed.pop("x-settled", None)
    if settled is not None:
        changed["allOf"] = [*changed.get("allOf", ()), settled]
    return changed


def _names(schema: dict[str, Json]) -> set[str]:
    return set(schema.get("properties", {})).union(*map(_names, branches(schema)))


def _required(schema: dict[str, Json]) -> set[str]:
    """Return the members that a schema or its parts require."""
    return set(schema.get("required", ())).union(
        *(_required(part) for part in schema.get("allOf", ()) if part)
    )


def _types(schema: dict[str, Json]) -> set[str]:
    return {*types_of(schema)}.union(*map(_types, branches(schema)))


def read_as(
    schema: Json, chosen: Chosen | None = None, path: Path = (), *, apart: bool = False
) -> Json:
    """Return a schema with some choices decided: only the chosen branch is left.

    If none is chosen, the first branch of each choice is. `apart` also refuses what
    fits another branch of a `oneOf`.
    A branch that says nothing of what is beside the choice becomes part of it.
    """
    if not isinstance(schema, dict):
        return schema
    changed = rebuilt(
        schema, lambda _, to, child: read_as(child, chosen, (*path, *to), apart=apart)
    )
    for keyword in CHOICES & schema.keys():
        if chosen is None or (*path, keyword) in chosen:
            index = 0 if chosen is None else chosen[*path, keyword]
            branches = changed.pop(keyword)
            branch = branches.pop(index)
            if apart and keyword == "oneOf":
                branch = _apart(branch, branches)
            changed = _joined(changed, branch)
    return changed


def _apart(branch: Json, others: list[Json]) -> Json:
    """Return a branch that says of no value what another branch says too.

    A member by whose values it is told from another one has to be there.
    """
    telling, left = set[str](), list[Json]()
    own = listed(branch)
    for other in others:
        theirs = listed(other)
        apart = (
            name
            for name in own.keys() & theirs.keys()
            if not any(each in theirs[name] for each in own[name])
        )
        if name := min(apart, default=""):
            telling.add(name)
        else:
            left.append({"not": _outline(other)})
    made = {**branch}
    if left:
        made["allOf"] = [*branch.get("allOf", ()), *left]
    if telling:
        needed = dict.fromkeys((*branch.get("required", ()), *sorted(telling)))
        made |= {"type": "object", "required": [*needed]}
    return made


def _outline(schema: Json, depth: int = 2) -> Json:
    """Return a part of a schema: what breaks it breaks the whole, in a simple way."""
    if not isinstance(schema, dict):
        return schema
    parts = {name: it for name, it in schema.items() if name not in _HOLDING}
    if "allOf" in schema:
        parts["allOf"] = [_outline(each, depth) for each in schema["allOf"]]
    if depth and "properties" in schema:
        members = schema["properties"].items()
        parts["properties"] = {name: _outline(it, depth - 1) for name, it in members}
    return parts


def _joined(schema: dict[str, Json], branch: Json) -> dict[str, Json]:
    joined = dict(schema)
    members = {**schema.get("properties", {}), **branch.get("properties", {})}
    for keyword, value in branch.items():
        if keyword == "required":
            joined[keyword] = [*dict.fromkeys([*schema.get(keyword, ()), *value])]
        elif keyword == "properties" and not value.keys() & schema.get(keyword, {}):
            joined[keyword] = members
        elif keyword in KEYWORDS and schema.get(keyword, value) != value:
            return {**schema, "allOf": [*schema.get("allOf", ()), branch]}
        else:
            joined.setdefault(keyword, value)
    return joined


def live_form(schema: Json) -> dict[str, Json]:
    """Return the schema of bodies for a live target; empty without `x-live`.

    All branches apply always, since the choice of one would trust the body.
    """
    if not isinstance(schema, dict):
        return {}
    parts = [schema["x-live"]] if "x-live" in schema else []
    parts += filter(None, map(live_form, branches(schema)))
    found: dict[str, Json] = {}
    for each in subschemas(Subschema(schema)):
        form = live_form(each.schema)
        if form and each.keyword in {"properties", "patternProperties"}:
            found.setdefault(each.keyword, {})[each.path[-1]] = form
        elif form and each.keyword in {"items", "additionalProperties"}:
            # About an array or an object alone, whatever else the value may be.
            found[each.keyword] = form
    if parts:
        found["allOf"] = parts
    return found


def without_marked(
    schema: Json, mark: str, names: frozenset[str] | None = None
) -> Json:
    """Return the schema of requests, without what is `readOnly`, or that of answers.

    Members that are `writeOnly` need not be there. Source: OpenAPI 3.0.3, Schema
    Object: a member that is only read SHOULD NOT be sent, and `required` takes effect
    on the response only. `names` are the members with the mark, where a schema around
    it speaks of the same value.
    """
    if not isinstance(schema, dict):
        return schema
    marked = _marked(schema, mark) if names is None else names

    def below(keyword: str, _steps: Path, child: Json) -> Json:
        if keyword in _MARKED:
            return without_marked(child, mark, marked)
        inside = keyword in {"properties", "items", "additionalProperties"}
        return without_marked(child, mark) if inside else child

    changed = rebuilt(schema, below)
    if "properties" in schema and mark == "readOnly":
        kept = {n: s for n, s in changed["properties"].items() if n not in marked}
        changed["properties"] = kept
    if "required" in schema:
        changed["required"] = [n for n in schema["required"] if n not in marked]
    if "dependentRequired" in schema:
        changed["dependentRequired"] = {
            name: [each for each in needed if each not in marked]
            for name, needed in schema["dependentRequired"].items()
        }
    return changed


_MARKED = frozenset({"allOf", "anyOf", "oneOf", "then", "else", "x-settled"})


def _marked(schema: Json, mark: str) -> frozenset[str]:
    found: set[str] = set()
    for each in subschemas(Subschema(schema)):
        if each.keyword == "properties":
            if _has_mark(each.schema, mark):
                found.add(each.path[-1])
        elif each.keyword in _MARKED:
            found |= _marked(each.schema, mark)
    return frozenset(found)


def _has_mark(schema: Json, mark: str) -> bool:
    node = schema if isinstance(schema, dict) else {}
    parts = (_has_mark(part, mark) for part in node.get("allOf", ()))
    return node.get(mark) is True or any(parts)


def limited_to(
    schema: Json, level: Level, inherited: Evidence = Evidence.DOCUMENTED
) -> Json:
    """Return a schema without members and values of a weaker level."""
    if not isinstance(schema, dict):
        return schema
    own = Evidence(schema.get("x-evidence", inherited))
    if not own.level.gates(level):
        return False
    inside = frozenset({"properties", "items"})
    changed = rebuilt(
        schema,
        lambda it, _, child: limited_to(child, level, own) if it in inside else child,
    )
    if "enum" in schema:
        known = schema.get("x-enum-evidence", {})
        found = [(it, known.get(enum_key(it), "documented")) for it in schema["enum"]]
        changed["enum"] = [it for it, e in found if Evidence(e).level.gates(level)]
    return changed


def level_of_use(schema: Json, body: Json) -> Level:
    """Return the weakest level among the members and values that a body uses."""
    return weakest(each.level for each in _evidence(schema, body, Evidence.DOCUMENTED))


def _evidence(schema: Json, value: Json, inherited: Evidence) -> Iterator[Evidence]:
    if not isinstance(schema, dict):
        return
    own = Evidence(schema.get("x-evidence", inherited))
    yield own
    if evidence := schema.get("x-enum-evidence", {}).get(enum_key(value)):
        yield Evidence(evidence)
    if isinstance(value, dict):
        members = schema.get("properties", {})
        for name, child in value.items():
            if name in members:
                yield from _evidence(members[name], child, own)
    elif isinstance(value, list):
        for child in value:
            yield from _evidence(schema.get("items"), child, own)
