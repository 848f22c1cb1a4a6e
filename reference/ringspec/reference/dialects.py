"""Spellings of the contract, known by name.

Bodies are converted to the canonical spelling before anything else, and answers back,
so that no other module knows dialects. Source: facts.md G1, G2, G3, G5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ringspec.reference.json_values import FACTS, Json, JsonObject, Path


@dataclass(frozen=True, slots=True)
class ServerDialect:
    """How a provider's bodies differ from the canonical ones."""

    name: str
    # The names that are sent, by the path of a member's canonical names.
    spelling: Mapping[Path, str] = field(default_factory=dict)
    # Values of the members that may be left out.
    defaults: Mapping[str, Json] = field(default_factory=dict)

    def read(self, body: Json) -> Json:
        """Turn a body as sent into canonical spelling, with defaults filled in."""
        if not isinstance(body, dict):
            return body
        # Sent names to canonical ones, which are dropped where they are sent.
        names: dict[Path, str | None] = dict.fromkeys(self.spelling)
        for path, name in self.spelling.items():
            names[*path[:-1], name] = str(path[-1])
        canonical = _respelt(body, names, ())
        absent = [name for name in self.defaults if canonical.get(name) is None]
        return canonical | {name: self.defaults[name] for name in absent}

    def write(self, body: JsonObject) -> JsonObject:
        """Turn a canonical body into this spelling."""
        return _respelt(body, self.spelling, ()) if self.spelling else body

    def sent(self, path: Path) -> Path:
        """Turn a canonical path into the one that was sent."""
        steps = enumerate(path)
        return tuple(self.spelling.get(path[: i + 1], step) for i, step in steps)


def _respelt(value: JsonObject, to: Mapping[Path, str | None], at: Path) -> JsonObject:
    """Rename members; leave out those whose new name is None."""
    respelt: JsonObject = {}
    for name, below in value.items():
        path = (*at, name)
        new = to.get(path, name)
        if new is not None:
            inside = any(one[: len(path)] == path for one in to)
            if inside and isinstance(below, dict):
                respelt[new] = _respelt(below, to, path)
            else:
                respelt[new] = below
    return respelt


DIALECTS = {
    name: ServerDialect(
        name,
        {tuple(path.split(".")): it for path, it in row.get("spelling", {}).items()},
        row.get("defaults", {}),
    )
    for name, row in FACTS["dialects"].items()
}
