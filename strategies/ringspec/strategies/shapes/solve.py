"""Changes of a body by which an expression comes true, or false.

They are found from the expression itself: the sides of a comparison are set to each
other and to their neighbours, members that are asked for are put in or taken out, lists
get the size that is wanted. What a change does to other rules is proven by the caller.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import count, islice, product
from typing import TypeAlias

from ringspec.spec.assertions import Assertion
from ringspec.spec.cel import LOGICAL, RELATIONS, UNKNOWN, Term, by_google
from ringspec.spec.expressions import Expression, Paths
from ringspec.spec.plain import matching
from ringspec.spec.proof import Held
from ringspec.spec.schemas import ITEM
from ringspec.spec.values import (
    Json,
    Location,
    Path,
    at,
    canonical,
    edit,
    patched,
    same,
)
from ringspec.strategies.shapes.build import (
    ABSENT,
    MISSING,
    MOST_ITEMS,
    Builder,
    Unfit,
    Wish,
    another,
    fitted,
)
from ringspec.strategies.shapes.locations import NOTHING, instance_path, present
from ringspec.strategies.shapes.shape import Shape, admitted

NEGATED = {"==": "!=", "<": ">=", "<=": ">", "in": "not in"}
NEGATED |= {other: name for name, other in NEGATED.items()}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
# By how many units a value is moved, nearest first.
_MOVES = {"": 1, "-by-far": 10}
_OF_DOUBLES = {"-by-little": 0.01, **_MOVES}
_ZONES = [timezone(timedelta(hours=hours)) for hours in (-11, 11)]
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)
# Most ways of one part that are combined with those of others, most bodies that are
# looked at to mend one, most items of a list that are looked at, and values of an enum.
_COMBINED, _TRIED, _ITEMS, _LISTED = 4, 150, 6, 8

_Edits: TypeAlias = "dict[Location, Json]"
_Ways: TypeAlias = "Iterator[tuple[str, _Edits]]"


Places: TypeAlias = "Mapping[str, Location | None]"


@dataclass(frozen=True, slots=True)
class Scope:
    """What the names in an expression stand for: values, paths, places in a request."""

    values: Mapping[str, Json]
    paths: Paths
    places: Places


@dataclass(frozen=True)
class Solver:
    """Finds changes of one body by one of its expressions."""

    held: Held
    expression: Expression
    body: Json
    location: Location  # of what the expression stands beside
    shapes_at: Callable[[Path], list[Shape]]

    def changes(self, *, wanted: bool) -> Iterator[tuple[str, tuple[Json, ...]]]:
        """Yield patches by which it may become true, or false, each with its name."""
        seen: set[str] = set()
        subject = self.held.subject(self.body, self.location)
        values = {"self": subject, "request": self.held.request(self.body)}
        places: Places = {"request": (), "self": ("body", *self.location)}
        scope = Scope(values, {"self": self.expression.at}, places)
        ways = self._ways(self.expression.term, scope, wanted=wanted)
        with suppress(TypeError, ValueError, OverflowError):  # of values that are odd
            for name, edits in ways:
                patch = self._patch(edits)
                key = canonical(patch)
                if patch and key not in seen:
                    seen.add(key)
                    yield name, patch

    def _patch(self, edits: _Edits) -> tuple[Json, ...]:
        """Return edits of a request as those of the body; empty if they are not."""
        patch = []
        for place, value in edits.items():
            location = self.held.location(place)
            if location is None or not present(self.body, location[:-1]):
                return ()
            is_there = present(self.body, location)
            if value is NOTHING:
                patch += [edit("remove", location)] if is_there else []
            elif not is_there or not same(at(self.body, location), value):
                patch.append(edit("replace" if is_there else "add", location, value))
        with suppress(ValueError):  # one takes away what another one changes
            patched(self.body, patch)
            return tuple(patch)
        return ()

    def _value(self, term: Term, scope: Scope) -> Json:
        """Return the value of a part, by the quick evaluator; UNKNOWN without one."""
        return by_google(self.expression.write(term, scope.paths), scope.values)

    def _place(self, term: Term, scope: Scope) -> Location | None:
        """Return where in the request the member is that a term stands for."""
        if term.kind == "name":
            return scope.places.get(term.word)
        if term.kind not in {"member", "index"}:
            return None
        above = self._place(term.parts[0], scope)
        if above is None or term.kind == "member":
            return None if above is None else (*above, term.word)
        step = self._value(term.parts[1], scope)
        is_place = isinstance(step, str) or (isinstance(step, int) and step >= 0)
        return (*above, step) if is_place else None

    def _named(self, place: Location) -> str:
        """Name a place in a request by the steps from what the expression is about."""
        own = ("body", *self.location)
        inside = place[len(own) :] if place[: len(own)] == own else place[1:]
        return "-".join(map(str, inside))

    def _ways(self, term: Term, scope: Scope, *, wanted: bool) -> _Ways:
        """Yield the edits by which a part may become true, or false."""
        kind, parts = term.kind, term.parts
        if kind == "!":
            yield from self._ways(parts[0], scope, wanted=not wanted)
        elif kind in LOGICAL:
            yield from self._joined(term, scope, wanted=wanted)
        elif kind == "?:":
            condition, *branches = parts
            is_so = self._value(condition, scope) is True
            yield from self._ways(branches[not is_so], scope, wanted=wanted)
            yield from self._ways(condition, scope, wanted=not is_so)
            turned = self._ways(condition, scope, wanted=not is_so)
            other = self._ways(branches[is_so], scope, wanted=wanted)
            yield from _together([turned, other])
        elif kind in RELATIONS:
            yield from self._compared(term, scope, wanted=wanted)
        elif kind == "call" and term.word == "has":
            yield from self._given(parts[0], scope, wanted=wanted)
        elif term.is_macro:
            yield from self._quantified(term, scope, wanted=wanted)
        elif kind == "method":
            yield from self._textual(term, scope, wanted=wanted)
        elif self._place(term, scope) is not None:
            yield from self._put("", term, wanted, scope)

    def _joined(self, term: Term, scope: Scope, *, wanted: bool) -> _Ways:
        """Yield the edits for `&&` or `||`: of a part, or of all that are otherwise."""
        now = ((each, self._value(each, scope)) for each in term.parts)
        left = [each for each, is_so in now if is_so is not wanted]
        one_will_do = wanted == (term.kind == "||")
        if one_will_do or len(left) < 2:
            for each in term.parts if one_will_do else left or term.parts:
                yield from self._ways(each, scope, wanted=wanted)
            for each in term.parts if one_will_do else ():
                # That part alone.
                others = [it for it in term.parts if it not in left and it is not each]
                ways = [self._ways(it, scope, wanted=not wanted) for it in others]
                ways += [self._ways(each, scope, wanted=wanted)] * (each in left)
                yield from _together(ways)
        else:
            yield from _together(self._ways(it, scope, wanted=wanted) for it in left)
            for each in left:
                yield from self._ways(each, scope, wanted=wanted)

    def _given(self, term: Term, scope: Scope, *, wanted: bool) -> _Ways:
        place = self._place(term, scope)
        if place is None:
            return
        if not wanted:
            yield f"without-{self._named(place)}", {place: NOTHING}
            return
        with suppress(Unfit):
            value = Builder().build(tuple(self._shapes(place)))
            yield f"with-{self._named(place)}", {place: value}

    def _shapes(self, place: Location) -> list[Shape]:
        location = self.held.location(place)
        if location is None:
            return []
        path = instance_path(location)
        # A member without a name in the schema is like any other.
        return self.shapes_at(path) or self.shapes_at((*path[:-1], ITEM))

    def _compared(self, term: Term, scope: Scope, *, wanted: bool) -> _Ways:
        operator = term.kind if wanted else NEGATED[term.kind]
        left, right = term.parts
        if term.kind == "in":
            yield from self._member_of(left, right, scope, wanted=wanted)
            return
        mirrored = _MIRRORED.get(operator, operator)
        for own, other, relation in (left, right, operator), (right, left, mirrored):
            value, place = self._value(other, scope), self._place(other, scope)
            if value is UNKNOWN:
                continue
            for label, target in self._targets(own, relation, value, scope):
                # Of several in a list, which one it equals.
                is_like = label == "equal" and place and ITEM in instance_path(place)
                name = f"as-{self._named(place)}" if is_like and place else label
                yield from self._put(name, own, target, scope)
        found = (self._place(left, scope), self._place(right, scope))
        places = [it for it in found if it]
        values = [self._member(place) for place in places]
        if UNKNOWN not in values and values[1:]:
            yield "turned", dict(zip(places, reversed(values), strict=True))

    def _member(self, place: Location) -> Json:
        try:
            return at(self.held.request(self.body), place)
        except KeyError:
            return UNKNOWN

    def _targets(
        self, term: Term, relation: str, value: Json, scope: Scope
    ) -> Iterator[tuple[str, Json]]:
        """Yield values that stand in a relation to one, the nearest first."""
        if relation in {"==", "<=", ">="}:
            yield "equal", value
        place = self._place(term, scope)
        listed = self.expression.types.values.get(instance_path(place or ()), ())
        yield from ((f"{it}", it) for it in listed[:_LISTED] if relation != "!=")
        if relation == "==":
            return
        if isinstance(value, bool):
            yield from [(f"{not value}".lower(), not value)] if relation == "!=" else ()
            return
        unit = self._unit(term, scope, value)
        signs = {"<": (-1,), "<=": (-1,), ">": (1,), ">=": (1,)}.get(relation, (1, -1))
        moves = _MOVES if unit != 1 or isinstance(value, int) else _OF_DOUBLES
        for (how, move), sign in product(moves.items(), signs) if unit else ():
            with suppress(OverflowError):
                name = f"{'more' if sign > 0 else 'less'}{how}"
                yield name, value + sign * move * unit
        if isinstance(value, str) and relation[0] in "<>":
            yield "beyond", value + "x" if relation[0] == ">" else value[:-1]
        elif relation == "!=":
            yield from self._others(place, [value])

    def _others(
        self, place: Location | None, values: Sequence[Json]
    ) -> Iterator[tuple[str, Json]]:
        """Yield values unlike some, that may stand at a place."""
        shapes = tuple(self._shapes(place)) if place else ()
        listed = self.expression.types.values.get(instance_path(place or ()), ())
        for value in (it for it in listed if it not in values):
            yield f"{value}", value
        with suppress(Unfit, IndexError):
            yield "other", another(shapes, values[-1], [*values])

    def _unit(self, term: Term, scope: Scope, value: Json) -> Json:
        """Return the least difference between two values, as far as it is known."""
        path = instance_path(self._place(term, scope) or ())
        if isinstance(value, datetime | timedelta):
            kinds = {self.expression.kind(it, scope.paths) for it in term.all()}
            return _DAY if "date" in kinds else _SECOND
        if isinstance(value, int | float):
            return self.expression.types.steps.get(path, 1)
        return None

    def _put(self, name: str, term: Term, value: Json, scope: Scope) -> _Ways:
        """Yield the edits by which a part may take a value."""
        place = self._place(term, scope)
        is_function = term.kind in {"call", "method"}
        way = _PUT.get(term.word if is_function else term.kind, "")
        if place is not None:
            yield from self._set(name, place, value)
        elif isinstance(value, bool):
            yield from self._ways(term, scope, wanted=value)
        elif way and term.parts:
            yield from getattr(self, f"_put_{way}")(name, term, value, scope)

    def _set(self, name: str, place: Location, value: Json) -> _Ways:
        """Yield the edits by which a member has a value."""
        kind = self.expression.types.kinds.get(instance_path(place), "")
        written = _written(value, kind)
        if written is UNKNOWN or not place:
            return
        label = "-".join(filter(None, (self._named(place), name)))
        yield label, {place: written}
        # The same instant, which as a text stands before others, or behind.
        is_instant = isinstance(value, datetime) and kind != "date"
        for zone in _ZONES if is_instant and name in {"more", "less"} else ():
            text = value.astimezone(zone).isoformat()
            yield f"{label}-at-{text[-6:]}", {place: text}

    def _put_sum(self, name: str, term: Term, value: Json, scope: Scope) -> _Ways:
        now, items = self._value(term, scope), [*self._items(term.parts[0], "", scope)]
        share, rest = divmod(value, len(items) or 1)
        if isinstance(value, float):
            share, rest = value / (len(items) or 1), 0.0
        parts = [share + rest, *[share] * len(items)]
        yield from _together(
            self._put(name, item, part, inner)
            for (inner, item), part in zip(items, parts, strict=False)
        )
        for inner, item in items:
            own = self._value(item, inner)
            if all(isinstance(it, int | float) for it in (own, value, now)):
                yield from self._put(name, item, own + value - now, inner)

    def _put_converted(self, name: str, term: Term, value: Json, scope: Scope) -> _Ways:
        if term.word == "string":
            value = int(value) if str(value).isdecimal() else value
        yield from self._put(name, term.parts[0], value, scope)

    def _put_part(self, name: str, term: Term, value: Json, scope: Scope) -> _Ways:
        """Yield the edits by which a point in time has a minute, an hour or a day."""
        now, own = self._value(term, scope), self._value(term.parts[0], scope)
        if isinstance(value, int) and isinstance(own, datetime):
            moved = own + (value - now) * _PARTS[term.word]
            yield from self._put(name, term.parts[0], moved, scope)

    def _put_negative(self, name: str, term: Term, value: Json, scope: Scope) -> _Ways:
        if isinstance(value, int | float):
            yield from self._put(name, term.parts[0], -value, scope)

    def _put_branch(self, name: str, term: Term, value: Json, scope: Scope) -> _Ways:
        condition, *branches = term.parts
        for is_so, branch in zip((True, False), branches, strict=True):
            if self._value(branch, scope) == value:
                yield from self._ways(condition, scope, wanted=is_so)
            elif (self._value(condition, scope) is True) == is_so:
                yield from self._put(name, branch, value, scope)

    def _put_size(self, name: str, term: Term, value: Json, scope: Scope) -> _Ways:
        yield from self._sized(name, term.parts[0], value, scope)

    def _put_operand(self, name: str, term: Term, value: Json, scope: Scope) -> _Ways:
        left, right = term.parts
        first, second = self._value(left, scope), self._value(right, scope)
        with suppress(TypeError, ZeroDivisionError, OverflowError):
            if term.kind == "+" and not isinstance(value, str):
                yield from self._put(name, left, value - second, scope)
                yield from self._put(name, right, value - first, scope)
            elif term.kind == "-":
                yield from self._put(name, left, value + second, scope)
                yield from self._put(name, right, first - value, scope)
            elif term.kind == "%":
                for target in (first - first % second + value, first + second):
                    yield from self._put(
                        name, left, target - target % second + value, scope
                    )
            elif term.kind == "+" and value.startswith(first):
                yield from self._put(name, right, value[len(first) :], scope)
            elif term.kind == "*":
                for own, other in ((left, second), (right, first)):
                    found = value / other
                    whole = isinstance(value, int) and found == int(found)
                    yield from self._put(
                        name, own, int(found) if whole else found, scope
                    )

    def _sized(self, name: str, term: Term, size: Json, scope: Scope) -> _Ways:
        """Yield the edits by which a list or a text has a size."""
        place, value = self._place(term, scope), self._value(term, scope)
        if term.is_macro and term.word == "filter":
            now = len(value) if isinstance(value, list) else 0
            variable, condition = term.parts[1].word, term.parts[2]
            ways = [
                self._ways(condition.named(variable, item), inner, wanted=size > now)
                for inner, item in self._items(term.parts[0], variable, scope)
                if (self._value(condition.named(variable, item), inner) is True)
                == (size < now)
            ]
            yield from _together(ways[: abs(size - now)]) if size != now else ()
        if term.is_macro and term.word == "map":
            yield from self._sized(name, term.parts[0], size, scope)
        if place is None or not isinstance(size, int) or not 0 <= size <= MOST_ITEMS:
            return
        if isinstance(value, str):
            yield f"{self._named(place)}-{name}", {place: fitted(value, size, size)}
        elif isinstance(value, list):
            made = value[:size]
            with suppress(Unfit):
                if size > len(value):
                    shapes, wish = tuple(self._shapes(place)), Wish(items=size)
                    made += Builder({(): wish}).build(shapes)[len(value) :]
                yield f"{self._named(place)}-{name}", {place: made}

    def _items(
        self, term: Term, variable: str, scope: Scope
    ) -> Iterator[tuple[Scope, Term]]:
        """Yield the items of a list, each with its scope and the term it is there."""
        if term.kind == "list":
            yield from ((scope, each) for each in term.parts)
            return
        if term.is_macro and term.word in {"map", "filter"}:
            name, made = term.parts[1].word, term.parts[-1]
            for inner, item in self._items(term.parts[0], name, scope):
                own = made.named(name, item)
                if term.word == "map":
                    yield inner, own
                elif self._value(own, inner) is True:
                    yield inner, item
            return
        value, place = self._value(term, scope), self._place(term, scope)
        path = self.expression.item_path(term, scope.paths)
        # No variable of the expression has such a name.
        name = f"{variable or 'item'}_{len(scope.values)}"
        indexes = range(len(value)) if isinstance(value, list) else ()
        few = [*indexes[: _ITEMS - 1], *indexes[_ITEMS - 1 :][-1:]]
        for index in few:
            values = {**scope.values, name: value[index]}
            at = (*place, index) if place else None
            paths, places = {**scope.paths, name: path}, {**scope.places, name: at}
            yield Scope(values, paths, places), Term("name", word=name)

    def _quantified(self, term: Term, scope: Scope, *, wanted: bool) -> _Ways:
        listed, variable, condition = term.parts[:3]
        items = [
            (inner, condition.named(variable.word, item))
            for inner, item in self._items(listed, variable.word, scope)
        ]
        true = [it for it in items if self._value(it[1], it[0]) is True]
        false = [it for it in items if it not in true]
        if not items:
            yield from self._sized("one", listed, 1, scope)
        if term.word == "exists_one" and wanted and len(true) == 1:
            for each in false:
                both = (self._each([each], wanted=True), self._each(true, wanted=False))
                yield from _together(both)
            return
        if term.word == "exists_one" and wanted == (len(true) != 1):
            if not wanted or not true:
                yield from self._each(true, wanted=False)
                yield from self._each(false, wanted=True)
            else:
                for index in range(len(true)):
                    rest = [*true[:index], *true[index + 1 :]]
                    yield from _together(self._each([it], wanted=False) for it in rest)
            return
        # `all` is false as soon as one is, `exists` is true as soon as one is.
        one_will_do = wanted == (term.word != "all")
        wrong = false if wanted else true
        if one_will_do or not wrong:
            yield from self._each(items, wanted=wanted)
            # One of several that are so need not be.
            those = true if wanted else false
            yield from self._each(those if those[1:] else (), wanted=not wanted)
        else:
            yield from _together(self._each([it], wanted=wanted) for it in wrong)

    def _each(self, items: Iterable[tuple[Scope, Term]], *, wanted: bool) -> _Ways:
        for inner, condition in items:
            yield from self._ways(condition, inner, wanted=wanted)

    def _member_of(
        self, left: Term, right: Term, scope: Scope, *, wanted: bool
    ) -> _Ways:
        value, held = self._value(left, scope), self._value(right, scope)
        place = self._place(right, scope)
        if isinstance(held, dict) and place and isinstance(value, str):
            yield from self._given(Term("index", (right, left)), scope, wanted=wanted)
            held = [*held]
        if not isinstance(held, list):
            return
        own = [("listed", each) for each in held[:_ITEMS]]
        if not wanted:
            numbers = [it for it in held if isinstance(it, int | float)]
            own = [
                *self._others(self._place(left, scope), held),
                *self._targets(left, ">", max(numbers, default=0), scope),
            ]
        for label, other in own:
            yield from self._put(label, left, other, scope)
        if value is UNKNOWN:
            return
        if place and isinstance(self._value(right, scope), list):
            listing = [*held, value] if wanted else [it for it in held if it != value]
            label = f"{self._named(place)}-{'' if wanted else 'not-'}listing"
            yield label, {place: listing}
        for inner, item in self._items(right, "", scope):
            there = self._place(item, inner)
            others = [("listed", value)] if wanted else [*self._others(there, held)]
            if wanted or self._value(item, inner) == value:
                for label, other in others:
                    yield from self._put(label, item, other, inner)

    def _textual(self, term: Term, scope: Scope, *, wanted: bool) -> _Ways:
        """Yield the edits by which a text begins, ends or fits as wanted."""
        own, other = term.parts[0], term.parts[-1]
        text, part = self._value(own, scope), self._value(other, scope)
        if not isinstance(text, str) or not isinstance(part, str):
            return
        size, found = len(text), list[tuple[str, str | None]]()
        if not wanted:
            # It stands there, but not at that end.
            beside = f"x{text}" if term.word == "startsWith" else f"{text}x"
            others = self._others(self._place(own, scope), [text])
            unfitting = (("unfitting", it) for it in MISSING)
            found = [("beside", beside), *unfitting, *others]
        elif term.word == "matches":
            found = [("fitting", matching(part, 0, 100))]
        elif term.word == "endsWith":
            cut = text[: max(0, size - len(part))] + part
            head, mark, _ = text.rpartition(part[:1])
            found = [("fitting", head + part if mark else cut), ("longer", text + part)]
            yield from self._put("fitting", other, text[len(head) :], scope)
        else:
            cut = part + text[len(part) :]
            found = [("fitting", cut), ("longer", part + text)]
        for label, each in found:
            if each is not None:
                yield from self._put(label, own, each, scope)


# How a part takes a value that is no member, by its function or operator.
_PUT = {"size": "size", "sum": "sum", "neg": "negative", "?:": "branch"}
_PUT |= dict.fromkeys(("+", "-", "*", "%"), "operand")
_PUT |= dict.fromkeys(
    ("int", "double", "string", "timestamp", "duration", "dyn"), "converted"
)
_PARTS = {"getSeconds": _SECOND, "getMinutes": 60 * _SECOND, "getHours": 3600 * _SECOND}
_PARTS |= dict.fromkeys(
    ("getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"), _DAY
)
_PARTS |= {"getMonth": 31 * _DAY, "getFullYear": 366 * _DAY}
_PUT |= dict.fromkeys(_PARTS, "part")


def _written(value: Json, kind: str) -> Json:
    """Return a value of an expression as JSON; UNKNOWN if it is none of a type."""
    if isinstance(value, datetime):
        text = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        if kind == "date":
            return text[:10] if text.endswith("T00:00:00Z") else UNKNOWN
        return text
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"PT{seconds}S" if kind == "duration" else f"{seconds}s"
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return round(value, 9) if isinstance(value, float) else value


def _together(ways: Iterable[_Ways]) -> _Ways:
    """Yield the edits of several ways at once."""
    few = [[*islice(each, _COMBINED)] for each in ways]
    for chosen in islice(product(*few), _COMBINED**2):
        edits: _Edits = {}
        for _, each in chosen:
            edits |= each
        yield "-and-".join(name for name, _ in chosen[:2]), edits


def meets(body: Json, wishes: Mapping[Location, Wish]) -> bool:
    """Return whether a body meets some wishes."""
    for place, wish in wishes.items():
        if present(body, place) == (wish == ABSENT):
            return False
        value = None if wish == ABSENT else at(body, place)
        if wish.is_exact and not same(value, wish.value):
            return False
        if wish.items is not None and len(value or ()) != wish.items:
            return False
        if wish.shapes is not None and not admitted(wish.shapes, value):
            return False
    return True


def mended(
    held: Held | None,
    body: Json,
    shapes_at: Callable[[Path], list[Shape]],
    fits: Callable[[Json], bool],
) -> tuple[Json, ...] | None:
    """Return edits of a body by which the expressions hold; None if none are found.

    On the way each body `fits`. Those with the fewest broken expressions go first.
    """
    if held is None:
        return ()
    turn = count()
    left: list[_Tried] = []
    seen: set[str] = set()

    def look(body: Json, patch: tuple[Json, ...]) -> None:
        key = canonical(body)
        if key not in seen and (not patch or fits(body)):
            unheld = [*held.unheld(body, quick=True)]
            heapq.heappush(left, (len(unheld), next(turn), body, patch, unheld))
        seen.add(key)

    look(body, ())
    while left and len(seen) < _TRIED:
        _, _, body, patch, unheld = heapq.heappop(left)
        if not unheld:
            return patch
        assertion, location = unheld[0]
        solver = Solver(held, held.expressions[assertion], body, location, shapes_at)
        for _, more in islice(solver.changes(wanted=True), _TRIED):
            look(patched(body, more), (*patch, *more))
    return None


# How many expressions do not hold in a body, a number, the body, the edits that made it
# and those expressions.
_Tried: TypeAlias = (
    "tuple[int, int, Json, tuple[Json, ...], list[tuple[Assertion, Location]]]"
)
