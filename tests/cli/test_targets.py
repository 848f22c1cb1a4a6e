"""What a run says of targets that are not there, or not what they should be."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..called import call  # noqa: TID252 - tests are no distribution
from ..serving import (  # noqa: TID252 - tests are no distribution
    Behaviour,
    answering,
    read_request,
    replying,
)

Served = Callable[[Behaviour], str]

# So many cases in a row without an answer, and a target is given up.
PATIENCE = 4
HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"


def once(answer: bytes) -> Behaviour:
    """Answer so, and close the connection."""

    def behave(connection: socket.socket) -> None:
        if read_request(connection):
            connection.sendall(answer)

    return behave


def silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def closing(connection: socket.socket) -> None:
    read_request(connection)


def leaving(connection: socket.socket) -> None:
    """Return at once, and the connection is closed."""
    del connection


def baffled(connection: socket.socket) -> None:
    """Answer as servers of HTTP do what they do not understand."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def dripping(connection: socket.socket) -> None:
    read_request(connection)
    for byte in HEAD + b"Content-Length: 2\r\n\r\n{}":
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


def endless(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(b" " * 65536)


class Tiring:
    """Answers some requests as an accepting server, then none."""

    def __init__(self, answers: int, then: Behaviour) -> None:
        self.left = answers
        self.then = then

    def __call__(self, connection: socket.socket) -> None:
        while read_request(connection):
            self.left -= 1
            if self.left < 0:
                self.then(connection)
                return
            connection.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def assert_nothing_is_held_against_it(ended: Any, hint: str) -> None:
    """Exit 3 with a hint, no rule judged, and nothing listed."""
    assert ended.status == 3, ended.stderr
    assert set(ended.outcomes.values()) == {"inconclusive"}
    assert ended.report["conclusion"] == "inconclusive"
    assert not any(rule["failures"] for rule in ended.report["rules"])
    assert all(rule["why"] for rule in ended.report["rules"])
    assert ended.report["counts"]["cases"] <= LOOKS
    assert hint in ended.stdout
    assert len(ended.stdout.splitlines()) == 7
    assert "Traceback" not in ended.stderr


def test_closed_port_is_inconclusive() -> None:
    ended = call("run", closed_port(), report=True)

    assert_nothing_is_held_against_it(ended, "hint: is the server running")


AWAY = "Location: https://api.example.test/v2/voice/broadcasts"
SLASH, LOGIN = "Location: /voice/broadcasts/", "Location: /login?next=1"
# So few cases show that a target has nothing to say.
LOOKS = 7


@pytest.mark.parametrize(
    ("behave", "options", "hint"),
    [
        (silent, ("--timeout", "0.2"), "takes connections and does not answer"),
        (once(b"\x15\x03\x01\x00\x02\x02\x46"), (), "is it https rather than http?"),
        (answering(404, b"no"), (), "mount prefix included"),
        (answering(401, b"no"), (), "give --bearer TOKEN"),
        (answering(302, b"", AWAY), (), "ringspec run https://api.example.test/v2\n"),
        (answering(308, b"", SLASH), (), "the path is served with a slash at its end"),
        (answering(307, b"", LOGIN), (), "is that a login page? give credentials"),
        (answering(429, b"", "Retry-After: 0"), (), "--rate"),
        (answering(401), ("--bearer", "secret"), "credentials"),
    ],
    ids=["silent", "https", "404", "401", *("302", "308", "307", "429", "denied")],
)
def test_server_without_an_answer_of_the_api_is_inconclusive(
    served: Served,
    behave: Behaviour,
    options: tuple[str, ...],
    hint: str,
) -> None:
    ended = call("run", served(behave), *options, report=True)

    assert_nothing_is_held_against_it(ended, hint)


def test_https_to_a_server_of_http_is_inconclusive(served: Served) -> None:
    url = served(baffled).replace("http:", "https:")

    ended = call("run", url, "--timeout", "2", report=True)

    assert_nothing_is_held_against_it(ended, f"give {url.replace('https:', 'http:')}\n")


@pytest.mark.skipif(not shutil.which("openssl"), reason="it makes a certificate")
@pytest.mark.parametrize(
    "said", [b"", b"The plain HTTP request was sent to HTTPS port"]
)
def test_http_to_a_server_of_tls_is_inconclusive(
    served: Served, tmp_path: Path, said: bytes
) -> None:
    pem = str(tmp_path / "pem")
    made = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x")
    subprocess.run(
        ["openssl", *made, "-keyout", pem, "-out", f"{pem}.cert"], check=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{pem}.cert", pem)

    def behave(connection: socket.socket) -> None:
        if connection.recv(1, socket.MSG_PEEK) == b"\x16":
            with context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            ) as shaken:
                shaken.do_handshake()
        elif said:
            answering(400, said)(connection)

    url = served(behave)
    ended = call("run", url, report=True)

    assert_nothing_is_held_against_it(ended, f"give {url.replace('http:', 'https:')}\n")


def assert_only_robustness_fails(ended: Any, hint: str) -> None:
    """Exit 1, one failure shown, no table, the rest inconclusive."""
    assert ended.status == 1, ended.stderr
    outcomes = ended.outcomes
    assert outcomes.pop("robustness") == "fail"
    assert set(outcomes.values()) == {"inconclusive"}
    assert "FAIL robustness" in ended.stdout
    assert hint in ended.stdout
    assert "total" not in ended.stdout
    assert "INCONCLUSIVE" not in ended.stdout
    assert len(ended.stdout.splitlines()) < 40


@pytest.mark.parametrize(
    ("behave", "hint"),
    [
        (closing, "the server closes connections"),
        (dripping, "does not answer; see --timeout"),
        (endless, "longer than 8 MiB"),
        (once(b"SSH-2.0-OpenSSH_9.6\r\n"), "that is no answer of an API"),
        (once(HEAD + b"Content-Length: 900\r\n\r\n{"), "closes connections"),
        (once(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"), "API"),
        (answering(500), "the server fails at everything"),
        (answering(503), "the service is not up yet"),
    ],
    ids=["closing", "dripping", "endless", "ssh", "cut", "no-gzip", "500", "503"],
)
def test_server_without_one_whole_answer_fails_robustness_alone(
    served: Served, behave: Behaviour, hint: str
) -> None:
    ended = call("run", served(behave), "--timeout", "0.5", report=True)

    assert_only_robustness_fails(ended, hint)


@pytest.mark.parametrize(
    ("behave", "outcomes", "hint"),
    [
        (
            answering(200, b"<html>", "Content-Type: text/html; charset=utf-8"),
            {"answer.json": "fail"},
            "hint: is the URL that of the API?",
        ),
        (
            answering(200, b'<input type="password">', "Content-Type: text/html"),
            {"answer.json": "fail"},
            "hint: it is a login page: give credentials",
        ),
        (answering(403), {"body.accepted": "fail"}, "hint: may these credentials"),
        (
            answering(422),
            {"body.accepted": "fail", "name.required": "inconclusive"},
            "hint: check the dialect (none), the fixtures (none) and the URL",
        ),
    ],
    ids=["html", "login", "403", "422"],
)
def test_same_answer_to_everything_is_nonconformant(
    served: Served,
    behave: Behaviour,
    outcomes: dict[str, str],
    hint: str,
) -> None:
    ended = call("run", served(behave), "--quiet", report=True)

    assert ended.status == 1
    assert ended.outcomes.items() >= outcomes.items()
    assert hint in ended.stdout
    # A refusal that tells of a check goes on; nothing else is worth it.
    assert (ended.report["counts"]["cases"] > LOOKS) == ("dialect" in hint)


@pytest.mark.parametrize("valid", [403, 404, 302, 503])
def test_target_that_tells_invalid_bodies_is_not_left(
    served: Served, valid: int
) -> None:
    def telling(request: bytes) -> tuple[int, bytes]:
        return valid if b'"name":"' in request else 422, b""

    url = served(replying(telling))
    ended = call("run", url, "--select=name", "--quiet", report=True)

    assert "stopped after" not in ended.stdout
    assert ended.report["counts"]["cases"] > LOOKS


@pytest.mark.parametrize("then", [silent, leaving], ids=["hang", "drop"])
@pytest.mark.parametrize("workers", ["1", "4"])
def test_target_that_dies_on_the_way_is_given_up(
    served: Served, then: Behaviour, workers: str
) -> None:
    url = served(Tiring(9, then))

    ended = call(
        "run", url, "--timeout", "0.5", "--workers", workers, "--quiet", report=True
    )

    # In requests, not seconds: a busy machine must not fail this. Nine are answered;
    # workers may fail at once, each before it knows of the others, and repeat.
    assert ended.report["counts"]["requests"] <= 9 + 2 * (PATIENCE + int(workers))
    assert ended.status == 1
    assert ended.outcomes["robustness"] == "fail"
    assert ended.outcomes["voiceFlow.type"] == "inconclusive"
    assert "given up" in ended.stdout
    assert ended.report["counts"]["cases"] < 20
