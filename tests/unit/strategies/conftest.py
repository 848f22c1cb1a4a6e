from __future__ import annotations

import pytest

from ringspec.spec import Contract, load
from ringspec.strategies import Case
from ringspec.strategies.bodies import Bodies
from ringspec.strategies.suite import compile_cases


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
