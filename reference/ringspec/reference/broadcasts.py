"""The operations on broadcasts. Source: facts.md D.

Goes in: a request whose token was found good. Comes out: a reply, or RefusedError.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ringspec.reference.answers import Reply, invalid, refused
from ringspec.reference.bodies import read_json
from ringspec.reference.checks import validate
from ringspec.reference.lifecycle import EDITABLE, RUNNING
from ringspec.reference.pages import read_page

if TYPE_CHECKING:
    from starlette.requests import Request

    from ringspec.reference.behaviour import Behaviour
    from ringspec.reference.dialects import ServerDialect
    from ringspec.reference.store import Broadcast, Store
    from ringspec.reference.values import JsonObject


@dataclass(frozen=True, slots=True)
class Broadcasts:
    """The broadcasts of one server, with how it behaves and spells."""

    store: Store
    behaviour: Behaviour
    dialect: ServerDialect

    async def create(self, request: Request) -> Reply:
        """Keep a new broadcast, if its body breaks no rule."""
        body, size = await self._read_body(request)
        return self._shown(self.behaviour.created, self.store.add(body, size))

    async def list(self, request: Request) -> Reply:
        """Answer a page of broadcasts, oldest first."""
        page = read_page(request.query_params)
        kept = self.store.slice(page.start, page.stop)
        items = [broadcast.short(self.behaviour.defaults) for broadcast in kept]
        pagination = page.describe(len(self.store), request.url.path)
        return Reply(200, {"items": [*items], "pagination": pagination})

    async def get(self, request: Request) -> Reply:
        """Answer one broadcast."""
        return self._shown(200, self._found(request))

    async def update(self, request: Request) -> Reply:
        """Replace a broadcast that nobody has started."""
        broadcast = self._found(request)
        if broadcast.state not in EDITABLE:
            raise refused(409, f"A {broadcast.state} broadcast cannot be changed.")
        body, size = await self._read_body(request)
        return self._shown(200, self.store.change(broadcast, body, size))

    async def delete(self, request: Request) -> Reply:
        """Forget a broadcast that is not running."""
        broadcast = self._found(request)
        if broadcast.state in RUNNING:
            raise refused(409, f"A {broadcast.state} broadcast cannot be deleted.")
        self.store.remove(broadcast.broadcast_id)
        return Reply(204)

    async def command(self, command: str, request: Request) -> Reply:
        """Start, pause, resume or cancel a broadcast; a body is not looked at."""
        broadcast = self._found(request)
        transition = self.behaviour.transitions[command]
        if broadcast.state not in transition.sources:
            raise refused(409, f"Cannot {command} a {broadcast.state} broadcast.")
        self.store.move(broadcast, transition)
        answer: JsonObject = {
            "broadcastId": broadcast.broadcast_id,
            "state": transition.answered,
        }
        return Reply(200, answer)

    def _found(self, request: Request) -> Broadcast:
        broadcast = self.store.find(request.path_params["broadcast_id"])
        if broadcast is None:
            raise refused(404, "There is no such broadcast.")
        return broadcast

    async def _read_body(self, request: Request) -> tuple[JsonObject, int]:
        """Read a broadcast in canonical spelling, or raise what refuses it."""
        behaviour = self.behaviour
        sent = await read_json(request, behaviour.label, behaviour.parse)
        body = self.dialect.read(sent.body)
        problems = validate(behaviour.read(body), behaviour.checks)
        if problems:
            raise invalid(
                [replace(one, path=self.dialect.sent(one.path)) for one in problems]
            )
        # A mutant may let pass what is no object; to keep it is past even a mutant.
        return behaviour.keep(body if isinstance(body, dict) else {}), sent.size

    def _shown(self, status: int, broadcast: Broadcast) -> Reply:
        shown = self.behaviour.show(broadcast.full(self.behaviour.defaults))
        return Reply(status, self.dialect.write(shown))
