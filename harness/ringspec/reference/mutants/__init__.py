"""The fleet of mutants, by name: each is the reference with exactly one defect."""

from __future__ import annotations

from ringspec.reference.mutants.admitting import auth_mutants
from ringspec.reference.mutants.answering import answer_mutants, error_mutants
from ringspec.reference.mutants.defects import Mutant
from ringspec.reference.mutants.lax import lax_mutants
from ringspec.reference.mutants.strict import strict_mutants

MUTANTS: dict[str, Mutant] = {
    mutant.name: mutant
    for mutant in (
        *lax_mutants,
        *strict_mutants,
        *answer_mutants,
        *error_mutants,
        *auth_mutants,
    )
}

__all__ = ["MUTANTS", "Mutant"]
