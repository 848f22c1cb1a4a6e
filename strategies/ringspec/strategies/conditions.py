"""Conditions: whether the branch that an assertion stands in applies to a body."""

from __future__ import annotations

from dataclasses import dataclass, field

import jsonschema_rs

from ringspec.spec import ITEM, Assertion, Contract, Json, at
from ringspec.strategies.certify import at_path, keywords


@dataclass(frozen=True)
class Conditions:
    """Decides `if` for assertions inside `then` and `else`."""

    contract: Contract
    _validators: dict[tuple[str, ...], jsonschema_rs.Draft202012Validator] = field(
        default_factory=dict
    )

    def hold(self, assertion: Assertion, body: Json) -> bool:
        """Tell whether every branch around an assertion is taken in a body.

        Conditions on items of arrays are taken to hold: each item has its own.
        """
        steps = list(keywords(assertion.path))
        for index, step in steps:
            if step in {"then", "else"}:
                # Each member stepped into after the branch is one step of the place.
                inside = sum(at > index and name == "properties" for at, name in steps)
                instance = assertion.instance[: len(assertion.instance) - inside]
                if ITEM in assertion.instance:
                    continue
                try:
                    value = at(body, instance)
                except KeyError:
                    return False
                taken = self._validator(assertion.path[:index]).is_valid(value)
                if taken != (step == "then"):
                    return False
        return True

    def _validator(self, path: tuple[str, ...]) -> jsonschema_rs.Draft202012Validator:
        if path not in self._validators:
            condition = at_path(self.contract.request.schema, (*path, "if"))
            self._validators[path] = jsonschema_rs.Draft202012Validator(condition)
        return self._validators[path]
