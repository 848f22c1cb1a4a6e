"""The README's figures, rendered from what the benchmarks measured.

In: the file that `tox -e bench` writes. Out: Markdown, put between two markers:
`python tests/benchmarks/table.py --results FILE --readme README.md`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
HERE = Path(__file__).parent


def render(results: dict[str, Any]) -> str:
    """Write the tables, one for each section that was measured."""
    writers = {"fleet": _fleet, "peers": _peers, "generation": _generation}
    told = [
        "\n".join(write(results[name]))
        for name, write in writers.items()
        if name in results
    ]
    if "firing" in results or "start" in results:
        told.append("\n".join(_speed(results)))
    return "\n\n".join(told)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"


def _fleet(fleet: dict[str, Any]) -> Iterator[str]:
    counts, took = fleet["counts"], fleet["requests"]
    yield from _table(
        ("level", "mutants whose rule binds", "noticed", "by that rule"),
        (
            (each["level"].upper(), each["mutants"], each["noticed"], each["named"])
            for each in fleet["levels"]
        ),
    )
    yield ""
    yield from _table(
        ("the fleet at level may", "measured"),
        (
            (
                f"false alarms on {counts['lawful']} lawful variants and the reference",
                counts["false_alarms"],
            ),
            ("requests until noticed, median", f"{took['median']:g}"),
            ("requests until noticed, worst", took["worst"]),
            ("requests of a whole run", took["whole"]),
            ("the least that could do, by a greedy cover", took["minimum"]),
        ),
    )


def _peers(peers: dict[str, Any]) -> Iterator[str]:
    step = peers["step"]
    which = "every mutant" if step == 1 else f"one mutant in {step}"
    yield (
        f"The same servers, one tool after the other; {which} of the "
        f"{peers['of']} that a create can show:"
    )
    yield ""
    yield from _table(
        ("tool", "noticed", "requests", "seconds"),
        (
            (
                each["tool"],
                f"{each['noticed']} of {each['mutants']}",
                f"{each['requests']:,}",
                f"{each['seconds']:.0f}",
            )
            for each in peers["rows"]
        ),
    )
    yield ""
    yield f"Not compared: {peers['others']}."


def _generation(generation: dict[str, Any]) -> Iterator[str]:
    head = ("bodies a second", "ringspec", "schemathesis", "ratio", "goal")
    yield from _table(
        (*head, "truly so, ours", "truly so, theirs"),
        (
            (
                kind,
                f"{generation[kind]['ringspec']['a_second']:.0f}",
                f"{generation[kind]['schemathesis']['a_second']:.0f}",
                f"{generation[kind]['ratio']:.1f}",
                generation["goal"] if kind == "valid" else "",
                f"{generation[kind]['ringspec']['true']:.1%}",
                f"{generation[kind]['schemathesis']['true']:.1%}",
            )
            for kind in ("valid", "invalid")
        ),
    )


def _speed(results: dict[str, Any]) -> Iterator[str]:
    yield from _table(("speed", "measured", "goal"), _speeds(results))


def _speeds(results: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    if "firing" in results:
        firing = results["firing"]
        what = f"firing {firing['cases']} cases, against a bare loop over their bytes"
        yield what, f"{firing['ratio']:.2f} times", f"{firing['goal']} times"
    if "start" in results:
        start = results["start"]
        goals = start["goals"]
        what = "default run on the embedded server, from a cold start"
        yield what, f"{start['run_s']:.1f} s", f"{goals['run_s']:g} s"
        yield "its peak memory", f"{start['memory_mb']} MB", f"{goals['memory_mb']} MB"
        yield "`ringspec --help`", f"{start['help_s']:.2f} s", f"{goals['help_s']:g} s"


def put(readme: str, table: str) -> str:
    """Return a README with a table between its markers.

    Raises:
        ValueError: it does not have both.
    """
    before, begun, rest = readme.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        message = f"there are no {BEGIN} and {END}"
        raise ValueError(message)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def main() -> None:
    """Put the tables into the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=HERE / "results.json")
    parser.add_argument("--readme", type=Path, default=HERE.parents[1] / "README.md")
    asked = parser.parse_args()
    table = render(json.loads(asked.results.read_text("utf-8")))
    asked.readme.write_text(put(asked.readme.read_text("utf-8"), table), "utf-8")


if __name__ == "__main__":
    main()
