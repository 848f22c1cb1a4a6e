"""What a server is started with."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field


def _client_id() -> str:
    return f"ringspec-{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """What the server bears, so that it can be left running.

    Attributes:
        broadcasts: that are kept; the oldest are forgotten beyond.
        body_bytes: of the largest body that is read.
        connections: open at once; beyond, the one longest idle has to go.
        request_s: how long a request may take to come in, its head and its body each.
        idle_s: how long a connection may be open with nothing under way. Longer than
            any client keeps one, or it would meet a closed one.
    """

    broadcasts: int = 10_000
    body_bytes: int = 1024 * 1024
    connections: int = 2_000
    request_s: float = 10.0
    idle_s: float = 75.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """The dialect, the defect if any, and the credentials, made up if not given."""

    dialect: str = "canonical"
    mutant: str | None = None
    client_id: str = field(default_factory=_client_id)
    client_secret: str = field(default_factory=secrets.token_urlsafe, repr=False)
    token: str = field(default_factory=secrets.token_urlsafe, repr=False)
    limits: ServerLimits = field(default_factory=ServerLimits)
