"""Fixtures: what a target has to know beforehand, and where it stands in a body.

In: an inlined schema whose `x-fixture` annotations mark such places, and values for
them. Out: a schema whose settled form has those values there, so that every valid body
does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from ringspec.spec import schemas
from ringspec.spec.document import Inlined
from ringspec.spec.errors import MisfitError, SpecError, did_you_mean
from ringspec.spec.proof import is_irregular
from ringspec.spec.reading import mapping, short, text
from ringspec.spec.values import Json

MARK = "x-fixture"
TELEPHONE = "telephone"
_KEYS = ("name", "form", "read")
# Every other character may stand between the digits of a telephone number.
_DIGITS = re.compile(r"\+?[0-9 ()./-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """What a target has to know beforehand.

    Attributes:
        place: JSON pointer of the schema that is marked.
        form: `telephone` where a value that is no address is a telephone number.
        read: path of a GET that answers whether the target knows a value, which `{}`
            stands for; empty where there is none.
    """

    name: str
    place: str
    form: str = ""
    read: str = ""


def read_fixtures(inlined: Inlined) -> tuple[Fixture, ...]:
    """List the fixtures that a schema marks, each where it is marked first.

    Raises:
        SpecError: an annotation is malformed.
    """
    found: dict[str, Fixture] = {}
    for node, path in schemas.nodes(inlined.schema):
        if MARK in node:
            fixture = _fixture(node[MARK], inlined.place_of(path))
            found.setdefault(fixture.name, fixture)
    return tuple(found.values())


def _fixture(given: Json, place: str) -> Fixture:
    where = f"{place}/{MARK}"
    told = {"name": given} if isinstance(given, str) else mapping(given, where)
    for key in told:
        if key not in _KEYS:
            raise SpecError(f"{where} has {key!r}", hint=f"it has {', '.join(_KEYS)}")
    found = {key: text(value, f"{where}/{key}") for key, value in told.items()}
    if "name" not in found:
        raise SpecError(f"{where} has no name", hint="a profile gives its value by it")
    if found.get("form", TELEPHONE) != TELEPHONE:
        raise SpecError(
            f"{where}/form is {found['form']!r}", hint=f"the only form is {TELEPHONE}"
        )
    if found.get("read", "/{}").count("{}") != 1:
        raise SpecError(
            f"{where}/read has no place for the value", hint="write it as /things/{}"
        )
    return Fixture(place=place, **found)


def holders(schema: Json) -> dict[str, str]:
    """Return which fixture a member holds, by the member's own name."""
    found: dict[str, str] = {}
    for node, path in schemas.nodes(schema):
        # Of an item, the member that is the array.
        members = [name for step, name in pairwise(path) if step == "properties"]
        if MARK in node and members:
            found.setdefault(members[-1], _named(node))
    return found


def member_names(body: Json) -> set[str]:
    """Return the names of all members of a body, at any depth."""
    if isinstance(body, list):
        return {name for each in body for name in member_names(each)}
    if not isinstance(body, dict):
        return set()
    return {*body, *(name for each in body.values() for name in member_names(each))}


def fix(inlined: Inlined, values: Mapping[str, Json]) -> Inlined:
    """Return a schema whose settled form has values where their fixtures stand.

    Raises:
        MisfitError: there is no such fixture, or a value does not fit its place.
    """
    if not values:
        return inlined
    fixtures = read_fixtures(inlined)
    for name, value in values.items():
        _check_name(name, fixtures)
        _check_value(inlined, name, value)
    for fixture in fixtures:
        if fixture.form == TELEPHONE and fixture.name in values:
            _check_telephone(fixture.name, values[fixture.name])
    return replace(inlined, schema=_fixed(inlined.schema, values))


def _named(node: dict[str, Json]) -> str:
    given = node.get(MARK, "")
    return str(given["name"] if isinstance(given, dict) else given)


def _fixed(schema: Json, values: Mapping[str, Json]) -> Json:
    """Rebuild a schema, narrowed wherever a value is given."""
    if isinstance(schema, list):
        return [_fixed(each, values) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if MARK in schema and _named(schema) in values:
        return _narrowed(schema, values[_named(schema)])
    return {keyword: _fixed(child, values) for keyword, child in schema.items()}


def _narrowed(schema: dict[str, Json], value: Json) -> dict[str, Json]:
    """Settle a schema for one value, whatever else was settled for want of it.

    Members of the value are named, since valid bodies have no others.
    """
    changed = {**schema, "examples": [value], "x-settled": {"const": value}}
    if isinstance(value, dict):
        known = schema.get("properties", {})
        named = {each: _narrowed(known.get(each, {}), value[each]) for each in value}
        changed["properties"] = {**known, **named}
    return changed


def _check_name(name: str, fixtures: Iterable[Fixture]) -> None:
    known = [each.name for each in fixtures]
    if name in known:
        return
    listed = f"it has {', '.join(known)}" if known else "it has none"
    raise MisfitError(
        f"the contract has no fixture {name!r}",
        hint=f"{did_you_mean(name, known)}{listed}",
        path=("fixtures", name),
    )


def _check_value(inlined: Inlined, name: str, value: Json) -> None:
    """Hold a value against the contract at each of its places."""
    for node, path in schemas.nodes(inlined.schema):
        if MARK in node and _named(node) == name:
            for fault in _faults(node, value):
                raise MisfitError(
                    f"the fixture {name} does not fit the contract: {fault}",
                    hint=f"see {inlined.place_of(path)}",
                    path=("fixtures", name),
                )


def _faults(schema: Json, value: Json) -> Iterator[str]:
    import jsonschema_rs  # noqa: PLC0415 - slow to import

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


def _check_telephone(name: str, value: Json) -> None:
    """Make sure that digits are a number that some telephone could have.

    Source: ITU-T E.164, as libphonenumber knows each country's lengths.
    """
    if not isinstance(value, str) or not _DIGITS.fullmatch(value):
        return
    import phonenumbers  # noqa: PLC0415 - only numbers need it

    try:
        digits = re.sub(r"\D", "", value)
        number = phonenumbers.parse(f"+{digits}")
        possible = phonenumbers.is_possible_number(number)
    except phonenumbers.NumberParseException:
        possible = False
    if not possible:
        raise MisfitError(
            f"the fixture {name}, {short(value)}, is no possible telephone number",
            hint="write it in international digits, country code first: 441632960101",
            path=("fixtures", name),
        )
