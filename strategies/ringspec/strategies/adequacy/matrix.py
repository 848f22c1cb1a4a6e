"""Which cases detect which mutations of the contract, by validation alone.

An accepted body that a mutation refuses detects it, or a refused one that it accepts.
Also the smallest list that still detects all, as far as a greedy search finds it.

A mutation differs in one keyword, so only that is evaluated again, on the values it
applies to: all else in an accepted body holds, and a refused one has to be wrong in
nothing else.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import jsonschema_rs

from ringspec.spec import Contract, Json, Path, at_path
from ringspec.strategies.adequacy.mutations import (
    BodyCondition,
    Items,
    KeywordEdit,
    Mutation,
    mutations_of,
    split,
)
from ringspec.strategies.case import Case, Expect, Phase

# Keywords that name the members, or items, that others leave over.
_NAMING = ("properties", "patternProperties")
_Validator = jsonschema_rs.Draft202012Validator
# Values of a body, each with the indexes of items on the way to it.
_Located = list[tuple[Json, tuple[int, ...]]]


def detecting_cases(
    contract: Contract, mutations: Iterable[Mutation], cases: Iterable[Case]
) -> dict[str, tuple[str, ...]]:
    """Return the ids of the cases that detect each mutation, by the mutation's id."""
    matrix = _CaseMatrix(contract, tuple(cases))
    return {
        each.id: tuple(matrix.cases[index].id for index in matrix.detecting(each))
        for each in mutations
    }


def quick(contract: Contract, cases: Iterable[Case]) -> tuple[str, ...]:
    """Return the ids of few cases that detect all that the whole list detects."""
    listed = tuple(cases)
    return fewest(detecting_cases(contract, mutations_of(contract), listed), listed)


def fewest(
    detecting: Mapping[str, tuple[str, ...]], cases: Iterable[Case]
) -> tuple[str, ...]:
    """Choose cases greedily, in the list's order, until all mutations are covered.

    Each comes with its twin: a refusal counts only if the twin was accepted in the same
    run. A twin that is not yet chosen costs a request of its own. Of cases of equal
    worth the first is taken.
    """
    listed = {case.id: case for case in cases}
    covers: dict[str, set[str]] = {}
    for mutation, names in detecting.items():
        for name in names:
            covers.setdefault(name, set()).add(mutation)
    order = {name: index for index, name in enumerate(listed)}
    left = {mutation for mutation, names in detecting.items() if names}
    chosen: set[str] = set()
    # The worth of a case only falls, so only that of the best is computed again.
    heap = [(-float(len(covers[name])), order[name], name) for name in covers]
    heapq.heapify(heap)
    while left:
        _, index, name = heapq.heappop(heap)
        cost = 1 + (listed[name].twin not in {None, *chosen})
        worth = -len(covers[name] & left) / cost
        if heap and (worth, index) > heap[0][:2]:
            if worth:
                heapq.heappush(heap, (worth, index, name))
            continue
        chosen.add(name)
        if (twin := listed[name].twin) is not None:
            chosen.add(twin)
            left -= covers.get(twin, set())
        left -= covers[name]
    return tuple(name for name in listed if name in chosen)


class _CaseMatrix:
    """Finds the cases that detect a mutation, by index."""

    def __init__(self, contract: Contract, cases: tuple[Case, ...]) -> None:
        self._schema = schema = contract.request.schema
        self.cases = cases
        own = contract.operation.method.upper(), contract.operation.path
        # The cases that their body decides.
        judged = [
            (index, case)
            for index, case in enumerate(cases)
            if case.phase == Phase.CASES
            and (case.request.method, case.request.path) == own
            and (case.fault is None or isinstance(case.fault, tuple))
        ]
        self._accepted = [i for i, case in judged if case.expect == Expect.ACCEPT]
        validator = _Validator(schema, validate_formats=True)
        # Where in the schema each refused body is wrong.
        self._refused = {
            index: [
                tuple(map(str, error.schema_path))
                for error in validator.iter_errors(case.body)
            ]
            for index, case in judged
            if case.expect == Expect.REJECT and case.broken
        }
        self._conditions: dict[Path, _Validator] = {}
        self._located: dict[tuple[int, Path], _Located] = {}
        self._dropped: dict[str, tuple[int, ...]] = {}
        self._where: dict[str, frozenset[int]] = {}

    def detecting(self, mutation: Mutation) -> Iterator[int]:
        if mutation.when is not None:
            yield from self._in_context(mutation, mutation.when)
            return
        tests = [self._validators(mutation, edit) for edit in mutation.edits]
        for index in self._accepted:
            if not self._takes(mutation, tests, index):
                yield index
        for index, errors in self._refused.items():
            owned = all(any(e.owns(path) for e in mutation.edits) for path in errors)
            if owned and self._takes(mutation, tests, index):
                yield index

    def _in_context(self, mutation: Mutation, when: BodyCondition) -> Iterator[int]:
        """Bodies for which the contract holds as written detect nothing."""
        rule = mutation.rules[0]
        if rule not in self._dropped:
            everywhere = replace(mutation, when=None)
            self._dropped[rule] = tuple(self.detecting(everywhere))
        if when.words not in self._where:
            is_valid = _Validator(when.schema).is_valid
            self._where[when.words] = frozenset(
                index
                for index in (*self._accepted, *self._refused)
                if is_valid(self.cases[index].body)
            )
        written = self._where[when.words]
        yield from (index for index in self._dropped[rule] if index not in written)

    def _takes(
        self, mutation: Mutation, tests: list[tuple[_Validator, ...]], index: int
    ) -> bool:
        for edit, (by_new, *by_old) in zip(mutation.edits, tests, strict=True):
            for value, indexes in self._values(index, edit.path):
                written = by_old and (indexes[-1] == 0) == (
                    mutation.kept == Items.FIRST
                )
                if not (by_old[0] if written else by_new).is_valid(value):
                    return False
        return True

    def _validators(
        self, mutation: Mutation, edit: KeywordEdit
    ) -> tuple[_Validator, ...]:
        """Return a validator of the keyword as it is now, and as it was if needed."""
        node = at_path(self._schema, edit.path)
        found = []
        for keywords in (edit.new,) if mutation.kept is None else (edit.new, edit.old):
            beside: Json = {
                name: {each: {} for each in node[name]}
                for name in _NAMING
                if "additionalProperties" in keywords and name in node
            }
            if any(name.startswith("unevaluated") for name in keywords):
                beside = {n: v for n, v in node.items() if n not in edit.old}
            found.append(_Validator({**beside, **keywords}, validate_formats=True))
        return tuple(found)

    def _values(self, index: int, path: Path) -> _Located:
        """Return the values below the path of a node, and the indexes on the way."""
        key = index, path
        if key not in self._located:
            found: _Located = [(self.cases[index].body, ())]
            parent: Path = ()
            for step in split(path):
                found = [
                    below
                    for value, indexes in found
                    for below in self._below(parent, step, value, indexes)
                ]
                parent += step
            self._located[key] = found
        return self._located[key]

    def _below(
        self, parent: Path, step: Path, value: Json, indexes: tuple[int, ...]
    ) -> Iterator[tuple[Json, tuple[int, ...]]]:
        keyword, name = step[0], step[-1]
        if keyword in {"items", "prefixItems"}:
            size = len(value) if isinstance(value, list) else 0
            fixed = at_path(self._schema, parent).get("prefixItems", ())
            first = len(fixed) if keyword == "items" else int(name)
            end = size if keyword == "items" else min(first + 1, size)
            for index in range(first, end):
                yield value[index], (*indexes, index)
        elif keyword == "properties":
            if isinstance(value, dict) and name in value:
                yield value[name], indexes
        elif keyword == "dependentSchemas":
            if isinstance(value, dict) and name in value:
                yield value, indexes
        elif keyword == "allOf" or self._condition(parent, value) == (name == "then"):
            yield value, indexes

    def _condition(self, parent: Path, value: Json) -> bool:
        if parent not in self._conditions:
            condition = at_path(self._schema, (*parent, "if"))
            self._conditions[parent] = _Validator(condition, validate_formats=True)
        return self._conditions[parent].is_valid(value)
