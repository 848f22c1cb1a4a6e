"""The matrix: which case tells which mutant from the contract, by validation alone.

In: a contract, its mutants and a case list. Out: for each mutant the cases that tell
it: an accepted body that it refuses, or a refused one that it takes.

A mutant differs in one keyword, so only that is asked again, of the values it is about:
all else in an accepted body holds, and a refused one has to be wrong in nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import jsonschema_rs

from ringspec.spec import Contract, Json
from ringspec.strategies.adequacy.mutations import Edit, Items, Mutant, When
from ringspec.strategies.adequacy.units import Finder, Path, node_at
from ringspec.strategies.case import Case, Expect, Phase

# By these a keyword knows the members, or items, that others name.
_NAMING = ("properties", "patternProperties")
_Validator = jsonschema_rs.Draft202012Validator
_Found = list[tuple[Json, tuple[int, ...]]]


def told(
    contract: Contract, mutants: Iterable[Mutant], cases: Iterable[Case]
) -> dict[str, tuple[str, ...]]:
    """Return the ids of the cases that tell each mutant, by the mutant's id."""
    matrix = Matrix(contract, tuple(cases))
    return {
        mutant.id: tuple(matrix.cases[index].id for index in matrix.telling(mutant))
        for mutant in mutants
    }


@dataclass(frozen=True)
class Matrix:
    """Finds the cases that tell a mutant."""

    contract: Contract
    cases: tuple[Case, ...]
    _located: dict[tuple[int, Path], _Found] = field(default_factory=dict)
    _dropped: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _where: dict[str, frozenset[int]] = field(default_factory=dict)

    def telling(self, mutant: Mutant) -> Iterator[int]:
        """Yield the cases that tell a mutant, by index."""
        if mutant.when is not None:
            yield from self._in_context(mutant, mutant.when)
            return
        tests = [_Test(self.contract.request.schema, edit) for edit in mutant.edits]
        for index in self._accepted:
            if not self._takes(mutant, tests, index):
                yield index
        for index, errors in self._refused.items():
            owned = all(any(e.owns(path) for e in mutant.edits) for path in errors)
            if owned and self._takes(mutant, tests, index):
                yield index

    def _in_context(self, mutant: Mutant, when: When) -> Iterator[int]:
        """Where the contract holds as written, a mutant is not told."""
        rule = mutant.rules[0]
        if rule not in self._dropped:
            everywhere = replace(mutant, when=None)
            self._dropped[rule] = tuple(self.telling(everywhere))
        written = self._holding(when)
        yield from (index for index in self._dropped[rule] if index not in written)

    def _holding(self, when: When) -> frozenset[int]:
        if when.words not in self._where:
            validator = _Validator(when.schema)
            self._where[when.words] = frozenset(
                index
                for index in (*self._accepted, *self._refused)
                if validator.is_valid(self.cases[index].body)
            )
        return self._where[when.words]

    def _takes(self, mutant: Mutant, tests: list[_Test], index: int) -> bool:
        for edit, test in zip(mutant.edits, tests, strict=True):
            for value, indexes in self._values(index, edit.path):
                written = _as_written(mutant.kept, indexes)
                if not (test.by_old if written else test.by_new).is_valid(value):
                    return False
        return True

    def _values(self, index: int, path: Path) -> _Found:
        key = index, path
        if key not in self._located:
            body = self.cases[index].body
            self._located[key] = self._finder.values(path, body)
        return self._located[key]

    @cached_property
    def _finder(self) -> Finder:
        return Finder(self.contract.request.schema)

    @cached_property
    def _accepted(self) -> list[int]:
        """The cases with a valid body."""
        return [
            index
            for index, case in enumerate(self.cases)
            if case.expect == Expect.ACCEPT and self._is_judged(case)
        ]

    @cached_property
    def _refused(self) -> dict[int, tuple[Path, ...]]:
        """The cases with an invalid body, and where in the schema each is wrong."""
        validator = _Validator(self.contract.request.schema, validate_formats=True)
        return {
            index: tuple(
                tuple(str(step) for step in error.schema_path)
                for error in validator.iter_errors(case.body)
            )
            for index, case in enumerate(self.cases)
            if case.expect == Expect.REJECT and case.broken and self._is_judged(case)
        }

    def _is_judged(self, case: Case) -> bool:
        """Tell whether a case is decided by its body."""
        operation = self.contract.operation
        request = case.request
        own = operation.method.upper(), operation.path
        return (
            case.phase == Phase.CASES
            and (request.method, request.path) == own
            and (case.fault is None or isinstance(case.fault, tuple))
        )


class _Test:
    """Asks one changed keyword of a value, as it was and as it is now."""

    def __init__(self, schema: Json, edit: Edit) -> None:
        self._node = node_at(schema, edit.path)
        self._edit = edit

    @cached_property
    def by_new(self) -> _Validator:
        return self._validator(self._edit.new)

    @cached_property
    def by_old(self) -> _Validator:
        return self._validator(self._edit.old)

    def _validator(self, keywords: dict[str, Json]) -> _Validator:
        if any(name.startswith("unevaluated") for name in keywords):
            rest = {n: v for n, v in self._node.items() if n not in self._edit.old}
            return _Validator({**rest, **keywords}, validate_formats=True)
        naming: Json = {
            name: {each: {} for each in self._node[name]}
            for name in _NAMING
            if "additionalProperties" in keywords and name in self._node
        }
        return _Validator({**naming, **keywords}, validate_formats=True)


def _as_written(kept: Items | None, indexes: tuple[int, ...]) -> bool:
    if kept is None:
        return False
    return (indexes[-1] == 0) == (kept == Items.FIRST)
