"""Write the certificate of each contract that comes with the package."""

from __future__ import annotations

from ringspec.spec.contract import load
from ringspec.spec.overlay import dialect_names
from ringspec.strategies.adequacy.verdicts import quick
from ringspec.strategies.case import line
from ringspec.strategies.case_list import compile_cases
from ringspec.strategies.certificate import FOLDER, SEED, Certificate


def main() -> None:
    """Compile, prove and write each list; a contract that cannot be proven raises."""
    FOLDER.mkdir(exist_ok=True)
    for dialect in (None, *dialect_names()):
        contract = load(dialect=dialect)
        cases = compile_cases(contract, SEED)
        path = FOLDER / f"{dialect or 'canonical'}.jsonl.gz"
        rows, few = tuple(map(line, cases)), quick(contract, cases)
        made = Certificate(contract=contract.sha256, rows=rows, quick=few)
        path.write_bytes(made.content)
        print(f"{path.name}: {len(cases)} cases, {len(few)} quick")  # noqa: T201


if __name__ == "__main__":
    main()
