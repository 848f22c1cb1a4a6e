"""Proof of the rules that a body breaks, by two independent validators.

A value that fits no branch of a choice (`anyOf`, `oneOf`) is read as one that was meant
for a branch: what it breaks there is broken, instead of the choice as a whole. That
branch is the chosen one, if a reading chooses it; else the one of which the value
breaks least, if there is just one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

import jsonschema_rs

from ringspec.spec.assertions import Assertion, Chosen, assertions, listed
from ringspec.spec.document import Inlined
from ringspec.spec.errors import InternalError, SpecError, spec_error
from ringspec.spec.expressions import Expression
from ringspec.spec.rules import RuleId
from ringspec.spec.schemas import CHOICES, CONTAINS, KEYWORDS, walk
from ringspec.spec.values import (
    Json,
    Location,
    Path,
    at,
    at_path,
    edit,
    kind_of,
    patched,
)

if TYPE_CHECKING:
    import jsonschema

    from ringspec.spec.parameters import Wire


# Most bodies and values whose verdicts are kept, by a validator of one schema.
_MOST_KNOWN = 20_000


@dataclass(frozen=True, slots=True)
class Breach:
    """One assertion that a body breaks, and where in the body."""

    assertion: Assertion
    location: Location


class Disagreement(InternalError):  # noqa: N818 - a public name
    """The two validators name different rules for one body."""


class _Judges:
    """The two validators of a schema, and the errors that the second has found."""

    def __init__(self, schema: Json) -> None:
        self._schema = schema
        self._found: dict[bytes, list[tuple[Path, Location]]] = {}  # by the second

    # The validators are imported where they are first needed: a run of certified
    # cases needs only the quick one, and jsonschema takes a while to load.
    @cached_property
    def quick(self) -> jsonschema_rs.Draft202012Validator:
        schema = _renamed(self._schema) if self.is_nameless else self._schema
        return jsonschema_rs.Draft202012Validator(
            schema, validate_formats=True, mask=""
        )

    @cached_property
    def is_nameless(self) -> bool:
        """Whether a member's name is empty: jsonschema-rs leaves it out of paths."""
        named = (each.schema.get("properties", {}) for each in walk(self._schema))
        return any("" in members for members in named)

    @cached_property
    def second(self) -> jsonschema.Draft202012Validator:
        made: jsonschema.Draft202012Validator
        made = _second()(self._schema, format_checker=_formats())
        return made

    def errors(self, body: Json, *, by_quick: bool) -> list[tuple[Path, Location]]:
        """List the keywords that a body breaks, by path, and where.

        Raises:
            ValueError: the quick validator cannot read it.
        """
        if by_quick:
            read = _renamed(body) if self.is_nameless else body
            # Most are valid, or asked about once.
            errors = () if self.quick.is_valid(read) else self.quick.iter_errors(read)
            listed = [(it.schema_path, it.instance_path) for it in errors]
            return [(_steps(path), _location(body, place)) for path, place in listed]
        key = hashlib.blake2b(json.dumps(body).encode(), digest_size=16).digest()
        if key not in self._found:
            listed = [
                (it.absolute_schema_path, it.absolute_path)
                for it in self.second.iter_errors(body)
            ]
            if len(self._found) >= _MOST_KNOWN:
                self._found.clear()
            self._found[key] = [
                (_steps(path), _location(body, place)) for path, place in listed
            ]
        return self._found[key]


@dataclass(frozen=True)
class Held:
    """The expressions that the bodies of a schema keep to.

    Of parameters, a body is the value that they form.
    """

    schema: Json
    expressions: dict[Assertion, Expression]
    wire: Wire | None  # how that value is sent
    beside: Json = field(default_factory=dict)  # the other parts of the request
    fills: bool = False  # whether they hold, too, where a server fills defaults in

    def request(self, body: Json) -> Json:
        """Return the whole request of a body, by `REQUEST`."""
        if self.wire is None:
            return {**self.beside, "body": body}
        return {**self.beside, **self.wire.request(body)}

    def location(self, place: Location) -> Location | None:
        """Return where in a body a place in its request is; None if it is beside it."""
        first, *rest = place or ("",)
        if self.wire is None:
            return tuple(rest) if first == "body" else None
        parts, name = self.wire.parts, rest[0] if rest else ""
        if first not in parts:
            return None
        # Names of headers may be in any case.
        named = (it.name for it in self.wire.parameters if it.takes_part)
        spelt = next((it for it in named if it.lower() == str(name).lower()), name)
        name = spelt if first == "headers" else name
        return (parts[str(first)], name, *rest[1:])

    def reading(self, rule: RuleId, text: str) -> Held:
        """Return the expressions of one rule, with another text."""
        own = ((it, e) for it, e in self.expressions.items() if it.rule == rule)
        return replace(self, expressions={it: replace(e, text=text) for it, e in own})

    def breaks(self, body: Json) -> bool:
        """Return whether some expression does not hold, by the quick evaluator."""
        return any(self.unheld(body, quick=True))

    def within(self, request: Json) -> Held:
        """Return the expressions about bodies beside other parts of a request."""
        return replace(self, beside={**self.beside, **request})

    def places(self, assertion: Assertion, body: Json) -> Iterator[Location]:
        """Yield where an expression stands in a body."""
        yield from reached(self.schema, assertion.stem, body)

    @cached_property
    def strict(self) -> Held | None:
        """The expressions without bounds that may be met; None if there are none."""
        strict = {it: one.strict for it, one in self.expressions.items()}
        is_same = strict == self.expressions
        return None if is_same else replace(self, expressions=strict)

    def unheld(
        self, body: Json, *, quick: bool
    ) -> Iterator[tuple[Assertion, Location]]:
        """Yield the expressions that do not hold, by one evaluator, and where."""
        full = self.filled(body) if self.fills else body
        for made in (body, full) if full is not body else (body,):
            request = self.request(made)
            for assertion, expression in self.expressions.items():
                for location in self.places(assertion, made):
                    value = self.subject(made, location)
                    if expression.holds(value, request, quick=quick) is False:
                        yield assertion, location

    def filled(self, body: Json) -> Json:
        """Return a body with the defaults of the members that expressions read."""
        for expression in self.expressions.values() if self.wire is None else ():
            for path, default in expression.defaults.items():
                with suppress(KeyError):
                    around = at(body, path[:-1])
                    if isinstance(around, dict) and path[-1] not in around:
                        body = patched(body, [edit("add", path, default)])
        return body

    def odd(self, body: Json) -> SpecError | None:
        """Return the error that the evaluators read an expression differently."""
        first, second = ([*self.unheld(body, quick=it)] for it in (True, False))
        odd = (it for it in (*first, *second) if (it in first) != (it in second))
        for stated, place in odd:
            said = self.expressions[stated].shown
            shown = said(self.subject(body, place), self.request(body))
            return spec_error(
                "evaluators-differ", rule=stated.rule, value=stated.value, shown=shown
            )
        return None

    def said(self, rule: RuleId, body: Json) -> str:
        """Write the expression that a body breaks, with its values; empty without."""
        for assertion, location in self.unheld(body, quick=True):
            if assertion.rule == rule:
                value, request = self.subject(body, location), self.request(body)
                return self.expressions[assertion].shown(value, request)
        return ""

    def subject(self, body: Json, location: Location) -> Json:
        """Return what an expression at a location is about: of parameters, the body."""
        return self.beside.get("body") if self.wire else at(body, location)


def reached(schema: Json, path: Path, value: Json) -> Iterator[Location]:
    """Yield where in a value the subschema at a path applies."""
    if not path:
        yield ()
        return
    step, *rest = path
    named = step in _NAMED
    below, left = schema[step], tuple(rest)
    if named:
        below, left = at_path(below, left[:1]), left[1:]
    for place, child in inside(schema, step, rest[0] if named else "", value):
        for deeper in reached(below, left, child):
            yield (*place, *deeper)


_NAMED = frozenset(it for it, row in KEYWORDS.items() if row.holds in {"list", "named"})


def inside(
    schema: Json, keyword: str, name: str, value: Json
) -> Iterator[tuple[Location, Json]]:
    """Yield the values that a subschema right below a schema applies to."""
    about = KEYWORDS[keyword].speaks_of
    if about == "same":
        meant = at_path(schema, (keyword, name) if keyword in _NAMED else (keyword,))
        condition = schema.get("if", True)
        taken = {"then": condition, "else": {"not": condition}}
        if keyword == "anyOf":
            # What a branch says binds values that fit no other one.
            others = [it for n, it in enumerate(schema[keyword]) if str(n) != name]
            meant = {"allOf": [meant, {"not": {"anyOf": others}}]} if others else meant
        if keyword == "dependentSchemas":
            meant = {"type": "object", "required": [name]}
        if keyword == "allOf" or _quick(json.dumps(taken.get(keyword, meant)))(value):
            yield (), value
    elif about == "items" and isinstance(value, list):
        listed = [*enumerate(value)]
        listed = listed[int(name) :][:1] if keyword == "prefixItems" else listed
        yield from (((index,), each) for index, each in listed)
    elif about == "members" and isinstance(value, dict):
        own = schema.get("properties", {})
        for member, child in value.items():
            fits = member == name if keyword == "properties" else member not in own
            if keyword == "patternProperties":
                fits = bool(re.search(name, member))
            if fits:
                yield (member,), child


@cache
def _quick(schema: str) -> Callable[[Json], bool]:
    made = jsonschema_rs.Draft202012Validator(json.loads(schema), validate_formats=True)
    return made.is_valid


class Prover:
    """Names the rules that a body breaks, by two validators."""

    def __init__(
        self,
        schema: Json,  # without references
        # What can fail by itself; by default listed when a body breaks it.
        stated: Iterable[Assertion] | None = None,
        chosen: Chosen = MappingProxyType({}),  # branches, by the path of the choice
        above: Path = (),  # of the schema in the one that the assertions' paths are of
        held: Held | None = None,  # the expressions that bodies keep to as well
    ) -> None:
        self._schema = schema
        self._judges = _Judges(schema)
        self._stated = stated
        self._chosen = chosen
        self._above = above
        self._held = held
        # Of all branches of a choice, and those again as they are read here.
        self._branches: dict[Path, list[Prover]] = {}
        self._read: dict[Path, list[Prover]] = {}

    @cached_property
    def _by_path(self) -> dict[Path, Assertion]:
        listed = self._stated
        if listed is None:
            listed = assertions(Inlined(self._schema))
        return {each.path[len(self._above) :]: each for each in listed}

    def read_as(self, chosen: Chosen) -> Prover:
        """Return a prover of other choices, that shares what this one finds."""
        other = copy(self)
        vars(other).update(_by_path=self._by_path, _chosen=chosen, _read={})
        return other

    def beside(self, request: Json) -> Prover:
        """Return a prover of bodies beside the other parts of a request."""
        return (self._held and self.holding(self._held.within(request))) or self

    def holding(self, held: Held | None) -> Prover:
        """Return a prover of bodies that keep to some expressions as well."""
        other = copy(self)
        vars(other).update(_held=held)
        return other

    def is_valid(self, body: Json) -> bool:
        """Return whether a body breaks nothing, by the quick validator alone."""
        try:
            renamed = _renamed(body) if self._judges.is_nameless else body
            fits = self._judges.quick.is_valid(renamed)
        except ValueError:  # a lone surrogate, or an integer beyond its reach
            fits = self._judges.second.is_valid(body)
        return fits and not (self._held and self._held.breaks(body))

    def breaches(self, body: Json) -> list[Breach]:
        """List what a body breaks, by the quick validator if it can read it."""
        try:
            return self.breaches_by(body, quick=True)
        except ValueError:  # as above
            return self.breaches_by(body, quick=False)

    def breaches_by(self, body: Json, *, quick: bool) -> list[Breach]:
        """List what a body breaks, by one validator alone.

        What it breaks of a choice is named by the branch.
        """
        found = self._judges.errors(body, by_quick=quick)
        breaches: list[Breach] = []
        for breach in _subsumed(self._named(body, found)):
            breaches += self._of_branch(body, breach, quick=quick) or [breach]
        unheld = self._held.unheld(body, quick=quick) if self._held else ()
        return _subsumed([*breaches, *(Breach(*each) for each in unheld)])

    def broken(self, body: Json) -> frozenset[RuleId]:
        """Return the broken rules by the quick validator alone: for searching."""
        return rules_of(self.breaches(body))

    def proven_broken(self, body: Json) -> frozenset[RuleId]:
        """Return the broken rules on which both validators agree.

        Raises:
            Disagreement: they do not agree, or one of them cannot read the body.

        """
        try:
            first = rules_of(self.breaches_by(body, quick=True))
        except ValueError as error:
            raise Disagreement(f"only one validator reads the body {body!r}") from error
        second = rules_of(self.breaches_by(body, quick=False))
        if first != second:
            raise Disagreement(
                f"the validators name {sorted(first)} and {sorted(second)}"
                f" for one body: {body!r}"
            )
        return first

    def _of_branch(self, body: Json, breach: Breach, *, quick: bool) -> list[Breach]:
        """Return what a value breaks of the branch that it is meant for, if any."""
        choice = breach.assertion
        if choice.keyword not in CHOICES:
            return []
        provers = self._branches_of(choice)
        if choice.path in self._chosen:
            provers = [provers[self._chosen[choice.path]]] if provers else []
        value = at(body, breach.location)
        read = (each.breaches_by(value, quick=quick) for each in provers)
        ranked = sorted(read, key=len)
        if not ranked or list(map(len, ranked[:2])) == [len(ranked[0])] * 2:
            return []
        return [
            replace(each, location=(*breach.location, *each.location))
            for each in ranked[0]
        ]

    def _branches_of(self, choice: Assertion) -> list[Prover]:
        """Return a prover for each branch; none if their assertions are not listed."""
        if choice.path not in self._branches:
            self._branches[choice.path] = self._opened(choice)
        if choice.path not in self._read:
            opened = self._branches[choice.path]
            self._read[choice.path] = [each.read_as(self._chosen) for each in opened]
        return self._read[choice.path]

    def _opened(self, choice: Assertion) -> list[Prover]:
        inside = [
            [it for it in self._by_path.values() if (choice.path, n) in it.within]
            for n in range(len(choice.value))
        ]
        return [
            Prover(branch, listed, self._chosen, (*choice.path, str(n)))
            for n, (branch, listed) in enumerate(zip(choice.value, inside, strict=True))
            if any(inside)
        ]

    def _named(
        self, body: Json, found: list[tuple[Path, Location]]
    ) -> Iterator[Breach]:
        for path, location in found:
            if path[-1] not in {"required", "dependentRequired"}:
                yield Breach(self._by_path[path], location)
                continue
            # Neither validator has the missing name in its path.
            present, wanted = at(body, location), at_path(self._schema, path)
            if isinstance(wanted, dict):
                wanted = [n for name in wanted if name in present for n in wanted[name]]
            for name in wanted:
                if name not in present:
                    yield Breach(self._by_path[*path, name], location)


_ASCII = bytes(range(128)).decode()
# Source: RFC 3339, appendix A.
_DATE = r"(\d+Y(\d+M(\d+D)?)?|\d+M(\d+D)?|\d+D)"
_TIME = r"T(\d+H(\d+M(\d+S)?)?|\d+M(\d+S)?|\d+S)"
_DURATION = re.compile(f"P({_DATE}({_TIME})?|{_TIME}|\\d+W)", re.ASCII)


@cache
def _formats() -> jsonschema.FormatChecker:
    """Return checks of formats: jsonschema's, and two that it needs much more for.

    An IRI is a URI with its other letters escaped. Source: RFC 3987, 3.1.
    """
    import jsonschema  # noqa: PLC0415

    # The bare FormatChecker knows formats of old drafts too.
    known = jsonschema.Draft202012Validator.FORMAT_CHECKER
    checker = jsonschema.FormatChecker(())
    checker.checkers = dict(known.checkers)

    @checker.checks("duration")
    def is_duration(value: object) -> bool:
        return not isinstance(value, str) or bool(_DURATION.fullmatch(value))

    def is_iri(value: object, form: str) -> bool:
        if isinstance(value, str):
            value = quote(value, safe=_ASCII)
        return bool(known.conforms(value, form))

    for form in ("uri", "uri-reference"):
        check = partial(is_iri, form=form)
        checker.checks(form.replace("uri", "iri"), ValueError)(check)
    return checker


def _choices() -> dict[str, Json]:
    """Return `anyOf` and `oneOf` that ask of a branch only whether it fits."""
    import jsonschema  # noqa: PLC0415

    told: dict[int, tuple[Json, dict[str, list[Json]]]] = {}

    def any_of(validator: Json, branches: Json, instance: Json, _: Json) -> Json:
        if not any(fits(validator, each, instance) for each in branches):
            yield jsonschema.ValidationError("")

    def one_of(validator: Json, branches: Json, instance: Json, _: Json) -> Json:
        if sum(fits(validator, each, instance) for each in branches) != 1:
            yield jsonschema.ValidationError("")

    def fits(validator: Json, branch: Json, instance: Json) -> bool:
        if id(branch) not in told:
            told[id(branch)] = branch, listed(branch)
        # It mostly shows in a member that tells branches apart.
        values = told[id(branch)][1].items() if isinstance(instance, dict) else ()
        texts = ((instance.get(name), those) for name, those in values)
        is_other = any(isinstance(it, str) and it not in those for it, those in texts)
        return not is_other and validator.evolve(schema=branch).is_valid(instance)

    return {"anyOf": any_of, "oneOf": one_of}


def _second() -> Json:
    """Return jsonschema's validator, that tries a value by a schema once.

    Schemas without references need no place. Bodies share with their twins the values
    that are not edited.
    """
    import jsonschema  # noqa: PLC0415

    read: dict[int, Json] = {}
    known: dict[tuple[Json, ...], Json] = {}
    made: Json = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
        jsonschema.Draft202012Validator, _choices()
    )
    plain = made.evolve

    def evolve(self: Json, *, schema: Json) -> Json:
        if id(schema) not in read:
            read[id(schema)] = plain(self, schema=schema)  # which keeps the schema
        return read[id(schema)]

    def descend(
        self: Json,
        instance: Json,
        schema: Json,
        path: str | int | None = None,
        schema_path: str | int | None = None,
    ) -> Iterator[jsonschema.ValidationError]:
        is_part = isinstance(instance, dict | list)
        key = id(schema), type(instance), id(instance) if is_part else instance
        if key in known:
            return
        errors = [*self.evolve(schema=schema).iter_errors(instance)]
        if not errors:
            if len(known) >= _MOST_KNOWN:
                known.clear()
            known[key] = schema, instance  # kept, so that no other takes the id
        for error in errors:
            if path is not None:
                error.path.appendleft(path)
            if schema_path is not None:
                error.schema_path.appendleft(schema_path)
            yield error

    made.evolve, made.descend = evolve, descend
    return made


def _subsumed(found: Iterable[Breach]) -> list[Breach]:
    """Drop breaches that a value of the wrong type cannot avoid."""
    breaches = dict.fromkeys(found)
    mistyped = {it.location for it in breaches if it.assertion.keyword == "type"}
    return [
        each
        for each in breaches
        if each.assertion.keyword == "type" or each.location not in mistyped
    ]


def rules_of(breaches: Iterable[Breach]) -> frozenset[RuleId]:
    """Return the rules of some breaches."""
    return frozenset(breach.assertion.rule for breach in breaches)


# Stands for an empty name.
_NAMELESS = "\ufffc"


def _renamed(value: Json) -> Json:
    """Return a schema or a body with a stand-in for each empty name of a member."""
    if isinstance(value, list):
        return [_renamed(each) for each in value]
    if not isinstance(value, dict):
        return value
    renamed = {name or _NAMELESS: _renamed(child) for name, child in value.items()}
    if isinstance(listed := value.get("required"), list):
        renamed["required"] = [name or _NAMELESS for name in listed]
    return renamed


def _location(body: Json, path: Iterable[str | int]) -> Location:
    """Read a location by the body: jsonschema-rs gives the member "6" as index 6."""
    found: list[str | int] = []
    for step in path:
        name = "" if step == _NAMELESS else str(step)
        found.append(int(step) if isinstance(body, list) else name)
        body = body[found[-1]]
    return tuple(found)


def _steps(path: Iterable[str | int]) -> Path:
    """Cut an error's path at the keyword that a rule is of.

    The validators differ in the depth of paths about names, and in the keywords for too
    few or too many items of `contains`.
    """
    found: list[str] = []
    rest = iter("" if step == _NAMELESS else str(step) for step in path)
    for step in rest:
        keyword = "contains" if step in CONTAINS else step
        found.append(keyword)
        known = KEYWORDS.get(keyword)
        if known is None or not known.holds:
            continue
        if not known.fails_inside and keyword != "if":
            break
        if known.holds != "one":
            found.append(next(rest, ""))
    return tuple(found)


# Control characters, and surrogates.
_IRREGULAR = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_irregular(value: Json) -> bool:
    """Return whether a value's form is unspecified by every contract.

    That is 2.0 for 2, and text with lone surrogates or control characters.
    Source: product.md, Levels.
    """
    if isinstance(value, dict):
        return any(
            is_irregular(name) or is_irregular(child) for name, child in value.items()
        )
    if isinstance(value, list):
        return any(is_irregular(child) for child in value)
    if isinstance(value, str):
        return bool(_IRREGULAR.search(value))
    return kind_of(value) == "number" and float(value).is_integer()
