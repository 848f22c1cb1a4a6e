"""Filling: credentials put in place of what stands for them in a request.

Only at the moment of sending: whatever is kept, shown or reported has `{token}`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What stands where placeholders are.

    Attributes:
        token: the access token; without it headers that hold it are left out.
        token_url: where tokens are given out; absolute.
        client_id: of the client that the token is for; likewise its secret.
    """

    token: str | None = field(default=None, repr=False)
    token_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)

    def secrets(self) -> Iterator[str]:
        """Yield what no report may show."""
        for place in (TOKEN, TOKEN_CUT, TOKEN_SWAPPED):
            if self.token:
                yield self._token(place)
        yield from filter(None, (self.client_secret, self.client_secret[:-1]))

    def headers(self, request: Request) -> list[tuple[str, str]]:
        """Return a request's headers, the token in place."""
        filled = ((name, self._value(value)) for name, value in request.headers)
        # The end of a token of one letter is nothing, and no header ends in a blank.
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
        """Return the absolute URL that a request goes to."""
        return self.token_url if request.path == TOKEN_URL else base + request.path

    def _value(self, value: str) -> str | None:
        for place in (TOKEN, TOKEN_CUT, TOKEN_SWAPPED):
            if place in value:
                if self.token is None:
                    return None
                value = value.replace(place, self._token(place))
        return value

    def _token(self, place: str) -> str:
        token = self.token or ""
        if place == TOKEN_CUT:
            return token[:-1]
        return token.swapcase() if place == TOKEN_SWAPPED else token
