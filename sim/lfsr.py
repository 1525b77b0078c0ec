"""Runs the bench of the Lfsr."""

import os

from firstspike.hdl.lfsr import Lfsr

from .runner import Simulation
from .verilog import verilog_of

TOP = "lfsr"


def simulate(
    generator: Lfsr,
    *,
    simulator: str = "verilator",
    waves: str | os.PathLike | None = None,
    amount: int = 5000,
    seed: int = 1,
) -> None:
    """Hold a generator against `golden.learning.leap` for `amount` cycles of random inputs.

    Raises SimulationError, also where they differ.
    """
    Simulation(verilog_of(generator, TOP), TOP, simulator, waves).run(
        "firstspike.sim.benches.lfsr", {"amount": amount}, seed=seed
    )
