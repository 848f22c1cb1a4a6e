"""Which hosts may be sent to, told from URLs alone."""

from __future__ import annotations

import pytest

from ringspec.harness.sending.policy import Hosts

ALLOWED = ("Auth.Example.com", "api.example.com")
TARGET = Hosts(base="https://api.example.com/v1", allowed=ALLOWED)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/token",
        "https://API.example.com:8443/token",
        "https://auth.example.com/oauth2/token",
        "https://auth.example.com./oauth2/token",
        "http://127.0.0.1:9/token",
        "http://[::1]/token",
        "http://localhost/token",
    ],
)
def test_target_this_machine_and_what_is_allowed_may_be_sent_to(url: str) -> None:
    assert TARGET.refusal(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://evil-api.example.com",
        "https://api.example.com.evil.test",
        "https://api.example.com@evil.test",
        "https://evil.test\\@api.example.com",
        "https://evil.test#@api.example.com",
        "https://evil.test?@api.example.com/",
        "http://127.0.0.1.evil.test",
        "http://127.0.0.1:80@evil.test",
        "http://localhost@evil.test",
        "http://[::1].evil.test",
        "http://[::1",
        "http://127.0.0.1:99999",
        "//evil.test",
        "evil.test",
        "",
    ],
)
def test_nothing_else_may_be_sent_to(url: str) -> None:
    assert TARGET.refusal(url)


def test_without_a_target_this_machine_alone_is_in_bounds() -> None:
    assert Hosts().refusal("http://127.0.0.1") == ""
    assert Hosts().refusal("https://api.example.com")


def test_target_has_to_be_among_the_allowed_if_any_are() -> None:
    target = Hosts(base="https://api.example.com", allowed=("auth.example.com",))
    assert target.stranger()
    assert target.refusal("https://api.example.com/token")
    assert target.refusal("https://auth.example.com/token") == ""
    assert Hosts(base="https://api.example.com").stranger() == ""
    named = Hosts(base="https://api.example.com", allowed=("api.example.com",))
    assert named.stranger() == ""
