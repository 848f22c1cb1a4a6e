"""The manual behind each `--help`: sections of options, exit status, examples.

One table, looked up by the command's name, so that commands need not know of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import click

# Where a command has many options, they stand in sections; others stand at the end.
_MANY = 14
_SECTIONS = {
    "Target": (
        *("--profile", "--bearer", "--client-id", "--client-secret", "--token-url"),
        *("--workers", "--rate", "--timeout"),
    ),
    "Contract": ("--contract", "--operation", "--dialect"),
    "What is sent": (
        *("--select", "--exclude", "--phase", "--seed", "--quick", "--examples"),
        *("--shard", "--dry-run", "--fail-fast", "--case"),
    ),
    "Verdict": ("--level", "--known-failures", "--update-known-failures"),
    "Output": ("--report", "--docs", "--quiet", "--verbose", "--color"),
}
_RUN = (
    ("0", "conformant: every rule of the level passes"),
    ("1", "nonconformant: one fails, or a known failure has expired"),
    ("2", "wrong usage, contract or profile; a report that cannot be written"),
    ("3", "inconclusive: nobody there, nobody let in, or a rule stays open"),
    ("4", "a bug in ringspec"),
    ("130", "interrupted"),
)
_PRINTS = (("0", "printed"), ("2", "wrong usage, contract or dialect"))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the manual has of a command.

    Attributes:
        exits: statuses with their meaning, where the command's own text has none.
        examples: lines to type, each with what it does.
    """

    exits: tuple[tuple[str, str], ...] = ()
    examples: tuple[tuple[str, str], ...] = ()


ENTRIES = {
    "": Entry(
        examples=(
            ("ringspec run", "test the reference server that comes along"),
            ("ringspec run http://127.0.0.1:8000", "test a server of yours"),
            ("ringspec COMMAND --help", "what a command takes, with examples"),
        )
    ),
    "run": Entry(
        exits=_RUN,
        examples=(
            ("ringspec run http://127.0.0.1:8000 --bearer TOKEN", "test a server"),
            ("ringspec run --profile mine.toml --dry-run", "see what would be sent"),
            ("ringspec run --select retryDelays --level may", "some rules, strictly"),
            ("ringspec run --report html=report.html", "with a report for people"),
            ("ringspec run --quick --fail-fast", "soon, in a pipeline"),
        ),
    ),
    "rules": Entry(
        exits=_PRINTS,
        examples=(
            ("ringspec rules --select retryDelays", "the rules on one member"),
            ("ringspec rules --format json", "for tools"),
        ),
    ),
    "cases": Entry(
        exits=_PRINTS,
        examples=(
            ("ringspec cases > cases.jsonl", "vectors for tools in any language"),
            ("ringspec cases --select name", "those of some rules, and their twins"),
        ),
    ),
    "probe": Entry(
        examples=(
            ("ringspec probe http://127.0.0.1:8000", "which spelling it takes"),
            (
                "ringspec probe http://127.0.0.1:8000 --write mine.yaml",
                "and keep it as a dialect",
            ),
        )
    ),
    "replay": Entry(
        exits=(
            ("0", "nothing fails any longer"),
            ("1", "something still fails, or fails anew"),
            *_RUN[2:],
        ),
        examples=(
            ("ringspec replay report.json", "what failed, at the same server"),
            (
                "ringspec replay name.type/number http://127.0.0.1:8000",
                "one case, with its twin",
            ),
        ),
    ),
    "profile": Entry(
        examples=(
            ("ringspec profile init mine.toml", "write one"),
            ("ringspec profile check mine.toml", "try it"),
            ("ringspec run --profile mine.toml", "use it"),
        )
    ),
    "profile init": Entry(
        exits=(("0", "written"), ("2", "the file is there already, or cannot be")),
        examples=(("ringspec profile init mine.toml", "write it, then edit it"),),
    ),
    "profile check": Entry(
        examples=(
            ("ringspec profile check mine.toml", "at the URL that it names"),
            ("ringspec profile check mine.toml http://127.0.0.1:8000", "at another"),
        )
    ),
    "serve": Entry(
        examples=(
            ("ringspec serve --port 8000 > server.json &", "in the background"),
            ("ringspec serve --mutant delay-4321-accepted", "with one defect"),
            (
                "ringspec serve --record r.ndjson --report html=client.html",
                "judge a client",
            ),
        )
    ),
    "selftest": Entry(
        examples=(
            ("ringspec selftest", "every mutant; this takes minutes"),
            ("ringspec selftest delay", "those whose name begins so"),
            ("ringspec selftest --report json=matrix.json", "the kill matrix"),
        )
    ),
    "prove": Entry(
        examples=(
            ("ringspec prove", "the whole contract"),
            ("ringspec prove --select retryDelays", "some rules"),
        )
    ),
    "cleanup": Entry(
        exits=(
            ("0", "nothing is left"),
            ("2", "no journal, or credentials that cannot be used"),
            ("3", "something is left"),
        ),
        examples=(
            ("ringspec cleanup journal.ndjson --profile mine.toml", "delete the rest"),
        ),
    ),
    "compare": Entry(
        examples=(
            ("ringspec compare old.json new.json", "what is better or worse"),
            (
                "ringspec compare a.json b.json --report html=compare.html",
                "several providers",
            ),
        )
    ),
    "completion": Entry(
        exits=(("0", "printed"), ("2", "no such shell")),
        examples=(
            ('eval "$(ringspec completion bash)"', "in ~/.bashrc"),
            ('eval "$(ringspec completion zsh)"', "in ~/.zshrc, after compinit"),
            ("ringspec completion fish | source", "in ~/.config/fish/config.fish"),
        ),
    ),
}


def with_manual(command: click.Command, name: str) -> click.Command:
    """Return a command whose help has the manual's sections as well.

    One that has a help of its own making is returned as it is.
    """
    if type(command) not in (click.Command, click.Group):
        return command
    if isinstance(command, click.Group):
        for each, within in list(command.commands.items()):
            command.commands[each] = with_manual(within, f"{name} {each}")
        return Commands(**_given(command), commands=command.commands, page=name)
    return Manual(**_given(command), page=name)


def _given(command: click.Command) -> dict[str, object]:
    return {
        "name": command.name,
        "callback": command.callback,
        "params": command.params,
        "help": command.help,
        "short_help": command.short_help,
        "hidden": command.hidden,
        "deprecated": command.deprecated,
        "no_args_is_help": command.no_args_is_help,
        "context_settings": command.context_settings,
    }


class _Sections(click.Command):
    """A command with a page of the manual.

    Args:
        page: the name of its entry.
    """

    def __init__(self, *args: object, page: str, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type] # as click takes them
        self._page = page

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what comes after the options."""
        entry = ENTRIES.get(self._page, Entry())
        write(formatter, "Environment", environment(self, ctx))
        write(formatter, "Exit status", entry.exits)
        for number, (line, what) in enumerate(entry.examples):
            if not number:
                formatter.write("\nExamples:\n")
            formatter.write(f"  $ {line}\n      {what}\n")


class Manual(_Sections):
    """A command whose many options stand in sections."""

    def format_options(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the options."""
        records = list(_records(self, ctx))
        if len(records) <= _MANY:
            super().format_options(ctx, formatter)
            return
        for title, names in _SECTIONS.items():
            rows = [row for name, row in records if name in names]
            write(formatter, title, rows)
        listed = {name for names in _SECTIONS.values() for name in names}
        rows = [row for name, row in records if name not in listed]
        write(formatter, "Other options", rows)


class Commands(_Sections, click.Group):
    """A group of commands."""


def environment(
    command: click.Command, ctx: click.Context
) -> Iterator[tuple[str, str]]:
    """Yield the variables that stand for options."""
    for param in command.get_params(ctx):
        names = param.envvar or ()
        names = (names,) if isinstance(names, str) else names
        if names:
            yield " or ".join(names), f"stands for {param.opts[0]}"
        if param.opts[0] == "--profile":
            yield "RINGSPEC_PACING_RATE", "and the like: a key of the profile"


def write(
    formatter: click.HelpFormatter, title: str, rows: Iterable[tuple[str, str]]
) -> None:
    """Write a section, unless it has nothing."""
    listed = list(rows)
    if listed:
        with formatter.section(title):
            formatter.write_dl(listed)


def _records(
    command: click.Command, ctx: click.Context
) -> Iterator[tuple[str, tuple[str, str]]]:
    for param in command.get_params(ctx):
        row = param.get_help_record(ctx)
        if row is not None and isinstance(param, click.Option):
            yield param.opts[-1], row
