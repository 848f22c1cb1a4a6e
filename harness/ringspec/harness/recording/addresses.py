"""Addresses: which operation a request asks for, by its method and path.

In: a contract. Out: for any request, the operation that it means, or what it misses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ringspec.spec import Contract, Link, Role, TokenHeader


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What a request asks for.

    Attributes:
        name: id of the operation, or name of the link to it; empty where there is none.
        methods: all that the path has, in upper case; empty where nothing has it.
        guard: what asks for credentials.
        takes_body: whether the body of a create is wanted.
        is_main: whether it is the operation under test itself.
        is_token: whether it is where access tokens are given out.
    """

    name: str = ""
    methods: tuple[str, ...] = ()
    guard: TokenHeader | None = None
    takes_body: bool = False
    is_main: bool = False
    is_token: bool = False


class Addresses:
    """Knows the operations of a contract.

    Args:
        contract: with the operations that its links lead to.
        token_url: where access tokens are given out; empty where nowhere.
    """

    def __init__(self, contract: Contract, token_url: str) -> None:
        self._contract = contract
        self._main = contract.operation.path.partition("?")[0]
        self._token = urlsplit(token_url).path

    def find(self, method: str, path: str) -> Address:
        """Return what a request asks for."""
        if self._token and path == self._token:
            return Address(name="token", methods=("POST",), is_token=True)
        operation = self._contract.operation
        relatives = [each for each in self._contract.links if _fits(each.path, path)]
        methods = {each.method: None for each in relatives}
        if path == self._main:
            methods |= dict.fromkeys(each.upper() for each in operation.methods)
            if method == operation.method.upper():
                return Address(
                    name=operation.id,
                    methods=tuple(methods),
                    guard=operation.token_header,
                    takes_body=True,
                    is_main=True,
                )
        return _relative(relatives, method, tuple(methods))


def _relative(relatives: list[Link], method: str, methods: tuple[str, ...]) -> Address:
    # HEAD asks for what GET answers. Source: RFC 9110, 9.3.2.
    wanted = "GET" if method == "HEAD" else method
    for each in relatives:
        if each.method == wanted:
            return Address(
                name=each.name,
                methods=(*methods, "HEAD") if method == "HEAD" else methods,
                guard=each.token_header,
                takes_body=each.role == Role.REPLACE and each.same_body,
            )
    return Address(methods=methods)


def _fits(template: str, path: str) -> bool:
    parts = re.split(r"\{[^}]*\}", template)
    return re.fullmatch("[^/]+".join(map(re.escape, parts)), path) is not None
