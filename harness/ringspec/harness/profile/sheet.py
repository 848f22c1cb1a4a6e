"""The sheet: which tables and keys a profile has, and of what kind their values are.

Only reading a profile imports this: pydantic takes a while to load.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode


def _listed(value: Any) -> Any:
    """Take a text for a list: a variable separates by commas."""
    if not isinstance(value, str):
        return value
    return [each.strip() for each in value.split(",") if each.strip()]


class Table(BaseModel):
    """A table that knows its keys; what a message says of a value is ours to choose."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class CredentialsTable(Table):
    """Who we are: a token, a client that fetches one, or any other header."""

    bearer: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    token_url: str | None = None
    header: str | None = None
    value: str | None = None


class ExpectTable(Table):
    """What statuses the target answers with."""

    success: Annotated[int, Field(ge=200, le=299)] | None = None
    rejection: Annotated[
        list[Annotated[int, Field(ge=400, le=499)]], NoDecode, BeforeValidator(_listed)
    ] = Field(default_factory=list)


class PacingTable(Table):
    """How fast it may be asked, and how many seconds an answer may take."""

    rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    workers: Annotated[int, Field(ge=1, le=64)] | None = None
    timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class TlsTable(Table):
    """Files in PEM form: whom to trust, and what to show."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None


class ProxyTable(Table):
    """The proxy on the way."""

    url: str | None = None


class SafetyTable(Table):
    """What may be done to a target that others use."""

    live: bool | None = None
    allow_create: bool = False
    max_creates: Annotated[int, Field(ge=0)] = 0
    allow_start: bool = False
    journal: str | None = None
    allowed_hosts: Annotated[list[str], NoDecode, BeforeValidator(_listed)] = Field(
        default_factory=list
    )


class Sheet(Table):
    """A whole profile."""

    url: str | None = None
    dialect: str | None = None
    paths: dict[str, str] = Field(default_factory=dict)
    credentials: CredentialsTable = Field(default_factory=CredentialsTable)
    fixtures: dict[str, Any] = Field(default_factory=dict)
    expect: ExpectTable = Field(default_factory=ExpectTable)
    pacing: PacingTable = Field(default_factory=PacingTable)
    tls: TlsTable = Field(default_factory=TlsTable)
    proxy: ProxyTable = Field(default_factory=ProxyTable)
    safety: SafetyTable = Field(default_factory=SafetyTable)


def tables() -> dict[str, list[str]]:
    """Return the keys of each table; the keys outside of tables stand under ''."""
    found: dict[str, list[str]] = {"": []}
    for name, field in Sheet.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Table):
            found[name] = list(kind.model_fields)
        elif name in {"paths", "fixtures"}:
            found[name] = []
        else:
            found[""].append(name)
    return found
