"""The reference server: correct, embedded, with a validator of its own, and mutants.

It shares no code with the oracle, so that they share no mistake. What is asked for is
loaded: a process that only starts a server as its child needs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ringspec.reference.behaviour import Behaviour as Behaviour
    from ringspec.reference.body_checks import CHECKS as CHECKS
    from ringspec.reference.dialects import DIALECTS as DIALECTS
    from ringspec.reference.dialects import ServerDialect as ServerDialect
    from ringspec.reference.embedded import Embedded as Embedded
    from ringspec.reference.embedded import EmbeddedError as EmbeddedError
    from ringspec.reference.mutants.rows import BUSY as BUSY
    from ringspec.reference.mutants.rows import EQUIVALENT as EQUIVALENT
    from ringspec.reference.mutants.rows import LAWFUL as LAWFUL
    from ringspec.reference.mutants.rows import MUTANTS as MUTANTS
    from ringspec.reference.mutants.rows import SHARED as SHARED
    from ringspec.reference.mutants.rows import Variant as Variant
    from ringspec.reference.serving import HOST as HOST
    from ringspec.reference.serving import ServerLimits as ServerLimits
    from ringspec.reference.serving import ServerSettings as ServerSettings
    from ringspec.reference.serving import application as application
    from ringspec.reference.serving import serve as serve


_HOMES = {
    "behaviour": {"Behaviour"},
    "body_checks": {"CHECKS"},
    "dialects": {"DIALECTS", "ServerDialect"},
    "embedded": {"Embedded", "EmbeddedError"},
    "mutants.rows": {"BUSY", "EQUIVALENT", "LAWFUL", "MUTANTS", "SHARED", "Variant"},
    "serving": {"HOST", "ServerLimits", "ServerSettings", "application", "serve"},
}


def __getattr__(name: str) -> Any:
    """Load a module when a name of it is asked for."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
