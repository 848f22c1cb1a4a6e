"""Credentials: an access token, given or fetched by OAuth2 client credentials.

Source: RFC 6749, section 4.4; facts.md E.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import httpx

from ringspec.harness.hosts import Hosts, is_loopback
from ringspec.harness.target import checked_url
from ringspec.spec import TargetError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a target is shown; secrets stay out of its representation."""

    bearer: str | None = field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    token_url: str | None = None

    def secrets(self) -> tuple[str, ...]:
        """List what no report may show."""
        return tuple(each for each in (self.bearer, self.client_secret) if each)

    def token(self, timeout_s: float, hosts: Hosts | None = None) -> str | None:
        """Return the access token, fetched if need be; None without credentials.

        Args:
            timeout_s: how long its endpoint may take to answer.
            hosts: those that may be sent to; only this machine without.

        Raises:
            UsageError: some of what is needed is not given, or the endpoint is at a
                host that may not be sent to.
            TargetError: the token endpoint does not give one.
        """
        if self.bearer and self.bearer.strip():
            return _sendable(self.bearer.strip(), "the token", "check --bearer")
        return self.fetched(timeout_s, hosts)

    def fetched(self, timeout_s: float, hosts: Hosts | None = None) -> str | None:
        """Return a new access token; None without a client. See `token`."""
        given = (self.client_id, self.client_secret, self.token_url)
        if not any(given):
            return None
        if self.client_id is None or self.client_secret is None or not self.token_url:
            raise UsageError(
                "client id, client secret and token URL belong together",
                hint="give all three, or a token with --bearer",
            )
        checked_url(self.token_url)
        elsewhere = (hosts or Hosts()).refusal(self.token_url)
        if elsewhere:
            raise UsageError(
                f"no token is fetched from {self.token_url}: {elsewhere}",
                hint="name it in `allowed_hosts` of the profile, or give --bearer",
            )
        return _fetch(self.token_url, self.client_id, self.client_secret, timeout_s)


def _fetch(url: str, client_id: str, client_secret: str, timeout_s: float) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
    }
    try:
        answer = httpx.post(
            url, data=form, timeout=timeout_s, trust_env=not is_loopback(url)
        )
        token = answer.json().get("access_token") if answer.is_success else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError) as error:
        raise TargetError(
            f"no token from {url}: {type(error).__name__}: {error}",
            hint="check --token-url",
        ) from error
    if not isinstance(token, str) or not token:
        raise TargetError(
            f"no token from {url}: HTTP {answer.status_code}",
            hint="check client id and client secret",
        )
    return _sendable(token, f"the token from {url}", "check --token-url")


def _sendable(token: str, what: str, hint: str) -> str:
    """Return a token that fits into a header. Source: RFC 6750, section 2.1."""
    if not re.fullmatch(r"[!-~]+", token):
        raise UsageError(f"{what} has characters that no header can hold", hint=hint)
    return token
