"""Commands whose help has sections of options, exit statuses and examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import click

Rows = tuple[tuple[str, str], ...]

# Commands with more options than this show them in sections; others in one list.
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
PRINT_EXITS = (("0", "printed"), ("2", "wrong usage, contract or dialect"))
TROUBLE_EXITS = (
    ("2", "wrong usage, contract or profile; a report that cannot be written"),
    ("3", "inconclusive: nobody there, nobody let in, or a rule stays open"),
    ("4", "a bug in ringspec"),
    ("130", "interrupted"),
)


class ManualCommand(click.Command):
    """A command with a manual.

    Args:
        exits: exit statuses with their meaning, where the description has none.
        examples: command lines, each with what it does.
    """

    def __init__(
        self, *args: Any, exits: Rows = (), examples: Rows = (), **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self._exits = exits
        self.examples = examples

    def format_options(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the options; many of them in sections."""
        records = [
            (param.opts[-1], row)
            for param in self.get_params(ctx)
            if isinstance(param, click.Option) and (row := param.get_help_record(ctx))
        ]
        if len(records) <= _MANY:
            super().format_options(ctx, formatter)
            return
        for title, names in _SECTIONS.items():
            _write(formatter, title, [row for name, row in records if name in names])
        listed = {name for names in _SECTIONS.values() for name in names}
        rows = [row for name, row in records if name not in listed]
        _write(formatter, "Other options", rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what comes after the options."""
        _write(formatter, "Environment", self._environment(ctx))
        _write(formatter, "Exit status", self._exits)
        if self.examples:
            formatter.write("\nExamples:\n")
        for line, effect in self.examples:
            formatter.write(f"  $ {line}\n      {effect}\n")

    def _environment(self, ctx: click.Context) -> Iterator[tuple[str, str]]:
        """Yield the variables that stand for options."""
        for param in self.get_params(ctx):
            names = [param.envvar] if isinstance(param.envvar, str) else param.envvar
            if names:
                yield " or ".join(names), f"stands for {param.opts[0]}"
            if param.opts[0] == "--profile":
                yield "RINGSPEC_PACING_RATE", "and the like: a key of the profile"


class ManualGroup(ManualCommand, click.Group):
    """A group of commands with a manual."""

    def format_options(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the options and the commands."""
        click.Group.format_options(self, ctx, formatter)


def _write(
    formatter: click.HelpFormatter, title: str, rows: Iterable[tuple[str, str]]
) -> None:
    """Write a section, unless it is empty."""
    listed = list(rows)
    if listed:
        with formatter.section(title):
            formatter.write_dl(listed)
