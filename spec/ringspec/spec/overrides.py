"""Overrides: how one target differs from what a contract says of all of them.

In: an OpenAPI document. Out: the document with other paths, or with another header for
credentials. What a provider spells otherwise is a dialect's matter instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ringspec.spec.errors import MisfitError, did_you_mean
from ringspec.spec.operations import METHODS, Route, routes
from ringspec.spec.values import Json

# Profiles that come with the package.
PROFILES = Path(__file__).parent / "profiles"
_SCHEME = "profile"
_PLACEHOLDER = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """How one target differs from the contract.

    Attributes:
        fixtures: what the target knows, by the names that the contract gives it.
        paths: where operations stand, by their ids; relative to the server URL.
        header: the header that carries the credentials; empty for the contract's own.
    """

    fixtures: Mapping[str, Json] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    header: str = ""

    def apply(self, base: dict[str, Json]) -> dict[str, Json]:
        """Return a document with the paths and the header of the target.

        Raises:
            MisfitError: there is no such operation, or its path lacks something.
        """
        for operation, path in self.paths.items():
            base = _moved(base, operation, path)
        return _guarded(base, self.header) if self.header else base


def _moved(base: dict[str, Json], operation: str, path: str) -> dict[str, Json]:
    route = _route(base, operation)
    _check_path(route, path)
    if path == route.path:
        return base
    paths = dict(base["paths"])
    own = {name: each for name, each in route.item.items() if name not in METHODS}
    # Every operation that stays keeps its node: others may refer to it by its place.
    left = {name: each for name, each in route.item.items() if name != route.method}
    paths[route.path] = left
    if not any(name in METHODS for name in left):
        del paths[route.path]
    beside = paths.get(path, own)
    # One that has no id is known by its old path.
    node = {**route.node, "operationId": route.id}
    paths[path] = {**beside, route.method: node}
    return {**base, "paths": paths}


def _route(base: dict[str, Json], operation: str) -> Route:
    known = {each.id: each for each in routes(base)}
    if operation in known:
        return known[operation]
    raise MisfitError(
        f"the contract has no operation {operation!r}",
        hint=f"{did_you_mean(operation, known)}there are {', '.join(known)}",
        path=("paths", operation),
    )


def _check_path(route: Route, path: str) -> None:
    where = ("paths", route.id)
    if not path.startswith("/") or re.search(r"[?#\s]", path):
        raise MisfitError(
            f"{path!r} is not a path", hint=f"such as {route.path}", path=where
        )
    wanted = sorted(_PLACEHOLDER.findall(route.path))
    if sorted(_PLACEHOLDER.findall(path)) != wanted:
        listed = ", ".join(wanted) or "none"
        raise MisfitError(
            f"the path of {route.id} has other placeholders than the contract's",
            hint=f"it has {listed}: {route.path}",
            path=where,
        )


def _guarded(base: dict[str, Json], header: str) -> dict[str, Json]:
    """Let every guarded operation take its credentials from one header."""
    components = base.get("components", {})
    scheme = {"type": "apiKey", "in": "header", "name": header}
    schemes = {**components.get("securitySchemes", {}), _SCHEME: scheme}
    changed = _reguarded(base)
    return {**changed, "components": {**components, "securitySchemes": schemes}}


def _reguarded(base: dict[str, Json]) -> dict[str, Json]:
    paths = {
        path: {name: _of_operation(name, node) for name, node in item.items()}
        for path, item in base.get("paths", {}).items()
    }
    # Who asked nobody for anything does not begin to.
    changed = {**base, "paths": paths}
    if base.get("security"):
        changed["security"] = [{_SCHEME: []}]
    return changed


def _of_operation(name: str, node: Json) -> Json:
    if name not in METHODS or not isinstance(node, dict) or not node.get("security"):
        return node
    return {**node, "security": [{_SCHEME: []}]}
