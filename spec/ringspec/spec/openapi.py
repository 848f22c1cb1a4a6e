"""An OpenAPI file of any version, with the files it refers to, as one document of 3.1.

What 3.0 says otherwise is said anew where it stands, so that pointers stay those of the
file. Other files stand in the document under `FILES`, by their paths from the folder of
the first; a reference to them, and a place in them, is `common.yaml#/components/…`.
Data are left as they are: examples, defaults, enums, constants, extensions.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from ringspec.spec import reading
from ringspec.spec.errors import SpecError
from ringspec.spec.schemas import KEYWORDS, VOCABULARY
from ringspec.spec.values import FILES, Json, at_pointer, escape

# What stands in an object of OpenAPI: by its field, how many of which objects.
_PARTS: dict[str, dict[str, tuple[str, str]]] = {
    **VOCABULARY["parts"],
    "schema": {it: (row.holds, "schema") for it, row in KEYWORDS.items() if row.holds},
}
_KNOWN = ("3.0", "3.1", "3.2")


def version_of(document: Json, path: Path) -> str:
    """Return the version of OpenAPI that a document is written in; raise for others."""
    stated = document if isinstance(document, dict) else {}
    found = re.match(r"\d+\.\d+(?=\.|$)", str(stated.get("openapi")))
    if found and found[0] in _KNOWN:
        return found[0]
    hint = "it begins with `openapi: 3.1.0`, or another of 3.0, 3.1 and 3.2"
    what = "it has no `openapi`"
    if "openapi" in stated:
        what = f"its version is {reading.short(stated['openapi'])}"
    if "swagger" in stated:
        what = f"it is Swagger {stated['swagger']}"
        hint = f"convert it: npx swagger2openapi --outfile openapi.yaml {path}"
    raise SpecError(f"{path}: not an OpenAPI 3 document: {what}", hint=hint)


def joined(base: dict[str, Json], path: Path, notices: list[str]) -> dict[str, Json]:
    """Return a document of OpenAPI 3.1 that needs no other file; it is changed itself.

    The `notices` get what is odd in other files, and does no harm.
    """
    folder, version = path.parent.resolve(), version_of(base, path)
    joiner = _Joiner(folder, path.name, notices, {"": base}, {"": version})
    joiner.take(base)
    files = dict(sorted(joiner.files.items()))
    del files[""]
    # A version that stays would be read anew from evidence.
    made = {**base, "openapi": "3.1.0"} if version == "3.0" else base
    return {**made, FILES: files} if files else made


@dataclass(slots=True)
class _Joiner:
    """Reads what a file in a folder refers to."""

    folder: Path
    name: str
    notices: list[str]
    # Contents by name, the first file's empty; of one that cannot be read, the reason
    # as a text.
    files: dict[str, Json]
    versions: dict[str, str]  # of OpenAPI, by file
    # Nodes by identity, which keeps them alive.
    seen: dict[int, Json] = field(default_factory=dict)

    def take(self, base: Json) -> None:
        """Go through all that operations may need, references followed."""
        pending: list[tuple[Json, str, str, str]] = [(base, "one", "document", "")]
        while pending:
            node, holds, kind, file = pending.pop()
            if isinstance(node, list) and holds == "list":
                pending += [(each, "one", kind, file) for each in node]
            if not isinstance(node, dict) or id(node) in self.seen:
                continue
            self.seen[id(node)], found = node, None
            if isinstance(reference := node.get("$ref"), str):
                node["$ref"] = target = self._target(reference, file)
                to, _, fragment = target.partition("#")
                is_place = not fragment or fragment.startswith("/")
                home = self.files.get(to) if is_place else None
                found = at_pointer(home, unquote(fragment))
                pending.append((found, holds, kind, to))
            if holds == "named":
                pending += [(each, "one", kind, file) for each in node.values()]
                if isinstance(found, dict) and not _reaches(found, node):
                    # OpenAPI has no references there, but many write them.
                    del node["$ref"]
                    node |= {it: found[it] for it in found if it not in node}
                continue
            if kind == "schema":
                pending += self._discriminator(node, file)
            if kind == "schema" and self.versions[file] == "3.0":
                _modernise(node)
            if kind == "example" and "dataValue" in node:
                node.setdefault("value", node["dataValue"])
            parts = _PARTS[kind]
            pending += [(node[it], *parts[it], file) for it in node if it in parts]

    def _discriminator(
        self, node: dict[str, Json], file: str
    ) -> Iterator[tuple[Json, str, str, str]]:
        """Name the schemas of its values as references do; yield what may extend it."""
        stated = node.get("discriminator")
        if not isinstance(stated, dict):
            return
        known = at_pointer(self.files[file], "/components/schemas") or {}
        for each in known.values() if isinstance(known, dict) else ():
            yield each, "one", "schema", file
        mapping = stated.get("mapping")
        for value, named in (mapping if isinstance(mapping, dict) else {}).items():
            if isinstance(named, str) and named in known:
                stated["mapping"][value] = f"{file}#/components/schemas/{escape(named)}"
            elif isinstance(named, str):
                stated["mapping"][value] = target = self._target(named, file)
                to, _, fragment = target.partition("#")
                found = at_pointer(self.files.get(to), unquote(fragment))
                yield found, "one", "schema", to
        # Values that no branch names are those of another branch.
        if "defaultMapping" in stated:
            del node["discriminator"]

    def _target(self, reference: str, file: str) -> str:
        """Return a reference as it is written in the first file; read its file."""
        url, _, fragment = reference.partition("#")
        if not url:
            return f"{file}{reference}"
        if url == self.files[""].get("$self"):
            return f"#{fragment}"
        if re.match(r"[A-Za-z][\w+.-]+:|//", url):
            return reference
        path = os.path.normpath(self.folder / Path(file).parent / unquote(url))
        name = Path(os.path.relpath(path, self.folder)).as_posix().replace("#", "%23")
        if name == self.name:
            return f"#{fragment}"
        if name not in self.files:
            self.files[name] = content = self._read(Path(path), name)
            has_own = isinstance(content, dict) and "openapi" in content
            own = version_of(content, Path(name)) if has_own else self.versions[file]
            self.versions[name] = own
        return f"{name}#{fragment}"

    def _read(self, path: Path, name: str) -> Json:
        """Return the content of a file, or why it has none."""
        root, notices = _root(self.folder), list[str]()
        try:
            if not Path(os.path.realpath(path)).is_relative_to(root):
                most = Path(os.path.relpath(root, self.folder)).as_posix()
                return f"only files in {most!r}, seen from the contract, are read"
            return reading.read(path, notices)
        except (SpecError, ValueError) as error:
            return str(error).replace(str(path), name)
        finally:
            self.notices += [each.replace(str(path), name) for each in notices]


def _reaches(node: Json, wanted: Json) -> bool:
    """Return whether a node is, or has inside, another one."""
    below = node.values() if isinstance(node, dict) else node
    return node is wanted or (
        isinstance(node, (dict, list)) and any(_reaches(it, wanted) for it in below)
    )


def _modernise(node: dict[str, Json]) -> None:
    """Say what a schema of 3.0 says as 3.1 would. Source: OpenAPI 3.0.4, 4.7.24."""
    if isinstance(node.get("$ref"), str):
        for name in set(node) - {"$ref", "nullable"}:
            del node[name]
    for bound in ("minimum", "maximum"):
        name = f"exclusive{bound.capitalize()}"
        if isinstance(node.get(name), bool) and node.pop(name) and bound in node:
            node[name] = node.pop(bound)
    for name in ("examples", "required"):
        if not isinstance(node.get(name, []), list):
            del node[name]
    if node.pop("nullable", False) is True:
        kind = node.get("type")
        node |= {"type": [kind, "null"]} if isinstance(kind, str) else {}
        node["x-nullable"] = True


def _root(folder: Path) -> Path:
    """Return the folder that references may not leave, by that of the contract.

    It is the one of the version control, else the one above, but never a home.
    """
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - that raises without a home
    wide = {home, *home.parents, Path(folder.anchor)}
    kept = (it for it in (folder, *folder.parents) if (it / ".git").exists())
    options = (*kept, folder.parent)
    return next((it for it in options if it not in wide), folder)
