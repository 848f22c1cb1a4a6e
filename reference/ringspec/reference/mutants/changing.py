"""Mutants that lie about what they change, and what they delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringspec.reference.answers import RefusedError, Reply, refused
from ringspec.reference.mutants.defects import Mutant, only, without, without_all
from ringspec.reference.mutants.keeping import body_of, doing, id_of, keeping
from ringspec.reference.mutants.stores import (
    AllGo,
    Graveyard,
    Merging,
    Moving,
    OldestGoes,
    Renaming,
    Shadows,
    Stale,
)

if TYPE_CHECKING:
    from starlette.requests import Request

    from ringspec.reference.behaviour import Behaviour, Operation
    from ringspec.reference.mutants.defects import Defect
    from ringspec.reference.store import Store


def _changing_first(operation: Operation, store: Store) -> Operation:
    """Keep what an update brings before it is refused."""

    async def respond(request: Request) -> Reply:
        raw = await request.body()
        try:
            return await operation(request)
        except RefusedError:
            found = store.find(id_of(request))
            if found is not None:
                store.change(found, body_of(raw), len(raw))
            raise

    return respond


def _undeleted(_operation: Operation, store: Store) -> Operation:
    async def respond(request: Request) -> Reply:
        if store.find(id_of(request)) is None:
            raise refused(404, "There is no such broadcast.")
        return Reply(204)

    return respond


def _unvalidated(behaviour: Behaviour) -> Behaviour:
    return only(("update",), without_all(lambda _rule: True))(behaviour)


_ROWS: tuple[tuple[str, str, str, Defect], ...] = (
    (
        "update-without-effect",
        "lifecycle.updated",
        "An update is answered, and not kept.",
        keeping(Stale),
    ),
    (
        "update-merges",
        "lifecycle.updated",
        "What an update leaves out stays as it was.",
        keeping(Merging),
    ),
    (
        "update-of-name-only",
        "lifecycle.updated",
        "An update changes the name and nothing else.",
        keeping(Renaming),
    ),
    (
        "update-with-another-id",
        "lifecycle.updated",
        "An update gives a broadcast another id.",
        keeping(Moving),
    ),
    (
        "update-unchecked",
        "lifecycle.update.refused",
        "An update is held to no rule.",
        _unvalidated,
    ),
    (
        "update-without-count",
        "lifecycle.update.refused",
        "An update may have more or fewer delays than retries.",
        only(("update",), without("retryDelays.count")),
    ),
    (
        "update-in-part",
        "lifecycle.update.refused",
        "An update may leave out what is required.",
        only(("update",), without_all(lambda rule: rule.endswith(".required"))),
    ),
    (
        "refused-but-updated",
        "lifecycle.update.refused",
        "An update that is refused is kept all the same.",
        doing("update", _changing_first),
    ),
    (
        "delete-without-effect",
        "lifecycle.deleted",
        "What is deleted is still there.",
        doing("delete", _undeleted),
    ),
    (
        "deleted-but-readable",
        "lifecycle.deleted",
        "What is deleted can still be read.",
        keeping(Graveyard),
    ),
    (
        "deleted-but-listed",
        "lifecycle.deleted",
        "What is deleted is still listed.",
        keeping(Shadows),
    ),
    (
        "delete-of-oldest",
        "lifecycle.deleted",
        "A delete takes the oldest broadcast, whichever is meant.",
        keeping(OldestGoes),
    ),
    (
        "delete-of-all",
        "lifecycle.deleted",
        "A delete takes every broadcast.",
        keeping(AllGo),
    ),
)

changing_mutants = tuple(Mutant(*row) for row in _ROWS)
