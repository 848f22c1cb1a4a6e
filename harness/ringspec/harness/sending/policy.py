"""The policy: what a request does, whether it may be sent, and to which hosts.

Hosts are judged by URLs alone, without asking DNS: a name that merely resolves to a
loopback address is not loopback. Source: product.md, Safety.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urlsplit

from ringspec.harness.sending.exchange import no_constant
from ringspec.harness.sending.mistakes import mistake
from ringspec.spec import (
    Contract,
    Json,
    Link,
    Role,
    UsageError,
    at_pointer,
    member_names,
)
from ringspec.strategies import Case, Phase, Request, Slot, encode, line, parse_case

if TYPE_CHECKING:
    import httpx

# Nothing in it is to be escaped, shortened, or looked up.
_CLEAR = re.compile(
    r"https?://(?:127\.0\.0\.1|localhost):[1-5]?\d{4}(?:/[\w~-][\w.~-]*)*"
    r"(?:\?[\w.~=&-]+)?",
    re.ASCII,
)
# A URL but for its scheme.
_BARE = re.compile(r"(localhost|[\w-]+(\.[\w-]+)+|\[[\da-fA-F:]+\])(:\d+)?(/\S*)?")
_PLACE = re.compile(r"\{([^}]*)\}")
# What may stand in a path that changes something. The rest could lead elsewhere on a
# server that decodes twice, trims, or takes wildcards: `../x`, a blank, `*`.
_PLAIN = re.compile(r"(?=.*[A-Za-z0-9])[!$&'()+,.0-9:=@A-Z_a-z~-]{1,255}")

# What a server may take for the end of a segment of a path, even where it is escaped.
_ENDS = re.compile(r"[\x00-\x1f\x7f/\\?#\ud800-\udfff]")
_LONGEST_ID = 1000


class Effect(StrEnum):
    """What a request does."""

    LOOK = "look"
    TOKEN = "token"  # noqa: S105 - asks for one
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    COMMAND = "command"
    OTHER = "other"  # not described by the contract, and more than a look


LOOKING = frozenset({"GET", "HEAD", "OPTIONS"})
# Of the operation under test; any other method creates something.
_METHODS = {
    **dict.fromkeys(LOOKING, Effect.LOOK),
    **dict.fromkeys(("PUT", "PATCH"), Effect.UPDATE),
    "DELETE": Effect.DELETE,
}
_ROLES = {
    Role.READ: Effect.LOOK,
    Role.LIST: Effect.LOOK,
    Role.REPLACE: Effect.UPDATE,
    Role.DELETE: Effect.DELETE,
    Role.COMMAND: Effect.COMMAND,
}
# Effects that need to be allowed; those on something created before; those of a body.
_CHANGES = frozenset({Effect.CREATE, Effect.UPDATE, Effect.DELETE, Effect.COMMAND})
_OF_THINGS = _CHANGES - {Effect.CREATE}
_BODIES = frozenset({Effect.CREATE, Effect.UPDATE})
_REPEATABLE = frozenset({Effect.LOOK, Effect.TOKEN, Effect.DELETE})


def is_clear(url: str) -> bool:
    """Return whether a URL is on this machine, and nobody could read it otherwise."""
    return _CLEAR.fullmatch(url) is not None


def read_url(url: str) -> httpx.URL:
    """Read a URL by another parser than Python's; ValueError if it is none."""
    import httpx  # noqa: PLC0415 - it takes a while, and clear URLs do without

    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error


def parsed_url(url: str) -> SplitResult | None:
    """Return the parts of an HTTP server's URL; None if it is none."""
    try:
        parts = urlsplit(url)
        _ = is_clear(url) or read_url(url), parts.port
    except ValueError:
        return None
    return parts if parts.scheme in {"http", "https"} and parts.hostname else None


def checked_url(url: str) -> str:
    """Return a base URL, which is that of a server alone, without its last slash."""
    parts = parsed_url(url)
    if "@" in (url if parts is None else parts.netloc):
        raise mistake("url-user")
    why, hint = "", "give it whole, such as http://127.0.0.1:8000"
    if parts is None or (not parts.port and parts.port is not None):
        why = "is not the URL of a server"
        if _BARE.fullmatch(url):
            scheme = "http" if is_loopback(f"//{url}") else "https"
            hint = f"did you mean {scheme}://{url}?"
        elif re.search(r":(0+|\d{5,})(/|$)", url):
            hint = "its port is a number from 1 to 65535"
    elif parts.query or parts.fragment:
        why, hint = "is not the URL of a server", "leave out what follows ? or #"
    elif parts.hostname in {"0.0.0.0", "::"}:  # noqa: S104 - refused
        why, hint = "names no server, only where one listens", "such as 127.0.0.1"
    if why:
        raise UsageError(f"{url!r} {why}", hint=hint)
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Return whether a URL stays on this machine, by its address alone."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        # What follows a % is for resolvers to interpret.
        return "%" not in host and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """Return the host that a URL surely leads to; empty if two parsers differ on it."""
    parts = parsed_url(url)
    if parts is None:
        return ""
    host = (parts.hostname or "").rstrip(".")
    if is_clear(url):
        return host
    read = read_url(url)
    alike = (parts.scheme, host) == (read.scheme, read.host.rstrip("."))
    alike &= parts.port == (read.port or parts.port)
    return host if alike and "@" not in parts.netloc else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """The hosts that a run may send to."""

    base: str = ""  # the target's URL; without one only this machine is in bounds
    # Names of the only hosts besides this machine, that of the target and of a token
    # endpoint among them; without any, the target's own.
    allowed: tuple[str, ...] = ()

    def refusal(self, url: str) -> str:
        """Return why nothing is sent to a URL; empty if it may be."""
        host = host_of(url)
        if not host:
            return f"{url!r} does not say clearly which host it leads to"
        if is_loopback(url) or host in self._known():
            return ""
        return f"{host} is neither the target nor an allowed host"

    def stranger(self) -> str:
        """Return why the target itself is out of bounds; empty if it is not."""
        host = host_of(self.base)
        if not host or (self.allowed and host not in self._known()):
            return f"{self.base} is not among the hosts that the profile allows"
        return ""

    def _known(self) -> set[str]:
        if self.allowed:
            return {each.lower().rstrip(".") for each in self.allowed}
        return {host_of(self.base)} - {""}


@lru_cache
def path_pattern(template: str) -> re.Pattern[str]:
    """Return a pattern of the paths that a link leads to, by its own with names."""
    parts = map(re.escape, _PLACE.split(template)[::2])
    return re.compile("[^/]+".join(parts))


def requests_of(case: Case) -> tuple[Request, ...]:
    """List what a case sends, in its order."""
    return tuple(step.request for step in case.steps) or (case.request,)


def captured(link: Link, answer: Json) -> dict[str, str]:
    """Take from the answer to a create what the path of a link needs."""
    found = {name: at_pointer(answer, at) for name, at in link.captures.items()}
    return {
        name: str(value)
        for name, value in found.items()
        if type(value) in {int, str} and value != ""
    }


def unfit(value: str) -> str:
    """Return why no path can name anything by an id; empty if it can."""
    if len(value) > _LONGEST_ID:
        return f"which is {len(value):,} characters long"
    if not any(map(str.isalnum, value)):
        return "which has no letter or digit"
    end = _ENDS.search(value)
    return f"which has {end[0]!a}: in a path that may lead elsewhere" if end else ""


def filled(path: str, values: dict[str, str]) -> str | None:
    """Put values into a path; None if one is missing, or may lead elsewhere."""
    path, mark, query = path.partition("?")
    names = _PLACE.findall(path)
    if not all(_PLAIN.fullmatch(values.get(name, "")) for name in names):
        return None
    made = _PLACE.sub(lambda found: quote(values[found[1]], safe=""), path)
    return f"{made}{mark}{query}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """What a profile allows to be done to a target."""

    # Whether the target acts on what it takes. A target that is not on this machine
    # always is, even if this is False.
    live: bool | None = None
    allow_create: bool = False
    max_creates: int = 0  # how many creates may be sent, whatever becomes of them
    # Whether commands may be sent, such as the one that dials.
    allow_start: bool = False
    allowed_hosts: tuple[str, ...] = ()  # as of `Hosts`
    # Where what is accepted is written; a file of the user's state without.
    journal: Path | None = None
    # What the profile knows of the target, by member or `x-fixture`.
    fixtures_named: frozenset[str] = frozenset()

    def is_live(self, url: str) -> bool:
        """Return whether a target acts on what it takes."""
        return bool(self.live) or not is_loopback(url)

    def hosts(self, url: str) -> Hosts:
        """Return the hosts that may be sent to in a run against a URL."""
        return Hosts(base=url, allowed=self.allowed_hosts)


@dataclass(frozen=True)
class Policy:
    """What requests do to one target, and which may be sent."""

    safety: Safety
    contract: Contract
    live: bool = False
    plain: Json = None  # the plainest body, whose fixtures every create needs

    def effect_of(self, request: Request) -> Effect:
        """Return what a request does."""
        method = request.method.upper()
        path = request.path.partition("?")[0]
        operation = self.contract.operation
        if request.path == Slot.TOKEN_URL:
            return Effect.TOKEN
        own = path_pattern(operation.wire.template)
        if method == operation.method.upper() and own.fullmatch(path):
            return _METHODS.get(method, Effect.CREATE)
        for link in self.contract.links:
            if method == link.method and path_pattern(link.path).fullmatch(path):
                return _ROLES[link.role]
        return Effect.LOOK if method in LOOKING else Effect.OTHER

    def may_repeat(self, request: Request) -> bool:
        """Return whether a request may be sent again though it may have been taken."""
        return not self.live or self.effect_of(request) in _REPEATABLE

    def undoing(self) -> Link | None:
        """Return the link that deletes what was created, if there is one."""
        listed = (it for it in self.contract.links if not it.inferred)
        return next((it for it in listed if it.role == Role.DELETE), None)

    def things(self, answer: Json) -> Iterator[tuple[str, str]]:
        """Yield, by method and path, what can be done to what was created."""
        for link in self.contract.links:
            if link.captures:
                path = filled(link.path, captured(link, answer))
                if path is not None:
                    yield link.method, path

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
        if not self.live or self.contract.operation.method.upper() in LOOKING:
            return ""
        if not self.safety.allow_create:
            return "the profile does not allow creates"
        if self.safety.max_creates < 1:
            return "the profile allows no number of creates"
        own = member_names(self.plain)
        lacking = [name for member, name in self.unnamed.items() if member in own]
        if lacking:
            return f"the profile does not name its own {' and '.join(lacking)}"
        if self.undoing() is None:
            return "the contract links no operation that deletes what was created"
        return ""

    def leaves_out(self, case: Case) -> str:
        """Return why a case is not sent at all; empty if it is."""
        if not self.live:
            return ""
        if case.phase == Phase.EXPLORE:
            return "what explore found is not sent to a live target"
        if case.steps and any(each.inferred for each in self.contract.links):
            return "what it acts on is known by paths alone"
        reasons = (self.withholds(request) for request in requests_of(case))
        return next(filter(None, reasons), "")

    def own(self, case: Case, sent: set[bytes]) -> Case | None:
        """Return a case with a body that no other sends; None if there is none.

        Where its own was sent before, a text of it is numbered.
        """

        def creates(case: Case) -> dict[bytes, Request]:
            asked = requests_of(case)
            return {it.body: it for it in asked if self.effect_of(it) == Effect.CREATE}

        common = [it for body, it in creates(case).items() if body in sent]
        body: Json = replace(case, request=common[0]).body if common else None
        for name, value in body.items() if isinstance(body, dict) else ():
            other = f"{value} {len(sent)}"
            fits = isinstance(value, str) and name not in self.contract.holders
            if fits and self.contract.settled_prover.is_valid(body | {name: other}):
                old, new = (encode(each).decode() for each in (value, other))
                case = parse_case(json.loads(line(case).replace(old, new)))
                break
        if not sent.isdisjoint(creates(case)):
            return None
        sent.update(creates(case))
        return case

    def withholds(self, request: Request, *, ours: bool | None = None) -> str:
        """Return why a request is not sent to a live target; empty if it may be.

        Unless it says whether it is about what this run created, `{name}` in its path
        does.
        """
        effect = self.effect_of(request)
        if any(name.lower() == "host" for name, _ in request.headers):
            return "a Host header may lead elsewhere"
        if effect == Effect.OTHER:
            return "the contract does not say what it does"
        if effect in _CHANGES and self.no_create:
            return self.no_create
        if effect == Effect.COMMAND and not self.safety.allow_start:
            return "the profile does not allow commands, such as to start"
        if effect in _OF_THINGS and not ("{" in request.path if ours is None else ours):
            return "it is about what this run did not create"
        return self._body(request.body) if effect in _BODIES else ""

    def _body(self, content: bytes) -> str:
        try:
            body = json.loads(
                content, object_pairs_hook=_once, parse_constant=no_constant
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
    """Yield a body, and everything within it that could be taken for one."""
    yield body
    within = body.values() if isinstance(body, dict) else body
    for each in within if isinstance(body, dict | list) else ():
        if isinstance(each, dict | list):
            yield from _parts(each)
