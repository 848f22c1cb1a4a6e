"""Settings: a flag goes before a variable, that before the ini file and a profile."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ringspec.cli.run_command import command
from ringspec.plugin.entry import OPTIONS, URL
from ringspec.reference import Embedded

from .conftest import KEPT, NOBODY, at, output

Suite = Callable[..., pytest.RunResult]

# What pytest has in its own way, and what makes no sense of a suite.
LEFT_OUT = {
    *("select", "exclude", "fail_fast", "dry_run", "quiet", "verbose", "color"),
    *("shard", "update_known_failures", "fail_untested"),
    *("docs", "no_cache"),  # RINGSPEC_DOCS and RINGSPEC_CACHE say it here, too
}


def test_the_options_are_those_of_the_command() -> None:
    parameters = {str(each.name) for each in command.params} - {"help"}

    assert {each.parameter for each in OPTIONS} == parameters - LEFT_OUT


def test_the_page_documents_every_option() -> None:
    page = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text("utf-8")

    rows = re.findall(r"^\| `--ringspec(\S*).*?` \| `(\w+)` \|", page, re.MULTILINE)
    flags = [(f"-{each.name}" * (each is not URL), each.key) for each in OPTIONS]
    assert [(name.rstrip("`"), key) for name, key in rows] == flags


def test_help_is_given_whatever_the_settings_are(
    suite: Suite, pytester: pytest.Pytester
) -> None:
    ini = f"[pytest]\nringspec_url = {NOBODY}\nringspec_level = wrong\n"
    (pytester.path / "pytest.ini").write_text(ini, "utf-8")

    result = suite("--help")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["  --ringspec-known-failures=FILE"])


@pytest.mark.parametrize("name", ["pytest.ini", "pyproject.toml"])
def test_the_ini_file_may_say_it_all(
    suite: Suite, pytester: pytest.Pytester, mutant: Embedded, name: str
) -> None:
    head = "[pytest]" if name == "pytest.ini" else "[tool.pytest]"
    quote = "" if name == "pytest.ini" else '"'
    settings = {
        "ringspec_url": mutant.url,
        "ringspec_bearer": mutant.token,
        "ringspec_level": "may",
    }
    lines = [f"{key} = {quote}{value}{quote}" for key, value in settings.items()]
    lines += ["ringspec_seed = 0", "ringspec_quick = true"]
    (pytester.path / name).write_text("\n".join([head, *lines]), "utf-8")

    result = suite("-k", "retryDelays.count")

    result.assert_outcomes(passed=1, deselected=141)
    assert f"ringspec: {mutant.url} at level may" in output(result)


def test_a_flag_goes_before_a_variable_and_that_before_the_ini_file(
    suite: Suite, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    ini = f"[pytest]\nringspec_url = {NOBODY}\nringspec_level = may\n"
    (pytester.path / "pytest.ini").write_text(ini, "utf-8")

    low = output(suite("--co", "-q", "-q"))
    monkeypatch.setenv("RINGSPEC_LEVEL", "should")
    monkeypatch.setenv("RINGSPEC_URL", "http://127.0.0.1:10")
    middle = output(suite("--co"))
    high = output(suite("--co", "--ringspec-level=must", "--ringspec", "embedded"))

    assert "at level" not in low
    assert "ringspec: http://127.0.0.1:10 at level should" in middle
    assert "ringspec: the embedded reference server at level must" in high


def test_a_profile_beside_the_ini_file_brings_url_and_credentials(
    suite: Suite,
    pytester: pytest.Pytester,
    mutant: Embedded,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    profile = f'url = "{mutant.url}"\n[credentials]\nbearer = "{mutant.token}"\n'
    (pytester.path / "mine.toml").write_text(profile, "utf-8")
    ini = pytester.path / "pytest.ini"

    ini.write_text(f"[pytest]\nringspec_url = {NOBODY}\n", "utf-8")
    suite("--ringspec-profile", "mine.toml", KEPT).assert_outcomes(passed=1)
    ini.write_text("[pytest]\nringspec_profile = mine.toml\n", "utf-8")
    monkeypatch.chdir(pytester.mkdir("deep"))
    result = suite("-k", "retryDelays.count", "-v")

    result.assert_outcomes(passed=1, deselected=141)
    assert f"../{KEPT} PASSED" in output(result)
    suite(f"../{KEPT}").assert_outcomes(passed=1)


def test_paths_alone_leave_out_the_rules_that_the_ini_file_asks_for(
    suite: Suite, pytester: pytest.Pytester
) -> None:
    ini = f"[pytest]\nringspec_url = {NOBODY}\n"
    (pytester.path / "pytest.ini").write_text(ini, "utf-8")
    pytester.makepyfile(test_mine="def test_mine(): pass")

    suite("test_mine.py").assert_outcomes(passed=1)


def test_variables_alone_test_no_server(
    suite: Suite, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(test_mine="def test_mine(): pass")
    monkeypatch.setenv("RINGSPEC_URL", NOBODY)
    monkeypatch.setenv("RINGSPEC_PROFILE", "naxai")

    result = suite()

    result.assert_outcomes(passed=1)
    assert "ringspec:" not in output(result)


def test_a_folder_of_our_name_is_pytests(
    suite: Suite, pytester: pytest.Pytester, mutant: Embedded
) -> None:
    folder = pytester.mkdir("ringspec")
    (folder / "test_mine.py").write_text("def test_mine(): pass", "utf-8")

    beside = suite(*at(mutant), "ringspec/test_mine.py", KEPT)
    whole = suite("--ringspec", NOBODY, "ringspec", "-k", "test_mine")

    beside.assert_outcomes(passed=2)
    whole.assert_outcomes(passed=1, deselected=142)


def test_reports_of_ours_are_written_besides(
    suite: Suite, pytester: pytest.Pytester, mutant: Embedded
) -> None:
    suite(*at(mutant), KEPT, "--ringspec-report", "json=r.json")

    report = (pytester.path / "r.json").read_text("utf-8")
    assert "ringspec-report/1" in report
    assert mutant.token not in report
