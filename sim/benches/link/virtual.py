# SPDX-License-Identifier: BSD-2-Clause
"""A virtual board: the simulated design behind a pseudo-terminal, speaking the bytes of the link.

    host program <-> pseudo-terminal <-> bench of the simulation <-> LinkedCore on Verilator

The other side of this file is `virtual_bench`.
"""

from functools import partial

from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.terminal import VirtualPort

from .script import LINKED_CORE_TOP

BENCH = "firstspike.sim.benches.link.virtual_bench"


class VirtualBoard(VirtualPort):
    """A board that runs as long as the `with` block; `port` is the name of its serial port.

    Parameters: `verilog` of a LinkedCore, as of `linked_core_verilog`. Compiles it where it was not
    compiled before, which takes minutes with hundreds of lanes. Raises SimulationError.
    """

    def __init__(self, verilog: str) -> None:
        super().__init__(partial(Simulation(verilog, LINKED_CORE_TOP).run, BENCH))
