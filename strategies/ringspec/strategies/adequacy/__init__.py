"""Adequacy: whether the case list detects each mutation of its contract."""

from ringspec.strategies.adequacy.mutations import Mutation, MutationKind, mutations_of
from ringspec.strategies.adequacy.verdicts import (
    MutationResult,
    MutationVerdict,
    fewest,
    prove,
    quick,
)

__all__ = [
    "Mutation",
    "MutationKind",
    "MutationResult",
    "MutationVerdict",
    "fewest",
    "mutations_of",
    "prove",
    "quick",
]
