"""Reads YAML and JSON files into the data types of json.loads."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import jsonschema_rs

from ringspec.spec.errors import SpecError, check_known, did_you_mean, spec_error
from ringspec.spec.values import Json, at_pointer, canonical, known_of, pointer

if TYPE_CHECKING:
    import yaml

_Kind = TypeVar("_Kind", dict[str, Json], list[Json], str)
_TAG = "tag:yaml.org,2002:"
# Plain scalars of YAML that are no strings, by tag: a pattern, and first characters.
_PLAIN = {
    "null": (r"~|null|Null|NULL|", "~nN"),
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"-?(0|[1-9][0-9]*)", "-0123456789"),
    "float": (r"-?(0|[1-9][0-9]*|(?=\.))(\.[0-9]+)?([eE][-+]?[0-9]+)?", "-.0123456789"),
    "merge": (r"<<", "<"),
}


def read(path: Path, notices: list[str] | None = None) -> Json:
    """Read a YAML or JSON file; SpecError names file and line where it fails.

    The `notices` get the keys that stand twice; without them, these are errors.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        # A path has lost a slash of a URL.
        given = re.sub(r"^([a-z]{2,}:)/", r"\1//", path.as_posix())
        raise SpecError(f"cannot read {given}: {why}", hint=_instead(path)) from error
    twice: list[str] = []
    found = _json(path, text, twice) if text.lstrip()[:1] in {"{", "["} else None
    if found is None:
        found = _yaml(path, text, twice)
    if twice and notices is None:
        raise SpecError(twice[0], hint="leave one of the two out")
    if notices is not None:
        notices += [f"{each}: the last one counts" for each in twice]
    return found


def find(what: str, name_or_file: str, folder: Path) -> Path:
    """Find a file of a folder that comes with the package by its name, or any file."""
    shipped = sorted(path.stem for path in folder.glob("*.yaml"))
    if name_or_file in shipped:
        return folder / f"{name_or_file}.yaml"
    path = Path(name_or_file)
    if not path.is_file():
        check_known(what, name_or_file, shipped, "shipped ones: {}; or give a file")
    return path


def _instead(path: Path) -> str:
    """Return what to do about a file that cannot be read."""
    if str(path) == "-" or re.match(r"[a-z]{2,}:/", path.as_posix()):
        return "save what it has to a file first, and name that file"
    if path.is_dir():
        return "it is a folder: name the file in it"
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    near = did_you_mean(path.name, [] if path.exists() else [p.name for p in beside])
    return f"{near}give a readable file in UTF-8"


def _json(path: Path, text: str, twice: list[str]) -> Json:
    """Read an object or a list of JSON; None, if that fails and it may be YAML."""

    def taken(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            twice.append(
                f"{path}: the key {counts.most_common(1)[0][0]!r} stands twice"
            )
        return found

    try:
        found = json.loads(text, object_pairs_hook=taken)
    except (ValueError, RecursionError) as error:
        if path.suffix != ".json":
            return None
        line = f" line {error.lineno}" if hasattr(error, "lineno") else ""
        raise spec_error("no-json", path=path, line=line, why=error) from error
    if twice:
        # Only YAML's reader knows lines; it refuses halves of surrogate pairs.
        lines: list[str] = []
        with suppress(SpecError):
            _yaml(path, re.sub(r"\\u[dD]", r"\\u0", text), lines)
            twice[:] = lines
    return found


def _yaml(path: Path, text: str, twice: list[str]) -> Json:
    import yaml  # noqa: PLC0415 - it takes a while, and --help reads nothing

    def say(key: str, line: int) -> None:
        twice.append(f"{path} line {line}: the key {key!r} stands twice")

    try:
        # Safe: the loader is yaml's safe one, in C or in Python.
        found = yaml.load(text, Loader=_loader(say))  # noqa: S506
        # An alias inside its own anchor could never be written as JSON.
        json.dumps(found)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or str(error)
        if "Circular" in what:
            what = "an alias stands inside its own anchor"
        raise spec_error("no-yaml", path=path, line=line, what=what) from error
    return found


def _loader(say: Callable[[str, int], None]) -> type[yaml.SafeLoader]:
    """Return a loader that yields only the types of json.loads.

    Keys are texts, and `say` is told of those that stand twice. Scalars are read as by
    YAML 1.2, as OpenAPI asks: to YAML 1.1 `NO` is false, `12:30` a number and
    2023-03-25 a date.
    """
    import yaml  # noqa: PLC0415 - as above

    def fault(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
        return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)

    def construct_mapping(
        self: yaml.SafeLoader, node: yaml.Node, *, deep: bool = False
    ) -> dict[str, Json]:
        if not isinstance(node, yaml.MappingNode):
            raise fault("an object was expected", node)
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise fault("a key is not a text", key)
            if key.value in seen:
                say(key.value, key.start_mark.line + 1)
            seen.add(key.value)
        self.flatten_mapping(node)
        return {
            key.value: self.construct_object(value, deep=deep)
            for key, value in node.value
        }

    # libyaml, if installed, is ten times quicker.
    fastest = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    tags = {None, *(_TAG + name for name in ("str", "seq", "map", *_PLAIN))}
    known = fastest.yaml_constructors.items()
    # Without the others, such as binary, a tag that names one is refused.
    constructors = {tag: build for tag, build in known if tag in tags}
    body = {
        "yaml_implicit_resolvers": {},
        "yaml_constructors": constructors,
        "construct_mapping": construct_mapping,
    }
    loader: type[yaml.SafeLoader] = type("Loader", (fastest,), body)
    for name, (pattern, first) in _PLAIN.items():
        firsts = [*first, ""] if name == "null" else [*first]
        loader.add_implicit_resolver(_TAG + name, re.compile(f"(?:{pattern})$"), firsts)
    return loader


def digest(document: Json) -> str:
    """Return the sha256 of a document's content."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def digest_of(document: Json, parts: Iterable[Json]) -> str:
    """Return the digest of a list of a large document and some small parts."""
    text = known_of(document, "text", lambda: canonical(document))
    text = ",".join((text, *map(canonical, parts)))
    return hashlib.sha256(f"[{text}]".encode()).hexdigest()


def _checked(kind: type[_Kind], name: str, value: Json, place: str) -> _Kind:
    """Return a value of a kind, no empty text; SpecError names the place of others."""
    if isinstance(value, kind) and value != "":
        return value
    raise SpecError(f"{place} is not {name}", hint=f"it is {short(value)}")


mapping = partial(_checked, dict, "an object")
sequence = partial(_checked, list, "a list")
text = partial(_checked, str, "a text")


def check_form(value: Json, form: str, place: str) -> None:
    """Check a file of our own, or annotations, by a form of `forms.json`.

    The SpecError names the `place` of the value, and the one inside.
    """
    schema, validator = _form(form)
    try:
        validator.validate(value)
    except jsonschema_rs.ValidationError as error:
        hint = ""
        node = schema
        for step in error.evaluation_path:
            if step == "$ref" and not node[step].startswith("#"):
                break  # into what JSON Schema says of schemas
            node = at_pointer(schema, node[step]) if step == "$ref" else node[step]
            hint = node.get("description", hint) if isinstance(node, dict) else hint
        inside = pointer(tuple(error.instance_path))
        raise SpecError(f"{place}{inside}: {error.message}", hint=hint) from error
    except ValueError as error:
        raise SpecError(f"{place}: {error}", hint="keep to Unicode") from error


@cache
def _form(name: str) -> tuple[Json, jsonschema_rs.Draft202012Validator]:
    forms = json.loads(Path(__file__).with_name("forms.json").read_text("utf-8"))
    schema = {**forms, "$ref": f"#/$defs/{name}"}
    return schema, jsonschema_rs.Draft202012Validator(schema)


def short(value: Json, limit: int = 60) -> str:
    """Write a value for a message, cut after some characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else f"{text[:limit]}…"
