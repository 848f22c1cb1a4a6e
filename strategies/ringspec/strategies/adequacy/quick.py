"""The quick list: the fewest cases, as far as greed finds them, that tell all mutants.

In: which cases tell which mutant. Out: ids of cases, in the list's order, each with its
twin: a refusal counts only if the twin was accepted in the same run.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from ringspec.spec import Contract
from ringspec.strategies.adequacy.matrix import told
from ringspec.strategies.adequacy.mutations import mutants
from ringspec.strategies.case import Case


def quick(contract: Contract, cases: Iterable[Case]) -> tuple[str, ...]:
    """Return the ids of few cases that tell every mutant which the whole list tells."""
    listed = tuple(cases)
    return fewest(told(contract, mutants(contract), listed), listed)


def fewest(
    telling: Mapping[str, tuple[str, ...]], cases: Iterable[Case]
) -> tuple[str, ...]:
    """Cover all mutants that are told, by the case that tells most of the rest.

    A twin that is not yet among them costs a request of its own. Of cases that are
    worth the same the first is taken.
    """
    listed = {case.id: case for case in cases}
    tells: dict[str, set[str]] = {}
    for mutant, names in telling.items():
        for name in names:
            tells.setdefault(name, set()).add(mutant)
    order = {name: index for index, name in enumerate(listed)}
    left = {mutant for mutant, names in telling.items() if names}
    chosen: set[str] = set()
    # What a case is worth only falls: the old worth of the best is looked at again.
    heap = [(-float(len(tells[name])), order[name], name) for name in tells]
    heapq.heapify(heap)
    while left:
        _, index, name = heapq.heappop(heap)
        cost = 1 + (listed[name].twin not in {None, *chosen})
        worth = -len(tells[name] & left) / cost
        if heap and (worth, index) > heap[0][:2]:
            if worth:
                heapq.heappush(heap, (worth, index, name))
            continue
        chosen.add(name)
        if (twin := listed[name].twin) is not None:
            chosen.add(twin)
            left -= tells.get(twin, set())
        left -= tells[name]
    return tuple(name for name in listed if name in chosen)
