"""What of JSON Schema is supported where, and which rules are left without a case.

In: a contract. Out: nothing, or a SpecError that names the keyword and its place. What
would be skipped silently is refused here, before anything is compiled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import jsonschema_rs

from ringspec.spec import (
    ITEM,
    Contract,
    Inlined,
    Json,
    SpecError,
    Subschema,
    nearest,
    subschemas,
)
from ringspec.strategies.shapes.compile import INSTEAD, KEYWORDS, NEGATED, SILENT

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


@dataclass(frozen=True, slots=True)
class _Spot:
    """A subschema, its path, and what is asked of it.

    Attributes:
        contrary: whether what breaks it has to be worked out, too.
        holds: whether a value always fits it, so that its examples do.
    """

    schema: Json
    path: tuple[str, ...] = ()
    contrary: bool = False
    holds: bool = True

    def below(self, keyword: str, steps: tuple[str, ...], child: Json) -> _Spot:
        negated = keyword in {"not", "if"}
        return replace(
            self,
            schema=child,
            path=(*self.path, *steps),
            contrary=self.contrary or negated,
            holds=self.holds and not negated and keyword != "contains",
        )


def check(contract: Contract) -> None:
    """Refuse a contract that says what cases cannot be compiled from.

    Raises:
        SpecError: it has such a keyword, or an example that breaks its own schema.

    """
    for spot in _spots(_Spot(contract.request.schema)):
        _check(spot, contract.request)
    for answer in contract.answers.by_status.values():
        for spot in _spots(_Spot(answer.schema.schema)):
            for keyword in _OLD & spot.schema.keys():
                raise _refused(keyword, answer.schema.place_of(spot.path))
    for header in contract.operation.headers:
        _check_header(header.value or "", header.place)


def _spots(spot: _Spot) -> Iterator[_Spot]:
    if not isinstance(spot.schema, dict):
        return
    yield spot
    for child in subschemas(Subschema(spot.schema)):
        yield from _spots(spot.below(child.keyword, child.path, child.schema))


def _check(spot: _Spot, inlined: Inlined) -> None:
    place = inlined.place_of(spot.path)
    for keyword in spot.schema:
        if keyword.startswith("x-") or keyword in SILENT:
            continue
        if keyword not in KEYWORDS:
            raise _refused(keyword, place)
        if spot.contrary and keyword not in NEGATED:
            raise SpecError(
                f"{place} has {keyword} inside `if` or `not`, which is not supported",
                hint="what breaks it cannot be worked out: say it by const, enum,"
                " pattern, required or bounds",
            )
    for keyword in ("then", "else"):
        if keyword in spot.schema and "if" not in spot.schema:
            raise SpecError(
                f"{place} has {keyword} without `if`, which says nothing",
                hint="put the `if` beside it, or take it out",
            )
    if ITEM in spot.schema.get("properties", {}):
        raise SpecError(
            f"{place}/properties has a member named {ITEM!r}, which is not supported",
            hint="leave it out of the contract that is tested",
        )
    if spot.holds:
        _check_examples(spot.schema, place)


def _refused(keyword: str, place: str) -> SpecError:
    near = nearest(keyword, {*KEYWORDS, *SILENT}, cutoff=0.8)
    meant = f"did you mean {near[0]!r}?" if near else INSTEAD
    return SpecError(
        f"{place} has {keyword}, which is not supported",
        hint=_HINTS.get(keyword, meant),
    )


def _check_examples(schema: dict[str, Json], place: str) -> None:
    """Check what is shown of a text or number; larger ones may be parts only."""
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
