"""The reference server: correct, embedded, with a validator of its own, and mutants.

It shares nothing with the oracle, lest both share a mistake.
"""

from __future__ import annotations

from ringspec.reference.behaviour import Behaviour
from ringspec.reference.checks import CHECKS
from ringspec.reference.dialects import DIALECTS, Dialect
from ringspec.reference.embedded import Embedded, EmbeddedError
from ringspec.reference.mutants import MUTANTS, Mutant
from ringspec.reference.serving import application, serve
from ringspec.reference.settings import Settings

__all__ = [
    "CHECKS",
    "DIALECTS",
    "MUTANTS",
    "Behaviour",
    "Dialect",
    "Embedded",
    "EmbeddedError",
    "Mutant",
    "Settings",
    "application",
    "serve",
]
