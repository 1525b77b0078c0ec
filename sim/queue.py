"""Runs the bench of the SpikeQueue."""

import os

from amaranth.hdl import Shape

from firstspike.hdl.queue import SpikeQueue

from .runner import Simulation
from .verilog import verilog_of

TOP = "spike_queue"


def simulate(
    queue: SpikeQueue,
    *,
    simulator: str = "verilator",
    waves: str | os.PathLike | None = None,
    amount: int = 5000,
    seed: int = 1,
) -> None:
    """Hold a queue against its model, for `amount` cycles of random inputs.

    Raises SimulationError, also where they differ.
    """
    Simulation(verilog_of(queue, TOP), TOP, simulator, waves).run(
        "firstspike.sim.benches.queue",
        {
            "n_keys": queue.n_keys,
            "width": Shape.cast(queue.shape).width,
            "capacity": queue.capacity,
            "amount": amount,
        },
        seed=seed,
        view=["stored"],
    )
