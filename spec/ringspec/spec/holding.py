"""Where the expressions of rules stand: beside schemas, in packs and catalogues.

Each is put beside the schema that it is about; one that names parameters, beside the
schema of the value that these form, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from ringspec.spec.document import Inlined
from ringspec.spec.errors import SpecError, did_you_mean
from ringspec.spec.expressions import Expression, Types
from ringspec.spec.operations import Operation
from ringspec.spec.parameters import Wire
from ringspec.spec.reading import check_form
from ringspec.spec.rules import RULES, Catalogue, Rule, RuleId, expressed
from ringspec.spec.schemas import HOLDS, ITEM, Subschema, walk
from ringspec.spec.values import Json, Path, at_path, patched, steps
from ringspec.spec.values import edit as edit_of


def apart(catalogue: Catalogue, data: Json) -> tuple[Catalogue, list[Json]]:
    """Return a catalogue without the rules that expressions say, and their rows.

    Those without which it would have no rules beside leave a contract that binds by its
    own words.
    """
    rows = [row for row in data["rules"] if "holds" in row]
    rules = {n: each for n, each in catalogue.rules.items() if not each.holds}
    return (replace(catalogue, rules=rules) if not rules else catalogue), rows


def request_types(schema: Json, wire: Wire) -> Types:
    """Return the types of the members of a request."""
    types = Types()
    types.add(schema, ("body",))
    parts = {where: part for part, where in zip(wire.parts, wire.groups, strict=True)}
    for each in wire.parameters:
        part = parts[each.where]
        name = each.name.lower() if part == "headers" else each.name
        if each.takes_part:
            types.members.setdefault((part,), {})[name] = None
            types.add(each.schema.schema, (part, name))
    return types


@dataclass
class Placed:
    """Puts expressions into the schemas of an operation."""

    operation: Operation
    request: Inlined
    members: Inlined
    rules: dict[RuleId, Rule] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)  # on those that are about others

    def __post_init__(self) -> None:
        """Take in what stands beside schemas already."""
        for each in list(walk(self.request.schema)):
            place = f"{self.request.place_of(each.path)}/{RULES}"
            for row in each.schema.get(HOLDS, {}).values():
                self._take(row, each, f"{place}: {row.get('id', 'a row')}")

    @cached_property
    def types(self) -> Types:
        """The types of the members that expressions name."""
        return request_types(self.request.schema, self.operation.wire)

    def place(self, rows: Iterable[Json], origin: str) -> None:
        """Put the rows of a catalogue, or of an operation, where they belong.

        Those of packs have no origin: they are about the operations that they fit.

        Raises:
            SpecError: a row is at fault.
        """
        for row in rows:
            of_all, own = {None, self.operation.id}, row.get("operation")
            if "holds" not in row or own not in of_all:
                continue
            where = f"{origin or 'rule pack'}: {row['id']}"
            try:
                self._take(row, self._subschema(row, where), where)
            except _UnfitError as unfit:
                if origin or "operation" in row:
                    raise
                name = self.operation.id
                self.notices.append(f"{row['id']} is not about {name}: {unfit.why}")

    def _subschema(self, row: Json, where: str) -> Subschema:
        """Return the schema that a row is about: one that always applies, if any."""
        instance = tuple(it.replace("*", ITEM) for it in steps(row.get("at", "")))
        fitting = [it for it in walk(self.request.schema) if it.instance == instance]
        if not fitting:
            raise _UnfitError(where, f"no schema describes {row.get('at')}")
        return next((it for it in fitting if it.holds), fitting[0])

    def _take(self, row: Json, beside: Subschema, where: str) -> None:
        """Put a row beside a schema of the body, and beside the parameters."""
        check_form(row, "expressed", where)
        at = ("body", *beside.instance)
        expression = Expression(row["holds"], self.types, at)
        try:
            expression.check()
        except SpecError as error:
            raise SpecError(f"{where}: {error.message}", hint=error.hint) from error
        parts = {each[0] for each in expression.reads}
        if "body" in parts and not self.operation.schema_place:
            raise _UnfitError(where, "it has no body")
        if why := expression.lacking():
            raise _UnfitError(where, why)
        if "body" in parts:
            self.request = _beside(self.request, beside.path, row)
        if parts - {"body"}:
            self.members = _beside(self.members, (), row)
        source = where.removesuffix(f": {row['id']}")
        self.rules[RuleId(row["id"])] = expressed(row, source)


class _UnfitError(SpecError):
    """An operation has not what an expression names: the row may be about another."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}", hint="name members that are described")
        self.why = why


def _beside(inlined: Inlined, path: Path, row: Json) -> Inlined:
    node = at_path(inlined.schema, path)
    made = {**node, HOLDS: {**node.get(HOLDS, {}), row["id"]: row}}
    schema = patched(inlined.schema, [edit_of("replace", path, made)]) if path else made
    return replace(inlined, schema=schema)


def check_placed(
    rows: Iterable[Json],
    ids: Collection[str],
    known: Iterable[tuple[set[RuleId], Iterable[str]]],
) -> None:
    """Check that each expression is about some operation of a document.

    Args:
        rows: of packs and catalogues.
        ids: of all operations.
        known: of each operation its rules, and what is odd.

    Raises:
        SpecError: one is about none.
    """
    operations = list(known)
    for row in (it for it in rows if "holds" in it):
        own = row.get("operation")
        if own is not None and own not in ids:
            hint = did_you_mean(own, ids) or "name one of the contract"
            raise SpecError(f"{row['id']}: there is no operation {own}", hint=hint)
        if any(row["id"] in rules for rules, _ in operations):
            continue
        lead = f"{row['id']} is not about "
        odd = (it for _, notices in operations for it in notices if it.startswith(lead))
        for why in odd:
            raise SpecError(why, hint="it is about no operation of the contract")
