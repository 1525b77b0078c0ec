"""Runs the bench of the SpikeQueue."""

import os

from firstspike.hdl.queue import SpikeQueue

from .runner import Simulation
from .verilog import verilog_of

TOP = "spike_queue"


def simulate(
    n_keys: int,
    width: int,
    capacity: int,
    *,
    simulator: str = "verilator",
    waves: str | os.PathLike | None = None,
    amount: int = 5000,
    seed: int = 1,
) -> None:
    """Hold a queue of so many keys, bits of a value and places against its model.

    `amount` is the number of cycles with random inputs. Raises SimulationError.
    """
    verilog = verilog_of(SpikeQueue(n_keys, width, capacity), TOP)
    Simulation(verilog, TOP, simulator, waves).run(
        "firstspike.sim.benches.queue",
        {"n_keys": n_keys, "width": width, "capacity": capacity, "amount": amount},
        seed=seed,
        view=["place"],
    )
