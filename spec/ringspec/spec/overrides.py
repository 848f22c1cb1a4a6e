"""Overrides: how one target differs from the contract.

Other paths, another header for credentials, and **fixtures**: values that a target has
to know beforehand. `x-fixture` annotations mark their places; the settled form has
their values there, so that every valid body does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import jsonschema_rs

from ringspec.spec.document import Inlined, Node
from ringspec.spec.errors import MisfitError, check_named
from ringspec.spec.operations import METHODS, endpoints
from ringspec.spec.proof import is_irregular
from ringspec.spec.reading import short
from ringspec.spec.schemas import rebuilt, walk
from ringspec.spec.security import preferred, scheme_slot, schemes_of
from ringspec.spec.values import Json, unshared

# Profiles that come with the package.
PROFILES = Path(__file__).parent / "profiles"
MARK = "x-fixture"
_SCHEME = "profile"
_PLACEHOLDER = re.compile(r"\{[^}]*\}")
_check = partial(check_named, error=MisfitError)
# Characters of a written telephone number.
_DIGITS = re.compile(r"\+?[0-9 ()./-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """How one target differs from the contract."""

    # Values that the target knows, by the contract's names.
    fixtures: Mapping[str, Json] = field(default_factory=dict)
    # Of parameters, by name, or by operation and name.
    values: Mapping[str, Json] = field(default_factory=dict)
    packs: tuple[str, ...] = ()  # names or files of rule packs
    # Where operations stand, by their ids; relative to the server URL.
    paths: Mapping[str, str] = field(default_factory=dict)
    # The header that carries the credentials; empty for the contract's own.
    header: str = ""
    # Whether they are Basic credentials, in the header Authorization.
    basic: bool = False
    # Names of credentials, headers and cookies that are given.
    given: tuple[str, ...] = ()
    # Names of the security schemes that they are given for.
    schemes: tuple[str, ...] = ()

    def apply(self, base: dict[str, Json]) -> dict[str, Json]:
        """Return a document with the paths and the credentials of the target."""
        for operation, path in self.paths.items():
            base = _moved(base, operation, path)
        for name in self.values:
            known = {each.id for each in endpoints(base)}
            for each in endpoints(base):
                for holder in (each.item, each.node):
                    listed = holder.at("parameters", []).items()
                    known |= {it.at("name").text() for it in listed}
            fault = "the contract has no parameter, and no operation,"
            hint = "`ringspec rules` shows them"
            _check(fault, name, known, hint, path=("values", name))
        given, nodes = {*self.given, *self._slots(base)}, _holders(base)
        own: Json = [{_SCHEME: []}] if self.header or self.basic else None
        # An API, or an operation, without credentials stays so.
        asked = [
            each.get("security")
            and (preferred(Node(base, each), given) or own or each["security"])
            for each in nodes
            if given or own
        ]
        if not asked or asked == [each.get("security") for each in nodes]:
            return base
        base = unshared(base)
        for node, security in zip(_holders(base), asked, strict=True):
            if security:
                node["security"] = security
        if own and own in asked:
            known = base.setdefault("components", {}).setdefault("securitySchemes", {})
            key = {"type": "apiKey", "in": "header", "name": self.header}
            known[_SCHEME] = {"type": "http", "scheme": "basic"} if self.basic else key
        return base

    def _slots(self, base: dict[str, Json]) -> list[str]:
        known = [*schemes_of(Node(base, base))]
        for name in self.schemes:
            if scheme_slot(name) not in map(scheme_slot, known):
                fault = "the contract has no security scheme"
                _check(fault, name, known, path=("schemes", name))
        return [scheme_slot(each) for each in self.schemes]


def _holders(base: dict[str, Json]) -> list[dict[str, Json]]:
    return [base, *(each.node.value for each in endpoints(base))]


def _moved(base: dict[str, Json], operation: str, path: str) -> dict[str, Json]:
    known = {each.id: each for each in endpoints(base)}
    at = ("paths", operation)
    _check("the contract has no operation", operation, known, path=at)
    endpoint = known[operation]
    wanted = sorted(_PLACEHOLDER.findall(endpoint.path))
    fault = hint = ""
    if not path.startswith("/") or re.search(r"[?#\s]", path):
        fault, hint = f"{path!r} is not a path", f"such as {endpoint.path}"
    elif sorted(_PLACEHOLDER.findall(path)) != wanted:
        fault = f"the path of {operation} has other placeholders than the contract's"
        hint = f"it has {', '.join(wanted) or 'none'}: {endpoint.path}"
    if fault:
        raise MisfitError(fault, hint=hint, path=at)
    if path == endpoint.path:
        return base
    paths = dict(base["paths"])
    item = endpoint.item.value
    own = {name: each for name, each in item.items() if name not in METHODS}
    # Operations that stay keep their nodes: others may refer to them by their places.
    left = {name: each for name, each in item.items() if name != endpoint.method}
    paths[endpoint.path] = left
    if not any(name in METHODS for name in left):
        del paths[endpoint.path]
    beside = paths.get(path, own)
    # One without an id is known by its old path.
    node = {**endpoint.node.value, "operationId": endpoint.id}
    paths[path] = {**beside, endpoint.method: node}
    return {**base, "paths": paths}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """A value that a target has to know beforehand."""

    name: str
    place: str  # JSON pointer of the schema that is marked
    form: str = ""  # `telephone` if a value that is no address is a telephone number
    # Path of a GET for the value at `{}`, to check that the target knows it; may be
    # empty.
    read: str = ""


def read_fixtures(inlined: Inlined) -> tuple[Fixture, ...]:
    """List the fixtures that a schema marks, each where it is marked first."""
    found: dict[str, Fixture] = {}
    for each in walk(inlined.schema):
        if name := fixture_of(each.schema):
            mark, place = each.schema[MARK], inlined.place_of(each.path)
            stated = mark if isinstance(mark, dict) else {"name": name}
            found.setdefault(name, Fixture(place=place, **stated))
    return tuple(found.values())


def member_names(body: Json) -> set[str]:
    """Return the names of all members of a body, at any depth."""
    if isinstance(body, list):
        return {name for each in body for name in member_names(each)}
    if not isinstance(body, dict):
        return set()
    return {*body, *(name for each in body.values() for name in member_names(each))}


def with_fixtures(inlined: Inlined, values: Mapping[str, Json]) -> Inlined:
    """Return a schema whose settled form has values at the places of their fixtures."""
    if not values:
        return inlined
    known = [each.name for each in read_fixtures(inlined)]
    for name in values:
        fault = "the contract has no fixture"
        _check(fault, name, known, "it has {}", path=("fixtures", name))
    for each in walk(inlined.schema):
        name = fixture_of(each.schema)
        for fault in _faults(each.schema, values[name]) if name in values else ():
            raise MisfitError(
                f"the fixture {name} does not fit the contract: {fault}",
                hint=f"see {inlined.place_of(each.path)}",
                path=("fixtures", name),
            )
    return replace(inlined, schema=_narrowed(inlined.schema, values))


def fixture_of(node: dict[str, Json]) -> str:
    """Return the name of the fixture that a schema marks; empty without a mark."""
    given = node.get(MARK, "")
    return str(given["name"] if isinstance(given, dict) else given)


def _narrowed(schema: Json, values: Mapping[str, Json]) -> Json:
    """Settle a schema for the values of fixtures."""
    if not isinstance(schema, dict):
        return schema
    if fixture_of(schema) in values:
        return _settled_for(schema, values[fixture_of(schema)])
    return rebuilt(schema, lambda _, __, child: _narrowed(child, values))


def _settled_for(schema: dict[str, Json], value: Json) -> dict[str, Json]:
    """Settle a schema for one value only.

    Members of the value are named, since valid bodies have no others.
    """
    changed = {**schema, "examples": [value], "x-settled": {"const": value}}
    if isinstance(value, dict):
        known = schema.get("properties", {})
        named = {n: _settled_for(known.get(n, {}), value[n]) for n in value}
        changed["properties"] = {**known, **named}
    return changed


def _faults(schema: dict[str, Json], value: Json) -> Iterator[str]:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        yield "it is nothing that JSON can say"
        return
    if is_irregular(value):
        yield "it has a control character, or a fraction of zero, as 2.0 has"
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    for error in validator.iter_errors(value):
        yield error.message
    mark = schema[MARK]
    if isinstance(mark, dict) and mark.get("form") and not _may_be_called(value):
        yield (
            f"{short(value)} is no possible telephone number; write it in international"
            " digits, country code first: 441632960101"
        )


def _may_be_called(value: Json) -> bool:
    """Return whether digits are a possible telephone number; anything else may be one.

    Source: ITU-T E.164, as libphonenumber knows each country's lengths.
    """
    if not isinstance(value, str) or not _DIGITS.fullmatch(value):
        return True
    import phonenumbers  # noqa: PLC0415 - only numbers need it

    try:
        number = phonenumbers.parse("+" + re.sub(r"\D", "", value))
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_possible_number(number))
