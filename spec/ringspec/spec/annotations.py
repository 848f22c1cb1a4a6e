"""Annotations: our own keywords in a schema, checked for their form when it is loaded.

In: an inlined schema. Out: nothing, or a SpecError that names the place.
"""

from __future__ import annotations

from ringspec.spec import schemas
from ringspec.spec.document import Inlined, escape
from ringspec.spec.errors import SpecError
from ringspec.spec.reading import mapping, text
from ringspec.spec.rules import Catalogue, Evidence, word
from ringspec.spec.values import Json, canonical


def check(inlined: Inlined, catalogue: Catalogue) -> None:
    """Check a schema, its annotations, and that the rules it names are known.

    Raises:
        SpecError: something is malformed, or names what is not there.

    """
    schemas.check(inlined)
    for node, path in schemas.nodes(inlined.schema):
        place = inlined.place_of(path)
        _check_evidence(node, place)
        for name in ("x-rule", "x-rule-prefix", "x-member", "x-fixture"):
            if name in node:
                text(node[name], f"{place}/{name}")
        _check_rules(node, place)
        if catalogue.rules:
            _check_known(node, place, catalogue)


def _check_evidence(node: dict[str, Json], place: str) -> None:
    if "x-evidence" in node:
        word(node["x-evidence"], Evidence, f"{place}/x-evidence")
    listed = f"{place}/x-enum-evidence"
    known = [named(value) for value in node.get("enum", [])]
    for value, evidence in mapping(node.get("x-enum-evidence", {}), listed).items():
        word(evidence, Evidence, f"{listed}/{escape(value)}")
        if value not in known:
            raise SpecError(
                f"{listed} names {value!r}, which is not in the enum",
                hint="compare its spelling with the enum's values",
            )


def named(value: Json) -> str:
    """Write an enum's value as the key that names it: texts as they are."""
    return value if isinstance(value, str) else canonical(value)


def _check_rules(node: dict[str, Json], place: str) -> None:
    for keyword, rule in mapping(node.get("x-rules", {}), f"{place}/x-rules").items():
        text(rule, f"{place}/x-rules/{escape(keyword)}")
        if keyword not in node:
            raise SpecError(
                f"{place}/x-rules names {keyword!r}, which is not beside it",
                hint="it maps keywords of this very schema to rules",
            )


def _check_known(node: dict[str, Json], place: str, catalogue: Catalogue) -> None:
    named = [node[name] for name in ("x-rule",) if name in node]
    for rule in [*named, *node.get("x-rules", {}).values()]:
        if rule not in catalogue.rules:
            raise SpecError(
                f"{place} names the rule {rule!r}, which the catalogue lacks",
                hint="compare the spelling with the catalogue's rows",
            )
    prefix = node.get("x-rule-prefix")
    if prefix and not any(id_.startswith(f"{prefix}.") for id_ in catalogue.rules):
        raise SpecError(
            f"{place}: no rule of the catalogue begins with {prefix!r}",
            hint="compare the spelling with the catalogue's rows",
        )
