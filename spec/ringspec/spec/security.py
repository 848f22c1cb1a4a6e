"""Security: which credentials an operation asks for, and where a request has them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from ringspec.spec.document import Node
from ringspec.spec.reading import mapping
from ringspec.spec.values import Json

# What stands for the first of the credentials that are asked for.
TOKEN = "{token}"  # noqa: S105 - no secret
# What follows the word Basic is the token too. Source: RFC 7617, 2.
_HTTP = frozenset({"bearer", "basic"})
_PLACES = frozenset({"header", "query", "cookie"})


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """A part of a request that carries a token."""

    name: str  # of the header, the query parameter or the cookie
    scheme: str = ""  # word before the token; empty without one
    where: str = "header"
    id: str = ""  # name of the security scheme
    slot: str = TOKEN  # what stands for the token until the request is sent

    def value(self, token: str) -> str:
        """Return what stands there with a token in it."""
        return f"{self.scheme} {token}".strip()

    @property
    def names(self) -> set[str]:
        """As what its token may be given: keys of a profile, headers and a slot."""
        own = {"Bearer": {"bearer", "client_id"}, "Basic": {"user"}}
        header = self.name.lower() if self.where == "header" else self.where
        return {*own.get(self.scheme, {header}), scheme_slot(self.id)}


BEARER = TokenPlace("Authorization", "Bearer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """The credentials that an operation asks for; without places, none are needed."""

    places: tuple[TokenPlace, ...] = ()  # all that a request has to have at once
    spare: tuple[TokenPlace, ...] = ()  # those of the other alternatives
    unsent: tuple[str, ...] = ()  # schemes asked for as well, which nothing sends
    is_scoped: bool = False  # whether a token needs a scope

    def beside(self, other: Security) -> Security:
        """Return it as it is sent in a run of an operation that asks for another."""
        first = [it.name for it in other.places or self.places if it.slot == TOKEN]
        places = (
            replace(it, slot=TOKEN if it.name in first else scheme_slot(it.id))
            for it in self.places
        )
        return replace(self, places=tuple(places))


def scheme_slot(name: str) -> str:
    """Return what stands for the token of a security scheme, by its name."""
    return f"{{RINGSPEC_SCHEMES_{re.sub('[^A-Z0-9]', '_', name.upper())}}}"


def schemes_of(root: Node) -> dict[str, Node]:
    """Return the security schemes of a document, by their names."""
    return dict(root.at("components", {}).at("securitySchemes", {}).members())


def security_of(node: Node) -> Security:
    """Return what an operation asks for: of alternatives the first that can be sent."""
    root = Node(node.document, node.document)
    listed = (node if node.has("security") else root).at("security", []).items()
    found = [_alternative(root, each) for each in listed]
    # An empty requirement among them admits every client.
    if not found or not all(each.places or each.unsent for each in found):
        return Security()
    taken = min(found, key=lambda each: 2 * (not each.places) + bool(each.unsent))
    spare = (it for each in found if each is not taken for it in each.places)
    first = sorted(taken.places, key=lambda it: it.name != BEARER.name)[:1]
    return replace(taken.beside(Security(places=tuple(first))), spare=tuple(spare))


def any_scheme(base: dict[str, Json]) -> Security:
    """Return all the places of a document, as other operations may have them."""
    known = schemes_of(Node(base, base))
    found = filter(None, (_place(name, known[name]) for name in known))
    places = tuple(replace(it, slot=scheme_slot(it.id)) for it in found)
    return Security(places=places)


def preferred(node: Node, given: Collection[str]) -> list[Json] | None:
    """Return the alternatives with the first one that is given; None if none is."""
    root, listed = Node(node.document, node.document), node.at("security", []).items()
    for each in listed:
        places = _alternative(root, each).places
        if places and all(it.names & {*given} for it in places):
            return [each.value, *(it.value for it in listed if it is not each)]
    return None


def _alternative(root: Node, requirement: Node) -> Security:
    """Return what one of the alternatives asks for, all at once."""
    schemes = schemes_of(root)
    asked = mapping(requirement.value, requirement.place)
    found = {name: _place(name, schemes.get(name)) for name in asked}
    # One header holds one token.
    places = {(it.where, it.name): it for it in found.values() if it}
    unsent = (name for name, it in found.items() if it not in places.values())
    return Security(
        places=tuple(places.values()),
        unsent=tuple(unsent),
        is_scoped=any(asked.values()),
    )


def _place(name: str, scheme: Node | None) -> TokenPlace | None:
    """Return where the token of a scheme goes; None if that is not known."""
    match mapping(scheme.value, scheme.place) if scheme else {}:
        case {"type": "apiKey", "in": str(where), "name": str(key)} if where in _PLACES:
            return TokenPlace(key, where=where, id=name)
        case {"type": "http", "scheme": str(word)} if word.lower() in _HTTP:
            return TokenPlace("Authorization", word.capitalize(), id=name)
        case {"type": "oauth2" | "openIdConnect"}:
            return replace(BEARER, id=name)
    return None
