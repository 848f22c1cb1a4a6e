"""Values of their own: no two creates send the same free texts.

A server may refuse a name, an address or an id that it has already, and two members
that are equal. What a contract itself gives as an example may be known to the target:
it stays, beside its equals aside, unless it is prose or an address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from itertools import islice
from string import ascii_lowercase, ascii_uppercase, digits
from typing import TypeAlias

from ringspec.spec import (
    Contract,
    Json,
    Location,
    at,
    at_pointer,
    patched,
    pointer,
    walk,
)
from ringspec.strategies.case import OWN, Case, Request, Want, What, encode
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.locations import instance_path
from ringspec.strategies.shapes.shape import ANYTHING, Alternatives, admitted
from ringspec.strategies.shapes.text import is_number, of_media_type

# Each seed has so many values of a text for itself; a repeated request has others.
_STRIDE, _REPEATED = 1000, 500
# So many other values are tried for a text, and texts one by one in a body.
_TRIES, _SINGLY = 40, 30
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# What stays of an address: its host is not for us to choose.
_HOST = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*|.*@")
# An address that nobody has. Source: RFC 2606.
_NOBODY = re.compile(r"@(.*\.)?(example(\.(com|net|org))?|test|invalid)$")
# Headers that tell one request from another.
_OF_REQUEST = re.compile(
    r"idempot|(request|correlation|message|trace).?(id|key)", re.IGNORECASE
)

_Texts: TypeAlias = dict[Location, str]


def _stepped(text: str, number: int, *alphabets: str) -> str:
    """Count a text up, each character within its alphabet; empty beyond the last."""
    chars = list(text)
    for index in range(len(chars) - 1, -1, -1):
        own = next((each for each in alphabets if chars[index] in each), "")
        if own and number:
            number, place = divmod(own.index(chars[index]) + number, len(own))
            chars[index] = own[place]
    return "" if number else "".join(chars)


def _others(text: str, number: int) -> Iterator[str]:
    """Yield texts of the same form, the same ones for the same number."""
    if _UUID.fullmatch(text):
        tail = f"{(int(text[-4:], 16) + 7919 * number) % 0x10000:04x}"
        yield text[:-4] + (tail.upper() if text.isupper() else tail)
        return
    start, end, kept = "", "", _HOST.match(text)
    if kept and "://" in text:
        start = kept[0]
        yield f"{text}{'&' if '?' in text else '?'}n={number}"
    elif kept and " " not in text:
        own, _, domain = text.rpartition("@")
        end = f"@{domain}"
        yield f"{own}{number}{end}"
    text = text[len(start) : len(text) - len(end)]
    for alphabets in (
        (ascii_lowercase, ascii_uppercase),
        (ascii_lowercase, ascii_uppercase, digits),
        (digits,),
    ):
        if found := _stepped(text, number, *alphabets):
            yield f"{start}{found}{end}"
    yield f"{start}{text}{number}{end}"


def _leaves(value: Json, place: Location = ()) -> Iterator[tuple[Location, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict | list):
        listed = value.items() if isinstance(value, dict) else enumerate(value)
        for step, child in listed:
            yield from _leaves(child, (*place, step))


def _edits(body: Json, texts: _Texts) -> tuple[dict[str, Json], ...]:
    return tuple(
        {"op": "replace", "path": pointer(place), "value": text, OWN: True}
        for place, text in texts.items()
        if at(body, place) != text
    )


def _settled(old: _Texts, new: _Texts, fits: Callable[[_Texts], bool]) -> _Texts:
    """Return all new texts if they fit, else those that do, one after the other."""
    if fits(new):
        return new
    found = old
    for place, text in islice(new.items(), _SINGLY):
        if old[place] != text and fits({**found, place: text}):
            found = {**found, place: text}
    return found


def _headed(
    contract: Contract, request: Request, other: Callable[[str], str]
) -> Request:
    """Give a request other values of the headers that tell it from the others."""
    stated = {each.name.lower() for each in contract.operation.headers}
    headers = tuple(
        (name, other(value))
        if name.lower() in stated
        and (_UUID.fullmatch(value) or _OF_REQUEST.search(name))
        else (name, value)
        for name, value in request.headers
    )
    return replace(request, headers=headers)


def otherwise(contract: Contract, case: Case, turn: int) -> Case | None:
    """Return a case of one request with all other texts that its label admits.

    Args:
        contract: that of its list.
        case: as listed.
        turn: another one for each case.
    """
    if case.steps or not isinstance(case.body, dict | list):
        return None
    old, rules = dict(_leaves(case.body)), frozenset(case.broken)
    number = _REPEATED + turn

    def fits(texts: _Texts) -> bool:
        body = patched(case.body, _edits(case.body, texts))
        return contract.breaks_just(body, rules) and (
            bool(rules) or contract.settled_prover.is_valid(body)
        )

    # Apart from the turns of all other cases, for texts that stand in several places.
    new = {
        place: next(_others(text, number + index * _STRIDE))
        for index, (place, text) in enumerate(old.items())
    }
    found = patched(case.body, _edits(case.body, _settled(old, new, fits)))
    if found == case.body:
        return None
    request = _headed(contract, case.request, lambda it: next(_others(it, number)))
    return replace(case, request=replace(request, body=encode(found)))


class OwnValues:
    """Gives the cases of a list values of their own, in the list's order."""

    def __init__(self, contract: Contract, seed: int) -> None:
        self._contract = contract
        self._first = seed * _STRIDE
        examples = [
            each.schema[name]
            for each in walk(contract.request.schema)
            for name in ("default", "example", "examples")
            if name in each.schema
        ]
        examples += of_media_type(contract.operation)
        self._stated = {text for _, text in _leaves(examples)}
        self._sent: set[str] = set()
        self._turns: dict[str, int] = {}
        # By name of an accepted case: its free texts, its body and that with its own.
        self._free: dict[str, dict[Location, Alternatives]] = {}
        self._old: dict[str, Json] = {}
        self._new: dict[str, Json] = {}
        self._names: dict[bytes, str] = {}

    def learn(self, bodies: Bodies, accepted: list[Case]) -> None:
        """Note which texts of accepted bodies are free."""
        for case in accepted:
            self._old[case.id], free = case.body, self._free.setdefault(case.id, {})
            self._names[case.request.body] = case.id
            for place, _ in _leaves(case.body):
                shapes = bodies.shapes_at(instance_path(place))
                texts = tuple(each for each in shapes if each.kind == "string")
                if texts and all(each.choices() is None for each in texts):
                    free[place] = texts

    def give(self, case: Case, proven: Callable[[Case], bool]) -> Case:
        """Return a case with values of its own, as far as its label stays proven."""
        if case.steps:
            found = self._script(case)
            return found if proven(found) else case
        case = replace(case, request=self._own_headed(case.request))
        twin = case.twin if isinstance(case.fault, tuple) else case.id
        if twin not in self._free:
            return replace(case, request=self._bytes(case.request))
        fault = case.fault if isinstance(case.fault, tuple) else ()
        edited = [each["path"] for each in fault if each["op"] != "add"]
        old = {
            place: at(self._old[twin], place)
            for place in self._free[twin]
            if not any(f"{pointer(place)}/".startswith(f"{it}/") for it in edited)
        }
        base = self._new.get(twin, self._old[twin])

        def made(texts: _Texts) -> Case:
            edits = _edits(base, texts)
            body = patched(base, (*edits, *fault))
            request = replace(case.request, body=encode(body))
            return replace(case, request=request, fault=(*edits, *fault) or None)

        new = self._new_texts(twin, old)
        found = made(_settled(old, new, lambda texts: proven(made(texts))))
        if not fault:
            self._new[case.id] = found.body
        return found

    def _own(self, text: str, shapes: Alternatives, here: Collection[str] = ()) -> str:
        """Return a text that was not sent before; of examples, that is not here."""
        if text in self._stated and not (" " in text or _NOBODY.search(text)):
            if text not in here or not re.search(r"\d", text):
                return text
            known, first = set(here), 1
        else:
            known, first = self._sent, self._turns.setdefault(text, self._first)
        for turn in range(first, first + _TRIES):
            for other in _others(text, turn) if turn else (text,):
                # Other digits could be a real number.
                real = is_number(other) and not is_number(text) and "-" not in text
                if other not in known and not real and admitted(shapes, other):
                    known.add(other)
                    self._turns[text] = turn
                    return other
        return text

    def _own_headed(self, request: Request) -> Request:
        return _headed(self._contract, request, lambda it: self._own(it, ANYTHING))

    def _new_texts(self, name: str, old: _Texts) -> _Texts:
        new, here = dict[Location, str](), set[str]()
        for place, text in old.items():
            new[place] = self._own(text, self._free[name][place], here)
            here.add(new[place])
        return new

    def _again(self, content: bytes) -> Json:
        """Return an accepted body once more, with values of its own."""
        name = self._names[content]
        body = self._old[name]
        old = {place: at(body, place) for place in self._free[name]}
        return patched(body, _edits(body, self._new_texts(name, old)))

    def _bytes(self, request: Request) -> Request:
        """Vary the plain body inside of a request's bytes."""
        plain = next(iter(self._names))
        if plain[:-1] not in request.body:
            return request
        own = encode(self._again(plain))[:-1]
        return replace(request, body=request.body.replace(plain[:-1], own))

    def _script(self, case: Case) -> Case:
        """Vary each create of a script, and what is wanted of the first."""
        known, found = dict[bytes, Json](), []
        for index, step in enumerate(case.steps):
            request, content = self._own_headed(step.request), step.request.body
            if content in self._names:
                own = (
                    self._again(content)
                    if content not in known or not (step.link or not index)
                    else known[content]
                )
                known.setdefault(content, own)
                request = replace(request, body=encode(own))
            pairs = [(self._old[self._names[it]], new) for it, new in known.items()]
            wants = [_wanted(want, pairs) for want in step.wants]
            found.append(replace(step, request=request, wants=tuple(wants)))
        sent = [step.request for step in case.steps]
        if case.request not in sent:
            return replace(case, steps=tuple(found))
        request = found[sent.index(case.request)].request
        return replace(case, steps=tuple(found), request=request)


def _wanted(want: Want, pairs: list[tuple[Json, Json]]) -> Want:
    """Return what is wanted of bodies, of those that took their places."""
    for old, new in pairs:
        if want.what is What.SHOWS and want.value == old:
            return replace(want, value=new)
        if want.what is What.DIFFERS and at_pointer(old, want.at) == want.value:
            return replace(want, value=at_pointer(new, want.at))
    return want
