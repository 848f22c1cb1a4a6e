"""Exchanges: a request with its answer, or the transport's failure.

Requests are kept and shown with `{token}`; `Filling` puts credentials in at sending.
"""

from __future__ import annotations

import json
import re
import time
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache, partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import quote, quote_plus, urlsplit

from ringspec.spec import (
    DEPTH,
    Json,
    Security,
    TokenPlace,
    is_json,
    is_shallow,
    media_name,
    scheme_slot,
)
from ringspec.strategies import Request, Slot

if TYPE_CHECKING:
    from ringspec.harness.sending.credentials import Renewal

MISSING = object()
# What a secret is replaced by in what is shown.
MASK = "[redacted]"
# No more of an answer is read, nor unpacked, nor are more values taken from it.
ANSWER_LIMIT = 8 * 2**20
_VALUES = 100_000
# The compressions that are undone, in numbers of zlib, and so many at once.
_PACKED = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_PACKINGS = 4
# How a reason begins that says nothing against an answer.
UNREAD = "not read: "
_PLACES = (Slot.TOKEN, Slot.TOKEN_CUT, Slot.TOKEN_SWAPPED)
# Headers that carry the token as it was given out.
_PROPER = frozenset({Slot.TOKEN, f"Bearer {Slot.TOKEN}"})
# What of a cookie is given back, as far as a header can hold it; one that is deleted.
_COOKIE = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=([ -:<-~]*)(?:;|$)")
_SLOT = re.compile(r"\{(?:token(?:-[a-z]+)?|RINGSPEC_[A-Z]+_\w+)\}")
# Stands for the value of a header given by hand that no report may show.
_HIDDEN = "{RINGSPEC_HEADERS_"
# Names of headers whose values are secrets, and values that are under any name.
_SECRET_NAME = re.compile(
    "auth|key|token|secret|cookie|session|pass|cred|signature|jwt|sid$", re.IGNORECASE
)
_SECRET_VALUE = re.compile("(bearer|basic|digest|token) |eyJ", re.IGNORECASE)
_OVER = re.compile(r";\s*(?:max-age=[0-]|expires=[^;]*19[67]\d)", re.IGNORECASE)


class Trouble(StrEnum):
    """How the transport failed."""

    UNREACHABLE = "unreachable"  # nothing listens
    NAME = "name"  # the host's name is not known
    TLS = "tls"
    TIMEOUT = "timeout"
    DROPPED = "dropped"  # closed or reset before the answer was complete
    GARBLED = "garbled"  # not HTTP, or cannot be read completely
    WITHHELD = "withheld"  # never sent: it might do harm


# Sending again changes nothing here.
HOPELESS = frozenset({Trouble.NAME, Trouble.TLS, Trouble.WITHHELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The transport's failure."""

    trouble: Trouble
    message: str
    some: bool = False  # whether any byte of an answer came
    went_out: bool = True  # whether any byte of the request may have been sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer; header names as received, values decoded as latin-1."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def cut(self, limit: int) -> Response:
        """Return it with no more than the beginning of its headers and body."""
        headers, body = self.headers, self.body
        if sum(map(len, chain(*headers))) > limit:
            headers = tuple((name[:99], value[:99]) for name, value in headers[:99])
        if len(body) > limit:
            body = body[:limit] + f"... of {len(body):,} bytes".encode()
        return replace(self, headers=headers, body=body)

    def header(self, name: str) -> str | None:
        """Return the first header of that name, in any case."""
        return next(iter(named(self.headers, name)), None)

    @property
    def media(self) -> str:
        """The media type that it is labelled with; empty without one."""
        return media_name(self.header("content-type") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How far a case of several steps came."""

    earlier: tuple[Exchange, ...] = ()  # the exchanges of the steps before this one
    captured: dict[str, Json] = field(default_factory=dict)
    # Of a list, those on all pages that were read.
    items: tuple[Json, ...] | None = None
    complete: bool = False
    stuck: str = ""  # why the case could not go on; empty if it came to its last step
    # Whether a request that changes something was sent again, so that it may have been
    # carried out twice.
    unsure: bool = False
    unfit: bool = False  # whether it is stuck for an id that no path can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request as sent, with its answer or the failure: exactly one of the two."""

    url: str
    request: Request  # with secrets still as `{token}`, so that it may be shown
    response: Response | None = None
    failure: Failure | None = None
    began_s: float = 0.0  # when it was last sent, in seconds since the epoch (UTC)
    elapsed_s: float = 0.0
    # How many times it went out; with all earlier steps, if there are any.
    sent: int = 1
    twice: bool = False  # whether it may have been taken more than once
    # Whether the answer is no success, and sets the worker's first cookies.
    greeted: bool = False
    played: Played | None = None

    @classmethod
    def ended(
        cls,
        url: str,
        request: Request,
        answer: Response | Failure,
        began: tuple[float, float],
        **others: Any,
    ) -> Self:
        """Make the exchange of a request that just was answered, or failed.

        It began at that time of day, and of `time.perf_counter`.
        """
        elapsed_s = time.perf_counter() - began[1]
        others["response" if isinstance(answer, Response) else "failure"] = answer
        others |= {"began_s": began[0], "elapsed_s": elapsed_s}
        return cls(url=url, request=request, **others)

    @property
    def status(self) -> int:
        """That of the answer; 0 without one."""
        return self.response.status if self.response is not None else 0

    @property
    def is_withheld(self) -> bool:
        """True if nothing was sent, on purpose."""
        return self.failure is not None and self.failure.trouble is Trouble.WITHHELD

    @property
    def summary(self) -> str:
        """The result in a few words."""
        if self.response is not None:
            return f"HTTP {self.response.status}"
        return self.failure.message if self.failure else "nothing was sent"

    @property
    def weight(self) -> int:
        """How many bytes of answers it holds, those of earlier steps included."""
        own, earlier = 0, self.played.earlier if self.played else ()
        if self.response is not None:
            own = sum(map(len, chain((self.response.body,), *self.response.headers)))
        return own + sum(each.weight for each in earlier)

    def cut(self, limit: int) -> Exchange:
        """Return it as it is kept once judged: without what is longer than a limit."""
        played, response = self.played, self.response
        if played is not None:
            earlier = tuple(each.cut(limit) for each in played.earlier)
            played = replace(played, earlier=earlier, items=None, captured={})
        if response is not None and self.weight > limit:
            response = response.cut(limit)
        if response is self.response and played is self.played:
            return self
        return replace(self, response=response, played=played)


def variants(token: str) -> Iterator[str]:
    """Yield what is sent of a token: itself, and two that are wrong on purpose."""
    yield token
    yield token[:-1]
    yield token.swapcase()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """The values of placeholders."""

    # The access token; without it headers that hold it are left out.
    token: str | None = field(default=None, repr=False)
    # Other tokens, by what stands for them.
    schemes: Mapping[str, str] = field(default_factory=dict, repr=False)
    # The token of who is known, but may do nothing of what is tested.
    weaker: str | None = field(default=None, repr=False)
    # Where the operation under test has its credentials.
    asked: Security = field(default_factory=Security)
    token_url: str = ""  # where tokens are fetched; absolute
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    renewal: Renewal | None = field(default=None, repr=False)
    # Header and value that show the token where the contract names none.
    carrier: tuple[str, str] = ("Authorization", f"Bearer {Slot.TOKEN}")
    # Headers of every request to the target, given by hand.
    extra: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    # The request that others are made from; an own header that is not as there is what
    # a case is about, and stays.
    plain: Request | None = None

    @property
    def tokens(self) -> tuple[str, ...]:
        """All tokens that have been in use so far, the present one last."""
        if self.renewal is not None:
            return self.renewal.tokens
        return (self.token,) if self.token else ()

    def secrets(self) -> Iterator[str]:
        """Yield what no report may show."""
        for token in self.tokens:
            yield from variants(token)
        yield from filter(None, (self.client_secret, self.client_secret[:-1]))
        yield from filter(None, (*self.schemes.values(), self.weaker))
        for name, value in self.extra:
            if shown(name, value) != value:
                yield from {value, value.rpartition(" ")[2]}

    def fitted(
        self, securities: Sequence[Security] = (), plain: Request | None = None
    ) -> Filling:
        """Return it for what operations ask for: one, linked ones, and others at last.

        What is given by hand under such a name is a token, which cases leave out.
        Without any a token that is given goes with every request.
        """
        asked = [it for each in securities for it in each.places]
        known = [it for each in securities[:-1] for it in (*each.places, *each.spare)]
        token, own = self.token, dict(self.schemes)
        for place in asked:
            by_hand = (_carried(each, place) for each in self.extra)
            by_name = self.schemes.get(scheme_slot(place.id))
            given = next(filter(None, (by_name, *by_hand)), None)
            if place.slot == Slot.TOKEN:
                token = given or token
            elif place.value(Slot.TOKEN) == self.carrier[1]:
                given = given or self.token
            own |= {place.slot: given} if given else {}
        extra = tuple(
            each
            for each in self.extra
            if all(_carried(each, place) is None for place in known)
        )
        first = next(iter(securities), Security())
        if token and not first.places:
            extra += (self.carrier,)
        fitted = replace(self, token=token, schemes=own, extra=extra)
        return replace(fitted, asked=first, plain=plain)

    def lacks(self, asked: Security) -> tuple[TokenPlace, ...]:
        """Return the places of what is asked for that nothing is given for."""
        return tuple(it for it in asked.places if self._put(it.slot) is None)

    def dressed(self, request: Request, base: str) -> Request:
        """Return a request with the headers that all to the target have."""
        at_home = urlsplit(self.url(base, request))[:2] == urlsplit(base)[:2]
        for name, value in self.extra if at_home else ():
            plain, headers = self.plain or request, request.headers
            # Their paths may name other resources, or have another query.
            ways = ((it.method, it.path.partition("?")[0]) for it in (plain, request))
            alike = len({(method, path.count("/")) for method, path in ways}) == 1
            if alike and named(headers, name) != named(plain.headers, name):
                continue
            others = (it for it in headers if it[0].lower() != name.lower())
            request = replace(request, headers=(*others, (name, shown(name, value))))
        return request

    def headers(self, request: Request) -> list[tuple[str, str]]:
        """Return a request's headers, the token in place."""
        found: list[tuple[str, str]] = []
        for name, value in request.headers:
            # What is hidden, of a report, is perhaps not given again.
            sent = self._put(value)
            # A token of one letter, cut, is empty, and no header ends in a blank.
            found += [(name, sent.strip())] if sent is not None else []
        return found

    def _put(self, text: str, spelt: Callable[[str], str] = str) -> str | None:
        """Return a text with tokens in their places; None if one is not given."""
        if "{" not in text:
            return text
        known: dict[str, str | None] = {shown(*each): each[1] for each in self.extra}
        known |= {**self.schemes, Slot.TOKEN_WEAKER: self.weaker}
        if self.tokens:
            known |= zip(_PLACES, variants(self.tokens[-1]), strict=True)
        if any(known.get(slot) is None for slot in _SLOT.findall(text)):
            return None
        return _SLOT.sub(lambda found: spelt(str(known[found[0]])), text)

    def by_hand(self) -> dict[str, str]:
        """Return the token and what else is given, as headers of any request."""
        headers = (self.carrier, *self.extra)
        return dict(
            self.headers(Request(method="GET", path="", headers=headers, body=b""))
        )

    def body(self, request: Request) -> bytes:
        """Return a request's body; only one for the token endpoint has placeholders."""
        body, secret = request.body, self.client_secret
        if request.path == Slot.TOKEN_URL:
            places = (Slot.CLIENT_ID, Slot.CLIENT_SECRET, Slot.CLIENT_SECRET_CUT)
            values = (self.client_id, secret, secret[:-1])
            for place, value in zip(places, values, strict=True):
                body = body.replace(place.encode(), quote_plus(value).encode())
        return body

    def url(self, base: str, request: Request) -> str:
        """Return the absolute URL of a request, as it may be shown."""
        return self.token_url if request.path == Slot.TOKEN_URL else base + request.path

    def sent(self, url: str) -> str:
        """Return a URL with tokens in its query."""
        start, mark, query = url.partition("?")
        if "{" not in query:
            return url
        spelt = partial(quote, safe="")
        pairs = (self._put(each, spelt) for each in query.split("&"))
        query = "&".join(each for each in pairs if each is not None)
        return f"{start}{mark}{query}" if query else start


def named(headers: Iterable[tuple[str, str]], wanted: str) -> list[str]:
    """List the values of the headers of a name, in any case."""
    return [value for name, value in headers if name.lower() == wanted.lower()]


def shown(name: str, value: str) -> str:
    """Return a header's value, or what stands for it where it looks like a secret."""
    is_plain = not (_SECRET_NAME.search(name) or _SECRET_VALUE.match(value))
    if is_plain or Slot.TOKEN in value:
        return value
    return f"{_HIDDEN}{re.sub('[^A-Z0-9]', '_', name.upper())}}}"


def _carried(header: tuple[str, str], place: TokenPlace) -> str | None:
    """Return the token for a place that is all that a header given by hand has."""
    name, value = header[0].lower(), header[1]
    if place.where == "header":
        return value if name == place.name.lower() else None
    key, _, token = value.partition("=")
    alone = name == place.where == "cookie" and key == place.name and ";" not in token
    return token if alone else None


def is_proper(request: Request) -> bool:
    """Return whether a request carries the token as it was given out."""
    return any(value in _PROPER for _, value in request.headers)


class Jar:
    """The cookies of one worker, as a proxy may want its own back.

    They are few and short, and go to the origin that set them alone, never to a token
    endpoint, nor with requests that show other credentials: a session opened by the
    right ones must not vouch for those.
    """

    def __init__(self) -> None:
        self._held: dict[tuple[str, str, tuple[str, ...]], dict[str, str]] = {}

    def added(
        self, headers: list[tuple[str, str]], request: Request, url: str
    ) -> list[tuple[str, str]]:
        """Add them to the headers that a request goes out with, if there are any."""
        pairs = list(map("=".join, self._of(request, url).items()))
        own = named(headers, "cookie")
        others = [each for each in headers if each[0].lower() != "cookie"]
        return [*others, ("Cookie", "; ".join(own + pairs))] if pairs else headers

    def keep(self, request: Request, url: str, response: Response) -> bool:
        """Take what an answer sets, the latest of too many; True if none was there."""
        held = self._of(request, url)
        empty = not held
        for text in named(response.headers, "set-cookie"):
            found = _COOKIE.match(text)
            if found and len(found[0]) < 4096:
                held.pop(found[1], None)
                held |= {} if _OVER.search(text) else {found[1]: found[2].strip()}
            while len(held) > 20 or len("".join([*held, *held.values()])) > 4096:
                del held[next(iter(held))]
        return empty and bool(held)

    def _of(self, request: Request, url: str) -> dict[str, str]:
        if request.path == Slot.TOKEN_URL:
            return {}
        scheme, host, *_ = urlsplit(url)
        texts = [value for _, value in request.headers]
        texts += request.path.partition("?")[2].split("&")
        shows = tuple(it for it in texts if _SLOT.search(it))
        return self._held.setdefault((scheme, host, shows), {})


# That of the worker that a request is sent by; a sender's own without.
JAR: ContextVar[Jar] = ContextVar("JAR")


class Connection(Protocol):
    """Answers requests: a server over the network, or one in this process."""

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request; up to `repeats` times again if the transport fails."""

    async def close(self) -> None:
        """Close the connection."""


class Passing:
    """The part of a connection that passes requests on to another one."""

    def __init__(self, inner: Connection) -> None:
        self._inner = inner

    async def close(self) -> None:
        """Close the connection."""
        await self._inner.close()


class Sender(ABC):
    """Sends requests to one server, and times its answers."""

    def __init__(self, url: str, filling: Filling, timeout_s: float) -> None:
        self.url, self.filling, self.timeout_s = url, filling, timeout_s
        self._jar = Jar()

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request; up to `repeats` times again if the transport fails."""
        exchange = await self._once(request)
        for sent in range(2, repeats + 2):
            if exchange.failure is None or exchange.failure.trouble in HOPELESS:
                break
            exchange = replace(await self._once(request), sent=sent)
        return exchange

    async def _once(self, request: Request) -> Exchange:
        began = time.time(), time.perf_counter()
        url = self.filling.url(self.url, request)
        if self.filling.extra:
            request = self.filling.dressed(request, self.url)
        answer, greeted = await self._answer(request, self.filling.sent(url)), False
        if isinstance(answer, Response):
            first = JAR.get(self._jar).keep(request, url, answer)
            greeted = first and answer.status // 100 != 2
        return Exchange.ended(url, request, answer, began, greeted=greeted)

    @abstractmethod
    async def _answer(self, request: Request, url: str) -> Response | Failure:
        """Send a request once."""

    def _headers(self, request: Request, url: str) -> list[tuple[str, str]]:
        """Return what goes out: a request's headers, and cookies."""
        headers = self.filling.headers(request)
        return JAR.get(self._jar).added(headers, request, url)


def received(
    status: int, headers: tuple[tuple[str, str], ...], body: bytes
) -> Response | Failure:
    """Return an answer, unpacked within the limit, or why it cannot be."""
    listed = ",".join(named(headers, "content-encoding"))
    codings = map(str.strip, listed.lower().split(","))
    packed = [_PACKED[each] for each in codings if each in _PACKED][-_PACKINGS:]
    message = ""
    try:
        for form in reversed(packed if body else ()):
            body = _unpacked(body, form)
    except zlib.error as error:
        message = f"the answer cannot be decoded: {error}"
    if len(body) > ANSWER_LIMIT:
        message = f"the answer is longer than {ANSWER_LIMIT >> 20} MiB"
    if message:
        return Failure(trouble=Trouble.GARBLED, message=message, some=True)
    return Response(status=status, headers=headers, body=body)


def _unpacked(body: bytes, form: int) -> bytes:
    """Unpack no more than shows that it is too long."""
    if form == 15 and (body[0] & 15 != 8 or int.from_bytes(body[:2], "big") % 31):
        form = -15  # many servers leave out what zlib puts around it: RFC 9110, 8.4.1.2
    unpacker = zlib.decompressobj(form)
    data = unpacker.decompress(body, ANSWER_LIMIT + 1)
    if len(data) <= ANSWER_LIMIT and not unpacker.eof:
        raise zlib.error("it ends too early")
    return data


def share_of(body: bytes) -> float:
    """Return what part it takes of what is read at most, above 1 if it is too much."""
    values = sum(body.count(each) for each in (b"[", b"{", b","))
    return max(len(body) / ANSWER_LIMIT, values / _VALUES)


def parse(response: Response) -> tuple[Json, str]:
    """Return an answer's JSON, or MISSING and the reason."""
    if not is_json(response.media):
        if not response.media:
            return MISSING, "the answer has no Content-Type, so that it is no JSON"
        return MISSING, f"the answer is labelled {response.media}, not JSON"
    return parsed(response.body)


# The checks of an answer each ask for its JSON.
@lru_cache(maxsize=1)
def parsed(body: bytes) -> tuple[Json, str]:
    """Return the JSON of a body of any label, or MISSING and the reason."""
    if share_of(body) > 1:
        return MISSING, f"{UNREAD}the answer has more than {_VALUES:,} values"
    deep = MISSING, f"{UNREAD}the answer is nested more than {DEPTH} levels deep"
    try:
        # Not as bytes, which Python would also take in UTF-16. Source: RFC 8259, 8.1.
        data = json.loads(body.decode(), parse_constant=no_constant)
    except RecursionError:
        return deep
    except ValueError as error:
        return MISSING, f"the answer is no JSON: {error}"
    return (data, "") if is_shallow(data) else deep


def no_constant(name: str) -> Json:
    """Refuse NaN and infinities, which Python reads as JSON."""
    raise ValueError(f"{name} is no JSON")
