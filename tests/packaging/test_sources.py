"""What may stand in our files."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringspec.spec import load

ROOT = Path(__file__).parents[2]
# The engine knows JSON Schema and HTTP, not broadcasts.
IGNORANT = ("strategies", "harness/ringspec/harness", "reports")
FIELDS = {name for name in load().request.schema["properties"] if len(name) > 6} | {
    "inclubeUnsubscribed"
}
# A word of its own in English, that code may well use.
FIELDS -= {"distribution", "actions", "language"}

# Whose machine it was written on, and where its packages came from.
LOCAL = re.compile(
    rb"/(?:home|Users|work|root)/[\w.]+|/tmp/(?:venv|bash)|C:\\\\Users"
    rb"|https?://[\w.-]*(?:artifactory|nexus|jfrog|codeartifact|mirror)[\w.-]*"
    rb"|(?:--|PIP_|UV_)(?:extra-)?(?:index-url|INDEX_URL)|(?:index|registry)\.[\w-]+\.(?:corp|internal|local)"
)


def engine() -> list[Path]:
    return sorted(path for part in IGNORANT for path in (ROOT / part).rglob("*.py"))


def docstrings(tree: ast.Module) -> set[int]:
    """Return the ids of the nodes that are docstrings."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(
            node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        ):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(id(first.value))
    return found


def field_names(path: Path) -> Iterator[str]:
    """Yield, with file and line, each name or text that speaks of a broadcast."""
    tree = ast.parse(path.read_text("utf-8"))
    silent = docstrings(tree)
    for node in ast.walk(tree):
        if id(node) in silent:
            continue
        for text in texts(node):
            for field in FIELDS:
                if re.search(rf"\b{field}\b", text):
                    line = getattr(node, "lineno", 0)
                    yield f"{path.relative_to(ROOT)}:{line}: {field}"


def texts(node: ast.AST) -> Iterator[str]:
    for value in (
        getattr(node, "value", None) if isinstance(node, ast.Constant) else None,
        getattr(node, "id", None),
        getattr(node, "attr", None),
        getattr(node, "arg", None),
        getattr(node, "name", None),
    ):
        if isinstance(value, str):
            yield value


@pytest.mark.parametrize("path", engine(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_engine_knows_nothing_of_broadcasts(path: Path) -> None:
    assert list(field_names(path)) == []


def tracked() -> list[Path]:
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"git lists no files here: {error}")
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_tracked_file_tells_of_a_machine() -> None:
    told = [
        f"{path.relative_to(ROOT)}: {found.group().decode(errors='replace')}"
        for path in tracked()
        if path != Path(__file__)
        for found in LOCAL.finditer(path.read_bytes())
    ]

    assert told == []


# What a reader has not: our own pages, and lines of the page that we began with.
UNKNOWN = re.compile(r"(?:facts|product)\.md|[Ss]ource:?\s+\"?seed \d")


def test_nothing_that_a_user_reads_cites_what_they_cannot_look_up() -> None:
    shipped = [*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CLIENTS.md"]
    for part in ("spec", "harness", "reports", "reference", "app"):
        for kind in ("*.yaml", "*.toml", "*.html", "*.md", "*.json"):
            shipped += ROOT.glob(f"{part}/ringspec/**/{kind}")
    said = {path: path.read_text("utf-8") for path in shipped}
    for path in ROOT.glob("[a-z]*/ringspec/**/*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        silent = docstrings(tree)
        told = (each for each in ast.walk(tree) if id(each) not in silent)
        said[path] = "\n".join(text for each in told for text in texts(each))

    assert [path for path, text in said.items() if UNKNOWN.search(text)] == []
