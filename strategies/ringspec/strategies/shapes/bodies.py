"""The valid bodies of a contract: its settled schema, compiled and built from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain, combinations
from types import MappingProxyType

from ringspec.spec.assertions import Assertion, Chosen
from ringspec.spec.contract import Contract
from ringspec.spec.errors import SpecError, spec_error
from ringspec.spec.forms import settle
from ringspec.spec.proof import Disagreement, Held, is_irregular
from ringspec.spec.rules import BODY_ACCEPTED, Level
from ringspec.spec.schemas import ITEM, walk
from ringspec.spec.values import Json, Location, Path, at_path, patched
from ringspec.strategies.case import Case, Expect, Requests, encode
from ringspec.strategies.shapes.build import (
    Builder,
    Unfit,
    Wish,
    buildable,
    with_examples,
)
from ringspec.strategies.shapes.compile import TooMany, compile_schema
from ringspec.strategies.shapes.shape import OTHERS, Alternatives, Shape
from ringspec.strategies.shapes.solve import Solver, meets, mended


@dataclass(frozen=True)
class Bodies:
    """Builds valid bodies of a contract."""

    contract: Contract
    _shapes: dict[tuple[str, ...], list[Shape]] = field(default_factory=dict)
    _buildable: dict[Path, bool] = field(default_factory=dict)

    @cached_property
    def root(self) -> Alternatives:
        """The alternatives of a whole body, the strictest and plainest first.

        Raises:
            SpecError: the contract has something that cannot be compiled.
        """
        check_headers(self.contract)
        examples = self.contract.operation.examples
        try:
            schema = with_examples(self.contract.settled, examples)
            shapes = buildable(compile_schema(schema))
        except TooMany as error:
            place = self.contract.request.place_of(())
            raise SpecError(f"{place}: {error}", hint=error.hint) from error
        ranked = []
        unfit: Json = None
        for index, shape in enumerate(shapes):
            try:
                body = Builder().build((shape,))
            except Unfit:
                continue
            body = self._kept(body, partial(below, shapes)) or body
            if not self.contract.is_settled(body):
                unfit = unfit or body
                continue
            use = self.contract.level_of_use(body)
            ranked.append((use.rank, len(encode(body)), index, shape, body))
        ordered = sorted(ranked, key=lambda each: each[:3])
        # The plainest has to be valid to both validators; they differ on some formats.
        while ordered and not self.is_settled(ordered[0][-1]):
            unfit = ordered.pop(0)[-1]
        if not ordered:
            raise self._nothing(unfit, shapes)
        return tuple(shape for *_, shape, _ in ordered)

    @cached_property
    def needed(self) -> frozenset[tuple[str, ...]]:
        """The instance paths of members that something requires."""
        return frozenset(
            each.subject
            for each in self.contract.applicable
            if each.keyword == "required"
        )

    def _clash(self, body: Json, shapes: Alternatives) -> SpecError | None:
        """Return the error that expressions contradict the schema, or each other."""
        held, shapes_at = self.contract.held, partial(below, shapes)
        stated = [*held.expressions] if held else []
        for few in chain(combinations(stated, 1), combinations(stated, 2)):
            part = {it: held.expressions[it] for it in few} if held else {}
            own = held and replace(held, expressions=part)
            if self._kept(body, shapes_at, held=own) is None:
                rules = " and ".join(f"{it.rule} (`{it.value}`)" for it in few)
                other = "together" if few[1:] else "within its schema"
                return SpecError(
                    f"{few[0].place}: no body is found that keeps to {rules} {other}",
                    hint="give an `example` that does, if they do not contradict",
                )
        return None

    def _nothing(self, body: Json, shapes: Alternatives) -> SpecError:
        """Return the error that no valid body exists."""
        prover = self.contract.prover
        held = self.contract.held
        if held and body is not None and (odd := held.odd(body)):
            return odd
        is_formed = body is not None and self.contract.form_prover.is_valid(body)
        if is_formed and (clash := self._clash(body, shapes)):
            return clash
        if body is not None and (
            found := prover.breaches(body) or prover.breaches_by(body, quick=False)
        ):
            place = found[0].assertion.place
            return spec_error("broken-body", place=place, body=encode(body))
        return spec_error("no-body", place=self._unfit())

    def why_out(self, path: Path) -> str:
        """Return why no valid body has a value of a subschema; empty if none is known.

        It is `: ` and the reason.
        """
        request = self.contract.request
        around = [
            path[:n] for n in range(len(path), 0, -1) if path[:n] in request.origins
        ]
        for each in around:
            if error := request.unavoidable(each):
                return f": {error}"
        for each in around:
            if each not in self._buildable:
                schema = with_examples(settle(at_path(request.schema, each)))
                try:
                    self._buildable[each] = bool(buildable(compile_schema(schema)))
                except TooMany:
                    self._buildable[each] = True  # as far as is known
            if not self._buildable[each]:
                return f": nothing is found that fits {request.place_of(each)}"
        return ""

    def _unfit(self) -> str:
        """Return the place of the innermost needed schema that no value is built of."""
        schema = with_examples(self.contract.whole)
        found: tuple[str, ...] = ()
        for each in walk(schema):
            if each.instance in {(), *self.needed} and len(each.path) >= len(found):
                try:
                    Builder().build(compile_schema(each.schema))
                except (Unfit, TooMany):
                    found = each.path
        return self.contract.request.place_of(found)

    def is_settled(self, body: Json) -> bool:
        """Return whether both validators find a body valid and settled, as it is read.

        Shapes are not quite as strict as schemas.
        """
        if self.contract.as_read(body) != body:
            return False
        try:
            return not (
                is_irregular(body)
                or not self.contract.is_settled(body)
                or self.contract.settled_prover.proven_broken(body)
                or self.contract.prover.proven_broken(body)
            )
        except Disagreement:
            return False

    def build(self, builder: Builder, shapes: Alternatives | None = None) -> Json:
        """Return a valid body with a builder's wishes, or None.

        It is of some of the alternatives, if they are given.
        """
        with suppress(Unfit):
            body = builder.build(self.root if shapes is None else shapes)
            return self._kept(body, self.shapes_at, builder.wishes)
        return None

    def kept(self, body: Json) -> Json:
        """Return a body of the settled form that keeps to the expressions, or None."""
        return self._kept(body, self.shapes_at)

    def _kept(
        self,
        body: Json,
        shapes_at: Callable[[Path], list[Shape]],
        wishes: Mapping[Location, Wish] = MappingProxyType({}),
        held: Held | None = None,
    ) -> Json:
        def fits(made: Json) -> bool:
            return meets(made, wishes) and self.contract.form_prover.is_valid(made)

        held = held or self.contract.kept
        for each in (held.strict, held) if held else ():
            # Inside of bounds, where there is room.
            patch = mended(each, body, shapes_at, fits) if each else None
            if patch is not None:
                return patched(body, patch)
        return None if held else body

    def plain(self, wishes: Mapping[Location, Wish] | None = None) -> Json:
        """Return the plainest valid body with some wishes, or None."""
        return self.build(Builder(wishes or {}))

    def place(self, instance: tuple[str, ...]) -> Location:
        """Return the location of an instance path in first items."""
        found: list[str | int] = []
        for index, step in enumerate(instance):
            if step == ITEM:
                above = self.shapes_at(instance[:index])
                mapped = any(OTHERS[0] in shape.members for shape in above)
                found.append(OTHERS[0] if mapped else 0)
            else:
                found.append(step)
        return tuple(found)

    def read_by(self, assertion: Assertion) -> list[Path]:
        """List the instance paths in a body that an expression reads."""
        held = self.contract.held
        if held is None:
            return []
        found = (held.location(it) for it in held.expressions[assertion].reads)
        return sorted(tuple(map(str, each)) for each in found if each)

    def changes(
        self, assertion: Assertion, body: Json, location: Location, *, wanted: bool
    ) -> Iterator[tuple[str, tuple[Json, ...]]]:
        """Yield the patches by which an expression may become true, or false."""
        if (held := self.contract.held) is not None:
            own = held.expressions[assertion]
            solver = Solver(held, own, body, location, self.shapes_at)
            yield from solver.changes(wanted=wanted)

    def shapes_at(self, instance: tuple[str, ...]) -> list[Shape]:
        """List the shapes of an instance path, over all alternatives."""
        if instance not in self._shapes:
            self._shapes[instance] = below(self.root, instance)
        return self._shapes[instance]


def below(shapes: Alternatives, instance: Path) -> list[Shape]:
    """List the shapes of an instance path, over some alternatives."""
    found = list(shapes)
    for step in instance:
        inside: list[Shape] = []
        for shape in found:
            children = shape.members.get(step, ())
            if step == ITEM:
                children = shape.items or shape.members.get(OTHERS[0], ())
            inside += [child for child in children if child not in inside]
        found = inside
    return found


def tried(contract: Contract, chosen: Chosen, errors: list[SpecError]) -> Bodies | None:
    """Return the bodies of a reading; None, with the error, if there are none."""
    for apart in (False, True) if chosen else (False,):
        bodies = Bodies(contract.read_as(chosen, apart=apart))
        try:
            bodies.root  # noqa: B018 - worked out once
        except SpecError as error:
            errors.append(error)
        else:
            return bodies
    return None


def plain_case(contract: Contract) -> Case:
    """Return the case of the plainest request of a contract.

    Raises:
        SpecError: no body can be compiled.
    """
    takes_body = contract.operation.schema_place
    content = encode(bodies_of(contract).plain()) if takes_body else b""
    return Requests(contract).case(BODY_ACCEPTED, "plain", Expect.ACCEPT, content)


# Compiling is slow; by digest, as contracts cannot be hashed, and level.
_KNOWN: dict[tuple[str, Level], Bodies] = {}


def bodies_of(contract: Contract, level: Level = Level.MAY) -> Bodies:
    """Return the bodies of a contract that use nothing of a weaker level, made once."""
    key = contract.sha256, level
    if key not in _KNOWN:
        narrowed = contract if level is Level.MAY else contract.limited_to(level)
        _KNOWN[key] = Bodies(narrowed)
    return _KNOWN[key]


def check_headers(contract: Contract) -> None:
    """Check that what a header has can be sent in one; SpecError if not."""
    for header in contract.operation.headers:
        # RFC 9110, 5.5.
        value = header.value or ""
        if not value.isprintable() or max(value, default="") > "\xff":
            raise spec_error("no-header-value", place=header.place, value=value)
