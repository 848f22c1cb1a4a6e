"""Security: which header carries the token, by an operation's security requirement."""

from __future__ import annotations

from dataclasses import dataclass

from ringspec.spec.document import escape, resolve
from ringspec.spec.errors import SpecError
from ringspec.spec.reading import mapping, sequence
from ringspec.spec.values import Json

_HINT = "a bearer token (http, oauth2, openIdConnect), or an apiKey in a header, may be"


@dataclass(frozen=True, slots=True)
class TokenHeader:
    """How an operation is asked for: the header that carries the token.

    Attributes:
        scheme: what stands before the token; empty where it stands alone.
    """

    header: str
    scheme: str = ""

    def value(self, token: str) -> str:
        """Return the header's value with a token in it."""
        return f"{self.scheme} {token}".strip()


BEARER = TokenHeader("Authorization", "Bearer")


def token_header_of(
    base: dict[str, Json], node: dict[str, Json], place: str
) -> TokenHeader | None:
    """Return what guards an operation; None where anybody is let in.

    Of several ways in, the first that can be gone is taken.

    Raises:
        SpecError: none of them can be.
    """
    holder, place = (node, place) if "security" in node else (base, "#")
    place = f"{place}/security"
    ways = sequence(holder.get("security", []), place)
    # An empty requirement among them lets anybody in.
    if not ways or not all(ways):
        return None
    found = [_guard(base, way, f"{place}/{index}") for index, way in enumerate(ways)]
    token_header = next(filter(None, found), None)
    if token_header is None:
        raise SpecError(f"{place} asks for credentials that cannot be sent", hint=_HINT)
    return token_header


def _guard(base: dict[str, Json], way: Json, place: str) -> TokenHeader | None:
    """Return the header that meets a requirement; None where it takes another."""
    names = list(mapping(way, place))
    if len(names) != 1:
        return None
    scheme, where = _scheme(base, names[0], place)
    match mapping(scheme, where):
        case {"type": "apiKey", "in": "header", "name": str(name)}:
            return TokenHeader(name)
        case {"type": "http", "scheme": str(name)} if name.lower() == "bearer":
            return BEARER
        case {"type": "oauth2" | "openIdConnect"}:
            return BEARER
    return None


def _scheme(base: dict[str, Json], name: str, place: str) -> tuple[Json, str]:
    components = mapping(base.get("components", {}), "#/components")
    holder = "#/components/securitySchemes"
    schemes = mapping(components.get("securitySchemes", {}), holder)
    if name not in schemes:
        raise SpecError(
            f"{place} names {name!r}, which is no security scheme",
            hint=f"describe it in {holder}",
        )
    return resolve(base, schemes[name], f"{holder}/{escape(name)}")
