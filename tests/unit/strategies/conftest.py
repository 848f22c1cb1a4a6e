from __future__ import annotations

import pytest

from ringspec.spec import Contract, load
from ringspec.strategies import Case, cases_of
from ringspec.strategies.shapes.bodies import Bodies


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load()


@pytest.fixture(scope="session")
def bodies(contract: Contract) -> Bodies:
    return Bodies(contract)


@pytest.fixture(scope="session")
def cases(contract: Contract) -> tuple[Case, ...]:
    """Return the canonical list; test_certificate proves that it is fresh."""
    return cases_of(contract)
