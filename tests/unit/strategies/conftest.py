from __future__ import annotations

import pytest

from ringspec.spec import Contract, load
from ringspec.strategies import Case
from ringspec.strategies.case_list import compile_cases
from ringspec.strategies.shapes.bodies import Bodies


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load()


@pytest.fixture(scope="session")
def bodies(contract: Contract) -> Bodies:
    return Bodies(contract)


@pytest.fixture(scope="session")
def cases(contract: Contract) -> tuple[Case, ...]:
    """Return the canonical list, freshly compiled and proven."""
    return compile_cases(contract)
