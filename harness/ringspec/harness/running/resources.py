"""Resources: what a run creates so that paths of other operations name something."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urlsplit

from ringspec.harness.sending.exchange import Exchange, parse
from ringspec.harness.sending.policy import unfit
from ringspec.spec import (
    Contract,
    Json,
    Parameter,
    Prover,
    Security,
    SpecError,
    at_pointer,
    letters,
    makers,
)
from ringspec.strategies import Case, Request, with_credentials

_ID = re.compile(r"_?(id|uuid|guid|key|name|code)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PathResource:
    """What a parameter of a path names, and how it is created."""

    parameter: Parameter
    contract: Contract  # of the create
    plain: Case  # its plain case
    at: str = ""  # pointer to the name in its answer; empty if it is not known
    parents: tuple[PathResource, ...] = ()  # what the path of the create names

    def beside(self, asked: Security) -> PathResource:
        """Return it as it is created in a run of what asks for other credentials."""
        own = self.contract.operation.security.beside(asked)
        plain = replace(self.plain, request=with_credentials(self.plain.request, own))
        parents = tuple(each.beside(asked) for each in self.parents)
        return replace(self, plain=plain, parents=parents)

    def named(self, exchange: Exchange) -> str:
        """Return the name that the answer to the create gives; empty without one."""
        response = exchange.response
        if response is None or response.status // 100 != 2:
            return ""
        data, _ = parse(response)
        if self.at:
            found = iter([at_pointer(data, self.at)])
        else:
            location = urlsplit(response.header("location") or "").path.rstrip("/")
            found = self._candidates(data, unquote(location.rpartition("/")[2]))
        prover = Prover(self.parameter.schema.schema, ())
        for each in found:
            if type(each) not in {str, int} or each == "" or unfit(str(each)):
                continue
            if prover.is_valid(self.parameter.read([quote(str(each), safe="")])):
                return str(each)
        return ""

    def _candidates(self, data: Json, last: str) -> Iterator[Json]:
        """Yield what may be the name, the likeliest first."""
        wanted = letters(self.parameter.name)
        inner = data.values() if isinstance(data, dict) else ()
        holders = [each for each in (data, *inner) if isinstance(each, dict)]
        for holder in holders:
            yield from (it for name, it in holder.items() if letters(name) == wanted)
        if last:
            yield last
        for holder in holders:
            yield from (it for name, it in holder.items() if _ID.fullmatch(name))
            # The answer may name others too: theirs come last.
            ids = (name for name in holder if name.endswith(("Id", "_id")))
            yield from (holder[name] for name in ids)
        yield data


def resources_of(contract: Contract) -> tuple[PathResource, ...]:
    """Return what has to be created so that an operation's path names something.

    What cannot be created leaves names made up.
    """
    from ringspec.strategies import plain_case  # noqa: PLC0415 - it takes a while

    found, inputs = [], contract.inputs
    for each in makers(inputs.document, contract.operation):
        with suppress(SpecError):
            create = replace(inputs, operation=each.operation).contract()
            made = PathResource(
                parameter=each.parameter,
                contract=create,
                plain=plain_case(create),
                at=each.at,
                parents=resources_of(create),
            )
            found.append(made)
    return tuple(found)


def aimed(request: Request, contract: Contract, names: Mapping[str, str]) -> Request:
    """Return a request about other resources than those whose names were made up."""
    wire = contract.operation.wire
    made_up = {it.name: it.value for it in wire.parameters if it.where == "path"}
    path, mark, query = request.path.partition("?")
    match = wire.match(path)
    if match is None:
        return request
    # From the end, so that the places before it stay where they are.
    for index, name in reversed([*enumerate(wire.names, 1)]):
        if name in names and match[index] == made_up[name]:
            text = quote(names[name], safe="")
            path = f"{path[: match.start(index)]}{text}{path[match.end(index) :]}"
    return replace(request, path=f"{path}{mark}{query}")
