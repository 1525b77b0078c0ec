"""Runs the benches of the small blocks, each of which holds one against a model in Python.

`options` are `simulator` and `waves`, for `Simulation`, and `seed`, for `Simulation.run`. All raise
SimulationError, also at the first difference.
"""

import os
from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib import wiring

from firstspike.hdl.learner.address_set import AddressSet
from firstspike.hdl.lib.lfsr import Lfsr
from firstspike.hdl.lib.popcount import PopCount
from firstspike.hdl.lib.queue import SpikeQueue
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.verilog import verilog_of


def simulate_address_set(addresses: AddressSet, amount: int = 100, **options: Any) -> None:
    """Fill and walk a set `amount` times, against a Python set."""
    _run(addresses, "address_set", "address_set", {"n": addresses.n, "amount": amount}, **options)


def simulate_lfsr(generator: Lfsr, amount: int = 5000, **options: Any) -> None:
    """Hold a generator against `golden.learning.leap` for `amount` cycles of random inputs."""
    _run(generator, "lfsr", "lfsr", {"amount": amount}, **options)


def simulate_popcount(counter: PopCount, amount: int = 500, **options: Any) -> None:
    """Count `amount` random words, against Python's own count."""
    parameters = {
        "width": counter.width,
        "value_width": Shape.cast(counter.value).width,
        "stages": counter.stages,
        "amount": amount,
    }
    _run(counter, "pop_count", "popcount", parameters, **options)


def simulate_queue(queue: SpikeQueue, amount: int = 5000, **options: Any) -> None:
    """Hold a queue against its model, for `amount` cycles of random inputs."""
    parameters = {
        "n_keys": queue.n_keys,
        "width": Shape.cast(queue.shape).width,
        "capacity": queue.capacity,
        "amount": amount,
    }
    _run(queue, "spike_queue", "queue", parameters, view=["stored"], **options)


def _run(
    component: wiring.Component,
    top: str,
    bench: str,
    parameters: dict[str, int],
    *,
    simulator: str = "verilator",
    waves: str | os.PathLike | None = None,
    seed: int = 1,
    view: Sequence[str] = (),
) -> None:
    simulation = Simulation(verilog_of(component, top), top, simulator, waves)
    simulation.run(f"firstspike.sim.benches.{bench}", parameters, seed=seed, view=view)
