"""What was refused left no trace, and what nobody created is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ringspec.spec import Link, Role, patched, pointer, steps
from ringspec.strategies.case import (
    Case,
    Expect,
    Request,
    Step,
    Want,
    What,
    closing,
    encode,
    with_header,
)
from ringspec.strategies.phases.scribe import ACCEPTED, REFUSED, Scribe, members

# Name under which the ids are kept that a list had before.
_KNOWN = "known"
# An id that a server is most unlikely to have given out.
_NOBODY = "00000000-0000-4000-8000-000000000000"


def traces(life: Scribe) -> Iterator[Case]:
    """Look in the list for what was refused, by a text that nothing else has."""
    list_ = life.one(Role.LIST)
    name = _marked(life, list_) if list_ else None
    if list_ is None or name is None:
        return
    number = 0
    for case in life.faults:
        number += 1
        text = f"ringspec trace {number}"
        fault = {"op": "replace", "path": pointer((name,)), "value": text}
        if name not in case.body or name in str(case.fault):
            continue
        body = patched(case.body, (fault,))
        if life.contract.prover.broken(body) == frozenset(case.broken):
            request = replace(case.request, body=encode(body))
            yield _trace(
                life, list_, case.id.replace("/", "-"), request, (name, text), case
            )
    for label, request in _turned_away(life, name):
        yield _trace(
            life, list_, label, request, (name, f"ringspec trace {label}"), None
        )


def _turned_away(life: Scribe, name: str) -> Iterator[tuple[str, Request]]:
    """Write what is refused for something other than its rules."""

    def marked(label: str) -> Request:
        body = {**life.plain.body, name: f"ringspec trace {label}"}
        return closing(replace(life.plain.request, body=encode(body)))

    guard = life.contract.operation.token_header
    if guard is not None:
        yield "no-token", with_header(marked("no-token"), guard.header, None)
    other = marked("other-media-type")
    yield "other-media-type", with_header(other, "Content-Type", "text/plain")
    cut = marked("cut-off")
    yield "cut-off", replace(cut, body=cut.body[:-1])


def _trace(
    life: Scribe,
    list_: Link,
    label: str,
    request: Request,
    mark: tuple[str, str],
    case: Case | None,
) -> Case:
    place = next(iter(life.captures.values()))
    before = replace(life.step(list_), capture={_KNOWN: place})
    unlike = Want(what=What.UNLIKE, at=place, value={mark[0]: mark[1]}, known=_KNOWN)
    made = life.case(
        "lifecycle.rejected",
        label,
        before,
        Step(request=request, status=REFUSED),
        life.step(list_, ACCEPTED, unlike),
        like=case or life.plain,
    )
    return replace(
        made,
        request=request,
        expect=Expect.REJECT,
        status=REFUSED,
        broken=case.broken if case else (),
    )


def _marked(life: Scribe, list_: Link) -> str | None:
    """Find a free text that a list shows of its items."""
    answer = list_.answers.of(200)
    shown = answer.schema.schema if answer else {}
    for step in steps(list_.paging.items):
        shown = shown.get("properties", {}).get(step, {})
    shown_members = shown.get("items", {}).get("properties", {})
    for name, _ in members(life.plain.body):
        shapes = life.bodies.shapes_at((name,))
        free = all(
            shape.kind == "string"
            and shape.choices() is None
            and shape.format is None
            and not shape.own_patterns
            and (shape.max_length or 100) >= 40
            for shape in shapes
        )
        if name in shown_members and shapes and free:
            return name
    return None


def unknown(life: Scribe) -> Iterator[Case]:
    """Ask for what nobody created."""
    for relative in life.contract.links:
        if not relative.captures:
            continue
        content = life.plain.request.body if relative.same_body else b""
        step = life.step(relative, REFUSED, content=content)
        path = re.sub(r"\{[^}]*\}", _NOBODY, step.request.path)
        request = closing(replace(step.request, path=path))
        made = life.case(
            "lifecycle.unknown",
            relative.name,
            replace(step, request=request),
            like=life.plain,
        )
        yield replace(made, request=request, expect=Expect.REJECT, status=REFUSED)
