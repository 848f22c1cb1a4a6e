"""Profiles: what a target needs, from flags, variables and a file, in this order."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from ringspec.harness.sending.credentials import (
    AUTHORIZATION,
    Credentials,
    as_credentials,
    checked_headers,
)
from ringspec.harness.sending.mistakes import mistake
from ringspec.harness.sending.pacer import Pacing
from ringspec.harness.sending.policy import Safety, checked_url, host_of, is_loopback
from ringspec.harness.sending.target import Route
from ringspec.spec import PROFILES, Overrides, UsageError, did_you_mean

# In place of a URL: the server that comes with the package.
EMBEDDED = "embedded"
# Table and key, and what is below.
Keys = tuple[str | int, ...]
_PREFIX = "RINGSPEC_"
# Kinds of credentials: the flags' and variables' kind goes before the file's.
KINDS = {
    "bearer": 1,
    **dict.fromkeys(("client_id", "client_secret", "token_url"), 2),
    **dict.fromkeys(("header", "value"), 3),
    **dict.fromkeys(("user", "password"), 4),
}
# Tables whose values are secrets.
SECRET = frozenset({"credentials", "headers", "schemes", "weaker"})
# Names of files, relative to the profile.
_FILES = {("tls", "ca"), ("tls", "certificate"), ("tls", "key")}
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Places:
    """A profile's text, and where in it values stand; for messages."""

    shown: str = ""  # name of the file in messages
    text: str = field(default="", repr=False)
    # Of values from the environment, the variable of each.
    variables: Mapping[Keys, str] = field(default_factory=dict)
    has_unused: bool = False  # whether the file has credentials that do not count

    def of(self, keys: Keys) -> str:
        """Return file and line of a value, or its variable."""
        above = (self.variables.get(keys[:cut]) for cut in range(len(keys), 0, -1))
        line = self.line(keys)
        own = f"{self.shown}:{line}" if line else self.shown
        return next(filter(None, above), own)

    def line(self, keys: Keys) -> int:
        """Return the line where a table or value begins; 0 if it is not there.

        TOML's readers keep no lines: it begins after the last whole text without it.
        """
        before, lines = 0, self.text.split("\n")
        for number in range(1, len(lines) + 1):
            try:
                data: Any = tomllib.loads("\n".join(lines[:number]) + "\n")
                reduce(getitem, keys, data)
            except tomllib.TOMLDecodeError:
                continue  # within a value of several lines
            except (KeyError, IndexError, TypeError):
                before = number
            else:
                return before + 1
        return self.line(keys[:-1]) if len(keys) > 1 else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a target needs."""

    name: str = ""  # as it was asked for; empty if there are only flags
    # Of the target, any mount prefix included; `embedded`, or empty if the profile
    # leaves it open.
    url: str = ""
    dialect: str | None = None
    overrides: Overrides = field(default_factory=Overrides)
    credentials: Credentials = field(default_factory=Credentials)
    # The status of what is accepted, if it is known; None for any 2xx.
    success: int | None = None
    # Those of what breaks a rule; empty for 400 or 422.
    rejections: tuple[int, ...] = ()
    pacing: Pacing = field(default_factory=Pacing)
    route: Route = field(default_factory=Route)
    safety: Safety = field(default_factory=Safety)
    places: Places = field(default_factory=Places, repr=False)

    def misses(self, url: str) -> str:
        """Return why a URL is not of this profile's target; empty if it is."""
        is_own = host_of(self.url) == host_of(url) != ""
        if not self.url or is_loopback(url) or is_own:
            return ""
        if self.safety.allowed_hosts and not self.safety.hosts(url).stranger():
            return ""
        return f"{url} is not the target of {self.name}, which is {self.url}"

    def check_leave(self, url: str) -> None:
        """Raise a UsageError if what the profile allows is meant for another URL."""
        allows = self.safety.allow_create or self.safety.allow_start
        why = self.misses(url) if allows and self.safety.is_live(url) else ""
        if why:
            raise mistake("other-target", why=why)

    def address(self, given: str | None) -> str | None:
        """Return the URL of the target; None for the embedded server.

        A given one, or `embedded`, goes before the profile's.
        """
        if given is None and self.name and not self.url:
            raise mistake("no-url", name=self.name)
        asked = self.url if given is None and self.name else given
        if asked not in {EMBEDDED, None}:
            return asked
        if self.overrides.header or self.overrides.basic:
            what = "user" if self.overrides.basic else "header"
            raise mistake("own-token", name=self.name or "the command line", what=what)
        return None


def names() -> list[str]:
    """List the profiles that come with the package."""
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


def template() -> str:
    """Return a profile with every key, all but the URL commented out."""
    return Path(__file__).with_name("template.toml").read_text("utf-8")


def load(
    name_or_file: str | None, flags: Mapping[str, Any], *, asks: bool = True
) -> Profile:
    """Load a shipped profile or a file; without one, make it of the flags alone.

    above = {**_flat(_nested(_environment(named))), **flat}
    """
    flat = {keys: it for keys, it in _flat(flags).items() if it is not None}
    if name_or_file is None:
        return _profile("", _nested(flat), Places())
    # Imported only here: pydantic takes a while to load.
    from ringspec.harness.profile.schema import validated  # noqa: PLC0415

    path, data, places = _read(name_or_file)
    references: dict[Keys, str] = {}
    validated(_literals(data, (), references), places, strict=True)
    _fill(data, references, lenient=not asks)
    own = _flat(data)
    credentials = [keys for keys in own if keys[0] == "credentials"]
    _check_kinds(credentials, places)
    named = variables()
    above = {**_flat(_nested(_environment(named))), **flat}
    given = {str(keys[-1]) for keys in above if keys[0] == "credentials"}
    kinds = {kind for key, kind in KINDS.items() if key in given}
    headers = {str(keys[1]).lower() for keys in above if keys[0] == "headers"}

    def counts(keys: Keys) -> bool:
        """Whether a value counts beside those above: not of other credentials."""
        if keys[0] == "headers":
            return str(keys[1]).lower() not in headers
        others = keys[0] == "credentials" and kinds
        return not others or KINDS.get(str(keys[1])) in kinds

    joined: dict[Keys, Any] = {}
    for keys, value in {**own, **above}.items():
        if keys in above or counts(keys):
            is_dialect = keys == ("dialect",) and (path.parent / value).is_file()
            is_beside = keys not in above and (is_dialect or keys in _FILES)
            joined[keys] = str(path.parent / value) if is_beside else value
    has_unused = any(joined.get(keys) != own[keys] for keys in credentials)
    places = replace(places, variables=named, has_unused=has_unused)
    found = validated(_nested(joined), places, strict=False)
    for keys, name in references.items():
        if asks and not os.getenv(name) and keys not in above and counts(keys):
            key = ".".join(map(str, keys))
            raise mistake("not-set", place=places.of(keys), name=name, key=key)
    try:
        if found.get("url", EMBEDDED) != EMBEDDED:
            checked_url(found["url"])
    except UsageError as error:
        where = places.of(("url",))
        raise UsageError(f"{where}: {error}", hint=error.hint) from error
    awaited = {str(keys[1]) for keys in references if keys[0] == "fixtures"}
    return _profile(name_or_file, found, places, awaited)


def _profile(
    name: str, data: Mapping[str, Any], places: Places, awaited: Iterable[str] = ()
) -> Profile:
    fixtures = data.get("fixtures", {})
    expect, safety = data.get("expect", {}), dict(data.get("safety", {}))
    pacing = dict(data.get("pacing", {}))
    if "timeout" in pacing:
        pacing["timeout_s"] = pacing.pop("timeout")
    if "journal" in safety:
        safety["journal"] = Path(safety["journal"]) if safety["journal"] else None
    safety["allowed_hosts"] = tuple(safety.get("allowed_hosts", ()))
    headers = checked_headers(data.get("headers", {}).items())
    credentials = Credentials(
        **data.get("credentials", {}),
        extra=headers,
        schemes=data.get("schemes", {}),
        weaker=Credentials(**data["weaker"]) if data.get("weaker") else None,
    )
    return Profile(
        name=name,
        url=data.get("url", ""),
        dialect=data.get("dialect"),
        overrides=Overrides(
            fixtures=fixtures,
            values=data.get("values", {}),
            packs=tuple(data.get("rules", ())),
            paths=data.get("paths", {}),
            header=credentials.header or "",
            basic=credentials.user is not None,
            given=tuple(map(str.lower, (*dict(headers), *data.get("credentials", {})))),
            schemes=tuple(credentials.schemes),
        ),
        credentials=credentials,
        success=expect.get("success"),
        rejections=tuple(expect.get("rejection", ())),
        pacing=Pacing(**pacing),
        route=Route(**data.get("tls", {}), proxy=data.get("proxy", {}).get("url", "")),
        safety=Safety(**safety, fixtures_named=frozenset({*fixtures, *awaited})),
        places=places,
    )


def _read(name_or_file: str) -> tuple[Path, dict[str, Any], Places]:
    path, shown = Path(name_or_file), name_or_file
    if name_or_file in names():
        shown = f"{name_or_file}.toml"
        path = PROFILES / shown
    elif not path.exists():
        near, shipped = did_you_mean(name_or_file, names()), ", ".join(names())
        raise mistake("no-profile", name=name_or_file, near=near, shipped=shipped)
    try:
        text = path.read_text("utf-8-sig").replace("\r\n", "\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise mistake("unread-profile", name=shown, reason=reason) from error
    try:
        return path, tomllib.loads(text), Places(shown, text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason, place = str(error), _TOML_PLACE.search(str(error))
        line, column = place.groups() if place else (None, None)
        if line is None:
            lines = text.rstrip("\n").split("\n")
            line, column = str(len(lines)), str(len(lines[-1]) + 1)
        what = reason[: place.start()] if place else reason
        about = {"name": shown, "line": line, "column": column, "what": what}
        raise mistake("no-toml", **about) from error


def _literals(value: Any, keys: Keys, references: dict[Keys, str]) -> Any:
    """Return data without values `{ env = "NAME" }`, and note those."""
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for key, each in value.items():
        below = (*keys, key)
        is_value = len(below) > 1 or key in {"url", "dialect"}
        name = each.get("env") if isinstance(each, dict) and len(each) == 1 else None
        if is_value and isinstance(name, str):
            references[below] = name
        else:
            found[key] = _literals(each, below, references)
    return found


def _fill(data: Any, references: Mapping[Keys, str], *, lenient: bool) -> None:
    """Put the values of variables in place of references; drop those not set.

    If `lenient`, the names of the variables stand for secrets.
    """
    for keys, name in references.items():
        table = reduce(getitem, keys[:-1], data)
        if os.getenv(name):
            table[keys[-1]] = os.environ[name]
        elif lenient and keys[0] in SECRET:
            table[keys[-1]] = name
        else:
            del table[keys[-1]]


def _flat(data: Mapping[str, Any]) -> dict[Keys, Any]:
    """Tell credentials from other headers, so that cases can leave them out."""
    found: dict[Keys, Any] = {}
    for name, value in data.items():
        for key, each in value.items() if isinstance(value, Mapping) else ():
            if name == "headers" and key.lower() == AUTHORIZATION:
                found |= _flat({"credentials": as_credentials(str(each))})
            else:
                found[name, key] = each
        if not isinstance(value, Mapping):
            found[(name,)] = value
    return found


def _nested(flat: Mapping[Keys, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for keys, value in flat.items():
        table = found if len(keys) == 1 else found.setdefault(str(keys[0]), {})
        table[str(keys[-1])] = value
    return found


def _check_kinds(credentials: Iterable[Keys], places: Places) -> None:
    kinds = {KINDS[str(keys[1])]: keys for keys in reversed([*credentials])}
    if len(kinds) > 1:
        first = kinds[sorted(kinds)[1]]
        raise mistake("other-kind", place=places.of(first), key=first[1])


def variables() -> dict[Keys, str]:
    """Return the tables and keys that the environment gives, each with its variable."""
    from ringspec.harness.profile.schema import TABLES  # noqa: PLC0415 - as above

    found: dict[Keys, str] = {}
    for name, text in os.environ.items():
        words = name.upper().removeprefix(_PREFIX).lower()
        if not name.upper().startswith(_PREFIX) or not text:
            continue
        table, _, key = words.partition("_")
        if words in TABLES[""]:
            found[(words,)] = name
        elif table in TABLES:
            key = key.replace("_", "-") if table == "headers" else key
            found[(table, key) if key else (table,)] = name
    return found


def _environment(named: Mapping[Keys, str]) -> dict[Keys, Any]:
    """Return the values of variables; a fixture or a whole table may be JSON."""
    found: dict[Keys, Any] = {}
    for keys, name in named.items():
        text = os.environ[name]
        is_table = len(keys) == 1 and keys[0] not in {"url", "dialect"}
        if is_table and not text.startswith("{"):
            raise mistake("no-table", name=name)
        if not is_table and not (keys[0] == "fixtures" and text.startswith("{")):
            found[keys] = text
            continue
        try:
            value = json.loads(text)
        except ValueError as error:
            raise mistake("no-object", name=name, error=error) from error
        found |= _flat({str(keys[0]): value}) if is_table else {keys: value}
    return found
