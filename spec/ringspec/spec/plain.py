"""Plain values: texts of a form, and what fits a schema that shows no example.

Other digits could be a real number: only a contract may give a text with many.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from functools import lru_cache
from random import Random
from urllib.parse import quote

from ringspec.spec.proof import Prover
from ringspec.spec.schemas import ABOUT, CHOICES, FORMATS, VOCABULARY
from ringspec.spec.values import Json

UUID = "7c1de6f0-52b4-4d0a-9e3b-0a6f4b8c2d11"
_BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
# A text with this many digits may be a real number.
_DIGITS = re.compile(r"\d.{0,2}\d.{0,2}\d.{0,2}\d.{0,2}\d.{0,2}\d")


def fitting(schema: Json) -> Json:
    """Return a plain value that fits an inlined schema; None if none is found."""
    return next(filter(Prover(schema, ()).is_valid, _tried(schema)), None)


def _tried(schema: Json) -> Iterator[Json]:
    """Yield values that probably fit a schema, the plainest first; None is none."""
    node = dict(schema) if isinstance(schema, dict) else {}
    for part in node.pop("allOf", ()):
        node |= part if isinstance(part, dict) else {}
    for choice in sorted(CHOICES & node.keys())[:1]:
        for branch in node.pop(choice):
            yield from _tried({**node, "allOf": [branch]})
        return
    yield from settled(node)
    types = node.get("type") or [ABOUT[each] for each in node if each in ABOUT]
    for kind in [types] if isinstance(types, str) else [*types, "string"]:
        if kind in {"integer", "number"}:
            step = node.get("multipleOf", 1)
            bounds = [node[name] for name in _BOUNDS if name in node]
            near = [(it // step + n) * step for it in bounds for n in (-1, 0, 1)]
            found = [1, 0, step, *bounds, *near, sum(bounds) / 2]
            yield from sorted(found, key=lambda each: abs(each - 1))
        elif kind == "boolean":
            yield from (False, True)
        elif kind in {"array", "object"}:
            yield from _filled(node, kind)
        elif kind == "string":
            yield from [UUID] * (node.get("format") == "uuid")
            least, most = node.get("minLength", 0), node.get("maxLength", 100)
            yield from (*texts_of_form(node, []), "text"[:most].ljust(least, "t"))


def _filled(node: dict[str, Json], kind: str) -> Iterator[Json]:
    """Yield arrays, or objects, that probably fit a schema."""
    if kind == "array":
        first = [*map(fitting, node.get("prefixItems", ()))]
        least = max(1 - len(first), node.get("minItems", 1) - len(first))
        items = dict.fromkeys(map(json.dumps, _tried(node.get("items", {}))))
        yield [*first, *(json.loads(each) for each in [*items][:least])]
        yield [*first, *[fitting(node.get("items", {}))] * least]
        return
    members = node.get("properties", {})
    names = node.get("required", ()) or members
    yield {name: fitting(members.get(name, {})) for name in names}
    name = fitting({"type": "string", **node.get("propertyNames", {})})
    yield {name: fitting(node.get("additionalProperties", {}))}


def settled(schema: Json) -> Iterator[Json]:
    """Yield the values that a schema settles, shows or lists; null is none."""
    node = schema if isinstance(schema, dict) else {}
    own = node.get("x-settled")
    found = [own["const"]] if isinstance(own, dict) and "const" in own else []
    found += [node[it] for it in ("const", "default", "example") if it in node]
    for name in ("examples", "enum"):
        found += node[name] if isinstance(node.get(name), list) else ()
    yield from (each for each in found if each is not None)


def texts_of_form(schema: dict[str, Json], known: list[Json]) -> list[Json]:
    """List texts of a form: known ones, else one of our own."""
    found = [each for each in known if isinstance(each, str)]
    if found:
        return list(dict.fromkeys(found))
    form = schema.get("format", "")
    text = FORMATS.get(form.removeprefix("idn-").replace("iri", "uri"))
    if schema.get("contentEncoding") == "base64":
        size = 3 * -(-max(schema.get("minLength", 0), 8) // 4)
        text = b64encode((b"text" * size)[:size]).decode()
    elif "pattern" in schema:
        least, most = schema.get("minLength", 0), schema.get("maxLength", 100)
        text = matching(schema["pattern"], least, most, form)
    return [] if text is None else [text]


@lru_cache(maxsize=1000)
def matching(pattern: str, least: int, most: int, form: str = "") -> str | None:
    """Return a plain text that has a pattern and a length; None if none is found."""
    wanted = re.compile(pattern)

    def fits(text: str) -> bool:
        return (
            least <= len(text) <= most
            and text.isprintable()
            and bool(text.strip())
            and not is_number(text)
            and bool(wanted.search(text))
        )

    likely = (FORMATS.get(form) or "text", "text", "Text", "TEXT", "1", "text-1", "a")
    plain = next(filter(fits, likely[:1] if form else likely), None)
    if plain or form:
        return plain
    from hypothesis import find, settings  # noqa: PLC0415 - slow to import
    from hypothesis.errors import HypothesisException  # noqa: PLC0415 - slow to import
    from hypothesis.strategies import characters, from_regex  # noqa: PLC0415 - as above

    ascii_ = characters(min_codepoint=32, max_codepoint=126)
    quiet = settings(max_examples=50, database=None, deadline=None)
    try:
        texts = from_regex(pattern, alphabet=ascii_)
        return find(texts, fits, settings=quiet, random=Random(0))  # noqa: S311
    except HypothesisException:
        return None


def is_number(text: str) -> bool:
    """Return whether a text may be a real number: none has a single digit but zeros."""
    return bool(_DIGITS.search(text)) and sum(c in "123456789" for c in text) > 1


# What stands before a value, between exploded parts, and between others, by style.
# Source: OpenAPI 3.1, Style Values and Style Examples; RFC 6570.
STYLES: dict[str, tuple[str, str, str]] = VOCABULARY["styles"]


def styled(name: str, value: Json, style: str, *, explode: bool, raw: bool) -> str:
    """Write a parameter as a style does; `raw`, as in headers, without escapes."""

    def text(part: Json) -> str:
        written = part if isinstance(part, str) else json.dumps(part)
        return written if raw else quote(written, safe="")

    first, apart, joined = STYLES[style]
    key = "" if style in {"simple", "label"} else f"{text(name)}="
    if isinstance(value, dict):
        if style == "deepObject":
            value, explode = {f"{name}[{k}]": v for k, v in value.items()}, True
        if explode:
            parts, key = [f"{text(k)}={text(v)}" for k, v in value.items()], ""
        else:
            parts = [text(part) for pair in value.items() for part in pair]
    else:
        parts = list(map(text, value if isinstance(value, list) else [value]))
    if explode:
        return first + apart.join(key + part for part in parts)
    return first + key + joined.join(parts)
