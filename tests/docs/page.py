"""A page of the documentation: the steps it shows, and one bash that takes them all."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_REMARK = re.compile(r"^ *<!-- *(exit|not run|before): *(.*?) *-->\n", re.MULTILINE)
_FENCE = re.compile(
    rf"(?P<remarks>(?:{_REMARK.pattern}\s*)*)"
    r"^ *(?P<ticks>`{3,})(?P<info>[^`\n]*)\n(?P<text>.*?)^ *(?P=ticks) *$",
    re.MULTILINE | re.DOTALL,
)
_TITLE = re.compile(r'\btitle="([^"]+)"')
# Pages name port 8000, and its neighbours if they need several.
_PORT = re.compile(r"\b800\d\b")
PAGE_S = 600.0
# Waits for a port, and for a whole line in a file; gives up without the background job.
_WAITS = """\
listens() {
  until (: </dev/tcp/127.0.0.1/$1) 2>/dev/null; do
    jobs -rp | grep -q . || exit 1
    sleep 0.05
  done
}
writes() { until [ -s "$1" ] && [ -z "$(tail -c 1 "$1")" ]; do sleep 0.02; done; }
"""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A line for the shell.

    Attributes:
        line: of the page, the first is 1.
        expected: the output on the page; empty if it shows none.
    """

    line: int
    text: str
    expected: str = ""
    status: int = 0

    @property
    def stays(self) -> bool:
        """True if it goes on in the background."""
        return self.text.endswith("&") and not self.text.endswith("&&")


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file that the page shows, to be written before the next step."""

    line: int
    name: str
    text: str


@dataclass(frozen=True)
class Done:
    """The end of a command; the status is None if it has no end."""

    status: int | None
    output: str
    errors: str


Step = Command | Written


def steps(text: str) -> Iterator[Step]:
    """Yield the steps of a page, top to bottom."""
    fences = list(_FENCE.finditer(text))
    remarks = [dict(_REMARK.findall(each["remarks"])) for each in fences]
    assert sum(map(len, remarks)) == len(_REMARK.findall(text)), "a remark has no fence"
    for fence, said in zip(fences, remarks, strict=True):
        line, info = text.count("\n", 0, fence.start("ticks")) + 1, fence["info"]
        content, title = textwrap.dedent(fence["text"]), _TITLE.search(info)
        if "not run" in said:
            continue
        if "before" in said:
            yield Command(line=line, text=said["before"])
        if title is not None:
            yield Written(line=line, name=title[1], text=content)
        elif info.strip().split(" ")[0].strip("{}.") == "console":
            yield from _commands(content, line, int(said.get("exit", 0)))


def _commands(console: str, line: int, status: int) -> Iterator[Command]:
    """Yield the commands of a console; the exit status is the last one's."""
    assert console.startswith("$ "), f"line {line}: a console begins with a command"
    *_, last = starts = list(re.finditer(r"^\$ ", console, re.MULTILINE))
    ends = [each.start() for each in starts[1:]] + [len(console)]
    for start, end in zip(starts, ends, strict=True):
        typed = re.compile(r".*\n?(?:> .*\n?)*").match(console, start.end())
        assert typed is not None
        yield Command(
            line=line + 1 + console.count("\n", 0, start.start()),
            text=re.sub(r"^> ", "", typed[0], flags=re.MULTILINE).strip(),
            expected=console[typed.end() : end].strip("\n"),
            status=status if start is last else 0,
        )


def taken(
    page: list[Step], home: Path, environ: dict[str, str]
) -> tuple[list[Done], str]:
    """Take all steps in one bash in an empty folder, with free ports for those named.

    Returns:
        The end of each step, and the output of the background.
    """
    ports = _free_ports()
    named = {port: name for name, port in ports.items()}
    folder, log = home / "page", home / "log"
    folder.mkdir()
    lines = [_WAITS]
    for number, step in enumerate(page):
        text = _PORT.sub(lambda found: ports[found[0]], step.text)
        base = home / str(number)
        if isinstance(step, Written):
            base.write_text(text, "utf-8")
            name = shlex.quote(step.name)
            lines.append(f'mkdir -p "$(dirname {name})"; cp {base} {name}')
        elif step.stays:
            lines.append(f"eval {shlex.quote(text)} </dev/null >>{log} 2>&1")
            if found := _PORT.search(step.text):
                lines.append(f"listens {ports[found[0]]}")
                lines += map(
                    "writes {}".format, re.findall(r"(?<![0-9&])>\s*(\S+)", text)[:1]
                )
        else:
            streams = f"</dev/null >{base}.out 2>{base}.err"
            lines.append(f"eval {shlex.quote(text)} {streams}")
        lines.append(f"echo $? >{base}.status")
    (home / "script").write_text("\n".join(lines), "utf-8")
    with subprocess.Popen(
        ["bash", "--noprofile", "--norc", home / "script"],
        cwd=folder,
        env=environ,
        start_new_session=True,  # so that all it starts can be ended together
    ) as bash:
        with suppress(subprocess.TimeoutExpired):
            bash.wait(PAGE_S)
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(bash.pid, sign)
            with suppress(subprocess.TimeoutExpired):
                bash.wait(5.0)

    def read(name: str) -> str:
        path = home / name
        text = path.read_text("utf-8", "replace") if path.exists() else ""
        return re.sub(r"\b\d{5}\b", lambda found: named.get(found[0], found[0]), text)

    ends = [(read(f"{n}.status"), n) for n in range(len(page))]
    return [
        Done(int(status) if status else None, read(f"{n}.out"), read(f"{n}.err"))
        for status, n in ends
    ], read("log")


def _free_ports() -> dict[str, str]:
    """Map 8000 to 8009 to free ports, below those that systems hand out.

    The first differs by process, so that parallel tests do not meet.
    """
    start = 20_000 + os.getpid() * 37 % 12_000
    free = (port for port in range(start, 32_768) if _can_listen(port))
    return {f"800{digit}": str(next(free)) for digit in range(10)}


def _can_listen(port: int) -> bool:
    with socket.socket() as tried, suppress(OSError):
        tried.bind(("127.0.0.1", port))
        return True
    return False
