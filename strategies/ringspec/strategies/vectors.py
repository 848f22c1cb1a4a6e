"""Vectors: the case lists of a release, as files for other tools.

They are the same bytes for the same version of the package: a list for each dialect,
the schema of its lines, a manifest that describes them, and sums for `sha256sum -c`.
`python -m ringspec.strategies.vectors [FOLDER]` writes them; into `dist` without one.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from ringspec.spec.contract import load
from ringspec.spec.overlay import dialect_names
from ringspec.spec.values import Json
from ringspec.strategies.case import CASE_SCHEMA, line
from ringspec.strategies.case import FORMAT as CASE_FORMAT
from ringspec.strategies.certificate import SEED, cases_of

FORMAT = "ringspec-vectors/1"
# Names the list of the contract in its own spelling.
CANONICAL = "canonical"


def vectors(released: str) -> dict[str, bytes]:
    """Return the files of a release, by name; its version is a part of every one."""
    stem = f"ringspec-cases-{released}"
    schema = f"{stem}.schema.json"
    files = {schema: CASE_SCHEMA.read_bytes()}
    lists: list[Json] = []
    for dialect in (None, *dialect_names()):
        name = f"{stem}-{dialect or CANONICAL}.jsonl"
        contract = load(dialect=dialect)
        rows = [line(case).encode() + b"\n" for case in cases_of(contract, SEED)]
        files[name] = b"".join(rows)
        lists.append(
            {
                "file": name,
                "dialect": contract.dialect,
                "contract": {
                    "title": contract.title,
                    "version": contract.version,
                    "sha256": contract.sha256,
                },
                "cases": len(rows),
                "bytes": len(files[name]),
                "sha256": sha256(files[name]).hexdigest(),
            }
        )
    manifest = {
        "format": FORMAT,
        "version": released,
        "cases": {"format": CASE_FORMAT, "schema": schema, "seed": SEED},
        "lists": lists,
    }
    files[f"{stem}.manifest.json"] = json.dumps(manifest, indent=2).encode() + b"\n"
    # As sha256sum writes them.
    sums = (f"{sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return {**files, f"{stem}.sha256": "".join(sums).encode()}


def main(arguments: list[str]) -> int:
    """Write the files of the installed version; return an exit status."""
    if len(arguments) > 1 or any(each.startswith("-") for each in arguments):
        sys.stderr.write("usage: python -m ringspec.strategies.vectors [FOLDER]\n")
        return 2
    folder = Path(arguments[0] if arguments else "dist")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in vectors(version("ringspec")).items():
            (folder / name).write_bytes(content)
            sys.stdout.write(f"{folder / name}\n")
    except OSError as error:
        sys.stderr.write(f"{folder} cannot be written: {error.strerror}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
