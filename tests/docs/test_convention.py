"""The pages' convention does what it says, and notices what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .page import Command, PageError, Written, steps
from .shell import Shell, ShellError
from .test_pages import alike, surroundings, taken

CONSOLE = """\
# Title

<!-- before: export A=1 -->
<!-- exit: 3 -->
```console
$ echo one \\
> two
one two

$ false
```

1. In a list:

   ```python title="test_mine.py"
   def f():
       return 8000
   ```

<!-- not run: needs a moon -->
```console
$ launch
```

```sh
neither
```
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    folder = tmp_path / "page"
    folder.mkdir()
    with Shell(folder, surroundings(tmp_path)) as shell:
        yield shell


def test_steps_are_commands_and_files_in_their_order() -> None:
    assert list(steps(CONSOLE)) == [
        Command(line=5, text="export A=1"),
        Command(line=6, text="echo one \\\ntwo", expected="one two"),
        Command(line=10, text="false", status=3),
        Written(line=15, name="test_mine.py", text="def f():\n    return 8000\n"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("```console\n$ echo\n", "line 1: this fence is not closed"),
        ("```console\necho\n```\n", "line 2: a console begins with a command"),
        ("<!-- exit: 1 -->\nText.\n", "line 2: .* stands before no fence"),
    ],
    ids=["unclosed", "no command", "stray remark"],
)
def test_page_that_breaks_the_convention_is_refused(text: str, told: str) -> None:
    with pytest.raises(PageError, match=told):
        list(steps(text))


@pytest.mark.parametrize(
    ("expected", "output", "agree"),
    [
        ("a ... c", "a b\nb c\n", True),
        ("in 3.1 s", "in 12.0 s\n", True),
        (
            "id ec5c47d6-0f43-49df-9a05-19ea1f91183c",
            "id 00000000-0000-4000-8000-000000000000",
            True,
        ),
        ("141 pass", "140 pass", False),
        ("a\nb", "a\n", False),
    ],
    ids=["ellipsis", "duration", "uuid", "count", "line lacking"],
)
def test_output_is_compared_but_for_what_varies(
    expected: str, output: str, *, agree: bool
) -> None:
    assert alike(expected, output) is agree


def test_shell_keeps_variables_folders_and_files(shell: Shell) -> None:
    shell.written("sub/file.txt", "port 8000\n")

    shell.run("export WORD=kept && cd sub")
    done = shell.run('echo "$WORD"; cat file.txt; echo wrong >&2; (exit 7)')

    assert (done.status, done.output, done.errors) == (
        7,
        "kept\nport 8000\n",
        "wrong\n",
    )


def test_port_is_a_free_one_and_named_as_on_the_page(shell: Shell) -> None:
    shell.start("python -m http.server 8000 --bind 127.0.0.1 &")

    got = shell.run(
        'python -c "from urllib.request import urlopen as u; r = u('
        "'http://127.0.0.1:8000/'); print(r.status, r.url)\""
    )

    assert got.output == "200 http://127.0.0.1:8000/\n"
    assert shell._ports["8000"] != 8000


def test_server_that_does_not_begin_is_told_with_its_last_words(shell: Shell) -> None:
    with pytest.raises(ShellError, match=r"nothing listens(?s:.)*no such thing"):
        shell.start("sh -c 'echo no such thing: 8000 >&2; exit 1' &")


def test_command_that_ends_the_shell_is_told(shell: Shell) -> None:
    with pytest.raises(ShellError, match="ended the shell"):
        shell.run("exit 3")


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (Command(line=1, text="false"), "ended with 1, not 0"),
        (Command(line=1, text="true", status=1), "ended with 0, not 1"),
        (Command(line=1, text="echo a", expected="b"), "said:\na\n"),
        (Command(line=1, text="echo a >&2", expected="b"), "said:\na\n"),
    ],
    ids=["fails", "does not fail", "says else", "complains of else"],
)
def test_what_is_wrong_with_a_step_is_told(
    shell: Shell, step: Command, told: str
) -> None:
    trouble = taken(step, shell)

    assert trouble is not None
    assert trouble.startswith(f"$ {step.text}\n")
    assert told in trouble
