"""Placeholders: credentials put in place of what stands for them in a request.

Only at the moment of sending: everything kept, shown or reported has `{token}`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from ringspec.strategies import (
    CLIENT_ID,
    CLIENT_SECRET,
    CLIENT_SECRET_CUT,
    TOKEN,
    TOKEN_CUT,
    TOKEN_SWAPPED,
    TOKEN_URL,
    Request,
)

if TYPE_CHECKING:
    from ringspec.harness.sending.credentials import Renewal

_PLACES = (TOKEN, TOKEN_CUT, TOKEN_SWAPPED)


def variants(token: str) -> Iterator[str]:
    """Yield what is sent of a token: itself, and two that are wrong on purpose."""
    yield token
    yield token[:-1]
    yield token.swapcase()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """The values of placeholders.

    Attributes:
        token: the access token; without it headers that hold it are left out.
        token_url: where tokens are fetched; absolute.
    """

    token: str | None = field(default=None, repr=False)
    token_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    renewal: Renewal | None = field(default=None, repr=False)

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

    def headers(self, request: Request) -> list[tuple[str, str]]:
        """Return a request's headers, the token in place."""
        filled = ((name, self._value(value)) for name, value in request.headers)
        # A token of one letter, cut, is empty, and no header ends in a blank.
        return [(name, value.strip()) for name, value in filled if value is not None]

    def body(self, request: Request) -> bytes:
        """Return a request's body; only one for the token endpoint has placeholders."""
        if request.path != TOKEN_URL:
            return request.body
        body = request.body
        for place, value in (
            (CLIENT_ID, self.client_id),
            (CLIENT_SECRET, self.client_secret),
            (CLIENT_SECRET_CUT, self.client_secret[:-1]),
        ):
            body = body.replace(place.encode(), quote_plus(value).encode())
        return body

    def url(self, base: str, request: Request) -> str:
        """Return the absolute URL of a request."""
        return self.token_url if request.path == TOKEN_URL else base + request.path

    def _value(self, value: str) -> str | None:
        tokens = self.tokens
        if not tokens:
            return None if any(place in value for place in _PLACES) else value
        for place, token in zip(_PLACES, variants(tokens[-1]), strict=True):
            value = value.replace(place, token)
        return value
