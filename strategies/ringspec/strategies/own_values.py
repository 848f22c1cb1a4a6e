"""Values of their own: no two creates send the same free texts, or the same ids.

A server may refuse a name, an address or an id that it has already, and two members
that are equal. What a contract gives as an example may be what the target knows: it
stays, except beside its equal, unless it is prose or names what is created.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from itertools import count
from string import ascii_lowercase, ascii_uppercase, digits
from typing import TypeAlias

from ringspec.spec.contract import Contract
from ringspec.spec.plain import is_number
from ringspec.spec.schemas import HOLDS
from ringspec.spec.schemas import walk as subschemas
from ringspec.spec.values import (
    Json,
    Location,
    Path,
    at,
    at_pointer,
    edit,
    patched,
    pointer,
)
from ringspec.strategies.case import OWN, Case, Request, Step, Want, What, encode
from ringspec.strategies.shapes.build import sibling_id
from ringspec.strategies.shapes.locations import instance_path, leaves

# Values of a text for each seed, and the first of those that are sent once more.
_STRIDE, _REPEATED = 1000, 500
# Other values tried for a text, and sets of texts tried in a body.
_TRIES, _SINGLY = 40, 30
# Of more texts, those on top are varied.
_MOST = 100
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# The host of an address stays: what is there is not for us to choose.
_HOST = re.compile(r"([a-z][a-z0-9+.-]*://[^/?#]*/?|)(.*?)(@\S+|)", re.DOTALL)
_OF_REQUEST = re.compile(r"idempot|(request|correlation).?id", re.IGNORECASE)
# Members that name what is created, rather than what is there.
_OF_ITSELF = re.compile(
    r"\bname\b|(user|full|display).?name|login|slug|title|serial|reference",
    re.IGNORECASE,
)
_ID = re.compile(r"(?i:^id|[_-]id)$|Id$|ID$")
# A moment, a span or a network address has to be one.
_FIXED = re.compile(r"P[0-9T].*|[0-9]+([-:.][0-9]+){2,}([T ].*)?|[0-9a-f]*:[0-9a-f:]+")

# The keywords that state values.
_STATING = ("default", "example", "examples", "const", "enum")

_Text: TypeAlias = str | int
_Texts: TypeAlias = dict[Location, _Text]


def _texts_in(body: Json) -> _Texts:
    """Return the texts of a body, and its ids that are numbers."""
    return {
        place: value
        for place, value in leaves(body)
        if (isinstance(value, str) and not _FIXED.fullmatch(value))
        or (type(value) is int and place and _ID.search(str(place[-1])))
    }


def _other(text: _Text, number: int) -> _Text:
    """Return a value of the same form: text is counted up, each kind of character."""
    if isinstance(text, int):
        return text + number
    if _UUID.fullmatch(text):
        other = sibling_id(text, number)
        return other.upper() if text.isupper() else other
    start, own, end = _HOST.fullmatch(text).groups()  # type: ignore[union-attr]
    is_hash = re.fullmatch("[0-9a-fA-F]+", own)
    letters = ("abcdef", "ABCDEF") if is_hash else (ascii_lowercase, ascii_uppercase)
    chars, rest = list(own), number
    for index, char in reversed([*enumerate(own)]):
        if not rest:
            break
        if within := next((each for each in (digits, *letters) if char in each), ""):
            rest, place = divmod(within.index(char) + rest, len(within))
            chars[index] = within[place]
    if not rest:
        return f"{start}{''.join(chars)}{end}"
    slash = "/" if start and not (own or start.endswith("/")) else ""
    return f"{start}{slash}{own}{number}{end}"


def _edits(body: Json, texts: _Texts) -> tuple[dict[str, Json], ...]:
    return tuple(
        {**edit("replace", place, text), OWN: True}
        for place, text in texts.items()
        if at(body, place) != text
    )


def _fitting(
    old: _Texts, new: _Texts, fits: Callable[[_Texts], bool], stuck: set[Path]
) -> _Texts:
    """Return all new texts if they fit, else as many of them as are found to fit.

    Places where one did not fit before are `stuck`: they are tried last, and at once.
    """
    if fits(new):
        return new
    most = {at: it for at, it in new.items() if instance_path(at) not in stuck}
    found, tries = old, count()

    def put(texts: _Texts) -> None:
        nonlocal found
        if not texts or next(tries) >= _SINGLY:
            return
        listed = [*texts.items()]
        if len(texts) < len(new) and fits({**found, **texts}):
            found = {**found, **texts}
        elif len(texts) == 1:
            stuck.add(instance_path(*texts))
        else:
            put(dict(listed[: len(listed) // 2]))
            put(dict(listed[len(listed) // 2 :]))

    put(most)
    rest = {at: it for at, it in new.items() if at not in most}
    if rest and most and fits({**found, **rest}):
        found = {**found, **rest}
    return found


def _headed(
    contract: Contract, request: Request, other: Callable[[str], _Text]
) -> Request:
    """Give a request values of its own in the headers that are about it alone."""
    stated = {each.name.lower() for each in contract.operation.headers}
    headers = tuple(
        (name, str(other(value)))
        if name.lower() in stated
        and (_UUID.fullmatch(value) or _OF_REQUEST.search(name))
        else (name, value)
        for name, value in request.headers
    )
    return replace(request, headers=headers)


def otherwise(contract: Contract, case: Case, turn: int) -> Case | None:
    """Return a case of one request with all other texts that its label admits.

    The turn is another one for each case of a list.
    """
    body, number = case.body, _REPEATED + turn
    # Others than those of a body are broken beside it.
    rules = frozenset(case.broken if isinstance(case.fault, tuple) else ())
    if case.steps or not isinstance(body, dict | list):
        return None
    old = _texts_in(body)
    # Texts that stand in several places stay apart.
    numbered = enumerate(old.items())
    new = {at: _other(it, number + i * _STRIDE) for i, (at, it) in numbered}

    def fits(texts: _Texts) -> bool:
        made = patched(body, _edits(body, texts))
        is_settled = bool(rules) or contract.settled_prover.is_valid(made)
        return is_settled and contract.breaks_just(made, rules)

    edits = _edits(body, _fitting(old, new, fits, set()))
    request = _headed(contract, case.request, lambda it: _other(it, number))
    content = encode(patched(body, edits))
    return replace(case, request=replace(request, body=content)) if edits else None


class OwnValues:
    """Gives the cases of a list values of their own, in the list's order."""

    def __init__(self, contract: Contract, seed: int) -> None:
        self._contract = contract
        self._first = seed * _STRIDE
        stated = [*contract.operation.examples]
        for each in subschemas(contract.request.schema):
            stated += [each.schema.get(it) for it in _STATING]
        self._stated = {it for _, it in leaves(stated) if type(it) in {str, int}}
        self._sent: set[_Text] = set()
        self._stuck: set[Path] = set()
        self._turns = Counter[_Text]()
        # Of accepted cases: bodies without and with values of their own, free texts.
        self._old: dict[str, Json] = {}
        self._new: dict[str, Json] = {}
        self._free: dict[str, list[Location]] = {}
        self._ids: dict[bytes, str] = {}
        said = (each for each in contract.assertions if each.keyword == HOLDS)
        self._read = {path for each in said for path in each.subjects}
        self._resources = {it.name: it.answers.at for it in contract.links}

    def give(self, case: Case, seems: Callable[[Case, Json], bool]) -> Case:
        """Return a case with values of its own, as far as its label seems to stay."""
        if case.steps:
            return self._script(case)
        if not self._contract.operation.schema_place:
            return case
        case = replace(case, request=_headed(self._contract, case.request, self._own))
        fault = case.fault if isinstance(case.fault, tuple) else ()
        name = str(case.twin) if fault else case.id
        if case.fault is None:
            self._old[name], self._ids[case.request.body] = case.body, name
            # Faults of expressions are made of the values that these read.
            texts = _texts_in(case.body)
            free = [at for at in texts if instance_path(at) not in self._read]
            most = {*sorted(free, key=len)[:_MOST]}
            self._free[name] = [place for place in free if place in most]
        elif name not in self._old:  # bytes around those of the plain body, or others
            name = next(iter(self._old))
        plain = self._old[name]
        base = self._new.get(name, plain) if fault else plain
        edited = [f"{each['path']}/" for each in fault if each["op"] != "add"]
        old, new = self._fresh(name, edited)

        def made(texts: _Texts) -> Json:
            return patched(patched(base, _edits(base, texts)), fault)

        texts = _fitting(old, new, lambda texts: seems(case, made(texts)), self._stuck)
        body = made(texts)
        content = encode(body)
        if fault:
            case = replace(case, fault=(*_edits(base, texts), *fault))
        else:
            content = case.request.body.replace(encode(plain)[:-1], content[:-1])
        found = replace(case, request=replace(case.request, body=content))
        if case.id == name:
            self._new[name] = body
            self._free[name] = [it for it in new if texts[it] == new[it]]
        return found

    def _fresh(self, name: str, edited: Collection[str] = ()) -> tuple[_Texts, _Texts]:
        """Return the free texts of an accepted body, and others in their place."""
        old, new = _Texts(), _Texts()
        for place in self._free[name]:
            if not f"{pointer(place)}/".startswith(tuple(edited)):
                old[place] = at(self._old[name], place)
                new[place] = self._own(old[place], place, new.values())
        return old, new

    def _own(
        self, text: _Text, place: Location = (), here: Collection[_Text] = ()
    ) -> _Text:
        """Return a value that was not sent before; of an example, that is not here."""
        read = str(text)
        if text in self._stated and not (
            " " in read
            or _OF_ITSELF.search(str(place[-1:]))
            or (text in here and re.search(r"\d", read))
        ):
            return text
        for turn in range(self._turns[text], self._turns[text] + _TRIES):
            self._turns[text] = turn
            other = _other(text, self._first + turn)
            # Other digits could be a real number.
            real = is_number(str(other)) and not is_number(read)
            if other not in self._sent and (isinstance(other, int) or not real):
                self._sent.add(other)
                return other
        return text

    def _script(self, case: Case) -> Case:
        """Vary each create of a script, and what is wanted of the first."""
        known, steps = dict[bytes, tuple[Json, Json]](), list[Step]()
        sent: dict[Request, Request] = {}
        for step in case.steps:
            content = step.request.body
            request = _headed(self._contract, step.request, self._own)
            if name := self._ids.get(content):
                # Another create has others; a change may send the same ones.
                other = steps and not step.link and "4xx" not in step.status
                old, own = self._old[name], known.get(content, ((), ()))[1]
                if other or content not in known:
                    own = patched(old, _edits(old, self._fresh(name)[1]))
                known.setdefault(content, (old, own))
                request = replace(request, body=encode(own))
            at = self._resources.get(step.link, "")
            wants = tuple(_wanted(want, known.values(), at) for want in step.wants)
            steps.append(replace(step, request=request, wants=wants))
            sent.setdefault(step.request, request)
        request = sent.get(case.request, case.request)
        return replace(case, steps=tuple(steps), request=request)


def _wanted(want: Want, pairs: Collection[tuple[Json, Json]], at: str) -> Want:
    place = want.at.removeprefix(at)
    for old, new in pairs:
        if want.what is What.SHOWS and want.value == old:
            return replace(want, value=new)
        if want.what is What.DIFFERS and at_pointer(old, place) == want.value:
            return replace(want, value=at_pointer(new, place))
    return want
