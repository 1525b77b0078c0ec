"""Runs the bench of the PopCount."""

import os

from amaranth.hdl import Shape

from firstspike.hdl.popcount import PopCount

from .runner import Simulation
from .verilog import verilog_of

TOP = "pop_count"


def simulate(
    counter: PopCount,
    *,
    simulator: str = "verilator",
    waves: str | os.PathLike | None = None,
    amount: int = 500,
    seed: int = 1,
) -> None:
    """Count `amount` random words, against Python's own count.

    Raises SimulationError at the first difference.
    """
    Simulation(verilog_of(counter, TOP), TOP, simulator, waves).run(
        "firstspike.sim.benches.popcount",
        {
            "width": counter.width,
            "value_width": Shape.cast(counter.value).width,
            "stages": counter.stages,
            "amount": amount,
        },
        seed=seed,
    )
