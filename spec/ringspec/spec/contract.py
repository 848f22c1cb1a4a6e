"""The contract: one operation of an OpenAPI file, its schemas, its rules."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from ringspec.spec import document, forms, openapi, overlay, reading
from ringspec.spec.answers import DESCRIBED, Answers, read_answers
from ringspec.spec.assertions import Assertion, Chosen, assertions, readings, without
from ringspec.spec.document import Inlined
from ringspec.spec.errors import SpecError
from ringspec.spec.links import Link, read_links, standard_rules
from ringspec.spec.operations import Operation, choose
from ringspec.spec.overlay import Overlay
from ringspec.spec.overrides import (
    Fixture,
    Overrides,
    fixture_of,
    read_fixtures,
    with_fixtures,
)
from ringspec.spec.proof import Prover
from ringspec.spec.rules import (
    BODY_ACCEPTED,
    RULES,
    Catalogue,
    Evidence,
    Level,
    Rule,
    RuleId,
    amended,
    parse_catalogue,
    read_changes,
    respelt,
)
from ringspec.spec.schemas import walk
from ringspec.spec.sentences import quotation, sentence
from ringspec.spec.values import Json

OURS = Path(__file__).parent / "openapi.yaml"
# The latest contracts, by a digest of all their inputs.
_LOADED: dict[str, Contract] = {}
_MOST_LOADED = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All that a contract is made of, its dialect and overrides applied.

    Attributes:
        catalogue: the data of the catalogue.
        changes: of rules, by the dialect.
    """

    document: dict[str, Json]
    catalogue: Json
    operation: str | None
    dialect: str | None = None
    changes: Json = field(default_factory=dict)
    fixtures: dict[str, Json] = field(default_factory=dict)

    def contract(self, rows_at: str = "catalogue", origin: str = "") -> Contract:
        """Return the contract that is made of them.

        Args:
            rows_at: the catalogue in messages.
            origin: the dialect in messages; its name by default.

        Raises:
            SpecError: they are at fault.
            UsageError: the operation does not exist.
        """
        base, rows, values = self.document, self.catalogue, self.fixtures
        catalogue = parse_catalogue(rows, rows_at)
        origin = origin or self.dialect or ""
        changes = read_changes(self.changes, origin)
        info = reading.mapping(document.Node(base, base).at("info").value, "#/info")
        operation = choose(base, self.operation)
        request = document.inline(base, operation.schema_place, is_request=True)
        shown = document.check(request, catalogue, operation.examples)
        operation = replace(operation, examples=tuple(shown))
        fixtures = read_fixtures(request)
        sent = forms.without_marked(request.schema, "readOnly")
        request = replace(request, schema=sent)
        if error := request.unavoidable():
            raise error
        request = with_fixtures(request, values)
        answers = read_answers(base, operation, catalogue.rules)
        links = read_links(base, operation, catalogue.rules)
        stated = assertions(request, in_choices=True)
        rules = _rules(catalogue, stated, answers, operation, links, request.schema)
        rules = amended(rules, changes, origin)
        # A dropped rule keeps its row, so that a run can report it as not applicable.
        dropped = {n: rules.pop(n) for n, change in changes.items() if "drop" in change}
        left = without(request, stated, frozenset(dropped))
        catalogue = respelt(catalogue, request.schema)
        catalogue = replace(catalogue, rules={**catalogue.rules, **dropped})
        # All that determines the cases and the judgement of answers.
        binding = {it: rows[it] for it in rows if it != "explained"}
        parts = [base, binding, operation.id, *filter(None, (self.changes, values))]
        return Contract(
            title=reading.text(info.get("title"), "#/info/title"),
            version=str(info.get("version", "")),
            sha256=reading.digest(parts),
            dialect=self.dialect,
            operation=operation,
            request=left,
            whole=request.schema,
            answers=answers,
            links=links,
            assertions=stated if left is request else assertions(left, in_choices=True),
            rules=rules,
            dropped=tuple(name for name in catalogue.rules if name not in rules),
            catalogue=catalogue,
            fixtures=fixtures,
            inputs=replace(self, operation=operation.id),
            notices=tuple(dict.fromkeys([*request.notices, *answers.notices])),
        )


@dataclass(frozen=True)
class Contract:
    """One operation's promises; immutable, since callers share it.

    Attributes:
        rules: the catalogue's rows in its order, each with its places.
        links: operations that act on created resources.
        fixtures: values that a target has to know beforehand.
        whole: the body's schema with the keywords that a dialect drops, for valid
            bodies.
        dropped: rules of the catalogue that this dialect drops or lacks.
        chosen: branches of choices that bodies are read as, by the choice's path.
        sha256: digest of the inputs.
        notices: what is odd in the file, and stops nothing.
    """

    title: str
    version: str
    sha256: str
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
    inputs: Inputs
    chosen: Chosen = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @cached_property
    def settled(self) -> Json:
        """The schema that valid bodies keep to."""
        return forms.settle(self.whole)

    @cached_property
    def prover(self) -> Prover:
        """Validator of bodies."""
        return Prover(self.request.schema, self.assertions, self.chosen)

    @cached_property
    def settled_prover(self) -> Prover:
        """Validator of the settled form."""
        form = self.settled
        if self.chosen:  # no other branch of a `oneOf` may fit
            form = {**form, "allOf": [*form.get("allOf", ()), self.request.schema]}
        return Prover(form, assertions(Inlined(form, {})))

    @cached_property
    def live_prover(self) -> Prover:
        """Validator of bodies for a live target."""
        form = forms.live_form(self.request.schema)
        return Prover(form, assertions(Inlined(form, {})))

    @cached_property
    def applicable(self) -> tuple[Assertion, ...]:
        """The assertions that bodies can break, as they are read."""
        chosen = self.chosen.items()
        return tuple(each for each in self.assertions if chosen >= {*each.within})

    @cached_property
    def always_required(self) -> frozenset[tuple[str, ...]]:
        """The instance paths of members that are required whatever else a body has."""
        return frozenset(
            each.subject
            for each in self.assertions
            if each.keyword == "required" and not each.is_conditional
        )

    @cached_property
    def readings(self) -> list[Chosen]:
        """Choices of branches that together take each branch, the first ones first."""
        return readings(self.assertions)

    def read_as(self, chosen: Chosen, *, apart: bool = False) -> Contract:
        """Return the contract with some choices decided.

        Args:
            chosen: a branch of each.
            apart: whether valid bodies are built to fit no other branch of `oneOf`.
        """
        whole = forms.read_as(self.whole, chosen, apart=apart)
        return replace(self, whole=whole, chosen=chosen) if chosen else self

    @cached_property
    def _provers(self) -> list[Prover]:
        """A prover for each reading, as a whole and as far as each choice."""
        kept = {frozenset(each.items()) for each in self.readings}
        ways = [frozenset(), *kept, *{frozenset(a.within) for a in self.assertions}]
        schema, stated = self.request.schema, self.assertions
        return [Prover(schema, stated, dict(way)) for way in dict.fromkeys(ways)]

    def breaks_just(self, body: Json, rules: frozenset[RuleId]) -> bool:
        """Return whether a body breaks some rules and no others, read in some way."""
        return any(each.proven_broken(body) == rules for each in self._provers)

    def limited_to(self, level: Level) -> Contract:
        """Return the contract whose valid bodies use nothing weaker than a level."""
        return replace(self, whole=forms.limited_to(self.whole, level))

    @cached_property
    def holders(self) -> dict[str, str]:
        """Names of fixtures, by those of the members that hold them."""
        found: dict[str, str] = {}
        for each in walk(self.request.schema):
            # Of an item, the member that is the array.
            members = [
                name for step, name in pairwise(each.path) if step == "properties"
            ]
            if fixture_of(each.schema) and members:
                found.setdefault(members[-1], fixture_of(each.schema))
        return found

    def level_of_use(self, body: Json) -> Level:
        """Return the weakest level among the members and values a body uses."""
        return forms.level_of_use(self.request.schema, body)


def load(
    path: Path | None = None,
    *,
    operation: str | None = None,
    dialect: str | Overlay | None = None,
    overrides: Overrides | None = None,
) -> Contract:
    """Load a contract; ours without a path.

    The same content and arguments give the same object.

    Args:
        path: an OpenAPI file.
        operation: its id; without one, the only POST with a JSON body.
        dialect: a shipped one's name, a file, or an overlay that is in no file.
        overrides: differences of one target.

    Raises:
        SpecError: the file, its catalogue or the dialect is at fault.
        UsageError: the operation or the dialect does not exist.
        MisfitError: the overrides do not fit the contract.
    """
    path = path or OURS
    notices: list[str] = []
    base = reading.read(path, notices)
    openapi.version_of(base, path)
    if isinstance(dialect, str):
        dialect = overlay.load(overlay.find(dialect), path)
    is_ours = path == OURS or reading.digest(base) == reading.digest(reading.read(OURS))
    try:
        if dialect is not None:
            base = overlay.apply(base, dialect)
        base = openapi.joined(base, path, notices)
        given = (operation, dialect, overrides or Overrides())
        return _loaded(path, OURS if is_ours else path, base, notices, *given)
    except RecursionError as error:
        raise SpecError(
            f"{path}: it is nested too deeply", hint="bound the depth of its schemas"
        ) from error


def _loaded(
    path: Path,
    home: Path,
    base: dict[str, Json],
    notices: list[str],
    operation: str | None,
    dialect: Overlay | None,
    overrides: Overrides,
) -> Contract:
    options = (home.with_suffix(".rules.yaml"), home.with_name("rules.yaml"))
    beside = next(filter(Path.is_file, options), None)
    rows, origin = (
        (reading.read(beside), str(beside)) if beside else ({"rules": []}, "")
    )
    # Not sorted: the order of members decides the order of rules and cases.
    parts = [str(path), base, notices, rows, operation, dialect, overrides]
    content = json.dumps(parts, default=repr)
    key = hashlib.sha256(content.encode()).hexdigest()
    if key in _LOADED:
        return _LOADED[key]
    origins = origin, dialect.origin if dialect else ""
    try:
        contract = Inputs(
            document=overrides.apply(base),
            catalogue=rows,
            operation=operation,
            dialect=dialect.name if dialect else None,
            changes=dialect.content.get(RULES, {}) if dialect else {},
            fixtures=dict(overrides.fixtures),
        ).contract(*origins)
    except SpecError as error:
        if error.message.startswith(tuple(filter(None, origins))):
            raise  # the message names the place already
        raise SpecError(f"{path}: {error}", hint=error.hint) from error
    for oldest in list(_LOADED)[: 1 - _MOST_LOADED]:
        _LOADED.pop(oldest, None)
    contract = replace(contract, notices=(*notices, *contract.notices))
    return _LOADED.setdefault(key, contract)


def _rules(
    catalogue: Catalogue,
    stated: tuple[Assertion, ...],
    answers: Answers,
    operation: Operation,
    links: tuple[Link, ...],
    schema: Json,
) -> dict[RuleId, Rule]:
    places: dict[RuleId, dict[str, None]] = {}
    owners = [(each.rule, each.place) for each in (*stated, *answers.assertions)]
    owners += [(header.rule, header.place) for header in operation.headers]
    for name, place in owners:
        places.setdefault(name, {})[place] = None
    by_rule: dict[RuleId, list[Assertion]] = {}
    for each in stated:
        by_rule.setdefault(each.rule, []).append(each)
    standard = standard_rules(links)
    for name in standard:
        if answers.bind or name not in DESCRIBED:
            places.setdefault(name, {})
    found = {}
    for name in dict.fromkeys((*catalogue.rules, *places)):
        if name not in places:
            continue
        listed = tuple(places[name])
        first = next(iter(listed), "")
        about = by_rule.get(name, [])
        derived = Rule(
            id=name,
            level=Level.MUST,
            evidence=Evidence.DOCUMENTED,
            sentence=sentence(about) if about else f"A request keeps to {first}.",
            source=first + (quotation(schema, about) if about else ""),
        )
        rule = catalogue.rules.get(name, standard.get(name, derived))
        if rule.source == "the contract":
            own = operation.schema_place if name == BODY_ACCEPTED else operation.place
            rule = replace(rule, source=first or own)
        found[name] = replace(rule, places=listed)
    return found
