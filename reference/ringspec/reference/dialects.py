"""Spellings of the contract, known by name.

A body is read into the canonical spelling before it is judged and kept, and what is
answered is written back, so that nothing else here knows that dialects exist.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ringspec.reference.values import Json, JsonObject, is_given

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ringspec.reference.problems import Path


@dataclass(frozen=True, slots=True)
class ServerDialect:
    """Say how a provider's bodies differ from the canonical ones.

    spelling: path of a member's canonical names to the name it is sent by.
    defaults: members that may be left out, with what that means.
    """

    name: str
    spelling: Mapping[Path, str] = field(default_factory=dict)
    defaults: Mapping[str, Json] = field(default_factory=dict)

    def read(self, body: Json) -> Json:
        """Turn a body as sent into canonical spelling, with defaults filled in."""
        if not isinstance(body, dict):
            return body
        canonical = _respelt(body, self._canonical_names(), ())
        for name, default in self.defaults.items():
            if not is_given(canonical.get(name)):
                canonical[name] = default
        return canonical

    def write(self, body: JsonObject) -> JsonObject:
        """Turn a canonical body into this spelling."""
        return _respelt(body, self.spelling, ()) if self.spelling else body

    def sent(self, path: Path) -> Path:
        """Turn a canonical path into the one that was sent."""
        steps = enumerate(path)
        return tuple(self.spelling.get(path[: i + 1], step) for i, step in steps)

    def _canonical_names(self) -> dict[Path, str | None]:
        """Map sent names to canonical ones; a canonical name not in use to nothing."""
        wanted: dict[Path, str | None] = dict.fromkeys(self.spelling)
        for path, name in self.spelling.items():
            wanted[(*path[:-1], name)] = str(path[-1])
        return wanted


def _respelt(value: JsonObject, to: Mapping[Path, str | None], at: Path) -> JsonObject:
    """Rename members; those whose new name is nothing are unknown and left out."""
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


DIALECTS: dict[str, ServerDialect] = {
    "canonical": ServerDialect("canonical"),
    # Source: facts.md G1, G2, G3, G5.
    "naxai-sdk": ServerDialect(
        "naxai-sdk",
        spelling={
            ("includeUnsubscribed",): "inclubeUnsubscribed",
            ("actions", "status"): "actions",
        },
        defaults={"type": "default", "retryDelays": []},
    ),
}
