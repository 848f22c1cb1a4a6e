"""Imports point one way, and only at what a package promises."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
ROOTS = ("spec", "strategies", "reference", "harness", "reports", "app")
# Each package, and those that it may import.
MAY_IMPORT = {
    "spec": set(),
    "strategies": {"spec"},
    "harness": {"spec", "strategies"},
    "reference": set(),
    "reports": {"spec", "strategies", "harness", "reference"},
    "load": {"spec", "strategies", "harness", "reports", "cli"},
    "schemathesis": {"spec", "strategies", "harness", "cli"},
    "cli": {"spec", "strategies", "harness", "reference", "reports"},
    "plugin": {"spec", "harness", "reference", "reports", "cli"},
}
# Between their packages a submodule is nobody's business but the command's, and that
# of what is the command in another guise: pytest's plugin, schemathesis' hooks, load.
# What compiles a contract is written on all that reads one.
MAY_REACH_INSIDE = {
    ("strategies", "spec"),
    ("cli", "harness"),
    ("plugin", "harness"),
    ("plugin", "cli"),
    ("schemathesis", "harness"),
    ("schemathesis", "cli"),
    ("load", "harness"),
    ("load", "cli"),
}


def modules() -> list[Path]:
    return sorted(path for root in ROOTS for path in (ROOT / root).rglob("*.py"))


def package_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[2]


def imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield every module of ours that is imported, with the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def own_imports(path: Path) -> Iterator[tuple[str, list[str], int]]:
    tree = ast.parse(path.read_text("utf-8"))
    for name, line in imported(tree):
        parts = name.split(".")
        if parts[0] == "ringspec" and len(parts) > 1:
            yield parts[1], parts[2:], line


def wrong_ways(path: Path) -> Iterator[str]:
    """Yield, with file and line, each import that a layer may not have."""
    package = package_of(path)
    for other, inside, line in own_imports(path):
        where = f"{path.relative_to(ROOT)}:{line}: {package} imports {other}"
        if other == package:
            continue
        if other not in MAY_IMPORT[package]:
            yield where
        elif is_submodule(other, inside) and (package, other) not in MAY_REACH_INSIDE:
            yield f"{where}.{'.'.join(inside)}, past its __init__"


def is_submodule(package: str, inside: list[str]) -> bool:
    """Tell whether a dotted name leads into a package rather than to its names."""
    home = next(
        folder
        for root in ROOTS
        if (folder := ROOT / root / "ringspec" / package).is_dir()
    )
    return len(inside) > 1 or bool(
        inside
        and ((home / f"{inside[0]}.py").exists() or (home / inside[0]).is_dir())
        and not promised(package, inside[0])
    )


def promised(package: str, name: str) -> bool:
    """Tell whether a package promises a name that a module of its has too."""
    module = importlib.import_module(f"ringspec.{package}")
    found = getattr(module, name, None)
    return found is not None and not inspect.ismodule(found)


@pytest.mark.parametrize(
    "path", modules(), ids=lambda path: str(path.relative_to(ROOT))
)
def test_imports_point_to_the_left(path: Path) -> None:
    assert list(wrong_ways(path)) == []


def test_every_package_has_its_layer() -> None:
    assert {package_of(path) for path in modules()} == MAY_IMPORT.keys()


@pytest.mark.parametrize("root", ROOTS)
def test_the_namespace_has_no_module_of_its_own(root: str) -> None:
    # An `__init__.py` there would hide the other roots.
    assert not (ROOT / root / "ringspec" / "__init__.py").exists()


def public_names(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a package's `__init__` has, those given late included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not foreign(node):
            for alias in node.names:
                yield alias.asname or alias.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (each.id for each in targets if isinstance(each, ast.Name))
    yield from (
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    )


def foreign(node: ast.ImportFrom) -> bool:
    return not (node.module or "").startswith("ringspec.")


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_what_is_public_is_there(package: str) -> None:
    module = importlib.import_module(f"ringspec.{package}")
    path = Path(str(module.__file__))
    stub = path.with_suffix(".pyi")
    tree = ast.parse((stub if stub.exists() else path).read_text("utf-8"))
    names = [name for name in public_names(tree) if not name.startswith("_")]

    assert len(set(names)) == len(names)
    assert [name for name in names if not hasattr(module, name)] == []
    # A module that is imported later would take the place of a name given late.
    assert [it for it in names if isinstance(getattr(module, it), ModuleType)] == []
