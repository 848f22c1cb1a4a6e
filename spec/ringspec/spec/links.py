"""Links: how other operations hang together with the one under test.

In: the OpenAPI `links` of its accepted answers. Out: links, each with its role, its
request and what its answers keep to. A link is followed if it names an operation by its
id and takes all that its path needs from the answer's body (`$response.body#/…`); any
other one is left alone. What links cannot say stands in extensions there:

* `x-items`: pointer to the items in the answer of a list; without one the answer is
  a bare array. `x-total`: pointer to how many there are on all pages. `x-page` and
  `x-size`: query parameters of page and page size, `x-most`: the largest page.
* `x-state`: pointer to the state in what is read; `x-first`: states of what is new.
* `x-from`, `x-to`, `x-via`: states in which a command is taken, the one it leads to,
  and others that may be seen on the way; `x-refuses`: states in which it is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from ringspec.spec.answers import Answers, answers_of
from ringspec.spec.document import escape, follow, resolve
from ringspec.spec.errors import SpecError
from ringspec.spec.operations import Operation, Route, json_body, routes
from ringspec.spec.reading import mapping, sequence, text
from ringspec.spec.security import TokenHeader, token_header_of
from ringspec.spec.values import Json

_EXPRESSION = re.compile(r"\$response\.body#(/.*)")


class Role(StrEnum):
    """What a relative does with what was created."""

    READ = "read"
    LIST = "list"
    REPLACE = "replace"
    DELETE = "delete"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How a list is turned over: query parameters, and pointers into its answer.

    Attributes:
        items: pointer to the items; empty where the answer is the array.
        most: the largest page that may be asked for; 0 where that is not known.
    """

    items: str = ""
    total: str = ""
    page: str = ""
    size: str = ""
    most: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What states a command takes, and where it leads.

    Attributes:
        via: states that may be seen instead of `to`, before or after it.
        refuses: states in which it is settled that the command is refused.
    """

    comes_from: tuple[str, ...] = ()
    to: str = ""
    via: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An operation that is linked to the one under test.

    Attributes:
        name: the link's.
        path: relative to the server URL; `{name}` stands for what was captured.
        captures: pointers into the answer of a create, by the names in the path.
        same_body: whether it takes the very body of a create.
        state: pointer to the state in its answer; empty where there is none.
        first: states of what has just been created.
    """

    name: str
    role: Role
    method: str
    path: str
    captures: dict[str, str]
    answers: Answers
    token_header: TokenHeader | None
    same_body: bool = False
    paging: Paging = field(default_factory=Paging)
    state: str = ""
    first: tuple[str, ...] = ()
    transition: Transition = field(default_factory=Transition)


def read_links(base: dict[str, Json], operation: Operation) -> tuple[Link, ...]:
    """Read the links of an operation's accepted answers, in their order.

    Raises:
        SpecError: a link leads nowhere, or cannot be followed.
    """
    known = {route.id: route for route in routes(base)}
    place = f"{operation.place}/responses"
    found: dict[str, Link] = {}
    responses = mapping(operation.node.get("responses", {}), place)
    for status, given in responses.items():
        if not status.startswith("2"):
            continue
        response, where = resolve(base, given, f"{place}/{escape(status)}")
        links = mapping(mapping(response, where).get("links", {}), f"{where}/links")
        for name, each in links.items():
            link, at = resolve(base, each, f"{where}/links/{escape(name)}")
            relative = _relative(base, operation, known, (name, mapping(link, at), at))
            if relative is not None:
                found.setdefault(name, relative)
    return tuple(found.values())


def _relative(
    base: dict[str, Json],
    operation: Operation,
    known: dict[str, Route],
    named: tuple[str, dict[str, Json], str],
) -> Link | None:
    """Read one link; None where it leads by a way that we cannot follow."""
    name, link, place = named
    if "operationId" not in link:
        return None
    wanted = text(link.get("operationId"), f"{place}/operationId")
    if wanted not in known:
        raise SpecError(
            f"{place}/operationId: there is no operation {wanted!r}",
            hint=f"there are {', '.join(known)}",
        )
    route = known[wanted]
    parameters = mapping(link.get("parameters", {}), f"{place}/parameters")
    found = {each: _EXPRESSION.fullmatch(str(parameters[each])) for each in parameters}
    captures = {each: match[1] for each, match in found.items() if match}
    if set(re.findall(r"\{([^}]*)\}", route.path)) - captures.keys():
        return None
    body = json_body(base, route)
    return Link(
        name=name,
        role=_role(route),
        method=route.method.upper(),
        path=route.path,
        captures=captures,
        answers=answers_of(base, route.node, route.place),
        token_header=token_header_of(base, route.node, route.place),
        same_body=body is not None
        and _target(base, body.schema_place) == _target(base, operation.schema_place),
        paging=_paging(link, place),
        state=_text(link, "x-state", place),
        first=_texts(link, "x-first", place),
        transition=Transition(
            comes_from=_texts(link, "x-from", place),
            to=_text(link, "x-to", place),
            via=_texts(link, "x-via", place),
            refuses=_texts(link, "x-refuses", place),
        ),
    )


def _role(route: Route) -> Role:
    if route.method == "get":
        return Role.READ if "{" in route.path else Role.LIST
    roles = {"put": Role.REPLACE, "delete": Role.DELETE}
    return roles.get(route.method, Role.COMMAND)


def _target(base: dict[str, Json], place: str) -> str:
    """Return where a schema stands, its reference followed."""
    return resolve(base, follow(base, place), place)[1]


def _paging(link: dict[str, Json], place: str) -> Paging:
    most = link.get("x-most", 0)
    if not isinstance(most, int) or isinstance(most, bool) or most < 0:
        raise SpecError(f"{place}/x-most is no number of items", hint="such as 100")
    return Paging(
        items=_text(link, "x-items", place),
        total=_text(link, "x-total", place),
        page=_text(link, "x-page", place),
        size=_text(link, "x-size", place),
        most=most,
    )


def _text(link: dict[str, Json], name: str, place: str) -> str:
    return text(link[name], f"{place}/{name}") if name in link else ""


def _texts(link: dict[str, Json], name: str, place: str) -> tuple[str, ...]:
    listed = sequence(link.get(name, []), f"{place}/{name}")
    return tuple(text(each, f"{place}/{name}") for each in listed)
