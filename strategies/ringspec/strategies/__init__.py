"""Cases compiled from a contract, with proof, and bodies drawn from it."""

import re
from importlib import import_module
from pathlib import Path

# The stub says where each name is; it is imported when first asked for: Hypothesis
# is slow to load, and a run of certified cases does not need it.
_STUB = Path(__file__).with_suffix(".pyi").read_text("utf-8")
_HOMES = {name: home for home, name in re.findall(r"from (\S+) import (\w+) ", _STUB)}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
