"""Commands whose help has sections of options, exit statuses and examples."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click

# Commands with more options than this show them in sections; others in one list.
_MANY = 15


class ManualCommand(click.Command):
    """A command whose help has sections of options, exit statuses and examples."""

    def __init__(self, *args: Any, **more: Any) -> None:
        settings = more.get("context_settings") or {}
        more["context_settings"] = {"show_default": True, **settings}
        super().__init__(*args, **more)

    def format_help_text(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write what it does, and more about it."""
        super().format_help_text(ctx, formatter)
        if about := manual(ctx.command_path).get("about"):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(about.rstrip())

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
        sections = manual("sections")
        for title, names in sections.items():
            _write(formatter, title, [row for name, row in records if name in names])
        listed = {name for names in sections.values() for name in names}
        rows = [row for name, row in records if name not in listed]
        _write(formatter, "Other options", rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what comes after the options."""
        own = manual(ctx.command_path)
        _write(formatter, "Environment", self._environment(ctx))
        exits = [(status, meaning) for status, meaning in own.get("exits", ())]
        _write(formatter, "Exit status", exits)
        if "examples" in own:
            formatter.write("\nExamples:\n")
        for line, effect in own.get("examples", ()):
            formatter.write(f"  $ {line}\n      {effect}\n")

    def _environment(self, ctx: click.Context) -> Iterator[tuple[str, str]]:
        for param in self.get_params(ctx):
            names = [param.envvar] if isinstance(param.envvar, str) else param.envvar
            if names:
                yield " or ".join(names), f"stands for {param.opts[0]}"
            if param.opts[0] == "--profile":
                yield "RINGSPEC_PACING_RATE", "and the like: a key of the profile"


class ManualGroup(ManualCommand, click.Group):
    """A group of commands with the same help, in their order."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        del ctx
        return list(self.commands)


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def manual(name: str) -> dict[str, Any]:
    """Return what there is of a command beside its first sentence and its options."""
    found: dict[str, Any] = _tables().get(name, {})
    return found


def _write(
    formatter: click.HelpFormatter, title: str, rows: Iterable[tuple[str, str]]
) -> None:
    listed = list(rows)
    if listed:
        with formatter.section(title):
            formatter.write_dl(listed)
