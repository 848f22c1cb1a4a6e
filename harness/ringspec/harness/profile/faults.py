"""Faults: what is wrong with a profile, said with its line and what was meant.

In: what pydantic found. Out: one error of ours. No value of a credential is shown.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ringspec.harness.profile.places import Keys, Places
from ringspec.harness.profile.sheet import tables
from ringspec.spec import UsageError, nearest

_SECRET = frozenset({"credentials", "proxy"})
_KINDS = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "string": "a text, in quotes",
    "list": "a list, in brackets",
    "dict": "a table",
    "model": "a table",
}


def fault(error: ValidationError, places: Places) -> UsageError:
    """Say what is wrong first, in the order of the file."""
    found = error.errors(include_url=False, include_context=True)
    first = min(found, key=lambda each: places.line(each["loc"]))
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    said, hint = _said(first)
    return UsageError(f"{places.of(first['loc'])}: {said}{more}", hint=hint)


def _said(detail: ErrorDetails) -> tuple[str, str]:
    keys = detail["loc"]
    if detail["type"] == "extra_forbidden":
        return _unknown(keys)
    return f"{_called(keys)} {_amiss(detail)}", _hint(keys)


def _called(keys: Keys) -> str:
    names = [str(each) for each in keys if isinstance(each, str)]
    if len(names) > 1:
        return f"`{names[1]}` in [{names[0]}]"
    return f"`{names[0]}`" if names[0] in tables()[""] else f"[{names[0]}]"


def _amiss(detail: ErrorDetails) -> str:
    kind = detail["type"].partition("_")[0]
    is_secret = detail["loc"][0] in _SECRET
    shown = "" if is_secret else f"is {_short(detail['input'])}, and "
    due = detail["msg"].removeprefix("Input should be ")
    if detail["type"].endswith(("_type", "_parsing")):
        due = _KINDS.get(kind, due)
    return f"{shown}has to be {due}"


def _short(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 60 else f"{shown[:60]}…"


def _hint(keys: Keys) -> str:
    if keys[0] in _SECRET:
        return 'a value may come from a variable: { env = "NAME" }'
    return "`ringspec profile init` writes a profile that says what there is"


def _unknown(keys: Keys) -> tuple[str, str]:
    known = tables()
    if len(keys) == 1:
        return _unknown_above(str(keys[0]), known)
    table, key = str(keys[0]), str(keys[-1])
    said = f"`{key}` is not known in [{table}]"
    homes = [name for name, listed in known.items() if key in listed and name]
    near = _near(key, known[table])
    if near:
        said = f"{said}; did you mean `{near}`?"
    elif homes:
        said = f"{said}; does it belong into [{homes[0]}]?"
    return said, f"[{table}] has {', '.join(known[table])}"


def _unknown_above(key: str, known: dict[str, list[str]]) -> tuple[str, str]:
    homes = [name for name, listed in known.items() if key in listed]
    named = [*known[""], *(name for name in known if name)]
    said = f"`{key}` is not known"
    if homes:
        said = f"{said} here; does it belong into [{homes[0]}]?"
    elif near := _near(key, named):
        said = f"{said}; did you mean {near if near in known[''] else f'[{near}]'}?"
    listed = ", ".join(f"[{name}]" for name in known if name)
    return said, f"there are {', '.join(known[''])}, and {listed}"


def _near(key: str, known: list[str]) -> str:
    spelt = key.lower().replace("-", "_")
    return "".join(nearest(spelt, known))
