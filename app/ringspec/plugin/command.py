"""The run that pytest's options ask for: the same as that of `ringspec run`.

In: pytest's configuration. Out: the run, checked as far as that goes without sending.
A flag goes before a variable of the environment, that before the ini file, and that
before the profile: click and the profile see to it, as they do for the command.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from ringspec.cli.run_command import RunOptions, command
from ringspec.harness.profile import variables
from ringspec.plugin.options import GROUP, OPTIONS, PROFILE, URL, Option, spelt
from ringspec.spec import RingspecError

_ENVIRONMENT = "RINGSPEC_{}"
# What a profile, too, takes from a variable of its own name: table and key.
_TABLES = {
    **dict.fromkeys(
        ("bearer", "client_id", "client_secret", "token_url"), "credentials"
    ),
    **dict.fromkeys(("workers", "rate", "timeout"), "pacing"),
}


def run_of(config: pytest.Config) -> RunOptions:
    """Return the run that is asked for.

    Raises:
        pytest.UsageError: the options, the profile or the environment make no sense.
    """
    try:
        run = _aimed(_parsed(config), config)
        run.checked()
        # Nothing is started yet, but what cannot be meant is told.
        run.setup.check_target(run.address)
    except click.UsageError as error:
        raise refusal(error.format_message()) from error
    except RingspecError as error:
        raise refused(error) from error
    return run


def refused(error: RingspecError) -> pytest.UsageError:
    """Return what pytest shows of an error of ours: a message, and what to do."""
    return refusal(error.message, error.hint)


def refusal(message: str, hint: str = "") -> pytest.UsageError:
    """Return what pytest shows of something that cannot be meant."""
    said = f"{GROUP}: {message}" + (f"\n    hint: {hint}" if hint else "")
    return pytest.UsageError(spelt(said))


def _parsed(config: pytest.Config) -> RunOptions:
    """Let the command read the options."""
    below = {each.parameter: value for each, value in _inis(config) if each is not URL}
    context = command.make_context(
        GROUP, list(_words(config)), default_map=below, allow_extra_args=False
    )
    with context:
        return RunOptions(**context.params)


def _words(config: pytest.Config) -> Iterator[str]:
    """Yield the flags as the command has them."""
    for each in OPTIONS:
        value = config.getoption(each.key, None)
        for one in value if isinstance(value, list) else [value]:
            if one is True:
                yield f"--{each.name}"
            elif one is not None and each is not URL:
                yield f"--{each.name}={one}"
    url = config.getoption(URL.key, None) or _variable(URL)
    if url:
        yield from ("--", url)


def _variable(option: Option) -> str:
    return os.environ.get(_ENVIRONMENT.format(option.name.upper()), "")


def _inis(config: pytest.Config) -> Iterator[tuple[Option, Any]]:
    """Yield what the ini file says, and no variable of a profile says better."""
    known = variables()
    for each in OPTIONS:
        value = config.getini(each.key)
        keys = (_TABLES.get(each.parameter, ""), each.parameter)
        if value in (None, "", []) or keys in known:
            continue
        yield each, _beside(config, value) if each.is_path else value


def _beside(config: pytest.Config, value: str) -> str:
    """Take the name of a file for one beside the ini file, if there is one."""
    folder = config.inipath.parent if config.inipath else config.invocation_params.dir
    path = Path(folder, value)
    return str(path) if path.is_file() else value


def _aimed(run: RunOptions, config: pytest.Config) -> RunOptions:
    """Take the ini file's URL, unless a profile from above it brings one of its own."""
    below = config.getini(URL.key)
    if run.url is not None or not below:
        return run
    above = config.getoption(PROFILE.key, None) or _variable(PROFILE)
    return run if above and run.setup.profile.url else replace(run, url=below)
