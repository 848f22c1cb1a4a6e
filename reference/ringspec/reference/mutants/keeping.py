"""Mutants that lie about what they keep: what is there, what is not, and which."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from ringspec.reference.answers import RefusedError, Reply, refused
from ringspec.reference.mutants.defects import Mutant, only
from ringspec.reference.mutants.disguises import losing, showing, showing_at
from ringspec.reference.mutants.stores import (
    Blind,
    ByContent,
    ByCount,
    ByName,
    FirstPage,
    Late,
    Newest,
    OneForAll,
    ShortPages,
    Sieve,
    WithoutDrafts,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from ringspec.reference.behaviour import Operation
    from ringspec.reference.mutants.defects import Defect
    from ringspec.reference.store import Store
    from ringspec.reference.values import Json, JsonObject

    Around = Callable[[Operation, Store], Operation]


def keeping(store: Callable[[], Store]) -> Defect:
    """Keep broadcasts in another way."""
    return lambda behaviour: replace(behaviour, store=store)


def doing(operation: str, around: Around) -> Defect:
    """Do more or less in an operation than it should."""
    return only((operation,), lambda behaviour: replace(behaviour, around=around))


def id_of(request: Request) -> str:
    """Tell which broadcast a request is about."""
    return str(request.path_params["broadcast_id"])


def body_of(raw: bytes) -> JsonObject:
    """Read a body as far as it goes; one that goes nowhere as another one."""
    for content in (raw, raw + b"}"):
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            continue
        if isinstance(body, dict):
            return body
    return {"name": "unnamed"}


def _creating_first(*statuses: int) -> Around:
    """Keep what a create brings before it is refused."""

    def around(operation: Operation, store: Store) -> Operation:
        async def respond(request: Request) -> Reply:
            raw = await request.body()
            try:
                return await operation(request)
            except RefusedError as error:
                if error.reply.status in statuses:
                    store.add(body_of(raw), len(raw))
                raise

        return respond

    return around


async def _creating_for_anybody(operation: Operation, request: Request) -> Reply:
    await operation(request)
    raise refused(401, "A bearer token is needed.", {"WWW-Authenticate": "Bearer"})


def _not_found(_operation: Operation, _store: Store) -> Operation:
    async def respond(_request: Request) -> Reply:
        raise refused(404, "There is no such broadcast.")

    return respond


def _in_short(operation: Operation, store: Store) -> Operation:
    async def respond(request: Request) -> Reply:
        reply = await operation(request)
        found = store.find(id_of(request))
        return replace(reply, body=found.short({}) if found else None)

    return respond


def _listing(change: Callable[[JsonObject], Json]) -> Defect:
    def around(operation: Operation, _store: Store) -> Operation:
        async def respond(request: Request) -> Reply:
            reply = await operation(request)
            body = reply.body if isinstance(reply.body, dict) else {}
            return replace(reply, body=change(body))

        return respond

    return doing("list", around)


def _items(body: JsonObject) -> list[Json]:
    items = body["items"]
    return items if isinstance(items, list) else []


def _without_ids(body: JsonObject) -> Json:
    return {**body, "items": [losing("broadcastId")(one) for one in _items(body)]}


def _numbered(body: JsonObject) -> Json:
    items: list[Json] = [
        {**one, "broadcastId": f"broadcast-{index}"} if isinstance(one, dict) else one
        for index, one in enumerate(_items(body))
    ]
    return {**body, "items": items}


def _on_reading(defect: Defect) -> Defect:
    return only(("get",), defect)


_ROWS: tuple[tuple[str, str, str, Defect], ...] = (
    (
        "refused-but-created",
        "lifecycle.rejected",
        "What breaks a rule is refused, and created.",
        doing("create", _creating_first(422)),
    ),
    (
        "malformed-but-created",
        "lifecycle.rejected",
        "What is cut off is refused, and created.",
        doing("create", _creating_first(400)),
    ),
    (
        "mislabelled-but-created",
        "lifecycle.rejected",
        "What is not labelled as JSON is refused, and created.",
        doing("create", _creating_first(415)),
    ),
    (
        "unauthorised-but-created",
        "lifecycle.rejected",
        "Who brings no token is refused after the create is done.",
        only(("create",), lambda b: replace(b, turn_away=_creating_for_anybody)),
    ),
    (
        "created-not-kept",
        "lifecycle.readable",
        "What is created is not kept.",
        keeping(Sieve),
    ),
    (
        "created-not-readable",
        "lifecycle.readable",
        "No broadcast is found by its id when it is read.",
        doing("get", _not_found),
    ),
    (
        "read-newest",
        "lifecycle.readable",
        "Reading answers the newest broadcast, whichever is meant.",
        keeping(Newest),
    ),
    (
        "read-in-short",
        "lifecycle.readable",
        "Reading answers no more than a list does.",
        doing("get", _in_short),
    ),
    *(
        (
            f"read-without-{name}",
            "lifecycle.readable",
            f"Reading answers a broadcast without its {member}.",
            _on_reading(showing(losing(member))),
        )
        for name, member in (
            ("name", "name"),
            ("delays", "retryDelays"),
            ("script", "voiceFlow"),
            ("segments", "segmentIds"),
        )
    ),
    (
        "read-with-retries-reset",
        "lifecycle.readable",
        "Reading answers the default for retries.",
        _on_reading(showing_at(lambda _: 0, "retries")),
    ),
    (
        "read-with-delays-reversed",
        "lifecycle.readable",
        "Reading answers the delays in another order.",
        _on_reading(
            showing_at(lambda v: v[::-1] if isinstance(v, list) else v, "retryDelays")
        ),
    ),
    (
        "read-with-another-id",
        "lifecycle.readable",
        "Reading answers another id than the one that was asked for.",
        _on_reading(showing_at(lambda value: f"{value}-0", "broadcastId")),
    ),
    ("same-id-for-all", "lifecycle.ids", "There is one id.", keeping(OneForAll)),
    (
        "id-from-name",
        "lifecycle.ids",
        "Broadcasts of the same name have the same id.",
        keeping(ByName),
    ),
    (
        "id-from-count",
        "lifecycle.ids",
        "An id is given again after something was deleted.",
        keeping(ByCount),
    ),
    (
        "id-from-content",
        "lifecycle.ids",
        "The same body gives the same id.",
        keeping(ByContent),
    ),
    ("list-empty", "lifecycle.listed", "The list is empty.", keeping(Blind)),
    (
        "list-without-newest",
        "lifecycle.listed",
        "The newest broadcast is not listed.",
        keeping(Late),
    ),
    (
        "list-without-drafts",
        "lifecycle.listed",
        "Drafts are not listed.",
        keeping(WithoutDrafts),
    ),
    (
        "list-of-first-page",
        "lifecycle.listed",
        "Every page of the list is the first.",
        keeping(FirstPage),
    ),
    (
        "list-short-of-one",
        "lifecycle.listed",
        "Every page of the list lacks its last item.",
        keeping(ShortPages),
    ),
    (
        "list-without-ids",
        "lifecycle.listed",
        "What is listed has no id.",
        _listing(_without_ids),
    ),
    (
        "list-with-other-ids",
        "lifecycle.listed",
        "What is listed goes by other ids.",
        _listing(_numbered),
    ),
)

keeping_mutants = tuple(Mutant(*row) for row in _ROWS)
