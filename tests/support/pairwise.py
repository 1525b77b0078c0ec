# SPDX-License-Identifier: BSD-2-Clause
"""Few combinations of parameter values such that every pair of values occurs in one of them."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any


def pairwise(parameters: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Cover every pair of values of two parameters; deterministic and greedy.

    Each combination begins with a pair that is still open; the other parameters then take, one
    after the other, the value that closes the most open pairs.
    """
    names = list(parameters)
    open_ = {
        frozenset({(a, i), (b, j)})
        for a, b in itertools.combinations(names, 2)
        for i in range(len(parameters[a]))
        for j in range(len(parameters[b]))
    }
    combinations = []
    while open_:
        chosen = dict(min(open_, key=sorted))
        for name in names:
            if name not in chosen:
                chosen[name] = max(
                    range(len(parameters[name])),
                    key=lambda i, name=name: sum(
                        frozenset({(name, i), other}) in open_ for other in chosen.items()
                    ),
                )
        open_ -= {frozenset(pair) for pair in itertools.combinations(chosen.items(), 2)}
        combinations.append({name: parameters[name][chosen[name]] for name in names})
    return combinations
