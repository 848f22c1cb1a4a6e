"""The reference server: correct, embedded, with a validator of its own, and mutants.

It shares nothing with the oracle, lest both share a mistake. The fleet is loaded by
whoever asks for it: a plain run needs none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ringspec.reference.behaviour import Behaviour
from ringspec.reference.checks import CHECKS
from ringspec.reference.dialects import DIALECTS, ServerDialect
from ringspec.reference.embedded import Embedded, EmbeddedError
from ringspec.reference.serving import HOST, application, serve
from ringspec.reference.settings import ServerLimits, ServerSettings

if TYPE_CHECKING:
    from ringspec.reference.lawful import LAWFUL, Lawful
    from ringspec.reference.mutants import BUSY, EQUIVALENT, MUTANTS, SHARED, Mutant

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
    "Embedded",
    "EmbeddedError",
    "Lawful",
    "Mutant",
    "ServerDialect",
    "ServerLimits",
    "ServerSettings",
    "application",
    "serve",
]


def __getattr__(name: str) -> Any:
    """Load the fleet of mutants, or the lawful variants."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE.get(name, 'mutants')}"), name)


_LATE = {"LAWFUL": "lawful", "Lawful": "lawful"}
