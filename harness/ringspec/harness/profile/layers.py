"""Layers: a flag goes before a variable of the environment, that before the file.

In: what the flags say, the environment, the data of a file. Out: their values joined,
all of the right kinds; or an error that names file and line, or the variable.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from ringspec.harness.profile.faults import fault
from ringspec.harness.profile.places import Keys, Places
from ringspec.harness.profile.sheet import Sheet, tables
from ringspec.spec import UsageError

PREFIX = "RINGSPEC_"


def check(data: Mapping[str, Any], places: Places) -> None:
    """Check the data of a file by themselves, where 1 is no text and "1" no number.

    Raises:
        UsageError: there is a key that nobody knows, or a value of another kind.
    """
    try:
        Sheet.model_validate(data, strict=True)
    except ValidationError as error:
        raise fault(error, places) from error


def join(
    flags: Mapping[str, Any], data: Mapping[str, Any], places: Places
) -> dict[str, Any]:
    """Join the layers, and return what is set in any of them.

    Raises:
        UsageError: a variable holds something of another kind.
    """

    class Layered(BaseSettings, Sheet):
        model_config = SettingsConfigDict(
            env_prefix=PREFIX,
            env_nested_delimiter="_",
            env_nested_max_split=1,
            env_ignore_empty=True,
            extra="forbid",
        )

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del dotenv_settings, file_secret_settings
            file = InitSettingsSource(settings_cls, dict(data))
            return init_settings, env_settings, file

    try:
        joined = Layered(**flags)
    except ValidationError as error:
        raise fault(error, places) from error
    except SettingsError as error:
        raise UsageError(
            f"a variable cannot be read: {error}",
            hint=f"what begins with {PREFIX} is taken for a part of the profile",
        ) from error
    found = joined.model_dump(exclude_unset=True, exclude_none=True)
    for name, value in found.get("fixtures", {}).items():
        keys = ("fixtures", name)
        if keys in places.variables and str(value).startswith("{"):
            found["fixtures"][name] = _object(value, places.of(keys))
    return found


def _object(text: str, where: str) -> Any:
    """Read an object that a variable gives."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(
            f"{where}: it begins like an object, and is no JSON: {error}",
            hint='write it as {"id": "…"}',
        ) from error


def variables() -> dict[Keys, str]:
    """Return which keys the environment gives, each with its variable."""
    return dict(_variables())


def _variables() -> Iterator[tuple[Keys, str]]:
    known = tables()
    for name in os.environ:
        keys = name.upper().removeprefix(PREFIX).lower()
        if not name.upper().startswith(PREFIX) or not os.environ[name]:
            continue
        table, _, key = keys.partition("_")
        if keys in known[""]:
            yield (keys,), name
        elif table in known and key:
            yield (table, key), name
