"""Whatever keeps a run from its verdict is one clear message, and never a success."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from ringspec.reference import Embedded

from .conftest import BROKEN, KEPT, NOBODY, Careless, at, output

Suite = Callable[..., pytest.RunResult]


def test_unreachable_target_is_reported_once_and_every_rule_is_inconclusive(
    suite: Suite, pytester: pytest.Pytester
) -> None:
    result = suite("--ringspec", NOBODY, "-k", "name.", "--junitxml=j.xml")

    text = output(result)
    assert result.ret == 1
    assert text.count("cannot connect") == 1
    result.stdout.fnmatch_lines(
        [
            "inconclusive: * rules inconclusive*",
            f"{NOBODY}: cannot connect: Connection refused",
            "hint: is the server running, and the port right?",
            "*= * deselected, * inconclusive in *",
        ]
    )
    errors = list(ET.parse(pytester.path / "j.xml").iter("error"))
    assert len(errors) == len(list(ET.parse(pytester.path / "j.xml").iter("testcase")))
    assert "inconclusive: " in str(errors[0].get("message"))


def test_refused_access_hints_at_options_as_pytest_has_them(
    suite: Suite, mutant: Embedded
) -> None:
    result = suite("--ringspec", mutant.url, KEPT)

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            f"{mutant.url} refuses every request: HTTP 401",
            "hint: give --ringspec-bearer TOKEN, or --ringspec-client-id*",
        ]
    )


def test_a_live_target_gets_nothing_that_its_profile_does_not_allow(
    suite: Suite, pytester: pytest.Pytester, careless: Careless
) -> None:
    profile = f'url = "{careless.url}"\n[safety]\nlive = true\n'
    (pytester.path / "live.toml").write_text(profile, "utf-8")

    result = suite("--ringspec-profile", "live.toml", KEPT)

    assert result.ret == 1
    assert careless.requests == 0
    result.stdout.fnmatch_lines(
        ["inconclusive: 1 rule inconclusive*", "hint: a create may ring *"]
    )


def test_unreachable_token_endpoint_is_reported_once(suite: Suite) -> None:
    client = ("--ringspec-client-id=a", "--ringspec-client-secret=verysecret")
    result = suite("--ringspec", NOBODY, *client, f"--ringspec-token-url={NOBODY}/t")

    text = output(result)
    assert result.ret == 1
    assert text.count(f"no token from {NOBODY}/t") == 1
    assert "hint: check --ringspec-token-url" in text
    assert "verysecret" not in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--ringspec", NOBODY, "--ringspec-level", "all"],
            "'--ringspec-level': 'all'",
        ),
        (["--ringspec", NOBODY, "--ringspec-dialect", "no"], "no dialect 'no'"),
        (["--ringspec", NOBODY, "--ringspec-report", "x=y"], "no report format 'x'"),
        (["--ringspec", NOBODY, "ringspec::nam.type"], "did you mean name.type?"),
        (["--ringspec", "nonsense"], "'nonsense' is not the URL of a server"),
        (["--ringspec", "http://u:verysecret@127.0.0.1:9"], "--ringspec-bearer"),
        (["--ringspec-profile", "nowhere"], "no profile 'nowhere'"),
        (["--ringspec", "embedded", "--ringspec-dialect", "my.yaml"], "my.yaml"),
    ],
    ids=lambda each: str(each).replace("/", "-") if isinstance(each, str) else "",
)
def test_wrong_usage_ends_pytest_with_one_message(
    suite: Suite, options: list[str], message: str
) -> None:
    result = suite(*options)

    text = output(result)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in text
    assert text.count("ERROR: ringspec: ") == 1
    assert "verysecret" not in text


def test_known_failures_are_xfailed_and_stale_ones_fail(
    suite: Suite, pytester: pytest.Pytester, mutant: Embedded
) -> None:
    broken, kept = BROKEN.partition("::")[2], KEPT.partition("::")[2]
    entry = '[[known]]\nrule = "{}"\nreason = "mended in March"\n'
    known = pytester.path / "k.toml"
    options = (*at(mutant), "--ringspec-known-failures", "k.toml", BROKEN, KEPT, "-rx")

    missing = suite(*options)
    known.write_text(entry.format(broken), "utf-8")
    excused = suite(*options)
    forced = suite(*options, "--runxfail")
    known.write_text(entry.format(broken) + entry.format(kept), "utf-8")
    stale = suite(*options)
    known.write_text(entry.format("no.such"), "utf-8")
    # No item fails of it, but the run does.
    unknown = suite(*at(mutant), "--ringspec-known-failures", "k.toml", KEPT)

    assert missing.ret != 0
    assert "the known failures cannot be read from k.toml" in output(missing)
    excused.assert_outcomes(xfailed=1, passed=1)
    assert excused.ret == 0
    assert "known failure: mended in March" in output(excused)
    forced.assert_outcomes(failed=1, passed=1)
    stale.assert_outcomes(xfailed=1, failed=1)
    assert f"{kept}: it no longer fails" in output(stale)
    unknown.assert_outcomes(passed=1)
    assert unknown.ret == 1
    assert "STALE" in output(unknown)


def test_ctrl_c_ends_it_with_the_findings_so_far(
    careless: Careless, tmp_path: Path
) -> None:
    words = ["-p", "no:cacheprovider", "--ringspec", careless.url]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if not k.startswith("RINGSPEC_")},
    )
    struck: list[bool] = []

    def strike() -> None:
        if not struck:
            struck.append(True)
            process.send_signal(signal.SIGINT)

    careless.hear = strike
    text, _ = process.communicate(timeout=60)

    assert process.returncode == pytest.ExitCode.INTERRUPTED, text
    assert "ringspec: interrupted" in text
    assert "interrupted after " in text
    assert "Traceback" not in text
