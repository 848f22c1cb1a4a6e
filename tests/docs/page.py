"""A page of the documentation: the steps it shows, and one bash that takes them all."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

_REMARK = re.compile(r"^ *<!-- *(exit|not run): *(.*?) *-->\n", re.MULTILINE)
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
class Block:
    """What readers copy and paste, whole.

    Attributes:
        line: of the page, the first is 1.
        expected: the output on the page; empty if it shows none.
        status: of its last command.
    """

    line: int
    text: str
    expected: str = ""
    status: int = 0


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file that the page shows, to be written before the next step."""

    line: int
    name: str
    text: str


@dataclass(frozen=True)
class Done:
    """The end of a block; the status is None if it has no end."""

    status: int | None
    output: str
    errors: str


Step = Block | Written


def steps(text: str, *, all_run: bool = False) -> Iterator[Step]:
    """Yield the steps of a page, top to bottom; with those not run, if wanted."""
    fences = list(_FENCE.finditer(text))
    remarks = [dict(_REMARK.findall(each["remarks"])) for each in fences]
    assert sum(map(len, remarks)) == len(_REMARK.findall(text)), "a remark has no fence"
    shown = dict(pairwise(fences))
    for fence, said in zip(fences, remarks, strict=True):
        line, info = text.count("\n", 0, fence.start("ticks")) + 1, fence["info"]
        content, title = textwrap.dedent(fence["text"]), _TITLE.search(info)
        assert not content.startswith("$ "), f"line {line}: a prompt would be copied"
        if "not run" in said and not all_run:
            continue
        if title is not None:
            yield Written(line=line, name=title[1], text=content)
        elif info.strip() == "sh":
            after = shown.get(fence)
            near = after and not text[fence.end() : after.start()].strip()
            output = after["text"] if after and near and after["info"] == "text" else ""
            status = int(said.get("exit", 0))
            expected = textwrap.dedent(output).strip("\n")
            yield Block(line=line, text=content, expected=expected, status=status)


def taken(page: list[Step], home: Path, environ: dict[str, str]) -> list[Done]:
    """Paste all blocks into one bash in an empty folder; return the end of each step.

    Only ports are others than the page's: free ones.
    """
    ports = _free_ports()
    named = {port: name for name, port in ports.items()}
    folder = home / "page"
    folder.mkdir()
    (folder / ".venv").symlink_to(sys.prefix)
    lines = [_WAITS]
    for number, step in enumerate(page):
        text = _PORT.sub(lambda found: ports[found[0]], step.text)
        base = home / str(number)
        if isinstance(step, Written):
            base.write_text(text, "utf-8")
            name = shlex.quote(step.name)
            lines.append(f'mkdir -p "$(dirname {name})"; cp {base} {name}')
            continue
        lines.append(f"exec >{base}.out 2>{base}.err\n{text}echo $? >{base}.status")
        # Whoever pastes the next block has seen that the server is there.
        for job in re.findall(r"^.*[^&]&$", text, re.MULTILINE):
            lines += map("listens {}".format, re.findall(r"\b[23]\d{4}\b", job)[:1])
            lines += map("writes {}".format, re.findall(r"> *(\S+)", job)[:1])
    with subprocess.Popen(
        ["bash", "--noprofile", "--norc"],
        cwd=folder,
        env=environ,
        stdin=subprocess.PIPE,  # as typed: what reads it would take the next block
        text=True,
        start_new_session=True,  # so that all it starts can be ended together
    ) as bash:
        with suppress(subprocess.TimeoutExpired):
            bash.communicate("\n".join([*lines, ""]), PAGE_S)
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
    ]


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
