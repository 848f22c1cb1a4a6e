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
from ringspec.spec.answers import Answers, read_answers
from ringspec.spec.assertions import Assertion, assertions, without
from ringspec.spec.document import Inlined
from ringspec.spec.errors import SpecError
from ringspec.spec.forms import (
    for_request,
    level_of_use,
    limited_to,
    live_form,
    settle,
)
from ringspec.spec.links import Link, lifecycle_rules, read_links
from ringspec.spec.operations import Operation, choose
from ringspec.spec.overlay import Overlay
from ringspec.spec.overrides import (
    Fixture,
    Overrides,
    holders,
    read_fixtures,
    with_fixtures,
)
from ringspec.spec.proof import Prover
from ringspec.spec.rules import (
    RULES,
    Catalogue,
    Evidence,
    Level,
    Rule,
    RuleChange,
    RuleId,
    amended,
    http_rules,
    parse_catalogue,
    read_changes,
    respelt,
)
from ringspec.spec.values import Json

OURS = Path(__file__).parent / "openapi.yaml"
# The latest contracts, by path and digest of all that they are made of.
_LOADED: dict[str, Contract] = {}
_MOST_LOADED = 16


@dataclass(frozen=True)
class Contract:
    """Everything that one operation promises; shared between callers, so not changed.

    Attributes:
        rules: the catalogue's rows in its order, each with its places.
        links: operations that act on what is created.
        fixtures: things that a target has to know beforehand.
        whole: the body's schema with what a dialect drops: valid bodies keep to it.
        dropped: rules of the catalogue that this dialect drops, or has no place for.
        sha256: digest of the document, dialect and overrides applied, of the catalogue,
            and of the values of fixtures.
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
        """Decides whether a body keeps to the settled form."""
        return Prover(self.settled, assertions(Inlined(self.settled, {})))

    @cached_property
    def live_prover(self) -> Prover:
        """Decides whether a body may be sent to a live target."""
        form = live_form(self.request.schema)
        return Prover(form, assertions(Inlined(form, {})))

    @cached_property
    def undropped(self) -> Contract:
        """The contract with the dropped rules, so that cases can look up any rule."""
        known = {name: self.catalogue.rules[name] for name in self.dropped}
        return replace(self, rules={**known, **self.rules})

    def limited_to(self, level: Level) -> Contract:
        """Return the contract whose valid bodies use nothing weaker than a level."""
        return replace(self, whole=limited_to(self.whole, level))

    @cached_property
    def holders(self) -> dict[str, str]:
        """Names of fixtures, by those of the members that hold them."""
        return holders(self.request.schema)

    def level_of_use(self, body: Json) -> Level:
        """Return the weakest level among the members and values a body uses."""
        return level_of_use(self.request.schema, body)


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
        UsageError: the operation or the dialect does not exist.
        MisfitError: the overrides do not fit the contract.
    """
    path = path or OURS
    base = _document(path)
    applied = overlay.load(overlay.find(dialect), path) if dialect is not None else None
    return _loaded(path, _Source(base, operation, applied, overrides or Overrides()))


def load_with(
    dialect: Overlay, path: Path | None = None, *, operation: str | None = None
) -> Contract:
    """Load a contract with a dialect that is in no file; errors as of `load`."""
    path = path or OURS
    return _loaded(path, _Source(_document(path), operation, dialect, Overrides()))


def _document(path: Path) -> dict[str, Json]:
    base = reading.read(path)
    version = base.get("openapi") if isinstance(base, dict) else None
    if not re.match(r"3\.1(\.|$)", str(version)):
        raise SpecError(
            f"{path}: not an OpenAPI 3.1 document",
            hint="it begins with `openapi: 3.1.0`; convert older ones first",
        )
    return dict(base)


@dataclass(frozen=True, slots=True)
class _Source:
    """What a contract is built from, beside its catalogue."""

    base: dict[str, Json]
    operation: str | None
    dialect: Overlay | None
    overrides: Overrides


def _loaded(path: Path, source: _Source) -> Contract:
    rows, origin = _catalogue_data(path, source.base)
    key = _key(path, [source.base, source, rows, origin])
    if key in _LOADED:
        return _LOADED[key]
    changes: dict[RuleId, RuleChange] = {}
    dialect = source.dialect
    if dialect is not None:
        source = replace(source, base=overlay.apply(source.base, dialect))
        changes = read_changes(dialect.content, dialect.origin)
    catalogue = parse_catalogue(rows, origin)
    try:
        contract = _build(source, catalogue, changes, rows)
    except SpecError as error:
        if dialect is not None and error.message.startswith(dialect.origin):
            raise  # the message names the place already
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


def _catalogue_data(path: Path, base: Json) -> tuple[Json, str]:
    """Return the rows of the catalogue beside a contract, and its file's name."""
    if path != OURS and reading.digest(base) == reading.digest(reading.read(OURS)):
        path = OURS
    for beside in (path.with_suffix(".rules.yaml"), path.with_name("rules.yaml")):
        if beside.is_file():
            return reading.read(beside), str(beside)
    return {"rules": []}, ""


def _build(
    source: _Source,
    catalogue: Catalogue,
    changes: dict[RuleId, RuleChange],
    rows: Json,
) -> Contract:
    base = source.overrides.apply(source.base)
    values = dict(source.overrides.fixtures)
    info = reading.mapping(base.get("info"), "#/info")
    operation = choose(base, source.operation)
    request = document.inline(base, operation.schema_place)
    document.check(request, catalogue)
    read_fixtures(request)
    request = with_fixtures(for_request(request), values)
    answers = read_answers(base, operation)
    links = read_links(base, operation)
    stated = [*http_rules(), *lifecycle_rules(links)]
    found = assertions(request)
    places = _places((*found, *answers.assertions), operation)
    rules = amended(_rules(catalogue, places, stated), changes)
    gone = frozenset(name for name, change in changes.items() if change.drop)
    left = without(request, found, gone)
    # A dropped rule keeps its row, so that a run can report it as not applicable.
    catalogue = replace(
        respelt(catalogue, request.schema),
        rules={**catalogue.rules, **{name: rules.pop(name) for name in gone}},
    )
    # Of everything that decides which cases are sent and how answers are judged.
    parts = [base, rows, operation.id]
    if changes and source.dialect is not None:
        parts.append(source.dialect.content[RULES])
    if values:
        parts.append(values)
    return Contract(
        title=reading.text(info.get("title"), "#/info/title"),
        version=str(info.get("version", "")),
        sha256=reading.digest(parts),
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
    found: Iterable[Assertion], operation: Operation
) -> dict[RuleId, dict[str, None]]:
    """Gather the places of each rule, in the contract's order."""
    places: dict[RuleId, dict[str, None]] = {}
    for each in found:
        places.setdefault(each.rule, {})[each.place] = None
    for header in operation.headers:
        places.setdefault(header.rule, {})[header.place] = None
    return places


def _rules(
    catalogue: Catalogue, places: dict[RuleId, dict[str, None]], stated: list[Rule]
) -> dict[RuleId, Rule]:
    """Join rows and places; a place without a row gets a derived one."""
    known = {rule.id: rule for rule in stated}
    named = {**places, **{name: places.get(name, {}) for name in known}}
    rows = {**{name: _derived(name, listed) for name, listed in named.items()}, **known}
    ordered = [*(name for name in catalogue.rules if name in named), *named]
    return {
        name: replace(catalogue.rules.get(name, rows[name]), places=tuple(named[name]))
        for name in dict.fromkeys(ordered)
    }


def _derived(name: RuleId, places: dict[str, None]) -> Rule:
    place = next(iter(places), "")
    return Rule(
        id=name,
        level=Level.MUST,
        evidence=Evidence.DOCUMENTED,
        sentence=f"A body keeps to {place}.",
        source=place,
    )
