"""Certificates: case lists that are proven already, bound to their contract.

Those of the contracts that come with the package are shipped with it: the tests prove
each again, and `python -m ringspec.strategies` writes them. Others are kept in the
user's cache, where a command has one. A list is only used for the very contract, by its
digest, for its seed, and from a cache by the very version of this code.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import ringspec.spec
from ringspec.spec.contract import Contract
from ringspec.spec.rules import RuleId
from ringspec.strategies.case import Case, line, parse_case, rules_without_case

FOLDER = Path(__file__).parent / "certified"
FORMAT = "ringspec-certificate/2"
SEED = 0
# Names the folder of the cache; without it, or if it is empty, nothing is kept.
CACHE = "RINGSPEC_CACHE"
# Of more lists those that have been used last are kept.
_MOST = 100
_ENDING = ".jsonl.gz"
_DAMAGED = (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error)


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What a list is proven for, and what has been worked out about it."""

    contract: str  # its digest
    seed: int = SEED
    thorough: bool = False
    rows: tuple[str, ...] = ()  # of the cases, as JSON
    quick: tuple[str, ...] | None = None  # ids; None if that is not known
    untested: Mapping[RuleId, str] | None = None

    @property
    def cases(self) -> tuple[Case, ...]:
        """The proven cases."""
        return tuple(parse_case(json.loads(row)) for row in self.rows)

    @property
    def content(self) -> bytes:
        """The bytes of its file; the same for the same cases."""
        head = asdict(replace(self, rows=())) | {"format": FORMAT}
        text = "\n".join([json.dumps(head), *self.rows]) + "\n"
        return gzip.compress(text.encode(), mtime=0)

    def found(self, paths: Iterable[Path]) -> Certificate | None:
        """Return the first of some files that is proven for the same; None if none is.

        A damaged file is as good as none.
        """
        for path in paths:
            with suppress(*_DAMAGED):
                text = gzip.decompress(path.read_bytes()).decode()
                # Not `splitlines`: a text of a case may have other line breaks.
                first, *rows = text.removesuffix("\n").split("\n")
                head = json.loads(first)
                if head.pop("format") == FORMAT:
                    it = Certificate(**{**head, "rows": tuple(rows)})
                    if replace(it, rows=(), quick=None, untested=None) == self:
                        return it
        return None

    def known(self) -> Certificate | None:
        """Return the shipped or kept one that is proven for the same, if any."""
        paths = sorted(FOLDER.glob(f"*{_ENDING}"))
        if kept := self._kept():
            paths.insert(0, kept)
            with suppress(OSError):
                os.utime(kept)
        return self.found(paths)

    def keep(self) -> None:
        """Put it into the cache, if there is one; what cannot be kept is not."""
        if not (path := self._kept()):
            return
        own = path.with_name(f".{path.name}.{os.getpid()}")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                own.write_bytes(self.content)
                own.replace(path)
            finally:
                own.unlink(missing_ok=True)
            listed = [*path.parent.glob(f"*{_ENDING}")]
            listed.sort(key=lambda each: each.stat().st_mtime)
            for oldest in listed[:-_MOST]:
                oldest.unlink(missing_ok=True)

    def _kept(self) -> Path | None:
        """Return its file in the cache; None without one."""
        if not (folder := os.environ.get(CACHE)):
            return None
        about = f"{self.contract} {self.seed} {self.thorough} {_code()}"
        return Path(folder, f"{hashlib.sha256(about.encode()).hexdigest()}{_ENDING}")


@cache
def _code() -> str:
    """Return what tells this code from other versions of it: its files' times."""
    files = (
        (path.name, stat.st_size, stat.st_mtime_ns)
        for folder in (Path(__file__).parent, Path(ringspec.spec.__path__[0]))
        for path in folder.rglob("*.*")
        if path.suffix != ".pyc" and (stat := path.stat())
    )
    return str(sorted(files))


def cases_of(
    contract: Contract,
    seed: int = SEED,
    tell: Callable[[str], object] = str,
    *,
    thorough: bool = False,
) -> tuple[Case, ...]:
    """Return the proven cases of a contract, known ones if possible.

    `tell` is told what takes its time. A thorough list has more, as of `compile_cases`.

    Raises:
        SpecError: the contract has something that cannot be compiled.
    """
    wanted = Certificate(contract=contract.sha256, seed=seed, thorough=thorough)
    if known := wanted.known():
        return known.cases
    # Only here: a run of a known list needs neither validators nor the compiler.
    from ringspec.strategies.case_list import compile_cases  # noqa: PLC0415

    cases = compile_cases(contract, seed, tell, thorough=thorough)
    replace(wanted, rows=tuple(map(line, cases))).keep()
    return cases


def quick_of(
    contract: Contract, cases: tuple[Case, ...], seed: int = SEED
) -> frozenset[str]:
    """Return the ids of the fewest cases that detect every mutation of a contract."""
    known = _known(contract, cases, seed)
    if known and known.quick is not None:
        return frozenset(known.quick)
    from ringspec.strategies.adequacy.verdicts import quick  # noqa: PLC0415 - as above

    # Of parameters there are few: all of theirs, and the plain case.
    own = contract.of_parameters.rules if contract.of_parameters else ()
    others = [case.id for case in cases if case.rule in own]
    found = *quick(contract, cases), *others, *(it.id for it in cases[:1])
    if known:
        replace(known, quick=found).keep()
    return frozenset(found)


def untested(
    contract: Contract, cases: tuple[Case, ...], seed: int = SEED
) -> dict[RuleId, str]:
    """Return the rules that no case of a list breaks, each with the reason."""
    if not (rules := rules_without_case(contract, cases)):
        return {}
    known = _known(contract, cases, seed)
    if known and known.untested is not None:
        return {RuleId(name): why for name, why in known.untested.items()}
    from ringspec.strategies.bodies.invalid import why_unbroken  # noqa: PLC0415

    found = why_unbroken(contract, cases, rules)
    if known:
        replace(known, untested=found).keep()
    return found


def _known(
    contract: Contract, cases: tuple[Case, ...], seed: int
) -> Certificate | None:
    """Return the certificate of a list, unless that is only a part."""
    known = Certificate(contract=contract.sha256, seed=seed).known()
    return known if known and len(known.rows) == len(cases) else None
