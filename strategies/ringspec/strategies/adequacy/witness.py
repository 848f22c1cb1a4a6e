"""Witnesses: a body that tells a mutant, looked for where no case and no proof is.

In: a contract and a mutant. Out: a settled body that the mutant refuses, or one that
breaks just one rule and that it takes, if one is quickly built.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import jsonschema_rs

from ringspec.spec import Contract, Json
from ringspec.strategies.adequacy.mutations import Items, Mutant
from ringspec.strategies.adequacy.places import joined, somewhere
from ringspec.strategies.shapes.build import Builder, Unfit
from ringspec.strategies.shapes.shape import Shape
from ringspec.strategies.shapes.superset import reach

# How many alternatives are tried for a body.
_TRIED = 8


@dataclass(frozen=True)
class Witness:
    """Looks for a settled body that tells a mutant, without any case."""

    contract: Contract

    def find(self, mutant: Mutant) -> Json:
        """Return a body that tells a mutant, or None where none is found."""
        schema = self.contract.request.schema
        mutated = jsonschema_rs.Draft202012Validator(
            mutant.schema(schema), validate_formats=True
        )
        prover = self.contract.prover
        for shape in self._candidates(mutant):
            try:
                body = Builder().build((shape,))
            except Unfit:
                continue
            broken = prover.broken(body)
            if mutated.is_valid(body):
                if len(broken) == 1:
                    return body
            elif not broken and self.contract.settled_prover.is_valid(body):
                return body
        return None

    def _candidates(self, mutant: Mutant) -> Iterator[Shape]:
        settled = self.contract.settled
        unless = {} if mutant.when is None else {"not": mutant.when.schema}
        for edit in mutant.edits:
            wrong = {"allOf": [edit.new, {"not": edit.old}]}
            refused = {"allOf": [edit.old, {"not": edit.new}]}
            for base, wanted in ((edit.applied(settled), wrong), (settled, refused)):
                least = 2 if mutant.kept == Items.FIRST else 1
                there = somewhere(settled, edit.path, wanted, least)
                yield from reach(joined(base, there, unless))[:_TRIED]
