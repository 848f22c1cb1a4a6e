"""Wants: what a case of several steps asks of an answer, beside its status.

In: wants, the answer's data, and what was captured on the way. Out: what is not so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from ringspec.harness.exchange import Played
from ringspec.spec import Json, at_pointer, same
from ringspec.strategies import Want, What

_MISSING = object()


def capture(
    wanted: dict[str, str], data: Json, items: tuple[Json, ...] | None
) -> tuple[dict[str, Json], str]:
    """Return what stands at some pointers, of a list in each item; or what is not."""
    found: dict[str, Json] = {}
    for name, place in wanted.items():
        if items is not None:
            found[name] = [at_pointer(each, place) for each in items]
        else:
            found[name] = at_pointer(data, place)
            if not isinstance(found[name], str | int) or found[name] == "":
                return {}, place
    return found, ""


def unmet(wants: Iterable[Want], data: Json, played: Played) -> list[str]:
    """List the wants that are not met, in words; those of `SHOWS` are not looked at."""
    return [
        said
        for want in wants
        if want.what in _CHECKS
        and (said := _CHECKS[want.what](_filled(want, played), data, played))
    ]


def _filled(want: Want, played: Played) -> Want:
    """Put what was captured in place of `{name}`."""
    captured = {f"{{{name}}}": value for name, value in played.captured.items()}

    def filled(value: Json) -> Json:
        if isinstance(value, list):
            return [filled(each) for each in value]
        return captured.get(value, value) if isinstance(value, str) else value

    return Want(what=want.what, at=want.at, value=filled(want.value), known=want.known)


def _one_of(want: Want, data: Json, _played: Played) -> str:
    got = at_pointer(data, want.at)
    if any(same(got, each) for each in want.value):
        return ""
    shown = "not shown" if got is None else _short(got)
    return f"{want.at} is {shown}, not {' or '.join(map(_short, want.value))}"


def _if_shown(want: Want, data: Json, played: Played) -> str:
    return "" if at_pointer(data, want.at) is None else _one_of(want, data, played)


def _differs(want: Want, data: Json, _played: Played) -> str:
    if not same(at_pointer(data, want.at), want.value):
        return ""
    return f"{want.at} is {_short(want.value)} again"


def _has(want: Want, _data: Json, played: Played) -> str:
    if not played.complete or _listed(want, played):
        return ""
    return f"no item of the list has {want.at} {_short(want.value)}"


def _lacks(want: Want, _data: Json, played: Played) -> str:
    if not _listed(want, played):
        return ""
    return f"an item of the list still has {want.at} {_short(want.value)}"


def _listed(want: Want, played: Played) -> bool:
    items = played.items or ()
    return any(same(at_pointer(each, want.at), want.value) for each in items)


def _unlike(want: Want, _data: Json, played: Played) -> str:
    known = played.captured.get(want.known, [])
    for item in played.items or ():
        new = at_pointer(item, want.at) not in known
        if new and all(
            same(item.get(name, _MISSING), value) for name, value in want.value.items()
        ):
            return f"the list now has an item with {_short(want.value)}"
    return ""


_CHECKS: dict[What, Callable[[Want, Json, Played], str]] = {
    What.ONE_OF: _one_of,
    What.IF_SHOWN: _if_shown,
    What.DIFFERS: _differs,
    What.HAS: _has,
    What.LACKS: _lacks,
    What.UNLIKE: _unlike,
}


def _short(value: Json, limit: int = 60) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[:limit]}…"
