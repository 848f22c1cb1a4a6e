"""Strategies for other people's tests: bodies that a contract calls valid, or not.

    from hypothesis import given
    from ringspec.strategies import Labelled, labelled_bodies

    @given(labelled_bodies())
    def test_handler(sample: Labelled) -> None:
        assert sample.allows(handler(sample.body).status)

Each takes a contract, ours without another, as `load` returns it or as the path of its
file, and a dialect by its name. Nothing is compiled before the first body is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from os import PathLike
from pathlib import Path
from typing import TypeAlias, TypeVar

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ringspec.spec import (
    Assertion,
    Contract,
    Json,
    Level,
    RuleId,
    SpecError,
    load,
    patched,
)
from ringspec.strategies.bodies.contexts import Twin
from ringspec.strategies.bodies.robustness import unsettled_edits
from ringspec.strategies.case import encode
from ringspec.strategies.drawn.breaking import (
    Breaker,
    breakable,
    chosen,
    level_of,
    refused,
)
from ringspec.strategies.drawn.label import Labeller
from ringspec.strategies.drawn.sample import Invalid, Label, Labelled
from ringspec.strategies.faults import FAMILIES
from ringspec.strategies.shapes.draw import LENGTH, Tape, compiled

Patch: TypeAlias = tuple[dict[str, Json], ...]

# Edits of a body that are looked at, until one leaves it open what the body is; a byte
# chooses each.
_TRIES = 8


@dataclass(frozen=True)
class Unsettler:
    """Draws a twin, then an edit that leaves it open what the body is."""

    contract: Contract
    level: Level

    @cached_property
    def _labeller(self) -> Labeller:
        return Labeller(self.contract)

    @cached_property
    def drawn(self) -> SearchStrategy[Labelled]:
        """The strategy."""
        bodies, drawer = compiled(self.contract, self.level)
        whole, _ = compiled(self.contract)
        read = drawer.reader(bodies.root)

        def unspecified(data: bytes) -> Labelled:
            choices, twin = Tape(data[:_TRIES]), read(Tape(data[_TRIES:]))
            known = Twin("", self.level, twin, len(encode(twin)), frozenset())
            edits = list(unsettled_edits(whole, known))
            for _ in range(_TRIES if edits else 0):
                made = self._labelled(twin, *edits[choices.below(len(edits))])
                if made is not None:
                    return made
            return reject()

        # One draw of bytes: of many small ones Hypothesis makes many bodies alike.
        size = _TRIES + LENGTH
        return st.binary(min_size=size, max_size=size).map(unspecified)

    def _labelled(self, twin: Json, name: str, patch: Patch) -> Labelled | None:
        body = patched(twin, patch)
        if self._labeller.label(body).label is not Label.UNSPECIFIED:
            return None
        return Labelled(
            body=body, label=Label.UNSPECIFIED, fault=name, twin=twin, patch=patch
        )


AnyContract: TypeAlias = "Contract | str | PathLike[str] | None"

_Drawn = TypeVar("_Drawn")

FAULT_FAMILIES = tuple(FAMILIES)

# Of eight labelled bodies so many are of a kind: faults are what has most forms.
_VALID, _INVALID = 2, 5


def valid_bodies(
    contract: AnyContract = None,
    *,
    dialect: str | None = None,
    level: Level | str = Level.MAY,
) -> SearchStrategy[Json]:
    """Return a strategy for valid bodies.

    Args:
        contract: says what is valid; ours without another.
        dialect: by which it is spelt.
        level: bodies use nothing that is attested less well: `must` keeps to what is
            documented.

    Raises:
        UsageError: there is no such dialect or level.
        SpecError: the contract cannot be read; on drawing, that it cannot be compiled.
    """
    loaded, wanted = contract_of(contract, dialect), level_of(level)
    return _late(lambda: _valid(loaded, wanted))


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
        rule: its id, or how ids of several begin; any without.
        family: of faults, one of `FAULT_FAMILIES`; any without.
        contract: has the rules; ours without another.
        dialect: by which it is spelt.
        level: what binds less is left out.

    Raises:
        UsageError: there is no such rule, family, dialect or level, or no body breaks
            the rule alone.
        SpecError: as of `valid_bodies`.
    """
    loaded, wanted = contract_of(contract, dialect), level_of(level)
    rules = chosen(loaded, rule, family, wanted)
    return _late(lambda: Breaker(loaded, wanted).of(list(rules.values())))


def unspecified_bodies(
    contract: AnyContract = None,
    *,
    dialect: str | None = None,
    level: Level | str = Level.MAY,
) -> SearchStrategy[Labelled]:
    """Return a strategy for bodies that no source calls valid or invalid.

    A server may take them or refuse them, as long as it answers. Arguments and errors
    as of `valid_bodies`; the level is that of the valid bodies they are made from.
    """
    loaded, wanted = contract_of(contract, dialect), level_of(level)
    return _late(lambda: Unsettler(loaded, wanted).drawn)


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
    loaded, wanted = contract_of(contract, dialect), level_of(level)
    rules = list(chosen(loaded, None, None, wanted).values())

    return _late(lambda: _labelled(loaded, rules, wanted))


def label_of(
    body: Json, *, contract: AnyContract = None, dialect: str | None = None
) -> Labelled:
    """Return any body with its label, as two validators prove it.

    Raises:
        UsageError: there is no such dialect.
        SpecError: the contract cannot be read or compiled.
    """
    return Labeller(contract_of(contract, dialect)).label(body)


def breakable_rules(
    *,
    contract: AnyContract = None,
    dialect: str | None = None,
    level: Level | str = Level.MAY,
) -> tuple[RuleId, ...]:
    """Return the rules that `invalid_bodies` can break, in the contract's order.

    Arguments and errors as there.
    """
    loaded, wanted = contract_of(contract, dialect), level_of(level)
    return tuple(
        each for each in breakable(loaded) if loaded.rules[each].level.gates(wanted)
    )


def contract_of(contract: AnyContract, dialect: str | None) -> Contract:
    """Return the contract that is meant.

    Raises:
        UsageError: there is no such dialect, or a loaded contract has been given one.
        SpecError: it cannot be read.
    """
    if not isinstance(contract, Contract):
        return _loaded(None if contract is None else Path(contract), dialect)
    if dialect is not None:
        raise refused(
            f"a contract that is loaded takes no dialect {dialect!r}",
            f"load it with `load(..., dialect={dialect!r})`",
        )
    return contract


@lru_cache(maxsize=16)
def _loaded(path: Path | None, dialect: str | None) -> Contract:
    return load(path, dialect=dialect)


def _valid(contract: Contract, level: Level) -> SearchStrategy[Json]:
    bodies, drawer = compiled(contract, level)
    try:
        return drawer.drawn(bodies.root)
    except SpecError as error:
        if level is Level.MAY:
            raise
        raise refused(
            f"no valid body is attested at level {level}: {error}",
            "a weaker level, such as 'may', admits more",
        ) from error


def _labelled(
    contract: Contract, rules: list[list[Assertion]], level: Level
) -> SearchStrategy[Labelled]:
    # What takes a while is done here, so that no draw is slow.
    valid = _valid(contract, level).map(Labeller(contract).label)
    invalid = Breaker(contract, level).of(rules)
    unspecified = Unsettler(contract, level).drawn

    @st.composite
    def labelled(draw: DrawFn) -> Labelled:
        kind = draw(st.integers(0, 7))
        if kind < _VALID:
            return draw(valid)
        return draw(invalid if kind < _VALID + _INVALID else unspecified)

    return labelled()


def _late(made: Callable[[], SearchStrategy[_Drawn]]) -> SearchStrategy[_Drawn]:
    """Make a strategy when it is first drawn from: a module of tests loads quickly."""
    return st.deferred(made)
