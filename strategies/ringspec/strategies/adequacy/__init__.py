"""Adequacy: whether the case list tells each mutant of its contract, and how few do."""

from ringspec.strategies.adequacy.findings import Finding, prove
from ringspec.strategies.adequacy.mutations import Kind, Mutant, mutants
from ringspec.strategies.adequacy.proof import Verdict
from ringspec.strategies.adequacy.quick import fewest, quick

__all__ = [
    "Finding",
    "Kind",
    "Mutant",
    "Verdict",
    "fewest",
    "mutants",
    "prove",
    "quick",
]
