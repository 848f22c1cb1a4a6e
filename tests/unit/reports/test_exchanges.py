from __future__ import annotations

import pytest

from ringspec.reports.json_report import utc, water_level


@pytest.mark.parametrize(
    ("sizes", "budget", "level"),
    [
        ([], 10, 99),
        ([1, 2, 3], 6, 99),
        ([1, 2, 30], 10, 7),
        ([50, 1, 50], 21, 10),
        ([500, 1], 100, 99),
        ([500, 500], 100, 50),
        ([5, 5, 5], 0, 0),
    ],
)
def test_longest_texts_are_cut_first(sizes: list[int], budget: int, level: int) -> None:
    found = water_level(sizes, budget, 99)

    assert found == level
    assert sum(min(each, found) for each in sizes) <= budget


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, None),
        (1_800_000_000.25, "2027-01-15T08:00:00.250Z"),
        (1, "1970-01-01T00:00:01.000Z"),
    ],
)
def test_time_is_written_in_utc(seconds: float, expected: str | None) -> None:
    assert utc(seconds) == expected
