"""The policy: what may be sent to a target, as far as that is known beforehand.

In: what a profile allows, and a contract. Out: why a case or a request is withheld, or
nothing. Source: product.md, Safety.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ringspec.harness.safety.deeds import Deed, Deeds, requests_of
from ringspec.harness.safety.hosts import Hosts, is_loopback
from ringspec.spec import Contract, Json, member_names
from ringspec.strategies import Case, Phase, Request

# What changes something, and needs to be allowed.
_CHANGES = frozenset({Deed.CREATE, Deed.UPDATE, Deed.DELETE, Deed.COMMAND})
_OF_THINGS = frozenset({Deed.UPDATE, Deed.DELETE, Deed.COMMAND})
_BODIES = frozenset({Deed.CREATE, Deed.UPDATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """What a profile allows to be done to a target.

    Attributes:
        live: whether the target acts on what it takes. A target that is not on this
            machine always is, whatever is said here.
        max_creates: how many creates may be sent to a live target, whatever becomes
            of them.
        allow_start: whether commands may be sent to it, such as the one that dials.
        allowed_hosts: the only hosts that are sent to besides this machine; without
            any, the target's own.
        journal: where what is accepted is written; a file of the user's state without.
        fixtures_named: what the profile knows of the target, each by its member's name
            or by its `x-fixture`.
    """

    live: bool | None = None
    allow_create: bool = False
    max_creates: int = 0
    allow_start: bool = False
    allowed_hosts: tuple[str, ...] = ()
    journal: Path | None = None
    fixtures_named: frozenset[str] = frozenset()

    def is_live(self, url: str) -> bool:
        """Tell whether a target acts on what it takes, by its URL if need be."""
        return bool(self.live) or not is_loopback(url)

    def hosts(self, url: str) -> Hosts:
        """Return the hosts that may be sent to in a run against a URL."""
        return Hosts(base=url, allowed=self.allowed_hosts)


@dataclass(frozen=True)
class Policy:
    """What may be sent to one target, as far as that is known beforehand.

    Attributes:
        plain: the plainest body, whose fixtures every create needs.
    """

    safety: Safety
    contract: Contract
    live: bool = False
    plain: Json = None

    @cached_property
    def deeds(self) -> Deeds:
        """Tells what requests do."""
        return Deeds(self.contract)

    @cached_property
    def unnamed(self) -> dict[str, str]:
        """What the target has to know, and the profile did not name, by member."""
        named = self.safety.fixtures_named
        return {
            member: name
            for member, name in self.contract.holders.items()
            if not {member, name} & named
        }

    @cached_property
    def no_create(self) -> str:
        """Why no create is sent at all; empty if some are."""
        if not self.live:
            return ""
        if not self.safety.allow_create:
            return "the profile does not allow creates"
        if self.safety.max_creates < 1:
            return "the profile allows no number of creates"
        own = member_names(self.plain)
        lacking = [name for member, name in self.unnamed.items() if member in own]
        if lacking:
            return f"the profile does not name its own {' and '.join(lacking)}"
        if self.deeds.undoing() is None:
            return "the contract links no operation that deletes what was created"
        return ""

    def leaves_out(self, case: Case) -> str:
        """Say why a case is not sent at all; empty if it is."""
        if not self.live:
            return ""
        if case.phase == Phase.EXPLORE:
            return "what explore found is not sent to a live target"
        reasons = (self.withholds(request) for request in requests_of(case))
        return next(filter(None, reasons), "")

    def withholds(self, request: Request, *, ours: bool | None = None) -> str:
        """Say why a request is not sent to a live target; empty if it may be.

        Args:
            request: as it goes out, or with `{name}` in its path for what is created.
            ours: whether it is about what this run created.
        """
        deed = self.deeds.of(request)
        if any(name.lower() == "host" for name, _ in request.headers):
            return "a Host header may lead elsewhere"
        if deed == Deed.OTHER:
            return "the contract does not say what it does"
        if deed in _CHANGES and self.no_create:
            return self.no_create
        if deed == Deed.COMMAND and not self.safety.allow_start:
            return "the profile does not allow commands, such as to start"
        if deed in _OF_THINGS and not ("{" in request.path if ours is None else ours):
            return "it is about what this run did not create"
        return self._body(request.body) if deed in _BODIES else ""

    def _body(self, content: bytes) -> str:
        """Say why a body is not sent; empty if it may be."""
        try:
            body = json.loads(
                content, object_pairs_hook=_once, parse_constant=_no_number
            )
        except (ValueError, RecursionError):
            return "its body is no plain JSON, and may be read otherwise"
        prover = self.contract.live_prover
        # A server may take each of a list, or what is wrapped in something else.
        found = (each for part in _parts(body) for each in prover.breaches(part))
        breach = next(found, None)
        if breach is None:
            return ""
        place = "/".join(map(str, breach.location)) or "its body"
        return f"the contract keeps {place} as it is from live targets"


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member stands there twice")
    return found


def _parts(body: Json) -> Iterator[Json]:
    """Yield a body, and all that could be taken for one within it."""
    yield body
    within = body.values() if isinstance(body, dict) else body
    if isinstance(body, dict | list):
        for each in within:
            if isinstance(each, dict | list):
                yield from _parts(each)


def _no_number(name: str) -> Json:
    raise ValueError(name)
