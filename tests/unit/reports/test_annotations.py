"""Annotations, as the runner of GitHub Actions reads them."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field, replace
from types import ModuleType

import pytest

from ringspec.harness import Conclusion, Result
from ringspec.reports import GitHubAnnotations, Terminal
from ringspec.reports.github import commands, on_github

KINDS = ("error", "warning", "notice", "debug", "add-mask", "group", "endgroup")


@dataclass
class Runner:
    """Reads a log as the runner does, both spellings of a command.

    Source: actions/runner, ActionCommand and ActionCommandManager: a line that begins,
    after blanks, with two colons; or one with `##[` anywhere.
    """

    heard: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    word: str = ""

    def read(self, log: str) -> Runner:
        for line in re.split("\r\n|\r|\n", log):
            if not self._obey(line):
                self.shown.append(line)
        return self

    def _obey(self, line: str) -> bool:
        found = re.match(r"\s*::([^ :]*)(?: (.*?))?::(.*)", line) or re.search(
            r"##\[([^ \]]*)(?: ([^\]]*))?\](.*)", line
        )
        if found is None:
            return False
        name, properties, data = found[1], found[2] or "", found[3]
        if self.word:
            self.word = "" if name == self.word else self.word
            return not self.word
        if name == "stop-commands":
            self.word = data
        elif name in KINDS:
            pairs = (each.partition("=") for each in properties.split(",") if each)
            read = {key: self._plain(value) for key, _, value in pairs}
            self.heard.append((name, read, self._plain(data)))
        return True

    def _plain(self, text: str) -> str:
        for escape, sign in (("0D", "\r"), ("0A", "\n"), ("3A", ":"), ("2C", ",")):
            text = text.replace(f"%{escape}", sign)
        return text.replace("%25", "%")


def heard(result: Result) -> list[tuple[str, dict[str, str], str]]:
    runner = Runner().read("\n".join(commands(result)))
    assert runner.shown in ([], [""])
    return runner.heard


@pytest.mark.parametrize("learnt", [True, False])
def test_bad_end_without_a_bad_rule_is_an_error(
    sample: ModuleType, *, learnt: bool
) -> None:
    result = replace(
        sample.clean(),
        conclusion=Conclusion.INCONCLUSIVE,
        message="nothing listens",
        hint="is it up?",
        learnt=learnt,
    )

    assert heard(result) == [
        ("error", {"title": "ringspec: inconclusive"}, "nothing listens\nis it up?"),
        ("notice", {"title": "untested: name.length"}, sample.RULES[-1].why),
    ]


def test_commands_are_heard_again_after_an_early_end(sample: ModuleType) -> None:
    out = io.StringIO()
    annotated = GitHubAnnotations(Terminal(out, out), stdout=out)
    annotated.handle(sample.started())
    annotated.close()
    annotated.close()

    runner = Runner().read(f"{out.getvalue()}::error::after us")

    assert runner.heard == [("error", {}, "after us")]


@pytest.mark.parametrize(
    ("value", "there"), [("true", True), ("", False), ("1", False)]
)
def test_only_github_is_told(
    monkeypatch: pytest.MonkeyPatch, value: str, *, there: bool
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", value)
    monkeypatch.setenv("GITLAB_CI", "true")

    assert on_github() is there
