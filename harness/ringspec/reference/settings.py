"""What a server is started with."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field


def _client_id() -> str:
    return f"ringspec-{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The dialect, the defect if any, and the credentials, made up if not given."""

    dialect: str = "canonical"
    mutant: str | None = None
    client_id: str = field(default_factory=_client_id)
    client_secret: str = field(default_factory=secrets.token_urlsafe, repr=False)
    token: str = field(default_factory=secrets.token_urlsafe, repr=False)
