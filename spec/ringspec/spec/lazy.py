"""Packages whose names are imported when asked for, from where their stubs say."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

_PUBLIC = re.compile(r"from (\S+) import (\w+) as")


def public(package: str, path: str) -> Callable[[str], object]:
    """Return the `__getattr__` of a package, by its name and the path of its module."""
    stub = Path(path).with_suffix(".pyi").read_text("utf-8")
    homes = {name: home for home, name in _PUBLIC.findall(stub)}

    def get(name: str) -> object:
        if name in homes:
            return getattr(import_module(homes[name]), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get
