"""The reference server: correct, embedded, with a validator of its own, and mutants.

It shares no code with the oracle, so that they share no mistake. What is asked for is
loaded: a process that only starts a server as its child needs little.
"""

import re
from importlib import import_module
from pathlib import Path

_STUB = Path(__file__).with_suffix(".pyi").read_text("utf-8")
_HOMES = {name: home for home, name in re.findall(r"from (\S+) import (\w+) as", _STUB)}


def __getattr__(name: str) -> object:
    """Load a module when a name of it is asked for."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
