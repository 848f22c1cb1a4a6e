"""Hypothesis strategies compiled from shapes: whatever is drawn fits.

In: alternatives, and perhaps a place that must be there. Out: a search strategy that
rejects nothing. It
shrinks towards the first alternative, few optional members and short texts.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ringspec.spec import ITEM, Json, canonical
from ringspec.strategies.items import Class, classes
from ringspec.strategies.shape import ANYTHING, Alternatives, Shape
from ringspec.strategies.text import fitted

Place = tuple[str, ...]

# Where nothing bounds an array or a number.
_ITEMS = 4
_NUMBER = 2**31 - 1
# A text of up to so many characters is free; a shorter one is fitted from examples.
_FREE = 100
# No surrogates and no control characters: what they mean is not settled.
_LETTERS = st.characters(exclude_categories=("Cs", "Cc"))
_VISIBLE = st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"))


class Drawer:
    """Makes strategies, each part of a shape once."""

    def __init__(self) -> None:
        # By identity: equal parts of interned shapes are the same objects.
        self._made: dict[tuple[int, Place], SearchStrategy[Json]] = {}
        self._kept: list[Alternatives] = []

    def drawn(self, shapes: Alternatives, place: Place = ()) -> SearchStrategy[Json]:
        """Return a strategy for what fits; with a place, something stands there."""
        key = (id(shapes), place)
        if key not in self._made:
            reaching = [shape for shape in shapes if _reaches(shape, place)]
            made = [getattr(self, f"_{shape.kind}")(shape, place) for shape in reaching]
            self._made[key] = st.one_of(made)
            self._kept.append(shapes)  # so that its id stays its own
        return self._made[key]

    def _object(self, shape: Shape, place: Place) -> SearchStrategy[Json]:
        wanted = set(shape.required) | ({place[0]} if place else set())
        members = {
            name: self.drawn(below, place[1:] if place and name == place[0] else ())
            for name, below in shape.members.items()
            if below
        }
        optional = [name for name in members if name not in wanted]
        lacking = shape.min_members - len(wanted)
        chosen = [wanted | set(optional[i : i + lacking]) for i in range(len(optional))]
        fitting = [each for each in chosen if len(each) >= shape.min_members]
        return st.one_of(
            [
                st.fixed_dictionaries(
                    {name: members[name] for name in members if name in each},
                    optional={
                        name: members[name] for name in members if name not in each
                    },
                )
                for each in (fitting if lacking > 0 else [wanted])
            ]
        )

    def _array(self, shape: Shape, place: Place) -> SearchStrategy[Json]:
        least = max(shape.min_items, 1 if place else 0)
        most = least + _ITEMS if shape.max_items is None else shape.max_items
        inner = place[1:]
        if shape.contained:
            return self._counted(shape, least, most, inner)
        items = self.drawn(ANYTHING if shape.items is None else shape.items, inner)
        unique: Callable[[Json], str] | None = canonical if shape.unique else None
        return st.lists(items, min_size=least, max_size=most, unique_by=unique)

    def _counted(
        self, shape: Shape, least: int, most: int, inner: Place
    ) -> SearchStrategy[Json]:
        """Draw how many items of each class there are first, then the items."""
        room = [
            each
            for each in classes(shape)
            if any(_reaches(child, inner) for child in each.shapes)
        ]
        pool = [
            index for index, each in enumerate(room) for _ in range(_spare(each, most))
        ]
        needed = [index for index, each in enumerate(room) for _ in range(each.least)]
        strategies = [self.drawn(each.shapes, inner) for each in room]

        def items(picked: list[int]) -> SearchStrategy[Json]:
            kept = [*needed, *(pool[index] for index in picked)]
            return st.tuples(*(strategies[index] for index in kept)).map(list)

        # Classes are drawn before items: afterwards none is there too often.
        return st.lists(
            st.sampled_from(range(len(pool))),
            unique=True,
            min_size=max(least - len(needed), 0),
            max_size=max(min(most, len(pool) + len(needed)) - len(needed), 0),
        ).flatmap(items)

    @staticmethod
    def _string(shape: Shape, _place: Place) -> SearchStrategy[Json]:
        choices = shape.choices()
        if choices is not None:
            return st.sampled_from(choices)
        if shape.format == "uuid":
            return st.uuids().map(str)
        examples = [each for each in shape.examples if isinstance(each, str)]
        most = shape.max_length if shape.max_length is not None else _FREE
        if examples and (most < _FREE or shape.format):
            lengths = st.integers(shape.min_length, most)
            # Other digits could be somebody's number: only the length varies.
            sized = st.tuples(st.sampled_from(examples), lengths)
            return sized.map(lambda pair: fitted(pair[0], pair[1], pair[1]))
        strange = shape.own_patterns
        if strange:
            return (
                st.from_regex(strange[0]) if not examples else st.sampled_from(examples)
            )
        # One visible character and whatever else: never blank, and nothing to reject.
        rest = st.text(
            _LETTERS, min_size=max(shape.min_length - 1, 0), max_size=most - 1
        )
        return st.tuples(_VISIBLE, rest).map("".join)

    @staticmethod
    def _integer(shape: Shape, _place: Place) -> SearchStrategy[Json]:
        choices = shape.choices()
        if choices is not None:
            return st.sampled_from(choices)
        low = -_NUMBER if shape.low is None else int(shape.low)
        high = max(low, _NUMBER) if shape.high is None else int(shape.high)
        if shape.multiple:
            step = int(shape.multiple)
            return st.integers(-(-low // step), high // step).map(lambda n: n * step)
        return st.integers(low, high)

    @staticmethod
    def _number(shape: Shape, _place: Place) -> SearchStrategy[Json]:
        choices = shape.choices()
        if choices is not None:
            return st.sampled_from(choices)
        # Whole numbers with a fraction of zero are not settled to be anything else.
        floats = st.floats(
            shape.low, shape.high, allow_nan=False, allow_infinity=False, width=32
        )
        return floats.map(lambda value: int(value) if value.is_integer() else value)

    @staticmethod
    def _boolean(shape: Shape, _place: Place) -> SearchStrategy[Json]:
        return st.sampled_from(shape.choices() or (False, True))

    @staticmethod
    def _null(_shape: Shape, _place: Place) -> SearchStrategy[Json]:
        return st.none()


def _reaches(shape: Shape, place: Place) -> bool:
    if not place:
        return True
    below = _below(shape, place[0])
    return any(_reaches(child, place[1:]) for child in below)


def _below(shape: Shape, step: str) -> Alternatives:
    if step == ITEM:
        roomy = shape.kind == "array" and shape.max_items != 0
        return (shape.items or ()) if roomy else ()
    return shape.members.get(step, ()) if shape.kind == "object" else ()


def _spare(each: Class, most: int) -> int:
    return max((most if each.most is None else each.most) - each.least, 0)
