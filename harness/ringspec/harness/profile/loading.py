"""Loading: a profile is found by its name or as a file, read, and joined with the rest.

In: a name or file, and what the flags say. Out: a profile, or an error that says what,
where and what to do.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ringspec.harness.profile.places import Keys, Places, read
from ringspec.harness.profile.record import EMBEDDED, Profile
from ringspec.harness.sending.hosts import checked_url
from ringspec.spec import PROFILES, UsageError, did_you_mean

# Ways to show who we are: of several, the one that stands highest is meant.
_WAYS = (
    frozenset({"bearer"}),
    frozenset({"client_id", "client_secret", "token_url"}),
    frozenset({"header", "value"}),
)
# Files that are looked for where the profile is.
_FILES = (("tls", "ca"), ("tls", "certificate"), ("tls", "key"))


def names() -> list[str]:
    """List the profiles that come with the package."""
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


def template() -> str:
    """Return a profile that says what there is, all but the URL commented out."""
    return Path(__file__).with_name("template.toml").read_text("utf-8")


def find(name_or_file: str) -> tuple[Path, str]:
    """Find a profile by its shipped name, or as a file; with what to call it.

    Raises:
        UsageError: there is none such.
    """
    if name_or_file in names():
        return PROFILES / f"{name_or_file}.toml", f"{name_or_file}.toml"
    path = Path(name_or_file)
    if path.exists():
        return path, name_or_file
    raise UsageError(
        f"no profile {name_or_file!r}",
        hint=f"{did_you_mean(name_or_file, names())}shipped ones: {', '.join(names())};"
        " `ringspec profile init FILE` writes one",
    )


def load(name_or_file: str | None, flags: Mapping[str, Any]) -> Profile:
    """Load a profile; without one, of what the flags say alone.

    Args:
        name_or_file: a shipped name, or a file.
        flags: values by table and key, as a profile has them; they go before it.

    Raises:
        UsageError: it cannot be read, or has something that cannot be meant.
    """
    if name_or_file is None:
        return Profile.of("", flags, Places())
    path, shown = find(name_or_file)
    data, places = read(path, shown)
    # Only here: pydantic takes a while to load.
    from ringspec.harness.profile import layers  # noqa: PLC0415

    data, given, missing = _resolved(data)
    layers.check(_without(data, given), places)
    _check_ways(data, places)
    variables = layers.variables()
    places = Places(places.shown, places.text, variables)
    above = {*variables, *_keys(flags)}
    data = _outranked(_placed(data, path.parent), above)
    joined = layers.join(flags, data, places)
    _check_missing(missing, above, places)
    _check_url(joined, places)
    return Profile.of(shown, joined, places)


def _keys(data: Mapping[str, Any]) -> list[Keys]:
    return [
        keys
        for name, value in data.items()
        for keys in ([(name, key) for key in value] if _is_table(value) else [(name,)])
    ]


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _resolved(
    data: dict[str, Any],
) -> tuple[dict[str, Any], dict[Keys, str], dict[Keys, str]]:
    """Put the environment's values where a profile refers to them.

    Returns the data, and the variables of what was put and of what was not there.
    """
    given: dict[Keys, str] = {}
    missing: dict[Keys, str] = {}

    def walk(value: Any, keys: Keys) -> Any:
        if not isinstance(value, dict):
            return value
        if _is_reference(value, keys):
            name = value["env"]
            (given if os.environ.get(name) else missing)[keys] = name
            return os.environ.get(name)
        found = {key: walk(each, (*keys, key)) for key, each in value.items()}
        return {key: each for key, each in found.items() if (*keys, key) not in missing}

    return walk(data, ()), given, missing


def _is_reference(value: dict[str, Any], keys: Keys) -> bool:
    """Tell whether a value is taken from a variable; a whole table never is."""
    is_value = len(keys) > 1 or keys in {("url",), ("dialect",)}
    return is_value and value.keys() == {"env"} and isinstance(value["env"], str)


def _without(data: dict[str, Any], given: Mapping[Keys, str]) -> dict[str, Any]:
    """Leave out what came from variables: that is text, whatever it stands for."""

    def walk(value: Any, keys: Keys) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            key: walk(each, (*keys, key))
            for key, each in value.items()
            if (*keys, key) not in given
        }

    left: dict[str, Any] = walk(data, ())
    return left


def _check_ways(data: Mapping[str, Any], places: Places) -> None:
    table = data.get("credentials", {})
    ways = [way for way in _WAYS if way & table.keys()]
    if len(ways) > 1:
        first = next(key for key in table if key in ways[1])
        raise UsageError(
            f"{places.of(('credentials', first))}: `{first}` stands beside"
            " credentials of another kind",
            hint="give a bearer token, or a client with its token_url, or a header",
        )


def _outranked(data: dict[str, Any], above: set[Keys]) -> dict[str, Any]:
    """Leave out credentials of another kind than those that go before them."""
    named = {str(keys[1]) for keys in above if keys[0] == "credentials"}
    ways = [way for way in _WAYS if way & named]
    if not ways or not _is_table(data.get("credentials")):
        return data
    given = data["credentials"]
    table = {key: given[key] for key in given if any(key in way for way in ways)}
    return {**data, "credentials": table}


def _placed(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Take the names of files for those beside the profile."""
    placed = {
        name: dict(value) if _is_table(value) else value for name, value in data.items()
    }
    for table, key in _FILES:
        if key in placed.get(table, {}):
            placed[table][key] = str(folder / placed[table][key])
    dialect = placed.get("dialect")
    if isinstance(dialect, str) and (folder / dialect).is_file():
        placed["dialect"] = str(folder / dialect)
    return placed


def _check_missing(
    missing: Mapping[Keys, str], above: set[Keys], places: Places
) -> None:
    """Name a variable that is not set, unless something goes before its value."""
    named = {str(keys[1]) for keys in above if keys[0] == "credentials"}
    ways = [way for way in _WAYS if way & named]
    for keys, variable in missing.items():
        is_credential = keys[0] == "credentials" and len(keys) > 1
        other = is_credential and ways and not any(keys[1] in way for way in ways)
        if keys in above or other:
            continue
        where = Places(places.shown, places.text).of(keys)
        raise UsageError(
            f"{where}: the variable {variable} is not set",
            hint=f"set it, or write the value of {'.'.join(map(str, keys))} there",
        )


def _check_url(joined: Mapping[str, Any], places: Places) -> None:
    url = joined.get("url")
    if url is None or url == EMBEDDED:
        return
    try:
        checked_url(url)
    except UsageError as error:
        where = places.of(("url",))
        raise UsageError(f"{where}: {error}", hint=error.hint) from error
