"""Annotations, as the runner of GitHub Actions reads them."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field, replace
from types import ModuleType

import pytest

from ringspec.harness import (
    Conclusion,
    Ended,
    Event,
    Failure,
    Judged,
    Notice,
    Response,
    Result,
    Trouble,
)
from ringspec.reports import GitHubAnnotations, Recorder, Redactor, Terminal, rendered
from ringspec.reports.files import FORMATS
from ringspec.reports.github import commands

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


# Each ends a line for some reader, or does something to a screen.
BREAKS = [*"\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029", "\r\n", "\n  ", "\u3000", "\xa0"]
RARE = [
    *"\x00\x07\x08\x7f\x9b\u202e\u2066\ufeff\u200b\U000e0041",
    "\x1b[2J",
    "\x1b]0;x\x07",
]
WORDS = "".join(f"{each}::error::{n}" for n, each in enumerate(["", *BREAKS, *RARE]))
BODIES = {
    "text": WORDS.encode(),
    "json": json.dumps({"error": {"message": WORDS, WORDS: 1}}).encode(),
    "raw": json.dumps({"error": {WORDS: WORDS}}, ensure_ascii=False).encode(),
    "list": json.dumps([WORDS] * 3, ensure_ascii=False, indent=0).encode(),
    "latin-1": WORDS.encode("latin-1", "replace"),
    "utf-16": WORDS.encode("utf-16"),
    "lines": b"::error::a\n ::error::b\n##[error]c\n::add-mask::d",
}


def events(sample: ModuleType, body: bytes) -> list[Event]:
    header = WORDS.encode().decode("latin-1")
    headers = (("content-type", header), ("X-Words", header), ("Location", WORDS))
    answer = Response(status=400, headers=headers, body=body)
    case = sample.MANY[0]
    fired = replace(sample.exchange(case), response=answer)
    failure = Failure(trouble=Trouble.GARBLED, message=WORDS)
    silent = replace(fired, response=None, failure=failure)
    found = replace(sample.FAILS[0], exchange=fired, reason=WORDS)
    unsure = replace(sample.UNSURE[0], exchange=silent, reason=WORDS)
    rules = (
        replace(sample.RULES[1], failures=(found,)),
        replace(sample.RULES[2], inconclusive=(unsure,), why=WORDS),
    )
    result = replace(sample.result(), rules=rules, message=WORDS, hint=WORDS)
    judged = [
        Judged(case=it.case, exchange=it.exchange, findings=(it,))
        for it in (found, unsure)
    ]
    started = replace(sample.started(), target="http://127.0.0.1/" + WORDS)
    return [started, *judged, Notice(message=WORDS), Ended(result=result)]


def lines(text: str) -> list[str]:
    """Return the lines, as any reader ends them, once each character is printable."""
    assert [each for each in text if not each.isprintable() and each != "\n"] == []
    return text.splitlines()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_words_of_a_target_stay_words(
    sample: ModuleType, name: str, body: bytes
) -> None:
    recorder = Recorder()
    for event in events(sample, body):
        recorder.handle(event)

    found = lines(rendered(name, recorder.record).decode())

    assert [each for each in found if re.match(r"\s*(::|##\[)", each)] == []
    if name == "ndjson":
        assert [json.loads(each)["event"] for each in found][-1] == "ended"


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("verbose", [True, False])
def test_only_our_commands_reach_a_log(
    sample: ModuleType, body: bytes, *, verbose: bool
) -> None:
    out, err = io.StringIO(), io.StringIO()
    shown = GitHubAnnotations(Terminal(out, err, verbose=verbose), Redactor(), out)
    for event in events(sample, body):
        shown.handle(event)
    shown.close()

    told = [each for each in lines(out.getvalue()) if re.match(r"\s*(::|##\[)", each)]
    ours = r"::(stop-commands::|[0-9a-f]{32}::$|(error|warning) title=)"
    assert [each for each in told if not re.match(ours, each)] == []
    assert not any(map(re.compile(r"\s*(::|##\[)").match, lines(err.getvalue())))
