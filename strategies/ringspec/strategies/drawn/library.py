"""Strategies for other people's tests: bodies that a contract calls valid, or not.

    from hypothesis import given
    from ringspec.strategies import Labelled, labelled_bodies

    @given(labelled_bodies())
    def test_handler(sample: Labelled) -> None:
        assert sample.allows(handler(sample.body).status)

Each takes a contract, by default ours, as `load` returns it or as the path of its file,
and a dialect by its name. Nothing is compiled before the first body is drawn.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from os import PathLike
from pathlib import Path as File
from typing import Any, TypeAlias

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.strategies import DrawFn, SearchStrategy

from ringspec.spec.assertions import Assertion, by_rule
from ringspec.spec.contract import Contract, load
from ringspec.spec.errors import SpecError, UsageError, check_known, did_you_mean
from ringspec.spec.forms import NOT_BLANK
from ringspec.spec.proof import is_irregular
from ringspec.spec.rules import BODY_ACCEPTED, Level, RuleId
from ringspec.spec.schemas import ABOUT, HOLDS, ITEM, keywords, rebuilt
from ringspec.spec.values import Json, Path, at_path, patched
from ringspec.strategies.bodies.invalid import Certifier
from ringspec.strategies.bodies.robustness import unsettled_edits
from ringspec.strategies.case import Expect, Requests, encode
from ringspec.strategies.drawn.label import Drawn, Invalid, Label, Labelled, Labeller
from ringspec.strategies.faults import FAMILIES, faults_in
from ringspec.strategies.shapes.bodies import Bodies, bodies_of
from ringspec.strategies.shapes.build import Unfit
from ringspec.strategies.shapes.compile import compile_schema, negate
from ringspec.strategies.shapes.draw import CHOICE_BYTES, ByteChoices, compiled
from ringspec.strategies.shapes.locations import NOTHING, schema_at
from ringspec.strategies.shapes.shape import Alternatives, meet

AnyContract: TypeAlias = "Contract | str | PathLike[str] | None"

FAULT_FAMILIES = tuple(FAMILIES)

# Of eight labelled bodies, the number of each kind: faults have most forms.
_VALID, _INVALID = 2, 5
# Edits of a body that are tried until one leaves it unspecified; a byte chooses each.
_TRIES = 8
# The first byte chooses a fault.
_FAULTS = 256
# Modules of tests name the same contract in many places.
_load = lru_cache(maxsize=16)(load)


def valid_bodies(
    contract: AnyContract = None,
    *,
    dialect: str | None = None,
    level: Level | str = Level.MAY,
) -> SearchStrategy[Json]:
    """Return a strategy for valid bodies.

    Args:
        contract: defines what is valid.
        dialect: as above.
        level: bodies use nothing that binds less: with `must` only what is documented.

    Raises:
        UsageError: there is no such dialect or level.
        SpecError: the contract cannot be read; on drawing, that it cannot be compiled.
    """
    loaded, wanted = _read(contract, dialect, level)
    return st.deferred(lambda: _valid(loaded, wanted))


def invalid_bodies(
    rule: str | None = None,
    *,
    family: str | None = None,
    contract: AnyContract = None,
    dialect: str | None = None,
    level: Level | str = Level.MAY,
) -> SearchStrategy[Invalid]:
    """Return a strategy for bodies that break just one rule.

    Args:
        rule: its id, or a prefix of ids of several; by default any.
        family: of faults, one of `FAULT_FAMILIES`; by default any.
        contract: has the rules; by default ours.
        dialect: its spelling.
        level: what binds less is left out.

    Raises:
        UsageError: there is no such rule, family, dialect or level, or no body breaks
            the rule alone.
        SpecError: as of `valid_bodies`.
    """
    loaded, wanted = _read(contract, dialect, level)
    rules = _chosen(loaded, rule, family, wanted)
    return st.deferred(lambda: Breaker(loaded, wanted).of(rules))


def unspecified_bodies(
    contract: AnyContract = None,
    *,
    dialect: str | None = None,
    level: Level | str = Level.MAY,
) -> SearchStrategy[Labelled]:
    """Return a strategy for bodies that no source calls valid or invalid.

    A server may accept or reject them, as long as it answers. Arguments and errors as
    of `valid_bodies`; the level is that of the valid bodies they are made from.
    """
    loaded, wanted = _read(contract, dialect, level)
    return st.deferred(lambda: _unspecified(loaded, wanted))


def labelled_bodies(
    *,
    contract: AnyContract = None,
    dialect: str | None = None,
    level: Level | str = Level.MAY,
) -> SearchStrategy[Labelled]:
    """Return a strategy for any bodies: valid, invalid or unspecified.

    It shrinks to the plainest valid body, else to that body with one fault. Arguments
    and errors as of `invalid_bodies`.
    """
    loaded, wanted = _read(contract, dialect, level)
    rules = _chosen(loaded, None, None, wanted)
    return st.deferred(lambda: _labelled(loaded, rules, wanted))


def label_of(
    body: Json, *, contract: AnyContract = None, dialect: str | None = None
) -> Labelled:
    """Return any body with its label, as two validators prove it.

    Raises:
        UsageError: there is no such dialect.
        SpecError: the contract cannot be read or compiled.
    """
    loaded, _ = _read(contract, dialect, Level.MAY)
    return Labeller(loaded).label(body)


def breakable_rules(
    *,
    contract: AnyContract = None,
    dialect: str | None = None,
    level: Level | str = Level.MAY,
) -> tuple[RuleId, ...]:
    """Return the rules that `invalid_bodies` can break, in the contract's order.

    Arguments and errors as there.
    """
    loaded, wanted = _read(contract, dialect, level)
    return tuple(
        each for each in breakable(loaded) if loaded.rules[each].level.gates(wanted)
    )


def _read(
    contract: AnyContract, dialect: str | None, level: Level | str
) -> tuple[Contract, Level]:
    """Return a contract in a dialect, loaded if need be, and a level."""
    if not isinstance(contract, Contract):
        path = None if contract is None else File(contract)
        contract = _load(path, dialect=dialect)
    elif dialect is not None:
        raise UsageError(
            f"a contract that is loaded takes no dialect {dialect!r}",
            hint=f"load it with `load(..., dialect={dialect!r})`",
        )
    check_known("level", str(level).lower(), Level)
    return contract, Level(str(level).lower())


def _chosen(
    contract: Contract, rule: str | None, family: str | None, level: Level
) -> list[list[Assertion]]:
    """List the assertions to be broken, by rule; arguments as of `invalid_bodies`."""
    kept = None
    if family is not None:
        check_known("family of faults", family, FAMILIES)
        kept = FAMILIES[family]
    known = breakable(contract)
    named = [each for each in known if each == rule or rule is None]
    if rule is not None and not named:
        named = [each for each in known if each.startswith(rule)]
        if not named:
            raise _unbreakable(contract, rule)
    found = [
        fitting
        for each in named
        if contract.rules[each].level.gates(level)
        and (fitting := [a for a in known[each] if kept is None or a.keyword in kept])
    ]
    if not found:
        what = f"rules {rule!r}" if rule else "rules"
        among = f" of the family {family!r}" if family else ""
        raise UsageError(
            f"no {what}{among} bind at level {level}",
            hint="`ringspec rules` lists them with their levels",
        )
    return found


def _unbreakable(contract: Contract, rule: str) -> UsageError:
    if any(each.startswith(rule) for each in contract.rules):
        why = contract.catalogue.not_isolated.get(RuleId(rule), "it is not of the body")
        return UsageError(
            f"no body breaks {rule!r} alone: {why}",
            hint="`breakable_rules()` lists those that some body breaks",
        )
    nearest = did_you_mean(rule, list(contract.rules))
    return UsageError(f"no rule {rule!r}", hint=f"{nearest}`ringspec rules` lists them")


def _valid(contract: Contract, level: Level) -> SearchStrategy[Json]:
    bodies, drawer = compiled(contract, level)
    try:
        return _kept(bodies, drawer.drawn(bodies.root))
    except SpecError as error:
        if level is Level.MAY:
            raise
        raise UsageError(
            f"no valid body is attested at level {level}: {error}",
            hint="a weaker level, such as 'may', admits more",
        ) from error


def _kept(bodies: Bodies, drawn: SearchStrategy[Json]) -> SearchStrategy[Json]:
    """Return bodies as drawn, changed where expressions do not hold."""
    if bodies.contract.held is None:
        return drawn
    return drawn.map(bodies.kept).filter(lambda body: body is not None)


def _unspecified(contract: Contract, level: Level) -> SearchStrategy[Labelled]:
    """Draw a valid body, then an edit that leaves it unspecified."""
    bodies, drawer = compiled(contract, level)
    whole = bodies_of(contract)
    read = drawer.reader(bodies.root)
    labeller, requests = Labeller(contract), Requests(contract)

    def unspecified(data: bytes) -> Labelled:
        choices = ByteChoices(data[:_TRIES])
        valid = bodies.kept(read(ByteChoices(data[_TRIES:])))
        if valid is None:
            return reject()
        twin = requests.case(BODY_ACCEPTED, "", Expect.ACCEPT, encode(valid))
        edits = list(unsettled_edits(whole, twin))
        for _ in range(_TRIES if edits else 0):
            name, patch = edits[choices.below(len(edits))]
            body = patched(valid, patch)
            if labeller.label(body).label is Label.UNSPECIFIED:
                return Labelled(
                    body=body,
                    label=Label.UNSPECIFIED,
                    fault=name,
                    twin=valid,
                    patch=patch,
                )
        return reject()

    # One draw of bytes: of many small ones Hypothesis makes many equal bodies.
    size = _TRIES + CHOICE_BYTES
    return st.binary(min_size=size, max_size=size).map(unspecified)


def _labelled(
    contract: Contract, rules: list[list[Assertion]], level: Level
) -> SearchStrategy[Labelled]:
    # The slow part is done here, so that no draw is slow.
    valid = _valid(contract, level).map(Labeller(contract).label)
    rest = 8 - _VALID - _INVALID
    kinds: list[SearchStrategy[Labelled]] = [valid] * _VALID
    kinds += [Breaker(contract, level).of(rules)] * _INVALID
    kinds += [_unspecified(contract, level)] * rest
    return st.integers(0, 7).flatmap(kinds.__getitem__)


def breakable(contract: Contract) -> dict[RuleId, list[Assertion]]:
    """List the rules that a body can break alone, with their assertions."""
    return by_rule(
        each
        for each in contract.assertions
        if each.rule not in contract.catalogue.not_isolated
        and not (each.keyword == "minItems" and each.value == 0)
    )


class Breaker:
    """Draws a valid body that has the place of an assertion, then a fault there."""

    def __init__(self, contract: Contract, level: Level = Level.MAY) -> None:
        self._contract = contract
        self._level = level
        self._bodies = bodies_of(contract)
        self._certifier = Certifier(contract)
        _ = self._bodies.root  # slow, so done before the first draw

    def of(self, rules: list[list[Assertion]]) -> SearchStrategy[Invalid]:
        """Draw a rule by its assertions, then one of them, then a body."""

        @cache
        def one(index: int) -> SearchStrategy[Invalid]:
            return st.one_of([self._drawn(each, rules[index]) for each in rules[index]])

        # By rule, so that one in many places is not drawn more often.
        return st.sampled_from(range(len(rules))).flatmap(one)

    def _drawn(
        self, assertion: Assertion, siblings: list[Assertion]
    ) -> SearchStrategy[Invalid]:
        # A place may be of a weaker level than its rule.
        for level in (self._level, Level.MAY):
            bodies, drawer = compiled(self._contract, level)
            with suppress(Unfit):
                shapes = self._branch(bodies, assertion)
                read = drawer.reader(shapes, assertion.subject)
                break
        else:
            return st.nothing()

        def drawn(data: bytes) -> Invalid:
            # The first byte chooses the fault, and shrinks first.
            number, valid = data[0], bodies.kept(read(ByteChoices(data[1:])))
            if valid is None:
                return reject()
            # Other assertions of the rule may have more faults in this body.
            for each in (assertion, *siblings):
                made = self._broken(valid, each, number)
                if made is not None:
                    return made
            return reject()

        # One draw of bytes: with many small ones Hypothesis repeats bodies.
        size = 1 + CHOICE_BYTES
        return st.binary(min_size=size, max_size=size).map(drawn)

    def _broken(self, valid: Json, assertion: Assertion, number: int) -> Invalid | None:
        """Return a body with a fault chosen by a number, or None.

        Which faults break just the rule depends on the body; few do not.
        """
        rule = assertion.rule
        found = [fault for _, _, fault in faults_in(self._bodies, assertion, valid)]
        first = number * len(found) // _FAULTS
        for fault in (*found[first:], *found[:first]):
            body = self._certifier.certified(valid, fault, frozenset({rule}))
            if body is not NOTHING:
                level = self._certifier.level(rule, fault, body)
                if level.gates(self._level):
                    return Invalid(
                        body=body,
                        level=level,
                        broken=(rule,),
                        fault=fault.name,
                        twin=valid,
                        patch=fault.patch,
                    )
        return None

    def _branch(self, bodies: Bodies, assertion: Assertion) -> Alternatives:
        """Return the alternatives in which a fault breaks just the rule.

        The assertion's branch is taken. A missing member may be filled in by its
        default, which has to fit the rest; of a member of several types only one can be
        out of range.
        """
        shapes = bodies.root
        if assertion.keyword == HOLDS:
            read = compile_schema(_having(bodies.read_by(assertion)))
            return meet(shapes, read) or shapes
        if ITEM in assertion.instance:
            return shapes
        for index, step in keywords(assertion.path):
            if step in {"then", "else"}:
                condition = at_path(
                    self._contract.request.schema, (*assertion.path[:index], "if")
                )
                taken = compile_schema if step == "then" else negate
                shapes = meet(shapes, taken(condition, ("object",)))
        instance, fitting = assertion.instance, None
        if assertion.keyword == "required":
            instance = (*instance, assertion.value)
        node = schema_at(self._contract.request.schema, instance)
        if assertion.keyword == "required" and "default" in node:
            fitting = {"const": node["default"]}
        elif assertion.keyword in ABOUT and isinstance(node.get("type"), list):
            fitting = {"type": ABOUT[assertion.keyword]}
        for step in reversed(instance if fitting else ()):
            fitting = {"type": "object", "properties": {step: fitting}}
        return meet(shapes, compile_schema(fitting)) if fitting else shapes


def _having(instances: list[Path]) -> Json:
    """Return the schema of bodies that have all of some members, in lists two."""
    below: dict[str, list[Path]] = {}
    for step, *rest in filter(None, instances):
        below.setdefault(step, []).append(tuple(rest))
    if ITEM in below:
        return {"type": "array", "minItems": 2, "items": _having(below[ITEM])}
    members = {name: _having(paths) for name, paths in below.items()}
    stated = {"type": "object", "required": [*members], "properties": members}
    return stated if members else {}


# The sources of bodies that `explore` draws from: our own, and those of schemathesis,
# whose label is ignored: labels are proven on the bytes, as for every body.
LACKING = (
    "schemathesis is not installed: explore goes without its bodies;"
    " `pip install 'ringspec[schemathesis]'` adds them"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source of bodies."""

    name: str
    bodies: SearchStrategy[Drawn]
    share: int = 16  # number of bodies in its turn
    tries: int = 400  # number of smaller bodies drawn once one is found


def own_sources(contract: Contract, rules: Collection[RuleId]) -> list[Source]:
    """Return our own sources: valid bodies, and bodies that break one of some rules."""
    bodies, drawer = compiled(contract)
    valid = _kept(bodies, drawer.drawn(bodies.root)).map(
        lambda body: Drawn(content=encode(body), certified=True)
    )
    sources = [Source(name="valid", bodies=valid)]
    broken = [each for rule, each in breakable(contract).items() if rule in rules]
    if broken:
        invalid = st.one_of([Breaker(contract).of([each]) for each in broken]).map(
            lambda made: Drawn(content=made.content, fault=made.patch, certified=True)
        )
        sources.append(Source(name="invalid", bodies=invalid))
    return sources


class SourceEnded(BaseException):
    """A source cannot go on; Hypothesis would take an Exception for a finding."""


def foreign_sources(contract: Contract) -> tuple[list[Source], str]:
    """Return the sources of schemathesis, or why they are left out."""
    try:
        cases = _foreign_cases(contract)
    except ImportError:
        return [], LACKING
    except Exception as error:  # noqa: BLE001 - any error of the library
        return [], _left_out(error)
    # They are slow to draw.
    return [
        Source(name=f"schemathesis-{mode}", share=4, tries=40, bodies=_foreign(each))
        for mode, each in cases.items()
    ], ""


def _left_out(error: Exception) -> str:
    reason = f"{type(error).__name__}: {error}".split("\n", 1)[0]
    return f"explore goes on without schemathesis, which cannot go on: {reason}"


def _foreign_cases(contract: Contract) -> dict[str, SearchStrategy[Any]]:
    import schemathesis  # noqa: PLC0415 - it takes a second

    operation = contract.operation
    method = operation.method.lower()
    # Most bodies that the contract admits are unspecified.
    schema = _with_known_texts(contract.settled)
    body = {"required": True, "content": {operation.media_type: {"schema": schema}}}
    responses = {"default": {"description": "Any answer."}}
    described = {method: {"requestBody": body, "responses": responses}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": contract.title, "version": contract.version},
        "paths": {operation.path: described},
    }
    loaded = schemathesis.openapi.from_dict(document)[operation.path][method.upper()]
    modes = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
    return {it.value: loaded.as_strategy(generation_mode=it) for it in modes}


@st.composite
def _foreign(draw: DrawFn, cases: SearchStrategy[Any]) -> Drawn:
    try:
        body = draw(cases).body
    except HypothesisException:
        raise
    except Exception as error:
        raise SourceEnded(_left_out(error)) from error
    # Most of its bodies have an irregular value: most are regularised.
    if draw(st.sampled_from([True, True, True, False])):
        body = _regular(body)
    try:
        return Drawn(content=body if isinstance(body, bytes) else encode(body))
    except (TypeError, ValueError, RecursionError):
        return reject()  # for instance that no body is to be sent at all


def _regular(value: Json) -> Json:
    """Return a value without its irregular parts."""
    if isinstance(value, dict):
        return {_regular(name): _regular(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_regular(child) for child in value]
    if isinstance(value, str):
        return "".join(each for each in value if not is_irregular(each))
    return int(value) if isinstance(value, float) and is_irregular(value) else value


def _with_known_texts(schema: Json) -> Json:
    """Return a schema whose texts with a pattern are its examples.

    Other digits could be somebody's number. Source: product.md, Safety.
    """
    if not isinstance(schema, dict):
        return schema
    changed = rebuilt(schema, lambda _, __, child: _with_known_texts(child))
    stated = [each for each in (schema, *schema.get("allOf", ())) if type(each) is dict]
    patterns = [each.get("pattern", NOT_BLANK) for each in stated]
    has_form = any(isinstance(each, str) and each != NOT_BLANK for each in patterns)
    examples = schema.get("examples")
    if has_form and examples and isinstance(examples, list):
        changed["enum"] = examples
    return changed
