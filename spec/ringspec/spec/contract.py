"""The contract: one operation of an OpenAPI file, its schemas, its rules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from ringspec.spec import document, forms, openapi, overlay, reading
from ringspec.spec.answers import DESCRIBED, Answers, read_answers
from ringspec.spec.assertions import (
    Assertion,
    Chosen,
    assertions,
    by_rule,
    readings,
    without,
)
from ringspec.spec.document import Inlined
from ringspec.spec.errors import SpecError, spec_error
from ringspec.spec.expressions import Expression, Types
from ringspec.spec.holding import Placed, apart, check_placed, request_types
from ringspec.spec.links import Link, read_links, standard_rules
from ringspec.spec.operations import Endpoint, Operation, Wanted, choose, endpoints
from ringspec.spec.overlay import Overlay
from ringspec.spec.overrides import (
    Fixture,
    Overrides,
    fixture_of,
    read_fixtures,
    with_fixtures,
)
from ringspec.spec.packs import AnswerCheck, checks, closed, overlaid, read_packs
from ringspec.spec.parameters import Wire, combined
from ringspec.spec.proof import Held, Prover
from ringspec.spec.rules import (
    BODY_ACCEPTED,
    RULES,
    SCOPE,
    Catalogue,
    Evidence,
    Level,
    Rule,
    RuleId,
    amended,
    parse_catalogue,
    read_changes,
    respelt,
    rows_of,
)
from ringspec.spec.schemas import HOLDS, walk
from ringspec.spec.security import Security, any_scheme
from ringspec.spec.sentences import quotation, sentence
from ringspec.spec.values import Json

OURS = Path(__file__).parent / "openapi.yaml"
# The latest contracts, by a digest of all their inputs, and the operation.
_LOADED: dict[str, Contract] = {}
_MOST_LOADED = 64
# Rules that an operation without a body does not have, and what another says there.
_OF_BODIES = {"wire.json", "wire.media", "answer.echo", "answer.defaults"}
_WITHOUT_BODY = "A request that keeps to every rule is accepted."


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All that a contract is made of, its dialect and overrides applied."""

    document: dict[str, Json]
    catalogue: Json  # the data of the catalogue
    operation: str | None
    dialect: str | None = None
    changes: Json = field(default_factory=dict)  # of rules, by the dialect
    fixtures: dict[str, Json] = field(default_factory=dict)
    # Values of parameters, by name, or by operation and name.
    given: dict[str, Json] = field(default_factory=dict)
    packs: list[Json] = field(default_factory=list)  # their rows

    def contract(self, rows_at: str = "catalogue", origin: str = "") -> Contract:
        """Return the contract that is made of them.

        In messages the catalogue is `rows_at`, and the dialect `origin`, or its name.

        Raises:
            SpecError: they are at fault.
            UsageError: the operation does not exist.
        """
        base, rows, values = self.document, self.catalogue, self.fixtures
        catalogue, expressed = apart(parse_catalogue(rows, rows_at), rows)
        origin = origin or self.dialect or ""
        changes = read_changes(self.changes, origin)
        info = reading.mapping(document.Node(base, base).at("info").value, "#/info")
        operation = choose(base, self.operation, self.given)
        request = Inlined()
        if operation.schema_place:
            request = document.inline(base, operation.schema_place, is_request=True)
            request = replace(request, schema=closed(request.schema, self.packs))
            shown = document.check(request, catalogue, operation.examples)
            operation = replace(operation, examples=tuple(shown))
        fixtures = read_fixtures(request)
        sent = forms.without_marked(request.schema, "readOnly")
        request = replace(request, schema=sent)
        if error := request.unavoidable():
            raise error
        request = with_fixtures(request, values)
        answers = read_answers(base, operation, catalogue.rules)
        links = read_links(base, operation, answers, catalogue.rules)
        members = Inlined()
        if not catalogue.rules:  # it names all that binds
            members = combined(operation.wire, operation.place)
        stated = assertions(request, in_choices=True)
        # What the schema says as well is a second statement of the same rule.
        known = {each.rule for each in stated}
        held = Placed(operation, request, members)
        for listed, at in (
            ([it for it in expressed if it["id"] not in known], rows_at),
            (self.packs, ""),
            (rows_of(operation.node.get(RULES, {}))[1].values(), operation.place),
        ):
            # A catalogue of nothing else is about whatever it fits, as packs are.
            held.place(listed, at if catalogue.rules or at != rows_at else "")
        if held.request is not request:
            request = held.request
            stated = assertions(request, in_choices=True)
        members = held.members
        named = assertions(members, in_choices=True)
        testable = tuple(filter(operation.wire.is_testable, named))
        both = ((request, stated), (members, testable))
        named_rules = replace(catalogue, rules={**catalogue.rules, **held.rules})
        rules = _rules(named_rules, both, answers, operation, links)
        rules = overlaid(amended(rules, changes, origin), self.packs)
        # A dropped rule keeps its row, so that a run can report it as not applicable.
        dropped = {n: rules.pop(n) for n, change in changes.items() if "drop" in change}
        left = without(request, stated, frozenset(dropped))
        catalogue = respelt(catalogue, request.schema)
        catalogue = replace(catalogue, rules={**catalogue.rules, **dropped})
        of_parameters = (each.schema for each in operation.wire.parameters)
        notices = [it for each in (request, *of_parameters) for it in each.notices]
        notices += [*answers.notices, *held.notices]
        # All that determines the cases and the judgement of answers.
        binding = {it: rows[it] for it in rows if it != "explained"}
        adapted = filter(None, (self.changes, values, self.given, self.packs))
        parts = [binding, operation.id, *adapted]
        return Contract(
            title=reading.text(info.get("title"), "#/info/title"),
            version=str(info.get("version", "")),
            sha256=reading.digest_of(base, parts),
            dialect=self.dialect,
            operation=operation,
            request=left,
            whole=request.schema,
            answers=answers,
            links=links,
            assertions=stated if left is request else assertions(left, in_choices=True),
            members=members,
            checks=tuple(checks(self.packs)),
            rules=rules,
            dropped=tuple(name for name in catalogue.rules if name not in rules),
            catalogue=catalogue,
            fixtures=fixtures,
            inputs=replace(self, operation=operation.id),
            notices=tuple(dict.fromkeys(notices)),
        )


@dataclass(frozen=True)
class Contract:
    """One operation's promises; immutable, since callers share it."""

    title: str
    version: str
    sha256: str  # digest of the inputs
    dialect: str | None
    operation: Operation
    request: Inlined
    # The body's schema with the keywords that a dialect drops, for valid bodies.
    whole: Json
    answers: Answers
    links: tuple[Link, ...]  # operations that act on created resources
    assertions: tuple[Assertion, ...]
    rules: dict[RuleId, Rule]  # the catalogue's rows in its order, each with its places
    # Rules of the catalogue that this dialect drops or lacks.
    dropped: tuple[RuleId, ...]
    catalogue: Catalogue
    fixtures: tuple[Fixture, ...]  # values that a target has to know beforehand
    inputs: Inputs
    members: Inlined  # schema of the value that the parameters form
    # Branches of choices that bodies are read as, by the choice's path.
    chosen: Chosen = field(default_factory=dict)
    checks: tuple[AnswerCheck, ...] = ()  # of rule packs
    prefix: str = ""  # what ids begin with in a run of several operations
    # How a value is sent and read, if that value is not a body, and a body's schema.
    wire: Wire | None = None
    body: Json = None
    notices: tuple[str, ...] = ()  # what is odd in the file, and stops nothing
    # The parts of a request beside a body, or a value; by default the plain ones.
    beside: Json = None

    @property
    def securities(self) -> tuple[Security, ...]:
        """What the operation asks for, what each linked one does, and any other may."""
        linked = (each.security for each in self.links)
        return self.operation.security, *linked, any_scheme(self.inputs.document)

    @cached_property
    def of_parameters(self) -> Contract | None:
        """The contract whose bodies are the values that the parameters form, if any."""
        if not self.members.schema.get("properties"):
            return None
        return replace(
            self,
            operation=replace(self.operation, examples=()),
            request=self.members,
            whole=self.members.schema,
            assertions=assertions(self.members, in_choices=True),
            wire=self.operation.wire,
            body=self.request.schema,
        )

    @property
    def endpoints(self) -> list[Endpoint]:
        """All operations of its document."""
        return list(endpoints(self.inputs.document))

    def led(self, name: RuleId) -> Rule:
        """Return a rule with the id that it has in a run of several operations."""
        rule = self.rules.get(name) or self.catalogue.rules[name]
        if not self.prefix:
            return rule
        return replace(rule, id=RuleId(self.prefix + name), operation=self.operation.id)

    def as_read(self, body: Json) -> Json:
        """Return a body, or other value, as it is read where it was sent."""
        return body if self.wire is None else self.wire.carried(body)

    @cached_property
    def settled(self) -> Json:
        """The schema that valid bodies keep to."""
        return forms.settle(self.whole)

    @cached_property
    def prover(self) -> Prover:
        """Validator of bodies."""
        schema, stated = self.request.schema, self.assertions
        return Prover(schema, stated, self.chosen, held=self.held)

    @cached_property
    def form_prover(self) -> Prover:
        """Validator of the settled form, whatever expressions say."""
        return Prover(self.settled)

    @cached_property
    def settled_prover(self) -> Prover:
        """Validator of the settled form."""
        return self.form_prover.holding(self.kept) if self.kept else self.form_prover

    @cached_property
    def kept(self) -> Held | None:
        """The expressions that valid bodies keep to, with defaults filled in or not."""
        return self.held and replace(self.held, fills=True)

    @cached_property
    def types(self) -> Types:
        """The types of the members that expressions name."""
        # Those of a body, also where bodies are the values that parameters form.
        schema = self.request.schema if self.wire is None else self.body
        return request_types(schema, self.operation.wire)

    @cached_property
    def held(self) -> Held | None:
        """The expressions that bodies keep to; None without any."""
        expressions = {
            each: Expression(each.value, self.types, ("body", *each.instance))
            for each in self.assertions
            if each.keyword == HOLDS
        }
        if not expressions:
            return None
        beside, wire = self.beside, self.operation.wire
        if beside is None and self.wire is None:
            # As the plain request has them.
            headers = [(it.name, it.value or "") for it in self.operation.headers]
            beside = wire.sent(self.operation.path, headers)
        return Held(self.request.schema, expressions, self.wire, beside or {})

    def is_settled(self, body: Json) -> bool:
        """Return whether a body is valid and settled, by the quick validator alone."""
        # As it is read, no other branch of a `oneOf` may fit.
        is_read = not self.chosen or self.prover.is_valid(body)
        return is_read and self.settled_prover.is_valid(body)

    def prover_beside(self, path: str, headers: Iterable[tuple[str, str]]) -> Prover:
        """Return the validator of bodies beside the parameters of a request."""
        return self.prover.beside(self.operation.wire.sent(path, headers))

    def judged(
        self, path: str, headers: Iterable[tuple[str, str]], body: Json
    ) -> list[tuple[Held, Json]]:
        """List the expressions about a request, each with the value that it is of."""
        wire, own = self.operation.wire, self.of_parameters
        read = wire.read(path, headers)
        beside = {**wire.request(read), "body": body}
        both = ((self.held, body), (own.held if own else None, read))
        return [(held.within(beside), value) for held, value in both if held]

    def said(
        self, rule: RuleId, path: str, headers: Iterable[tuple[str, str]], body: Json
    ) -> str:
        """Write the expression that a request breaks, with its values, or nothing."""
        told = [held.said(rule, it) for held, it in self.judged(path, headers, body)]
        if text := self.rules[rule].holds * (not any(told)):
            # What the schema says, in other words.
            beside = {**self.operation.wire.sent(path, headers), "body": body}
            expression = Expression(text, self.types, ("body",))
            if expression.holds(body, beside, quick=True) is False:
                return expression.shown(body, beside)
        return next(filter(None, told), "")

    @cached_property
    def live_prover(self) -> Prover:
        """Validator of bodies for a live target."""
        return Prover(forms.live_form(self.request.schema))

    @cached_property
    def applicable(self) -> tuple[Assertion, ...]:
        """The assertions that bodies can break, as they are read."""
        chosen, wire = self.chosen.items(), self.wire
        stated = (each for each in self.assertions if chosen >= {*each.within})
        return tuple(it for it in stated if wire is None or wire.is_testable(it))

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

        `apart` builds valid bodies that fit no other branch of a `oneOf`.
        """
        whole = forms.read_as(self.whole, chosen, apart=apart)
        return self.meant_as(chosen, whole) if chosen else self

    def meant_as(self, chosen: Chosen, whole: Json = None) -> Contract:
        """Return the contract that judges bodies as meant for some branches."""
        made = replace(self, whole=whole or self.whole, chosen=chosen)
        vars(made)["prover"] = self.prover.read_as(chosen)
        return made

    @cached_property
    def provers(self) -> list[Prover]:
        """A prover for each reading, as a whole and as far as each choice."""
        kept = {frozenset(each.items()) for each in self.readings}
        ways = [frozenset(), *kept, *{frozenset(a.within) for a in self.assertions}]
        return [self.prover.read_as(dict(way)) for way in dict.fromkeys(ways)]

    def breaks_just(self, body: Json, rules: frozenset[RuleId]) -> bool:
        """Return whether a body breaks some rules and no others, read in some way."""
        return any(each.proven_broken(body) == rules for each in self.provers)

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
    return _loaded(_source(path or OURS, dialect, overrides), operation)


@dataclass(frozen=True, slots=True)
class _Source:
    """A document as one of OpenAPI 3.1, adapted, with its catalogue and rule packs."""

    path: Path
    base: dict[str, Json]
    notices: tuple[str, ...]
    dialect: Overlay | None
    overrides: Overrides
    packs: list[Json]
    rows: Json
    rows_at: str
    digest: str  # of all of it

    @property
    def names_rules(self) -> bool:
        """Whether its catalogue is of one operation, beside what expressions say."""
        rows = self.rows.get("rules") if isinstance(self.rows, dict) else None
        of_all = isinstance(rows, list) and all("holds" in each for each in rows)
        return bool(self.rows_at) and not of_all


def _source(
    path: Path, dialect: str | Overlay | None, overrides: Overrides | None = None
) -> _Source:
    """Read a document and what belongs to it, once for all operations.

    Raises as `load`.
    """
    overrides = overrides or Overrides()
    notices: list[str] = []
    base = reading.read(path, notices)
    openapi.version_of(base, path)
    if isinstance(dialect, str):
        dialect = overlay.load(dialect, path)
    is_ours = path == OURS or reading.digest(base) == reading.digest(reading.read(OURS))
    home = OURS if is_ours else path
    try:
        if dialect is not None:
            base = overlay.apply(base, dialect)
        base = openapi.joined(base, path, notices)
    except RecursionError as error:
        raise _too_deep(path) from error
    options = (home.with_suffix(".rules.yaml"), home.with_name("rules.yaml"))
    beside = next(filter(Path.is_file, options), None)
    rows = reading.read(beside) if beside else {"rules": []}
    try:
        packs, base = read_packs(overrides.packs), overrides.apply(base)
    except SpecError as error:
        raise SpecError(f"{path}: {error}", hint=error.hint) from error
    # Not sorted: the order of members decides the order of rules and cases.
    parts = [str(path), base, notices, rows, dialect, packs, overrides]
    content = json.dumps(parts, default=repr)
    return _Source(
        path=path,
        base=base,
        notices=tuple(notices),
        dialect=dialect,
        overrides=overrides,
        packs=packs,
        rows=rows,
        rows_at=str(beside) if beside else "",
        digest=hashlib.sha256(content.encode()).hexdigest(),
    )


def _too_deep(path: Path) -> SpecError:
    return spec_error("too-deep", path=path)


@dataclass(frozen=True, slots=True)
class Unread:
    """An operation that cannot be tested, and why."""

    operation: str
    error: SpecError


def operations_of(path: Path | None, dialect: str | Overlay | None = None) -> list[str]:
    """List the ids of all operations of a contract; raise as `load`."""
    return [each.id for each in endpoints(_source(path or OURS, dialect).base)]


def load_each(
    path: Path | None,
    wanted: Wanted,
    *,
    dialect: str | Overlay | None = None,
    overrides: Overrides | None = None,
) -> tuple[list[Contract], list[Unread]]:
    """Load operations of a contract; of one that has a catalogue, the one it is of.

    Several have ids that are led by their operations.

    Raises:
        SpecError, MisfitError: as of `load`, or no operation can be read.
        UsageError: there is no such operation, or the dialect does not exist.
    """
    source = _source(path or OURS, dialect, overrides)
    is_one = wanted == Wanted() and source.names_rules
    ids = [None] if is_one else wanted.of(source.base)
    found: list[Contract] = []
    unread: list[Unread] = []
    for each in ids:
        try:
            found.append(_loaded(source, each))
        except SpecError as error:
            unread.append(Unread(each or "", error))
    if not found:
        raise unread[0].error
    known = [each.id for each in endpoints(source.base)]
    if len(found) == len(ids) and (is_one or len(ids) == len(known)):
        placed = [({*each.rules}, each.notices) for each in found]
        check_placed([*source.packs, *source.rows["rules"]], known, placed)
    if len(ids) > 1:
        found = [replace(each, prefix=f"{each.operation.id}/") for each in found]
    return found, unread


def _loaded(source: _Source, operation: str | None) -> Contract:
    key = f"{source.digest} {operation}"
    if key in _LOADED:
        return _LOADED[key]
    path, dialect, overrides = source.path, source.dialect, source.overrides
    origins = source.rows_at, dialect.origin if dialect else ""
    try:
        contract = Inputs(
            document=source.base,
            catalogue=source.rows,
            operation=operation,
            dialect=dialect.name if dialect else None,
            changes=dialect.content.get(RULES, {}) if dialect else {},
            fixtures=dict(overrides.fixtures),
            given=dict(overrides.values),
            packs=source.packs,
        ).contract(*origins)
    except SpecError as error:
        if error.message.startswith(tuple(filter(None, origins))):
            raise  # the message names the place already
        raise SpecError(f"{path}: {error}", hint=error.hint) from error
    except RecursionError as error:
        raise _too_deep(path) from error
    for oldest in list(_LOADED)[: 1 - _MOST_LOADED]:
        _LOADED.pop(oldest, None)
    contract = replace(contract, notices=(*source.notices, *contract.notices))
    return _LOADED.setdefault(key, contract)


def _rules(
    catalogue: Catalogue,
    stated: Iterable[tuple[Inlined, Iterable[Assertion]]],
    answers: Answers,
    operation: Operation,
    links: tuple[Link, ...],
) -> dict[RuleId, Rule]:
    places: dict[RuleId, dict[str, None]] = {}
    named = {it: each.schema for each, listed in stated for it in listed}
    owners = [(each.rule, each.place) for each in (*named, *answers.assertions)]
    # One that is varied with others needs no settled value.
    headers = [it for it in operation.headers if it.value or not it.takes_part]
    owners += [(header.rule, header.place) for header in headers]
    for name, place in owners:
        places.setdefault(name, {})[place] = None
    stated_by = by_rule(named)
    standard = _scoped(standard_rules(links), operation.security, answers)
    for name in standard:
        of_body = not operation.schema_place and name in _OF_BODIES
        if not of_body and (answers.bind or name not in DESCRIBED):
            places.setdefault(name, {})
    found = {}
    for name in dict.fromkeys((*catalogue.rules, *places)):
        if name not in places:
            continue
        listed = tuple(places[name])
        first = next(iter(listed), "")
        about = stated_by.get(name, [])
        derived = Rule(
            id=name,
            level=Level.MUST,
            evidence=Evidence.DOCUMENTED,
            sentence=sentence(about) if about else f"A request keeps to {first}.",
            source=first + (quotation(named[about[0]], about) if about else ""),
        )
        rule = catalogue.rules.get(name, standard.get(name, derived))
        if rule.source == "the contract":
            body = operation.schema_place if name == BODY_ACCEPTED else ""
            rule = replace(rule, source=first or body or operation.place)
            if name == BODY_ACCEPTED and not body:
                rule = replace(rule, sentence=_WITHOUT_BODY)
        found[name] = replace(rule, places=listed)
    return found


def _scoped(
    rules: dict[RuleId, Rule], asked: Security, answers: Answers
) -> dict[RuleId, Rule]:
    """Return rules with that on scopes as strong as it is said, if it is."""
    if not asked.places or not ("403" in answers.described or asked.is_scoped):
        del rules[SCOPE]
    elif "403" not in answers.described:
        may = replace(rules[SCOPE], level=Level.MAY, source="RFC 6750, 3.1")
        rules[SCOPE] = replace(may, evidence=Evidence.INFERRED)
    return rules
