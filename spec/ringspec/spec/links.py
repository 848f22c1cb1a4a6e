"""Links: the operations that act on created resources.

A link of an accepted answer is followed if it names an operation by its id and fills
its path from the answer's body (`$response.body#/…`). In extensions:

* `x-items`: pointer to the items in the answer of a list; without one the answer is
  a bare array. `x-total`: pointer to how many there are on all pages. `x-page` and
  `x-size`: query parameters of page and page size, `x-most`: the largest page.
  `x-next`: pointer to the address of the next page, or to what `x-page` takes for it.
* `x-id`: pointer to the id in the answer, of a list in each item, where it is not where
  the create has it, beside what `x-resource` (`answers.py`) points to in both.
* `x-state`: pointer to the state in an answer; `x-first`: states of a new object.
* `x-from`, `x-to`, `x-via`: states in which a command is taken, the one it leads to,
  and others that may be seen on the way; `x-refuses`: states in which it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ringspec.spec.answers import Answers, answers_of
from ringspec.spec.document import Node, follow, resolve
from ringspec.spec.errors import SpecError, check_named
from ringspec.spec.operations import Endpoint, Operation, endpoints, json_body
from ringspec.spec.parameters import Parameter
from ringspec.spec.reading import check_form
from ringspec.spec.rules import Rule, RuleId, http_rules
from ringspec.spec.security import Security, security_of
from ringspec.spec.values import Json, pointer

_EXPRESSION = re.compile(r"\$response\.body#(/.*)")
_PAGING = ("items", "total", "page", "size", "most", "next")


class Role(StrEnum):
    """The effect of a linked operation on the created resource."""

    READ = "read"
    LIST = "list"
    REPLACE = "replace"
    DELETE = "delete"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """The pages of a list: query parameters, and pointers into its answer."""

    items: str = ""  # pointer to the items; empty where the answer is the array
    total: str = ""
    page: str = ""
    size: str = ""
    most: int = 0  # the largest page size; 0 if it is not known
    next: str = ""  # pointer to the address or the name of the page after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An operation that is linked to the one under test."""

    name: str  # the link's
    role: Role
    method: str
    path: str  # relative to the server URL; `{name}` stands for a captured value
    # Pointers into the answer of a create, by the names in the path.
    captures: dict[str, str]
    answers: Answers
    security: Security
    same_body: bool = False  # whether it takes the same body as a create
    paging: Paging = field(default_factory=Paging)
    # Pointer to the id in its answer, or each item; empty if as in a create's.
    id: str = ""
    state: str = ""  # pointer to the state in its answer; empty without one
    first: tuple[str, ...] = ()  # states of a new resource
    comes_from: tuple[str, ...] = ()  # states in which a command is taken
    leads_to: str = ""  # the state it leads to; empty if that is not known
    via: tuple[str, ...] = ()  # states that may be seen instead, before or after it
    # States in which it is settled that a command is refused.
    refuses: tuple[str, ...] = ()
    inferred: bool = False  # whether its path alone says what it acts on


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """The create that makes what a parameter of a path names."""

    parameter: Parameter
    operation: str  # id of the create
    at: str  # pointer to the name in its answer; empty if no link says where it is


def makers(base: dict[str, Json], operation: Operation) -> list[Maker]:
    """List what makes that which an operation's path names: a POST to the path above.

    Left out is what a profile names, and what nothing makes.
    """
    found, posts = [], [each for each in endpoints(base) if each.method == "post"]
    for each in operation.wire.parameters:
        above = operation.wire.template.partition(f"/{{{each.name}}}")[0]
        for post in posts if each.is_id and not each.named else ():
            if post.path.rstrip("/") == above and post.node.place != operation.place:
                at = _linked(post, each.name)
                found.append(Maker(parameter=each, operation=post.id, at=at))
                break
    return found


def _linked(post: Endpoint, name: str) -> str:
    """Return where a link of a create says that the name of what it makes stands."""
    for _, link in _accepted(post.node):
        for key, value in link.at("parameters", {}).members():
            match = _EXPRESSION.fullmatch(str(value.value))
            if match and key.rpartition(".")[2] == name:
                return match[1]
    return ""


def _accepted(operation: Node) -> Iterator[tuple[str, Node]]:
    """Yield the links of an operation's accepted answers, with their names."""
    for status, response in operation.at("responses", {}).members():
        yield from response.at("links", {}).members() if status[:1] == "2" else ()


def read_links(
    base: dict[str, Json],
    operation: Operation,
    answers: Answers,
    rows: Collection[RuleId],
) -> tuple[Link, ...]:
    """Read the links of an operation's accepted answers, in their order.

    A catalogue has the `rows`. Without one, what a create makes is read and deleted on
    the path below, if it has no links.
    """
    known = {each.id: each for each in endpoints(base)}
    found: dict[str, Link] = {}
    for name, node in _accepted(Node(base, operation.node, operation.place)):
        link = _link(name, node, operation, known, rows)
        if link is not None:
            found.setdefault(name, link)
    listed = tuple(found.values())
    if listed or rows or operation.method != "post" or not operation.schema_place:
        return listed
    return tuple(_inferred(operation, answers, known.values()))


def _inferred(
    operation: Operation, answers: Answers, known: Iterable[Endpoint]
) -> Iterator[Link]:
    """Yield what reads and deletes what an answer to a create names."""
    roles = {"get": Role.READ, "delete": Role.DELETE}
    above = operation.wire.template.rstrip("/")
    shown = [answers.described[each].answer for each in answers.successes][:1]
    members = [it for each in shown if each for it in _members(each.schema.schema)]
    for each in known if "{" not in above else ():
        match = re.fullmatch(rf"{re.escape(above)}/{{([^}}/]*)}}", each.path)
        if match is None or each.method not in roles:
            continue
        own = [it for it in members if letters(it) == letters(match[1])]
        for at in (own or [it for it in members if it == "id"])[:1]:
            yield Link(
                name=each.id,
                role=roles[each.method],
                method=each.method.upper(),
                path=each.path,
                captures={match[1]: pointer((at,))},
                answers=answers_of(each.node, ()),
                security=security_of(each.node).beside(operation.security),
                inferred=True,
            )


def _members(schema: Json) -> list[str]:
    inner = (it for part in schema.get("allOf", ()) for it in _members(part))
    return [*schema.get("properties", {}), *inner]


def letters(name: str) -> str:
    """Return a name as it is compared with others of the same thing."""
    return re.sub(r"[\W_]", "", name).lower()


def _link(
    name: str,
    node: Node,
    operation: Operation,
    known: dict[str, Endpoint],
    rows: Collection[RuleId],
) -> Link | None:
    """Read a Link Object; None if it cannot be followed."""
    if not node.has("operationId"):
        return None
    check_form(node.value, "link", node.place)
    stated: dict[str, Json] = node.value
    fault = f"{node.place}/operationId: there is no operation"
    check_named(fault, stated["operationId"], known, error=SpecError)
    endpoint = known[stated["operationId"]]
    given = node.at("parameters", {}).members()
    found = {each: _EXPRESSION.fullmatch(str(value.value)) for each, value in given}
    captures = {each: match[1] for each, match in found.items() if match}
    if set(re.findall(r"\{([^}]*)\}", endpoint.path)) - captures.keys():
        return None
    got = Role.READ if "{" in endpoint.path else Role.LIST
    roles = {"put": Role.REPLACE, "delete": Role.DELETE, "get": got}
    schema, base = json_body(endpoint), node.document
    same = schema and _target(base, schema) == _target(base, operation.schema_place)
    return Link(
        name=name,
        role=roles.get(endpoint.method, Role.COMMAND),
        method=endpoint.method.upper(),
        path=endpoint.path,
        captures=captures,
        answers=answers_of(endpoint.node, rows),
        security=security_of(endpoint.node).beside(operation.security),
        same_body=bool(same),
        paging=Paging(
            **{it: stated[f"x-{it}"] for it in _PAGING if f"x-{it}" in stated}
        ),
        id=stated.get("x-id", ""),
        state=stated.get("x-state", ""),
        first=tuple(stated.get("x-first", ())),
        comes_from=tuple(stated.get("x-from", ())),
        leads_to=stated.get("x-to", ""),
        via=tuple(stated.get("x-via", ())),
        refuses=tuple(stated.get("x-refuses", ())),
    )


def _target(base: dict[str, Json], place: str) -> str:
    return resolve(base, follow(base, place), place)[1]


def standard_rules(links: tuple[Link, ...]) -> dict[RuleId, Rule]:
    """Return the rules about HTTP, and those about life cycles that links let judge."""
    judged = {name for each in links for name in _judged_by(each, links)}
    rules = {
        name: rule
        for name, rule in http_rules().items()
        if rule.group != "lifecycle" or name in judged
    }
    like = http_rules()[RuleId("lifecycle.transitions")]
    for each in links:
        if each.role == Role.COMMAND and each.leads_to:
            name = RuleId(f"lifecycle.{each.name}")
            sentence = f"The command {each.name} leads to the state {each.leads_to}."
            rules[name] = replace(like, id=name, sentence=sentence)
    return rules


def _judged_by(link: Link, links: tuple[Link, ...]) -> Iterator[str]:
    reads = any(each.role == Role.READ for each in links)
    if link.captures and not link.inferred:
        yield from ("lifecycle.ids", "lifecycle.unknown")
    match link.role:
        case Role.READ:
            yield "lifecycle.readable"
            yield from ("lifecycle.state",) * bool(link.first)
        case Role.LIST if any(each.captures for each in links):
            yield from ("lifecycle.listed", "lifecycle.rejected")
        case Role.REPLACE if reads and link.same_body:
            yield from ("lifecycle.updated", "lifecycle.update.refused")
        case Role.DELETE if reads:
            yield "lifecycle.deleted"
        case Role.COMMAND if link.refuses:
            yield "lifecycle.transitions"
