"""The fleet of mutants, by name: each is the reference with exactly one defect."""

from __future__ import annotations

from dataclasses import replace

from ringspec.reference.mutants.absent import absent_mutants
from ringspec.reference.mutants.admitting import auth_mutants
from ringspec.reference.mutants.answering import answer_mutants
from ringspec.reference.mutants.bounds import bound_mutants
from ringspec.reference.mutants.busy import BUSY
from ringspec.reference.mutants.changing import changing_mutants
from ringspec.reference.mutants.choosy import choosy_mutants
from ringspec.reference.mutants.coerced import coerced_mutants
from ringspec.reference.mutants.commanding import commanding_mutants
from ringspec.reference.mutants.contexts import context_mutants
from ringspec.reference.mutants.crashing import crashing_mutants
from ringspec.reference.mutants.defects import Mutant
from ringspec.reference.mutants.failing import error_mutants
from ringspec.reference.mutants.formats import format_mutants
from ringspec.reference.mutants.framing import framing_mutants
from ringspec.reference.mutants.halved import halved_mutants
from ringspec.reference.mutants.keeping import keeping_mutants
from ringspec.reference.mutants.levels import SHOWN_AT
from ringspec.reference.mutants.mistyped import mistyped_mutants
from ringspec.reference.mutants.receiving import receiving_mutants
from ringspec.reference.mutants.spelt import spelt_mutants
from ringspec.reference.mutants.strict import strict_mutants
from ringspec.reference.mutants.unchecked import EQUIVALENT, unchecked_mutants

FLEET: tuple[Mutant, ...] = (
    *unchecked_mutants,
    *halved_mutants,
    *context_mutants,
    *bound_mutants,
    *spelt_mutants,
    *coerced_mutants,
    *mistyped_mutants,
    *format_mutants,
    *absent_mutants,
    *strict_mutants,
    *choosy_mutants,
    *crashing_mutants,
    *answer_mutants,
    *framing_mutants,
    *error_mutants,
    *auth_mutants,
    *receiving_mutants,
    *keeping_mutants,
    *changing_mutants,
    *commanding_mutants,
)
MUTANTS: dict[str, Mutant] = {
    mutant.name: replace(mutant, level=SHOWN_AT.get(mutant.name, ""))
    for mutant in FLEET
}

# Rules that no mutant can break alone, each with the reason.
SHARED = {
    "lifecycle.ids": "What shares an id shares a life: reading, deleting and commands"
    " notice it as well.",
}

__all__ = ["BUSY", "EQUIVALENT", "FLEET", "MUTANTS", "SHARED", "Mutant"]
