"""Options of the commands, and what completes their values."""

from __future__ import annotations

import importlib
import math
import os
import shlex
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TextIO

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from ringspec.cli.manual import ManualCommand
from ringspec.spec import (
    PROFILES,
    Contract,
    Level,
    Overrides,
    UsageError,
    Wanted,
    dialect_names,
    did_you_mean,
    load,
    load_each,
)

if TYPE_CHECKING:
    from ringspec.harness.judging.selection import Selection

# Where a value was given by the user, and which are secrets, with their variables.
_GIVEN = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
_SECRETS = {
    "--bearer": "RINGSPEC_TOKEN",
    "--client-secret": "RINGSPEC_CLIENT_SECRET",
    "--user": "RINGSPEC_USER",
}
# Lists of options by command, and the options, as click takes them.
_TABLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
ReportPaths = list[tuple[str, Path]]
# What a run writes that is no single report.
EVIDENCE = "evidence"


class Given(SimpleNamespace):
    """What a command is given, by the names of its parameters."""


def completer(
    names: Callable[[], Mapping[str, str] | Iterable[str]],
    *,
    files: bool = False,
    by: str = "\n",
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return a completer of names, keys of their help if any have one; or of files.

    `by` parts several names.
    """

    def complete(
        _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        found, (before, comma, last) = names(), incomplete.rpartition(by)
        helps = found if isinstance(found, Mapping) else dict.fromkeys(found)
        items = [
            CompletionItem(f"{before}{comma}{name}", help=about)
            for name, about in helps.items()
            if name.startswith(last)
        ]
        is_file = files and not items
        return [CompletionItem(incomplete, type="file")] if is_file else items

    return complete


def rule_prefixes() -> dict[str, str]:
    """Return what rule ids begin with, and whole ids, with what each is."""
    rules = load().rules.values()
    groups = {each.group: "all rules of this group" for each in rules}
    return {**groups, **{str(each.id): each.sentence for each in rules}}


class Choice(click.Choice):  # type: ignore[type-arg]  # generic since 8.4
    """One of some values, in any case; a misspelt one is told the nearest."""

    def __init__(self, values: Iterable[str]) -> None:
        super().__init__(values, case_sensitive=False)

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Say which there are, and which may be meant."""
        said = super().get_invalid_choice_message(value, ctx)
        near = did_you_mean(value, self.choices).rstrip()
        return f"{said[:-1]}; {near}" if near else said


file_type = click.Path(path_type=Path)
_TYPES: dict[str, Any] = {
    "int": int,
    "file": file_type,
    "path": click.Path(),
    "level": Choice([level.value for level in Level]),
    "seconds": click.FloatRange(min=0, min_open=True),
}


def run_formats() -> Iterable[str]:
    """List the formats of a run's reports."""
    from ringspec.reports import FORMATS  # noqa: PLC0415 - only to complete

    return (*FORMATS, EVIDENCE)


def _reports(*tables: str) -> dict[str, Any]:
    """Return what completes `--report`, by tables of formats; without any of a run."""

    def values() -> list[str]:
        reports, ends = importlib.import_module("ringspec.reports"), {EVIDENCE: "zip"}
        names = [name for each in tables for name in getattr(reports, each)]
        formats = dict.fromkeys(names or run_formats())
        return [f"{name}=report.{ends.get(name, name)}" for name in formats]

    return {"shell_complete": completer(values)}


def _phases() -> Iterable[str]:
    from ringspec.strategies import Phase  # noqa: PLC0415 - only to complete

    return Phase


def _finite(
    _ctx: click.Context, _option: click.Parameter, seconds: float | None
) -> float | None:
    if seconds is not None and not math.isfinite(seconds):
        raise UsageError("--timeout is no number", hint="give seconds")
    return seconds


def _checked_docs(
    _ctx: click.Context, _option: click.Parameter, base: str | None
) -> str:
    from ringspec.reports import checked_docs  # noqa: PLC0415 - `serve` may do without

    return checked_docs(base) if base else ""


def _uncached(_ctx: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    if value:
        os.environ["RINGSPEC_CACHE"] = ""


# What is no data of options that several commands have.
_CODE: dict[str, dict[str, Any]] = {
    "profile": {
        "shell_complete": completer(
            lambda: [path.stem for path in PROFILES.glob("*.toml")], files=True
        )
    },
    "dialect": {"shell_complete": completer(dialect_names, files=True)},
    "select": {"shell_complete": completer(rule_prefixes)},
    "exclude": {"shell_complete": completer(rule_prefixes)},
    "timeout": {"callback": _finite},
    "pace/timeout": {"callback": _finite},
    "phase": {"shell_complete": completer(_phases, by=",")},
    "docs": {"callback": _checked_docs},
    "no-cache": {"callback": _uncached, "expose_value": False},
    "report": _reports(),
    "serve/report": _reports(),
    "selftest/report": _reports("MATRIX_FORMATS"),
    "compare/report": _reports("COMPARISON_FORMATS", "MERGED_FORMATS"),
}


def subcommand(
    name: str, **more: dict[str, Any]
) -> Callable[[Callable[[Given], Any]], ManualCommand]:
    """Return a decorator that makes a command, with the options of `options.toml`.

    The function takes what it is given as one, by the names of parameters; by these,
    `more` has what is no data.
    """

    def decorate(function: Callable[[Given], Any]) -> ManualCommand:
        @wraps(function)
        def called(**params: Any) -> Any:
            for row in _TABLES["refused"]:
                is_beside = any(params.get(each) for each in row["others"])
                if params.get(row["option"]) and is_beside is row["beside"]:
                    raise UsageError(row["message"], hint=row["hint"])
            return function(Given(**params))

        made: Callable[..., Any] = called
        for each in reversed(list(_listed(name))):
            made = _option(each, more)(made)
        return click.command(name, cls=ManualCommand)(made)

    return decorate


def _listed(name: str) -> Iterator[str]:
    if name in _TABLES["lists"]:
        for each in _TABLES["lists"][name]:
            yield from _listed(each)
    else:
        yield name


def _option(
    name: str, more: Mapping[str, dict[str, Any]]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    row = {**_TABLES["options"][name], **_CODE.get(name, {})}
    flag = name.rpartition("/")[2]
    parameter = row.pop("to", flag.replace("-", "_"))
    if "choices" in row:
        row["type"] = Choice(row.pop("choices"))
    elif "range" in row:
        bounds = row.pop("range")
        is_float = isinstance(bounds[0], float)
        row["type"] = (click.FloatRange if is_float else click.IntRange)(*bounds)
    elif "type" in row:
        row["type"] = _TYPES[row["type"]]
    return click.option(f"--{flag}", parameter, **{**row, **more.get(parameter, {})})


def wanted_operations(given: Given) -> Wanted:
    """Return which operations options name."""
    return Wanted(operations=given.operations, excluded=given.excluded, tags=given.tags)


def each_selected(given: Given) -> list[tuple[Contract, Selection]]:
    """Return the operations that options name, each with the rules that they name.

    Says on standard error which cannot be tested.
    """
    from ringspec.harness.judging.selection import Selection, narrowed  # noqa: PLC0415 - heavy

    found, unread = load_each(
        given.contract,
        wanted_operations(given),
        dialect=given.dialect,
        overrides=Overrides(packs=given.packs),
    )
    for each in unread:
        click.echo(f"note: {each.operation} is not tested: {each.error}", err=True)
    for notice in dict.fromkeys(it for each in found for it in each.notices):
        click.echo(f"note: {notice}", err=True)
    chosen = narrowed(found, given.select, given.exclude)
    return [(it, Selection.of(it, own, others)) for it, own, others in chosen]


def typed(context: click.Context) -> dict[str, str]:
    """Return what a command was given, by option, as a shell takes it.

    The argument stands under an empty name; variables stand for secrets.
    """
    found: dict[str, str] = {}
    for each in context.command.params:
        source = context.get_parameter_source(each.name or "")
        value, name = context.params.get(each.name or ""), each.opts[0]
        if source not in _GIVEN or value in (None, ()):
            continue
        texts = value if isinstance(value, tuple) else (value,)
        if isinstance(each, click.Argument):
            found[""] = shlex.join(texts)
        elif name in _SECRETS:
            is_typed = source is ParameterSource.COMMANDLINE
            found[name] = f'{name} "${_SECRETS[name]}"' if is_typed else ""
        elif name == "--header":
            found[name] = " ".join(f"{name} {_header(text)}" for text in texts)
        elif value is True:
            found[name] = name
        else:
            found[name] = " ".join(shlex.join((name, str(text))) for text in texts)
    return found


def _header(text: str) -> str:
    from ringspec.harness.sending.exchange import shown  # noqa: PLC0415 - rarely needed

    name, _, value = text.partition("=")
    place = shown(name, value)
    return shlex.quote(text) if place == value else f'"{name}=${place}"'


def screen(wanted: Iterable[tuple[str, Path]]) -> TextIO:
    """Return where people read: not where a report goes that takes standard output."""
    return sys.stderr if any(str(path) == "-" for _, path in wanted) else sys.stdout


def report_paths(
    texts: Iterable[str],
    check: Callable[[str, Path], None],
    example: str = "json=report.json",
) -> ReportPaths:
    """Read the values of `--report`, each a format and a path, which `check` checks.

    Raises a UsageError if one has no path, or two have the same.
    """
    listed: ReportPaths = []
    for text in texts:
        name, separator, path = text.partition("=")
        if not separator or not path:
            raise UsageError(
                f"--report {text!r} has no path", hint=f"write it as {example}"
            )
        if Path(path) in (known for _, known in listed):
            raise UsageError(
                f"two reports would go to {path}", hint="give each a path of its own"
            )
        check(name, Path(path))
        listed.append((name, Path(path)))
    return listed
