"""Runs the bench of the AddressSet."""

import os

from firstspike.hdl.address_set import AddressSet

from .runner import Simulation
from .verilog import verilog_of

TOP = "address_set"


def simulate(
    addresses: AddressSet,
    *,
    simulator: str = "verilator",
    waves: str | os.PathLike | None = None,
    amount: int = 100,
    seed: int = 1,
) -> None:
    """Fill and walk a set `amount` times, against a Python set.

    Raises SimulationError at the first difference.
    """
    Simulation(verilog_of(addresses, TOP), TOP, simulator, waves).run(
        "firstspike.sim.benches.address_set",
        {"n": addresses.n, "amount": amount},
        seed=seed,
    )
