"""The schema of a profile: its tables and keys, and messages about what is wrong.

Imported only where a profile is read: pydantic takes a while to load.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, create_model
from pydantic_core import ErrorDetails

from ringspec.harness.profile.profile import KINDS, SECRET, Keys, Places
from ringspec.spec import UsageError, nearest, short


def _split(value: Any) -> Any:
    """Read a text as a list: a variable separates by commas."""
    if not isinstance(value, str):
        return value
    return [each.strip() for each in value.split(",") if each.strip()]


_TEXT: Any = (str | None, None)
_FLAG: Any = (bool, False)
_RATE: Any = (Annotated[float, Field(gt=0, allow_inf_nan=False)] | None, None)
_TEXTS = Annotated[list[str], BeforeValidator(_split)]
_STATUSES = list[Annotated[int, Field(ge=400, le=499)]]
# Tables with the kinds and defaults of their keys; those outside of tables under "".
# Those without any here have keys of their own.
TABLES: dict[str, dict[str, Any]] = {
    "": {"url": _TEXT, "dialect": _TEXT, "rules": (_TEXTS, [])},
    "paths": {},
    "credentials": dict.fromkeys(KINDS, _TEXT),
    "headers": {},
    "schemes": {},
    "weaker": dict.fromkeys(KINDS, _TEXT),
    "fixtures": {},
    "values": {},
    "expect": {
        "success": (Annotated[int, Field(ge=200, le=299)] | None, None),
        "rejection": (Annotated[_STATUSES, BeforeValidator(_split)], []),
    },
    "pacing": {
        "rate": _RATE,
        "workers": (Annotated[int, Field(ge=1, le=64)] | None, None),
        "timeout": _RATE,
    },
    "tls": {"ca": _TEXT, "certificate": _TEXT, "key": _TEXT, "insecure": _FLAG},
    "proxy": {"url": _TEXT},
    "safety": {
        "live": (bool | None, None),
        "allow_create": _FLAG,
        "max_creates": (Annotated[int, Field(ge=0)], 0),
        "allow_start": _FLAG,
        "journal": _TEXT,
        "allowed_hosts": (_TEXTS, []),
    },
}
_CONFIG = ConfigDict(extra="forbid", hide_input_in_errors=True)


_FIELDS: dict[str, Any] = {
    name: (create_model(name, __config__=_CONFIG, **keys), None)
    for name, keys in TABLES.items()
    if name
}
_FIELDS |= {
    **dict.fromkeys(("paths", "headers", "schemes"), (dict[str, str], None)),
    **dict.fromkeys(("fixtures", "values"), (dict[str, Any], None)),
}
_SCHEMA = create_model("profile", __config__=_CONFIG, **TABLES[""], **_FIELDS)
_SECRET = frozenset({*SECRET, "proxy"})
_EXPECTED = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "string": "a text, in quotes",
    "list": "a list, in brackets",
    "dict": "a table",
    "model": "a table",
}


def validated(
    data: Mapping[str, Any], places: Places, *, strict: bool
) -> dict[str, Any]:
    """Return what is set in a profile's data, which is by table and key.

    If `strict`, 1 is no text and "1" no number; the environment has only texts.
    """
    try:
        found = _SCHEMA.model_validate(data, strict=strict)
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_context=True)
        # The first in the order of the file.
        first = min(mistakes, key=lambda each: places.line(each["loc"]))
        more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
        is_unknown = first["type"] == "extra_forbidden"
        message, hint = _unknown(first["loc"]) if is_unknown else _unfit(first)
        where = places.of(first["loc"])
        raise UsageError(f"{where}: {message}{more}", hint=hint) from error
    dumped: dict[str, Any] = found.model_dump(exclude_unset=True, exclude_none=True)
    return dumped


def _unfit(mistake: ErrorDetails) -> tuple[str, str]:
    names = [each for each in mistake["loc"] if isinstance(each, str)]
    if len(names) > 1:
        subject = f"`{names[1]}` in [{names[0]}]"
    else:
        subject = f"`{names[0]}`" if names[0] in TABLES[""] else f"[{names[0]}]"
    expected = mistake["msg"].removeprefix("Input should be ")
    if mistake["type"].endswith(("_type", "_parsing")):
        expected = _EXPECTED.get(mistake["type"].partition("_")[0], expected)
    if names[0] in _SECRET:
        hint = 'a value may come from a variable: { env = "NAME" }'
        return f"{subject} has to be {expected}", hint
    hint = "`ringspec profile init` writes a profile that says what there is"
    message = f"{subject} is {short(mistake['input'])}, and has to be {expected}"
    return message, hint


def _unknown(keys: Keys) -> tuple[str, str]:
    key, table = str(keys[-1]), str(keys[0]) if len(keys) > 1 else ""
    homes = [name for name, listed in TABLES.items() if key in listed and name]
    spelt = key.lower().replace("-", "_")
    if table:
        message = f"`{key}` is not known in [{table}]"
        if near := nearest(spelt, TABLES[table]):
            message = f"{message}; did you mean `{near[0]}`?"
        elif homes:
            message = f"{message}; does it belong into [{homes[0]}]?"
        return message, f"[{table}] has {', '.join(TABLES[table])}"
    message = f"`{key}` is not known"
    if homes:
        message = f"{message} here; does it belong into [{homes[0]}]?"
    elif near := nearest(spelt, [*TABLES[""], *filter(None, TABLES)]):
        meant = near[0] if near[0] in TABLES[""] else f"[{near[0]}]"
        message = f"{message}; did you mean {meant}?"
    named = ", ".join(f"[{name}]" for name in TABLES if name)
    return message, f"there are {', '.join(TABLES[''])}, and {named}"
