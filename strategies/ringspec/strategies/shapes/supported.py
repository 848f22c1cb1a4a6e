"""Refuses contracts that say what cases cannot be compiled from.

What would be skipped silently is refused here by its keyword and place, before anything
is compiled.
"""

from __future__ import annotations

import jsonschema_rs

from ringspec.spec import (
    ITEM,
    Contract,
    Json,
    SpecError,
    nearest,
    walk,
)
from ringspec.strategies.shapes.compile import COMPILED, INSTEAD, NEGATED, SILENT
from ringspec.strategies.shapes.locations import keywords

# Of older drafts: validators may still go by them, but no rule is read from them.
_OLD = frozenset(
    {
        *("dependencies", "additionalItems", "divisibleBy", "disallow", "extends"),
        "$recursiveRef",
    }
)
_HINTS = {
    "patternProperties": "name the members in `properties`",
    "propertyNames": "name the members in `properties`, and close the object",
    "dependentSchemas": "say it by `if` (the member is required) and `then`",
    "dependencies": "say it by `dependentRequired`, or by `if` and `then`",
    "prefixItems": "describe all items alike, by `items`",
    "additionalItems": "describe all items alike, by `items`",
    "unevaluatedItems": "describe all items alike, by `items`",
    "contentSchema": "describe the text by `pattern` or `format`",
    "$anchor": "refer by $ref and JSON pointers into this file",
    "$dynamicAnchor": "refer by $ref and JSON pointers into this file",
}
# The last character that a header can have.
_LATIN = 0xFF


def check(contract: Contract) -> None:
    """Check that cases can be compiled from a contract.

    Raises:
        SpecError: it has a keyword that is not supported, or an example that breaks its
            own schema.
    """
    for each in walk(contract.request.schema):
        place = contract.request.place_of(each.path)
        around = {keyword for _, keyword in keywords(each.path)}
        negated = bool(around & {"not", "if"})
        _check_keywords(each.schema, place, negated=negated)
        # What is shown has to fit only where any value does.
        if not negated and "contains" not in around:
            _check_examples(each.schema, place)
    for answer in contract.answers.by_status.values():
        for each in walk(answer.schema.schema):
            for keyword in _OLD & each.schema.keys():
                raise _refused(keyword, answer.schema.place_of(each.path))
    for header in contract.operation.headers:
        _check_header(header.value or "", header.place)


def _check_keywords(schema: dict[str, Json], place: str, *, negated: bool) -> None:
    """Check a subschema; if negated, what breaks it has to be worked out, too."""
    for keyword in schema:
        if keyword.startswith("x-") or keyword in SILENT:
            continue
        if keyword not in COMPILED:
            raise _refused(keyword, place)
        if negated and keyword not in NEGATED:
            raise SpecError(
                f"{place} has {keyword} inside `if` or `not`, which is not supported",
                hint="what breaks it cannot be worked out: say it by const, enum,"
                " pattern, required or bounds",
            )
    for keyword in ("then", "else"):
        if keyword in schema and "if" not in schema:
            raise SpecError(
                f"{place} has {keyword} without `if`, which says nothing",
                hint="put the `if` beside it, or take it out",
            )
    if ITEM in schema.get("properties", {}):
        raise SpecError(
            f"{place}/properties has a member named {ITEM!r}, which is not supported",
            hint="leave it out of the contract that is tested",
        )


def _refused(keyword: str, place: str) -> SpecError:
    near = nearest(keyword, {*COMPILED, *SILENT}, cutoff=0.8)
    meant = f"did you mean {near[0]!r}?" if near else INSTEAD
    return SpecError(
        f"{place} has {keyword}, which is not supported",
        hint=_HINTS.get(keyword, meant),
    )


def _check_examples(schema: dict[str, Json], place: str) -> None:
    """Check examples of texts and numbers; larger ones may be parts only."""
    listed = [(f"examples/{i}", v) for i, v in enumerate(schema.get("examples", ()))]
    if "example" in schema:
        listed.append(("example", schema["example"]))
    shown = [(name, v) for name, v in listed if not isinstance(v, dict | list)]
    if not shown:
        return
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    for name, value in shown:
        for error in validator.iter_errors(value):
            raise SpecError(
                f"{place}/{name} breaks what it is an example of: {error.message}",
                hint="bodies are built from examples: correct it or take it out",
            )


def _check_header(value: str, place: str) -> None:
    """Check that a value can go out in a header. Source: RFC 9110, 5.5."""
    if not value.isprintable() or any(ord(each) > _LATIN for each in value):
        raise SpecError(
            f"{place}: no header can have the value {value!r}",
            hint="give an `example` of Latin letters, without a line break",
        )
