"""The contract: one operation of an OpenAPI file, its schemas, its rules.

In: an OpenAPI 3.1 file, perhaps a dialect, perhaps a catalogue. Out: what the
strategies compile and the oracle judges by.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ringspec.spec import document, overlay, reading
from ringspec.spec.actions import RULES
from ringspec.spec.amending import Change, amended, dropped, read_changes, without
from ringspec.spec.annotations import check
from ringspec.spec.answers import Answers, read_answers
from ringspec.spec.assertions import Assertion, assertions
from ringspec.spec.attested import attested
from ringspec.spec.document import Inlined
from ringspec.spec.errors import SpecError
from ringspec.spec.fixtures import Fixture, fix, holders, read_fixtures
from ringspec.spec.links import Link, read_links
from ringspec.spec.live import live_form
from ringspec.spec.operations import Operation, choose, headers
from ringspec.spec.overrides import Overrides
from ringspec.spec.proof import Prover
from ringspec.spec.rules import (
    Catalogue,
    Evidence,
    Level,
    Rule,
    RuleId,
    parse_catalogue,
)
from ringspec.spec.schemas import for_request
from ringspec.spec.settled import settle
from ringspec.spec.spelling import spelt
from ringspec.spec.standing import standing
from ringspec.spec.usage import usage
from ringspec.spec.values import Json

OURS = Path(__file__).parent / "openapi.yaml"
# The latest contracts, by path and digest of all that they are made of.
_LOADED: dict[str, Contract] = {}
_MOST_LOADED = 16


@dataclass(frozen=True)
class Contract:
    """What one operation promises; shared by all who load the same, so not changed.

    Attributes:
        rules: the catalogue's rows in its order, each with its places.
        links: the operations that links of its answers lead to.
        fixtures: what a target has to know beforehand.
        whole: the body's schema with what a dialect drops: valid bodies keep to it.
        dropped: rules of the catalogue that this dialect drops, or has no place for.
        sha256: digest of the document, dialect and the target's own ways applied, of
            the catalogue, and of the values of fixtures.
    """

    title: str
    version: str
    sha256: str
    server_url: str
    dialect: str | None
    operation: Operation
    request: Inlined
    whole: Json
    answers: Answers
    links: tuple[Link, ...]
    assertions: tuple[Assertion, ...]
    rules: dict[RuleId, Rule]
    dropped: tuple[RuleId, ...]
    catalogue: Catalogue
    fixtures: tuple[Fixture, ...]

    @cached_property
    def settled(self) -> Json:
        """The schema that valid bodies keep to."""
        return settle(self.whole)

    @cached_property
    def prover(self) -> Prover:
        """Names the rules that a body breaks."""
        return Prover(self.request.schema, self.assertions)

    @cached_property
    def settled_prover(self) -> Prover:
        """Tells whether a body keeps to the settled form."""
        return Prover(self.settled, assertions(Inlined(self.settled, {})))

    @cached_property
    def undropped(self) -> Contract:
        """The contract with rules of all that its dialect dropped, if not their words.

        Whoever makes cases need not ask of each rule whether it is there.
        """
        known = {name: self.catalogue.rules[name] for name in self.dropped}
        return replace(self, rules={**known, **self.rules})

    def attested(self, level: Level) -> Contract:
        """Return the contract whose valid bodies use nothing weaker than a level."""
        return replace(self, whole=attested(self.whole, level))

    @cached_property
    def live_prover(self) -> Prover:
        """Tells whether a body may be sent where it can do harm."""
        form = live_form(self.request.schema)
        return Prover(form, assertions(Inlined(form, {})))

    @cached_property
    def holders(self) -> dict[str, str]:
        """Which fixture a member holds, by the member's name."""
        return holders(self.request.schema)

    def level_of_use(self, body: Json) -> Level:
        """Return the weakest level among the members and values a body uses."""
        return usage(self.request.schema, body)


def load(
    path: Path | None = None,
    *,
    operation: str | None = None,
    dialect: str | None = None,
    overrides: Overrides | None = None,
) -> Contract:
    """Load a contract; ours without a path.

    The same content and arguments give the same object.

    Raises:
        SpecError: the file, its catalogue or the dialect is at fault.
        UsageError: the operation or the dialect is not there.
        MisfitError: what one target does otherwise does not fit the contract.
    """
    path = path or OURS
    base = reading.read(path)
    _check_version(base, path)
    spelling: Dialect | None = None
    if dialect is not None:
        file = overlay.find(dialect)
        spelling = Dialect(file.stem, file.name, overlay.load(file, path))
    return _loaded(path, base, operation, spelling, overrides or Overrides())


@dataclass(frozen=True, slots=True)
class Dialect:
    """An overlay, how it is called, and what messages call it."""

    name: str
    origin: str
    overlay: dict[str, Json]


def adapted(
    dialect: Dialect, path: Path | None = None, *, operation: str | None = None
) -> Contract:
    """Load a contract with a dialect that stands in no file; errors as of `load`."""
    path = path or OURS
    base = reading.read(path)
    _check_version(base, path)
    return _loaded(path, base, operation, dialect, Overrides())


def _loaded(
    path: Path,
    base: Json,
    operation: str | None,
    dialect: Dialect | None,
    overrides: Overrides,
) -> Contract:
    rows, origin = _catalogue_data(path, base)
    key = _key(path, [base, rows, origin, operation, dialect, overrides])
    if key in _LOADED:
        return _LOADED[key]
    changes: dict[RuleId, Change] = {}
    if dialect is not None:
        base = overlay.apply(base, dialect.overlay, dialect.origin)
        changes = read_changes(dialect.overlay, dialect.origin)
    catalogue = parse_catalogue(rows, origin)
    source = _Source(base, rows, catalogue, dialect, changes, overrides)
    try:
        contract = _build(source, operation)
    except SpecError as error:
        if dialect is not None and error.message.startswith(dialect.origin):
            raise  # it is said already where the fault is
        raise SpecError(f"{path}: {error}", hint=error.hint) from error
    except RecursionError as error:
        raise _too_deep(path) from error
    for oldest in list(_LOADED)[: 1 - _MOST_LOADED]:
        _LOADED.pop(oldest, None)
    return _LOADED.setdefault(key, contract)


def _key(path: Path, parts: list[Any]) -> str:
    """Return the path and a digest of all that decides what a contract holds."""
    try:
        # Not sorted: the order of members decides the order of rules and cases.
        content = json.dumps(parts, default=repr)
    except RecursionError as error:
        raise _too_deep(path) from error
    return f"{path} {hashlib.sha256(content.encode()).hexdigest()}"


def _too_deep(path: Path) -> SpecError:
    return SpecError(
        f"{path}: it is nested too deeply", hint="bound the depth of its schemas"
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """What a contract is built from.

    Attributes:
        base: the document, its dialect applied.
        overrides: what one target does otherwise.
    """

    base: dict[str, Json]
    rows: Json
    catalogue: Catalogue
    dialect: Dialect | None
    changes: dict[RuleId, Change]
    overrides: Overrides

    @property
    def fixtures(self) -> dict[str, Json]:
        """The values of fixtures, by name."""
        return dict(self.overrides.fixtures)

    def digest(self, adapted: Json, operation: str) -> str:
        """Return the digest of all that decides what is sent and judged."""
        parts = [adapted, self.rows, operation]
        if self.changes and self.dialect is not None:
            parts.append(self.dialect.overlay[RULES])
        # Without any the contract is the same as ever, and so is its digest.
        if self.fixtures:
            parts.append(self.fixtures)
        return reading.digest(parts)


def _check_version(base: Json, path: Path) -> None:
    version = base.get("openapi") if isinstance(base, dict) else None
    if not re.match(r"3\.1(\.|$)", str(version)):
        raise SpecError(
            f"{path}: not an OpenAPI 3.1 document",
            hint="it begins with `openapi: 3.1.0`; convert older ones first",
        )


def _catalogue_data(path: Path, base: Json) -> tuple[Json, str]:
    """Find the catalogue beside a contract; none is found for most foreign ones."""
    if path != OURS and reading.digest(base) == reading.digest(reading.read(OURS)):
        path = OURS
    for beside in (path.with_suffix(".rules.yaml"), path.with_name("rules.yaml")):
        if beside.is_file():
            return reading.read(beside), str(beside)
    return {"rules": []}, ""


def _build(source: _Source, wanted: str | None) -> Contract:
    base = source.overrides.apply(source.base)
    info = reading.mapping(base.get("info"), "#/info")
    operation = choose(base, wanted)
    request = document.inline(base, operation.schema_place)
    check(request, source.catalogue)
    request = fix(for_request(request), source.fixtures)
    answers = read_answers(base, operation)
    found = assertions(request)
    links = read_links(base, operation)
    stated = standing(links)
    places = _places(found, answers, operation, stated)
    rules = amended(_rules(source.catalogue, places, stated), source.changes)
    gone = dropped(source.changes)
    left = without(request, found, gone)
    # What is dropped keeps its row, so that a run can say what it does not ask.
    catalogue = replace(
        spelt(source.catalogue, request.schema),
        rules={**source.catalogue.rules, **{name: rules.pop(name) for name in gone}},
    )
    return Contract(
        title=reading.text(info.get("title"), "#/info/title"),
        version=str(info.get("version", "")),
        sha256=source.digest(base, operation.id),
        server_url=_server_url(base),
        dialect=source.dialect.name if source.dialect else None,
        operation=operation,
        request=left,
        whole=request.schema,
        answers=answers,
        links=links,
        assertions=assertions(left),
        rules=rules,
        dropped=tuple(name for name in catalogue.rules if name not in rules),
        catalogue=catalogue,
        fixtures=read_fixtures(request),
    )


def _server_url(base: dict[str, Json]) -> str:
    """Return the first server's URL, its variables at their defaults."""
    servers = reading.sequence(base.get("servers", []), "#/servers")
    if not servers:
        return ""
    server = reading.mapping(servers[0], "#/servers/0")
    url = reading.text(server.get("url"), "#/servers/0/url")
    place = "#/servers/0/variables"
    for name, given in reading.mapping(server.get("variables", {}), place).items():
        variable = reading.mapping(given, f"{place}/{name}")
        url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    return url


def _places(
    found: tuple[Assertion, ...],
    answers: Answers,
    operation: Operation,
    stated: Iterable[RuleId],
) -> dict[RuleId, tuple[str, ...]]:
    """Gather the places of each rule, in the contract's order."""
    places: dict[RuleId, dict[str, None]] = {}
    for each in (*found, *answers.assertions):
        places.setdefault(each.rule, {})[each.place] = None
    for header in headers(operation):
        places.setdefault(header.rule, {})[header.place] = None
    for name in stated:
        places.setdefault(name, {})
    return {name: tuple(listed) for name, listed in places.items()}


def _rules(
    catalogue: Catalogue,
    places: dict[RuleId, tuple[str, ...]],
    stated: dict[RuleId, Rule],
) -> dict[RuleId, Rule]:
    """Join rows and places; a place without a row gets a derived one."""
    rules = {
        name: replace(rule, places=places[name])
        for name, rule in catalogue.rules.items()
        if name in places
    }
    for name, listed in places.items():
        known = stated.get(name)
        derived = replace(known, places=listed) if known else _derived(name, listed)
        rules.setdefault(name, derived)
    return rules


def _derived(name: RuleId, places: tuple[str, ...]) -> Rule:
    return Rule(
        id=name,
        level=Level.MUST,
        evidence=Evidence.DOCUMENTED,
        sentence=f"A body keeps to {places[0]}.",
        source=places[0],
        places=places,
    )
