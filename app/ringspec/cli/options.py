"""Options that several commands take, and the contract they name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ringspec.spec import Contract, Overrides, load

_Command = TypeVar("_Command", bound=Callable[..., Any])

_DOCUMENT = (
    click.option(
        "--contract",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Another API's OpenAPI 3.1 file in place of ours.",
    ),
    click.option(
        "--operation",
        metavar="ID",
        help="The operation meant; by default the only POST with a JSON body.",
    ),
)
_CONTRACT = (
    *_DOCUMENT,
    click.option(
        "--dialect",
        metavar="NAME|FILE",
        envvar="RINGSPEC_DIALECT",
        help="An OpenAPI Overlay that adapts the contract to a provider's spelling.",
    ),
)
_SELECTION = (
    click.option(
        "--select",
        metavar="ID-PREFIX",
        multiple=True,
        help="Only rules whose id begins so (repeatable).",
    ),
    click.option(
        "--exclude",
        metavar="ID-PREFIX",
        multiple=True,
        help="No rules whose id begins so (repeatable).",
    ),
)


def document_options(command: _Command) -> _Command:
    """Add the options that name a contract, in its own spelling."""
    return added(command, _DOCUMENT)


def contract_options(command: _Command) -> _Command:
    """Add the options that name a contract, and how it is spelt."""
    return added(command, _CONTRACT)


def selection_options(command: _Command) -> _Command:
    """Add the options that select rules."""
    return added(command, _SELECTION)


def added(
    command: _Command, options: tuple[Callable[[_Command], _Command], ...]
) -> _Command:
    """Add options to a command, listed in their order."""
    for option in reversed(options):
        command = option(command)
    return command


def contract_of(
    contract: Path | None,
    operation: str | None,
    dialect: str | None,
    overrides: Overrides | None = None,
) -> Contract:
    """Load the contract that the options name, as it is adapted to one target."""
    return load(contract, operation=operation, dialect=dialect, overrides=overrides)
