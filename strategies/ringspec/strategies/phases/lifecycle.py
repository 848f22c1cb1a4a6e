"""The phase lifecycle: whether what was created is there, and what was refused is not.

In: accepted and refused cases, and the operations that the contract links to a create.
Out: cases of several steps. How operations hang together is read from the contract; a
case whose early steps do not come out as they must says nothing of its rule.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.spec import Role
from ringspec.strategies.case import Case
from ringspec.strategies.phases.changed import deletions, updates
from ringspec.strategies.phases.commands import commands
from ringspec.strategies.phases.kept import ids, listed, readable
from ringspec.strategies.phases.refused import traces, unknown
from ringspec.strategies.phases.scribe import Scribe
from ringspec.strategies.shapes.bodies import Bodies


def lifecycle_cases(
    bodies: Bodies, accepted: list[Case], refused: list[Case]
) -> Iterator[Case]:
    """List the cases of a contract's links; none where nothing has an id."""
    life = Scribe(bodies, accepted, refused)
    if not life.captures:
        return
    yield from ids(life)
    if life.one(Role.READ):
        yield from readable(life)
        yield from updates(life)
        yield from deletions(life)
        yield from commands(life)
    if life.one(Role.LIST):
        yield from listed(life)
        yield from traces(life)
    yield from unknown(life)
