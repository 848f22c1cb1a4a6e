"""A profile as the rest of the program knows it: values of the right kinds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ringspec.harness.sending.credentials import Credentials
from ringspec.harness.sending.hosts import is_loopback, is_same_host
from ringspec.harness.sending.pacer import Pacing
from ringspec.harness.sending.policy import Safety
from ringspec.harness.sending.transport import Route
from ringspec.spec import Json, Overrides, UsageError

# In place of a URL: the server that comes with the package.
EMBEDDED = "embedded"
# Table and key, and what is below.
Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """A profile's text, and where in it values stand; for messages.

    Attributes:
        shown: name of the file in messages.
        variables: of values from the environment, the variable of each.
    """

    shown: str = ""
    text: str = field(default="", repr=False)
    variables: Mapping[Keys, str] = field(default_factory=dict)

    def of(self, keys: Keys) -> str:
        """Return file and line of a value, or its variable."""
        for cut in range(len(keys), 0, -1):
            if keys[:cut] in self.variables:
                return self.variables[keys[:cut]]
        line = self.line(keys)
        return f"{self.shown}:{line}" if line else self.shown

    def line(self, keys: Keys) -> int:
        """Return the line where a table or value begins; 0 if it is not there.

        TOML's readers keep no lines: it begins after the last whole text without it.
        """
        before, lines = 0, self.text.split("\n")
        for number in range(1, len(lines) + 1):
            try:
                data = tomllib.loads("\n".join(lines[:number]) + "\n")
            except tomllib.TOMLDecodeError:
                continue  # within a value of several lines
            if _contains(data, keys):
                return before + 1
            before = number
        return self.line(keys[:-1]) if len(keys) > 1 else 0


def _contains(data: Json, keys: Keys) -> bool:
    for key in keys:
        if isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        elif isinstance(data, dict) and key in data:
            data = data[str(key)]
        else:
            return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedStatuses:
    """Statuses of a target's answers, where they are known exactly.

    Attributes:
        success: of what is accepted; None for any 2xx.
        rejection: of what breaks a rule; empty for 400 or 422.
    """

    success: int | None = None
    rejection: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a target needs.

    Attributes:
        name: as it was asked for; empty if there are only flags.
        url: of the target, any mount prefix included; `embedded`, or empty if the
            profile leaves it open.
    """

    name: str = ""
    url: str = ""
    dialect: str | None = None
    overrides: Overrides = field(default_factory=Overrides)
    credentials: Credentials = field(default_factory=Credentials)
    expect: ExpectedStatuses = field(default_factory=ExpectedStatuses)
    pacing: Pacing = field(default_factory=Pacing)
    route: Route = field(default_factory=Route)
    safety: Safety = field(default_factory=Safety)
    places: Places = field(default_factory=Places, repr=False)

    @classmethod
    def of(cls, name: str, data: Mapping[str, Json], places: Places) -> Profile:
        """Make a profile of values that are known to be of the right kinds."""
        fixtures = data.get("fixtures", {})
        expect, safety = data.get("expect", {}), dict(data.get("safety", {}))
        pacing = dict(data.get("pacing", {}))
        if "timeout" in pacing:
            pacing["timeout_s"] = pacing.pop("timeout")
        if "journal" in safety:
            safety["journal"] = Path(safety["journal"]) if safety["journal"] else None
        safety["allowed_hosts"] = tuple(safety.get("allowed_hosts", ()))
        credentials = Credentials(**data.get("credentials", {}))
        return cls(
            name=name,
            url=data.get("url", ""),
            dialect=data.get("dialect"),
            overrides=Overrides(
                fixtures=fixtures,
                paths=data.get("paths", {}),
                header=credentials.header or "",
            ),
            credentials=credentials,
            expect=ExpectedStatuses(
                success=expect.get("success"),
                rejection=tuple(expect.get("rejection", ())),
            ),
            pacing=Pacing(**pacing),
            route=Route(
                **data.get("tls", {}), proxy=data.get("proxy", {}).get("url", "")
            ),
            safety=Safety(**safety, fixtures_named=frozenset(fixtures)),
            places=places,
        )

    def misses(self, url: str) -> str:
        """Return why a URL is not of this profile's target; empty if it is."""
        if not self.url or is_loopback(url) or is_same_host(self.url, url):
            return ""
        if self.safety.allowed_hosts and not self.safety.hosts(url).stranger():
            return ""
        return f"{url} is not the target of {self.name}, which is {self.url}"

    def check_leave(self, url: str) -> None:
        """Make sure that what the profile allows is meant for a URL.

        Raises:
            UsageError: it was allowed for another target.
        """
        allows = self.safety.allow_create or self.safety.allow_start
        why = self.misses(url) if allows and self.safety.is_live(url) else ""
        if why:
            raise UsageError(
                f"{why}: what it allows is not meant for others",
                hint="write a profile for that target, or name both hosts in its"
                " `allowed_hosts`",
            )

    def address(self, given: str | None) -> str | None:
        """Return the URL of the target; None for the embedded server.

        Args:
            given: a URL or `embedded`; goes before the profile's.

        Raises:
            UsageError: the profile has no URL and none is given, or it has a header
                for the embedded server.
        """
        if given is None and self.name and not self.url:
            raise UsageError(
                f"{self.name} has no url, and none was given",
                hint=f'write url = "https://…" there, or url = "{EMBEDDED}"'
                " for the reference server",
            )
        asked = self.url if given is None and self.name else given
        if asked != EMBEDDED:
            return asked
        if self.overrides.header:
            raise UsageError(
                f"{self.name or 'the environment'} has a header for the reference"
                " server, which takes none",
                hint="leave [credentials] out: it brings a token of its own",
            )
        return None
