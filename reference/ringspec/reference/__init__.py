"""The reference server: correct, embedded, with a validator of its own, and mutants.

It shares nothing with the oracle, lest both share a mistake.
"""

from __future__ import annotations

from ringspec.reference.behaviour import Behaviour
from ringspec.reference.checks import CHECKS
from ringspec.reference.dialects import DIALECTS, Dialect
from ringspec.reference.embedded import Embedded, EmbeddedError
from ringspec.reference.lawful import LAWFUL, Lawful
from ringspec.reference.mutants import BUSY, EQUIVALENT, MUTANTS, SHARED, Mutant
from ringspec.reference.serving import HOST, application, serve
from ringspec.reference.settings import Limits, Settings

__all__ = [
    "BUSY",
    "CHECKS",
    "DIALECTS",
    "EQUIVALENT",
    "HOST",
    "LAWFUL",
    "MUTANTS",
    "SHARED",
    "Behaviour",
    "Dialect",
    "Embedded",
    "EmbeddedError",
    "Lawful",
    "Limits",
    "Mutant",
    "Settings",
    "application",
    "serve",
]
