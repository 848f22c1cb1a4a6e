"""The table that completes command lines, made of the commands themselves."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ringspec.cli.completing import TABLE
from ringspec.cli.main import COMMANDS, group
from ringspec.reference import DIALECTS, LAWFUL, MUTANTS
from ringspec.reports import COMPARISON_FORMATS, FORMATS, MATRIX_FORMATS
from ringspec.reports.json_report import FORMAT as REPORT_FORMAT
from ringspec.spec import load
from ringspec.strategies import FORMAT as CASE_FORMAT
from ringspec.strategies import Phase

# What an option takes, by its name; others say so by their type.
_TAKES = {
    "--select": ["rule"],
    "--exclude": ["rule"],
    "--contract": ["file"],
    "--dialect": ["dialect", "file"],
    "--profile": ["profile", "file"],
    "--phase": ["phase"],
    "--mutant": ["mutant"],
    "--known-failures": ["file"],
    "--record": ["file"],
    "--write": ["file"],
}
# What the arguments of a command are.
_ARGUMENTS = {
    "cleanup": ["file"],
    "compare": ["file"],
    "profile check": ["profile", "file"],
    "profile init": ["file"],
    "replay": ["file"],
    "selftest": ["mutant", "lawful"],
}
_FORMATS = {
    "compare": "FORMAT=PATH comparison",
    "selftest": "FORMAT=PATH matrix",
}
_WIDTH = 60


def render() -> str:
    """Write the table, a line for each command and each kind of value."""
    values = _values()
    commands = dict(_commands(group, "", None, values))
    parts = [
        f'"formats": {json.dumps([CASE_FORMAT, REPORT_FORMAT])}',
        f'"commands": {_lines(commands)}',
        f'"values": {_lines(values)}',
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(members: dict[str, Any]) -> str:
    rows = (
        f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in members.items()
    )
    return "{\n" + ",\n".join(rows) + "\n}"


def _commands(
    command: click.Command,
    name: str,
    parent: click.Context | None,
    values: dict[str, list[list[str]]],
) -> Iterator[tuple[str, dict[str, Any]]]:
    settings = {} if parent else command.context_settings
    context = click.Context(command, info_name=name, parent=parent, **settings)
    within = {}
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            loaded = command.get_command(context, each)
            assert loaded is not None
            within[each] = loaded
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    chosen = [_takes(each, name, values) for each in arguments]
    yield (
        name,
        {
            "options": dict(_options(command, context, name, values)),
            "commands": {
                key: COMMANDS[key] if not name else _short(it)
                for key, it in within.items()
            },
            "argument": _ARGUMENTS.get(name) or next(filter(None, chosen), []),
        },
    )
    for key, found in within.items():
        yield from _commands(found, f"{name} {key}".strip(), context, values)


def _options(
    command: click.Command,
    context: click.Context,
    name: str,
    values: dict[str, list[list[str]]],
) -> Iterator[tuple[str, dict[str, Any]]]:
    for param in command.get_params(context):
        if isinstance(param, click.Option):
            about: dict[str, Any] = {"help": _cut(param.help or "")}
            if not (param.is_flag or param.count) and not param.is_eager:
                about["takes"] = _takes(param, name, values)
            for each in param.opts:
                yield each, about


def _takes(
    param: click.Parameter, name: str, values: dict[str, list[list[str]]]
) -> list[str]:
    """Return the kinds of value that a parameter takes; none where it is free."""
    if param.opts[0] == "--report":
        return [_FORMATS.get(name, "FORMAT=PATH")]
    if isinstance(param.type, click.Choice):
        kind = "/".join(map(str, param.type.choices))
        values[kind] = [[str(each), ""] for each in param.type.choices]
        return [kind]
    return _TAKES.get(param.opts[0], [])


def _values() -> dict[str, list[list[str]]]:
    rules = load().rules.values()
    groups = dict.fromkeys(rule.group for rule in rules if rule.group != rule.id)
    return {
        "rule": [
            *([name, "all rules of this group"] for name in groups),
            *([rule.id, _cut(rule.sentence)] for rule in rules),
        ],
        "dialect": [[each, ""] for each in DIALECTS],
        "profile": [[each, ""] for each in _profiles()],
        "phase": [[each.value, ""] for each in Phase],
        "mutant": [[each.name, _cut(each.defect)] for each in MUTANTS.values()],
        "lawful": [[each.name, "a lawful variant"] for each in LAWFUL],
        "FORMAT=PATH": [[each, ""] for each in FORMATS],
        "FORMAT=PATH comparison": [[each, ""] for each in COMPARISON_FORMATS],
        "FORMAT=PATH matrix": [[each, ""] for each in MATRIX_FORMATS],
    }


def _profiles() -> list[str]:
    folder = Path(str(importlib.resources.files("ringspec.spec"))) / "profiles"
    return sorted(path.stem for path in folder.glob("*.toml"))


def _short(command: click.Command) -> str:
    return _cut(command.get_short_help_str(_WIDTH))


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1].rstrip()}…"


PATH = TABLE
