"""Profiles: what stands in them, what goes before them, and what cannot be meant."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ringspec.harness.profile import Profile, load, names, template
from ringspec.harness.sending.credentials import Credentials
from ringspec.harness.sending.pacer import Pacing
from ringspec.harness.sending.policy import Safety
from ringspec.spec import PROFILES, UsageError
from ringspec.spec import load as load_contract

from ...called import ran  # noqa: TID252 - tests are no distribution

DATA = Path(__file__).parent / "data"
WHOLE = (DATA / "whole.toml").read_text("utf-8")
Loaded = Callable[..., Profile]


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("RINGSPEC_"):
            monkeypatch.delenv(name)


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    def from_text(text: str, **flags: Any) -> Profile:
        path = tmp_path / "profile.toml"
        path.write_text(text, "utf-8")
        return load(str(path), flags)

    return from_text


@pytest.fixture
def refused(loaded: Loaded) -> Callable[..., tuple[str, str]]:
    """Return message and hint of what is wrong, the folder left out."""

    def of(text: str, **flags: Any) -> tuple[str, str]:
        with pytest.raises(UsageError) as caught:
            loaded(text, **flags)
        assert caught.value.exit_code == 2
        message = re.sub(r"\S*/(?=profile\.toml)", "", str(caught.value))
        return message, caught.value.hint

    return of


def test_everything_is_read(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HUSH", "s3cret")

    found = loaded(WHOLE)

    assert found.url == "http://127.0.0.1:8000/api"
    assert found.dialect == "naxai-sdk"
    assert found.credentials.client_secret == "s3cret"
    assert found.credentials.secrets() == ("s3cret",)
    assert found.overrides.fixtures["file"] == {"id": "x", "columns": ["a", 1]}
    assert found.overrides.paths == {"createBroadcast": "/v2"}
    assert (found.success, found.rejections) == (201, (422, 409))
    assert found.pacing == Pacing(rate=2.5, workers=3, timeout_s=7.0)
    assert found.route.ca == str(tmp_path / "ca.pem")
    assert found.route.proxy == "http://127.0.0.1:3128"
    assert found.safety == Safety(
        live=True,
        allow_create=True,
        max_creates=5,
        allowed_hosts=("127.0.0.1",),
        fixtures_named=frozenset({"segment", "file"}),
    )
    assert "s3cret" not in repr(found)


def test_without_a_profile_there_are_only_the_flags() -> None:
    found = load(None, {"credentials": {"bearer": "b"}, "pacing": {"timeout": 2.0}})

    assert found.credentials.bearer == "b"
    assert found.pacing == Pacing(timeout_s=2.0)
    assert found.safety == Safety()
    assert found.address(None) is None
    assert found.address("http://127.0.0.1:1") == "http://127.0.0.1:1"


def test_a_run_without_a_profile_does_not_load_what_reads_one() -> None:
    code = (
        "import sys, ringspec.cli.run_command, ringspec.harness.profile as p;"
        "p.load(None, {});"
        "print({'pydantic', 'pydantic_settings', 'phonenumbers'} & sys.modules.keys())"
    )

    done = ran(sys.executable, "-c", code, check=True)

    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("name", names())
def test_a_shipped_profile_is_in_order(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("NAXAI_CLIENT_ID", "NAXAI_SECRET", "CAMARA_TOKEN"):
        monkeypatch.setenv(variable, "x")

    found = load(name, {})

    assert (found.url == "") == (name == "camara")
    assert load_contract(overrides=found.overrides)


def test_the_vendors_profile_lets_nothing_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAXAI_CLIENT_ID", "me")
    monkeypatch.setenv("NAXAI_SECRET", "hush")

    found = load("naxai", {})

    assert found.url == "https://api.naxai.com"
    assert found.credentials.token_url == "https://auth.naxai.com/oauth2/token"
    assert found.pacing.rate == 5
    assert found.safety.live
    assert not found.safety.allow_create
    assert not found.safety.allow_start


def test_the_embedded_server_is_asked_for_by_name() -> None:
    assert load("reference", {}).url == "embedded"
    assert load("reference", {}).address(None) is None


def test_the_template_is_one_with_every_line_in_use(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_CLIENT_ID", "API_CLIENT_SECRET", "API_KEY"):
        monkeypatch.setenv(name, "x")
    used = re.sub(r"^# (?=[\w-]+ = )", "", template(), flags=re.MULTILINE)
    # One of the four ways to show who we are.
    others = r"^(bearer|header|value|user|password|petId|getOrder|rules) = .*\n"
    used = re.sub(others, "", used, flags=re.MULTILINE)

    found = loaded(used.replace("ApiKeyAuth", "oauth2"))

    assert load_contract(overrides=found.overrides).operation.path == "/v2/broadcasts"
    assert found.credentials.extra == (("X-Tenant", "acme"),)
    assert found.route.insecure


@pytest.mark.parametrize("text", [template(), *map(Path.read_text, PROFILES.glob("*"))])
def test_numbers_of_ours_are_from_ranges_reserved_for_fiction(text: str) -> None:
    # Source: Ofcom's numbers for use in drama, 01632 960000 to 960999.
    without_ids = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", text)

    numbers = re.findall(r"\d{8,}", without_ids)

    assert [each for each in numbers if not each.startswith("441632960")] == []


@pytest.mark.parametrize(
    ("value", "own"),
    [
        ("bearer t0ken", Credentials(bearer="t0ken")),
        ("Basic bWU6YTpi", Credentials(user="me", password="a:b")),
        ("Basic ?", Credentials(header="Authorization", value="Basic ?")),
    ],
)
def test_authorization_among_the_headers_is_the_credentials(
    loaded: Loaded, value: str, own: Credentials
) -> None:
    text = '[headers]\nauthorization = "{}"\n'.format

    assert (
        loaded(text("Basic eDp5"), headers={"Authorization": value}).credentials == own
    )
    assert loaded(text(value)).credentials == own


def test_a_variable_goes_before_the_file_and_a_flag_before_both(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'url = "http://127.0.0.1:1"\n[pacing]\nrate = 1\nworkers = 1\ntimeout = 1\n'
    monkeypatch.setenv("RINGSPEC_PACING_WORKERS", "2")
    monkeypatch.setenv("RINGSPEC_PACING_TIMEOUT", "2")
    monkeypatch.setenv("RINGSPEC_URL", "http://127.0.0.1:2")
    monkeypatch.setenv("RINGSPEC_SAFETY_ALLOWED_HOSTS", "a.example, b.example")
    monkeypatch.setenv("RINGSPEC_FIXTURES_FILE", '{"id": "x"}')

    found = loaded(text, pacing={"timeout": 3.0})

    assert found.pacing == Pacing(rate=1.0, workers=2, timeout_s=3.0)
    assert found.url == "http://127.0.0.1:2"
    assert found.safety.allowed_hosts == ("a.example", "b.example")
    assert found.overrides.fixtures == {"file": {"id": "x"}}


def test_credentials_of_another_kind_go_before_those_of_the_file(
    loaded: Loaded,
) -> None:
    client = {"client_id": "me", "client_secret": "hush", "token_url": "http://x"}

    found = loaded('[credentials]\nbearer = "b"\n', credentials=client)

    assert (found.credentials.bearer, found.credentials.client_id) == (None, "me")
    known = f'[credentials]\nclient_id = "me"\ntoken_url = "{client["token_url"]}"\n'
    found = loaded(known, credentials={"client_secret": "hush"})
    assert (found.credentials.client_id, found.credentials.secrets()) == (
        "me",
        ("hush",),
    )


@pytest.mark.parametrize("credentials", [{"bearer": "b"}, {"client_secret": "given"}])
def test_a_missing_variable_does_not_matter_where_something_goes_before_it(
    loaded: Loaded, credentials: dict[str, str]
) -> None:
    text = '[credentials]\nclient_secret = { env = "NOT_SET_AT_ALL" }\n'

    assert loaded(text, credentials=credentials).credentials.secrets()


_ERRORS = (DATA / "wrong-profiles.txt").read_text("utf-8")


def errors() -> Iterator[tuple[str, str, str]]:
    """Yield texts of profiles, each with its message and a part of the hint."""
    for row in re.split(r"\n(?! )", _ERRORS.strip("\n")):
        text, message, *hint = row.split("\n  ")
        yield text.replace("\\n", "\n"), f"profile.toml:{message}", "".join(hint)


@pytest.mark.parametrize(("text", "message", "hint"), list(errors()))
def test_what_cannot_be_meant_is_said_with_its_line(
    refused: Callable[..., tuple[str, str]], text: str, message: str, hint: str
) -> None:
    said, advice = refused(text)

    assert said.startswith(message)
    assert hint in advice
    assert "123456" not in said + advice
    assert "hush" not in said + advice


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("RINGSPEC_PACING_RATE", "fast", "RINGSPEC_PACING_RATE: `rate` in [pacing] is"),
        ("RINGSPEC_SAFETY_ALOW", "1", "RINGSPEC_SAFETY_ALOW: `alow` is not known"),
        ("RINGSPEC_SAFETY", "x", "a variable cannot be read"),
        ("RINGSPEC_URL", "x", "RINGSPEC_URL: 'x' is not the URL of a server"),
        ("RINGSPEC_FIXTURES_FILE", "{x}", "RINGSPEC_FIXTURES_FILE: it begins like an"),
    ],
)
def test_what_is_wrong_in_the_environment_is_said_with_its_variable(
    refused: Callable[..., tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    message: str,
) -> None:
    monkeypatch.setenv(variable, value)

    said, _ = refused('url = "http://127.0.0.1:1"\n')

    assert said.startswith(message)


def test_a_name_that_nobody_knows_is_answered_by_the_nearest() -> None:
    with pytest.raises(UsageError, match="no profile 'refrence'") as caught:
        load("refrence", {})

    assert "did you mean reference?" in caught.value.hint
    assert "camara, naxai, reference" in caught.value.hint


def test_what_is_no_text_is_no_profile(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(UsageError, match="it is not UTF-8"):
        load(str(path), {})
    with pytest.raises(UsageError, match="cannot be read"):
        load(str(tmp_path), {})


def test_a_profile_without_a_url_tests_nothing_unawares(loaded: Loaded) -> None:
    found = loaded("[safety]\nlive = false\n")

    with pytest.raises(UsageError, match="has no url, and none was given") as caught:
        found.address(None)

    assert 'url = "embedded"' in caught.value.hint
    assert found.address("http://127.0.0.1:1") == "http://127.0.0.1:1"


def test_the_reference_server_takes_no_header_of_another_name(loaded: Loaded) -> None:
    found = loaded(
        'url = "embedded"\n[credentials]\nheader = "X-Api-Key"\nvalue = "k"\n'
    )

    with pytest.raises(UsageError, match="takes none"):
        found.address(None)


def test_a_dialect_beside_the_profile_is_found(loaded: Loaded, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("overlay: 1.0.0\n")

    assert loaded('dialect = "own.yaml"').dialect == str(tmp_path / "own.yaml")
    assert loaded('dialect = "naxai-sdk"').dialect == "naxai-sdk"
