"""Fixtures for other people's tests."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from importlib.metadata import requires
from pathlib import Path

import httpx
import pytest

from ringspec.plugin import Mutants, Server, entry
from ringspec.reference import Embedded
from ringspec.spec import UsageError

from ..called import ran  # noqa: TID252 - tests are no distribution
from .conftest import NOBODY, Careless, at, output

Suite = Callable[..., pytest.RunResult]

USING_TARGET = """
    def test_target(ringspec_target):
        answer = ringspec_target.client.get("/voice/broadcasts")
        print("target", ringspec_target.url, answer.status_code)
"""


def test_the_reference_server_lets_its_client_in_and_hides_its_secrets(
    ringspec_reference: Server, ringspec_target: Server
) -> None:
    assert ringspec_target is ringspec_reference
    assert ringspec_reference.client.get("/voice/broadcasts").status_code == 200
    assert httpx.get(f"{ringspec_reference.url}/voice/broadcasts").status_code == 401
    assert str(ringspec_reference.token) not in repr(ringspec_reference)
    assert ringspec_reference.client_secret not in repr(ringspec_reference)


def test_a_mutant_runs_while_its_test_does(
    suite: Suite, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(
        test_mine="""
        import pytest

        urls = []

        def test_first(ringspec_mutant):
            one = ringspec_mutant("delay-4321-accepted")
            two = ringspec_mutant("type-not-required", dialect="naxai-sdk")
            assert one.url != two.url
            assert one.client.get("/voice/broadcasts").status_code == 200
            urls.append(one.url)

        def test_second():
            import httpx
            with pytest.raises(httpx.ConnectError):
                httpx.get(urls[0])
        """
    )

    suite().assert_outcomes(passed=2)


def test_unknown_mutant_is_an_error_with_the_nearest_name(
    ringspec_mutant: Mutants,
) -> None:
    with pytest.raises(UsageError, match="did you mean delay-4321-accepted"):
        ringspec_mutant("delay-4321-acepted")
    with pytest.raises(UsageError, match="no dialect 'klingon'"):
        ringspec_mutant("delay-4321-accepted", dialect="klingon")


def test_the_target_is_the_server_that_the_options_name(
    suite: Suite, pytester: pytest.Pytester, mutant: Embedded
) -> None:
    pytester.makepyfile(test_mine=USING_TARGET)

    given = suite(*at(mutant), "-k", "test_target", "-s")
    embedded = suite(
        *("--ringspec", "embedded", "--ringspec-dialect", "naxai-sdk", "-s"),
        *("-k", "test_target or body.accepted"),
    )

    assert f"target {mutant.url} 200" in output(given)
    assert "target http://127.0.0.1:" in output(embedded)
    embedded.assert_outcomes(passed=2, deselected=141)


def test_the_client_of_a_live_target_only_reads(
    suite: Suite, pytester: pytest.Pytester, mutant: Embedded
) -> None:
    profile = f'url = "{mutant.url}"\n[safety]\nlive = true\n[credentials]\n'
    text = f'{profile}bearer = "{mutant.token}"\n'
    (pytester.path / "live.toml").write_text(text, "utf-8")
    pytester.makepyfile(
        test_mine="""
        import pytest
        from ringspec.spec import UsageError

        def test_target(ringspec_target):
            client = ringspec_target.client
            assert client.get("/voice/broadcasts").status_code == 200
            with pytest.raises(UsageError, match="POST .* is not sent"):
                client.post("/voice/broadcasts", json={})
        """
    )

    result = suite("--ringspec-profile", "live.toml", "-k", "test_target")

    result.assert_outcomes(passed=1, deselected=142)


def test_a_client_sends_to_its_own_server_alone(
    ringspec_reference: Server, careless: Careless
) -> None:
    with pytest.raises(UsageError, match="is not sent to"):
        ringspec_reference.client.post(f"{careless.url}/voice/broadcasts")

    assert careless.requests == 0


def test_client_of_a_server_elsewhere_only_reads() -> None:
    server = Server(url="https://api.example.com")

    with pytest.raises(UsageError, match=r"POST .* is not sent"):
        server.client.post("/voice/broadcasts")

    server.close()
    assert server.client.is_closed


def test_a_header_of_the_profile_lets_requests_in(
    suite: Suite, pytester: pytest.Pytester
) -> None:
    profile = f'url = "{NOBODY}"\n[credentials]\nheader = "X-Key"\nvalue = "v4321"\n'
    (pytester.path / "mine.toml").write_text(profile, "utf-8")
    pytester.makepyfile(
        test_mine="""
        def test_target(ringspec_target):
            assert ringspec_target.headers == {"X-Key": "v4321"}
        """
    )

    result = suite("--ringspec-profile", "mine.toml", "-k", "test_target")

    result.assert_outcomes(passed=1, deselected=142)


# Slow to load, and needed only to test a server.
HEAVY = (
    *("click", "httpx", "hypothesis", "jsonschema", "platformdirs", "pydantic"),
    *("rich", "schemathesis", "sqlite3", "starlette", "yaml"),
)
LOADED = """
import sys
import pytest

status = pytest.main(sys.argv[1:])
print("status", int(status))
print("loaded", *sorted(sys.modules))
"""


def alone(tmp_path: Path, *arguments: str, code: str = "") -> str:
    """Call pytest in a process of its own, and return what it says."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RINGSPEC_")}
    start = ["-c", code] if code else ["-m", "pytest"]
    done = ran(
        sys.executable,
        *start,
        *arguments,
        cwd=tmp_path,
        env={**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "100"},
    )
    return done.stdout + done.stderr


def test_session_without_a_server_loads_little(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("def test_mine(): pass", "utf-8")

    text = alone(tmp_path, "-p", "ringspec.plugin.entry", "-q", code=LOADED)

    modules = set(re.findall(r"^loaded (.*)$", text, re.MULTILINE)[0].split())
    assert "status 0" in text
    assert {each for each in modules if each.startswith("ringspec.")} == {
        "ringspec.plugin",
        "ringspec.plugin.entry",
    }
    assert modules.isdisjoint(HEAVY)
    hooks = {each for each in dir(entry) if each.startswith("pytest_")}
    assert hooks == {"pytest_addoption", "pytest_configure"}
    asked = [each for each in requires("ringspec") or () if "extra ==" not in each]
    assert not any("schemathesis" in each for each in asked)


def test_workers_of_xdist_share_one_run(tmp_path: Path, careless: Careless) -> None:
    text = alone(
        tmp_path,
        *("-p", "ringspec.plugin.entry", "-p", "xdist.plugin", "-n", "2"),
        *("--ringspec", careless.url, "-k", "name.", "-rf"),
    )

    sent = re.findall(r"([\d,]+) requests?, ", text)
    assert "created: 2/2 workers" in text
    assert sent == [str(careless.requests)]
    assert "nonconformant: " in text
    assert "FAILED ringspec::name.required - " in text
    assert "why     an invalid body was accepted with HTTP 201" in text
