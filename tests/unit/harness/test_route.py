"""Routes: whom to trust, what to show, and by which proxy; on this machine alone."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.inprocess import Told

from ringspec.harness import Exchange, Started, Trouble
from ringspec.harness.sending.credentials import Credentials
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.target import Route, Target
from ringspec.spec import UsageError
from ringspec.strategies import Request

ELSEWHERE = "https://api.example.com"
HERE = "http://127.0.0.1:1"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate of 127.0.0.1, its key, and a key that takes a password."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("pems")
    key = ("-newkey", "rsa:2048", "-keyout", "key.pem", "-nodes", "-days", "2")
    subject = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    for arguments in (
        ("req", "-x509", *key, "-out", "cert.pem", *subject),
        ("rsa", "-aes256", "-passout", "pass:x", "-in", "key.pem", "-out", "shut.pem"),
    ):
        subprocess.run(
            [openssl, *arguments], cwd=folder, check=True, capture_output=True
        )
    return folder


def fetched(
    route: Route, folder: Path | None = None, *, ask_client: bool = False
) -> tuple[Exchange, list[bytes]]:
    """Ask a server, over TLS if its certificate is given, and note what it is asked.

    Without a certificate the server is the proxy to another one.
    """
    heard: list[bytes] = []

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    def context() -> ssl.SSLContext | None:
        if folder is None:
            return None
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        if ask_client:
            made.verify_mode = ssl.CERT_REQUIRED
            made.load_verify_locations(folder / "cert.pem")
        return made

    async def talk() -> Exchange:
        server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context())
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            if folder is None:
                return await asked(HERE, replace(route, proxy=f"http://{place}"))
            return await asked(f"https://{place}", route)
        finally:
            server.close()

    return asyncio.run(talk()), heard


async def asked(url: str, route: Route) -> Exchange:
    target = Target(url, filling=Filling(), timeout_s=5, route=route)
    try:
        request = Request(method="GET", path="/x", headers=(), body=b"")
        return await target.exchange(request, repeats=0)
    finally:
        await target.close()


def test_only_a_certificate_that_the_profile_names_is_trusted(pems: Path) -> None:
    unknown, heard = fetched(Route(), pems)
    named, _ = fetched(Route(ca=str(pems / "cert.pem")), pems)
    unchecked, _ = fetched(Route(insecure=True), pems)

    assert unknown.failure is not None
    assert unknown.failure.trouble == Trouble.TLS
    assert heard == []
    assert named.summary == unchecked.summary == "HTTP 200"
    assert Route(insecure=True).warning(HERE, "") == Route().warning(ELSEWHERE) == ""
    assert "api.example.com is not checked" in Route(insecure=True).warning(ELSEWHERE)


def test_a_certificate_of_our_own_is_shown(pems: Path) -> None:
    trusting = Route(ca=str(pems / "cert.pem"))
    own = replace(
        trusting, certificate=str(pems / "cert.pem"), key=str(pems / "key.pem")
    )

    assert fetched(own, pems, ask_client=True)[0].summary == "HTTP 200"
    assert fetched(trusting, pems, ask_client=True)[0].response is None


@pytest.mark.parametrize(
    ("route", "message"),
    [
        (Route(ca="gone.pem"), "gone.pem cannot be used: No such file"),
        (Route(ca="empty.pem"), "empty.pem cannot be used"),
        (Route(certificate="gone.pem"), "gone.pem with the key .*: No such file"),
        (Route(certificate="empty.pem"), "empty.pem with the key"),
        (Route(certificate="cert.pem", key="shut.pem"), "cert.pem with the key"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    pems: Path, monkeypatch: pytest.MonkeyPatch, route: Route, message: str
) -> None:
    (pems / "empty.pem").write_text("nothing\n")
    monkeypatch.chdir(pems)

    with pytest.raises(UsageError, match=message) as caught:
        route.opened()

    assert "PEM form" in caught.value.hint


@pytest.mark.parametrize(
    ("variables", "proxy"),
    [
        ({}, ""),
        ({"HTTPS_PROXY": "http://127.0.0.1:3128"}, "http://127.0.0.1:3128"),
        ({"ALL_PROXY": "127.0.0.1:3128"}, "http://127.0.0.1:3128"),
        ({"HTTP_PROXY": "http://127.0.0.1:3128"}, ""),
        ({"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "example.com"}, ""),
    ],
)
def test_the_environments_proxy_is_for_targets_elsewhere(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], proxy: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert Route().to(ELSEWHERE).proxy == proxy
    assert Route().to(ELSEWHERE).from_environment == bool(proxy)
    assert Route().to("https://127.0.0.1:1") == Route()


def test_the_profiles_proxy_goes_before_the_environments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    own = Route(proxy="http://127.0.0.1:2")

    assert own.to(ELSEWHERE) == own


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:1", "127.0.0.1:1", "http://", "http://[::1"]
)
def test_what_is_no_http_proxy_is_said_so(proxy: str) -> None:
    with pytest.raises(UsageError, match="not the URL of an HTTP proxy"):
        Route(proxy=proxy).to(ELSEWHERE)


def test_a_target_on_this_machine_is_not_asked_for_elsewhere() -> None:
    with pytest.raises(UsageError, match="is on this machine, and the proxy") as caught:
        Route(proxy="http://me:hush@proxy.example.com:3128").to(HERE)

    assert "hush" not in str(caught.value)


def test_the_password_of_a_proxy_is_a_secret() -> None:
    route = Route(proxy="http://me:hush@127.0.0.1:3128")

    assert route.secrets == ("hush",)
    assert route.shown_proxy == "http://127.0.0.1:3128"
    assert "hush" not in repr(route)


def test_requests_go_by_the_proxy() -> None:
    found, heard = fetched(Route())

    assert found.summary == "HTTP 200"
    assert heard[0].startswith(b"GET http://127.0.0.1:1/x HTTP/1.1\r\n")


def test_a_token_is_fetched_on_the_same_route(pems: Path) -> None:
    gone = Route(ca=str(pems / "gone.pem"))
    client = Credentials(client_id="me", client_secret="x", token_url=f"{HERE}/token")

    with pytest.raises(UsageError, match=r"gone\.pem"):
        client.filling(1, gone)


def test_a_proxy_of_the_environment_is_told_of(
    fire: Callable[..., Told],
) -> None:
    route = Route(proxy="http://me:hush@127.0.0.1:3128", from_environment=True)
    filling = Filling(token_url=ELSEWHERE)

    found = fire(lambda _: None, route=route, phases=frozenset())
    unchecked = replace(route, insecure=True)
    other = fire(lambda _: None, route=unchecked, filling=filling, phases=set())

    begun, notice = other.events[0], "by the proxy http://127.0.0.1:3128, as the "
    assert f"{notice}environment says" in found.notices
    assert isinstance(begun, Started)
    assert "api.example.com is not checked" in begun.made.warning
