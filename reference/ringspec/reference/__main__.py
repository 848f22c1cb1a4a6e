"""`python -m ringspec.reference`: the reference server in the foreground."""

from __future__ import annotations

import sys
from argparse import ArgumentParser

from ringspec.reference.dialects import DIALECTS
from ringspec.reference.serving import ServerSettings, serve


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal; return 0, or 2 if the server cannot start."""
    parser = ArgumentParser(prog="python -m ringspec.reference", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--dialect", choices=sorted(DIALECTS), default="canonical")
    parser.add_argument("--mutant", metavar="NAME", help="serve with one defect")
    parser.add_argument(
        "--parent-watch", action="store_true", help="end when standard input does"
    )
    options = parser.parse_args(arguments)
    if options.mutant is not None:
        # Imported late: slow to load.
        from ringspec.reference.mutants.rows import variant  # noqa: PLC0415

        try:
            variant(options.mutant)
        except KeyError:
            parser.error(f"there is no mutant {options.mutant!r}")
    settings = ServerSettings(dialect=options.dialect, mutant=options.mutant)
    try:
        serve(settings, port=options.port, watch_parent=options.parent_watch)
    except OSError as error:
        sys.stderr.write(f"cannot listen on port {options.port}: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
