"""The reference server: correct, embedded, with a validator of its own, and mutants.

It shares no code with the oracle, so that they share no mistake. Mutants and lawful
variants are loaded on demand.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ringspec.reference.behaviour import Behaviour
from ringspec.reference.body_checks import CHECKS
from ringspec.reference.dialects import DIALECTS, ServerDialect
from ringspec.reference.embedded import Embedded, EmbeddedError
from ringspec.reference.serving import (
    HOST,
    ServerLimits,
    ServerSettings,
    application,
    serve,
)

if TYPE_CHECKING:
    from ringspec.reference.mutants import (
        BUSY,
        EQUIVALENT,
        LAWFUL,
        MUTANTS,
        SHARED,
        Variant,
    )

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
    "ServerDialect",
    "ServerLimits",
    "ServerSettings",
    "Variant",
    "application",
    "serve",
]


def __getattr__(name: str) -> Any:
    """Load the variants on demand."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.mutants"), name)
