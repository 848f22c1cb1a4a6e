"""A profile as the rest of the program knows it: plain values, of the right kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ringspec.harness.profile.places import Places
from ringspec.harness.sending.credentials import Credentials
from ringspec.harness.sending.hosts import is_loopback, is_same_host
from ringspec.harness.sending.pacer import Pacing
from ringspec.harness.sending.policy import Safety
from ringspec.harness.sending.transport import Route
from ringspec.spec import Json, Overrides, UsageError

# What stands for a URL where the server that comes with the package is meant.
EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What statuses a target answers with, where that is known exactly.

    Attributes:
        success: of what is accepted; any 2xx without one.
        rejection: of what breaks a rule; 400 or 422 without any.
    """

    success: int | None = None
    rejection: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a target needs.

    Attributes:
        name: as it was asked for; empty where there is none but the flags.
        url: of the target, any mount prefix included; `embedded`, or empty where the
            profile leaves that open.
    """

    name: str = ""
    url: str = ""
    dialect: str | None = None
    overrides: Overrides = field(default_factory=Overrides)
    credentials: Credentials = field(default_factory=Credentials)
    expect: Expect = field(default_factory=Expect)
    pacing: Pacing = field(default_factory=Pacing)
    route: Route = field(default_factory=Route)
    safety: Safety = field(default_factory=Safety)
    places: Places = field(default_factory=Places, repr=False)

    @classmethod
    def of(cls, name: str, data: Mapping[str, Json], places: Places) -> Profile:
        """Make a profile of values that are known to be of the right kinds."""
        credentials = Credentials(**data.get("credentials", {}))
        pacing = dict(data.get("pacing", {}))
        if "timeout" in pacing:
            pacing["timeout_s"] = pacing.pop("timeout")
        expect = dict(data.get("expect", {}))
        return cls(
            name=name,
            url=data.get("url", ""),
            dialect=data.get("dialect"),
            overrides=Overrides(
                fixtures=data.get("fixtures", {}),
                paths=data.get("paths", {}),
                header=credentials.header or "",
            ),
            credentials=credentials,
            expect=Expect(
                success=expect.get("success"),
                rejection=tuple(expect.get("rejection", ())),
            ),
            pacing=Pacing(**pacing),
            route=Route(
                **data.get("tls", {}), proxy=data.get("proxy", {}).get("url", "")
            ),
            safety=_safety(data.get("safety", {}), data.get("fixtures", {})),
            places=places,
        )

    def misses(self, url: str) -> str:
        """Say why a URL is not of the target that this is written for; else empty."""
        if not self.url or is_loopback(url) or is_same_host(self.url, url):
            return ""
        if self.safety.allowed_hosts and not self.safety.hosts(url).stranger():
            return ""
        return f"{url} is not the target of {self.name}, which is {self.url}"

    def check_leave(self, url: str) -> None:
        """Make sure that what is allowed to be done is meant for a target.

        Raises:
            UsageError: it was allowed for another one.
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
            given: by whoever calls, a URL or `embedded`; goes before the profile's.

        Raises:
            UsageError: there is a profile, and it has none.
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


def _safety(given: Mapping[str, Json], fixtures: Mapping[str, Json]) -> Safety:
    journal = given.get("journal")
    return Safety(
        **{
            **given,
            "allowed_hosts": tuple(given.get("allowed_hosts", ())),
            "journal": Path(journal) if journal else None,
            "fixtures_named": frozenset(fixtures),
        }
    )
