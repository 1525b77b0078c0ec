# SPDX-License-Identifier: BSD-2-Clause
"""Runs the bench of a small block: its Verilog, what the bench is told of it, one simulation."""

import os
from typing import Any

from amaranth.lib import wiring

from .runner import Simulation
from .verilog import verilog_of


def run_bench(
    bench: str,
    block: wiring.Component,
    parameters: Any,
    *,
    simulator: str = "verilator",
    waves: str | os.PathLike[str] | None = None,
    seed: int = 1,
) -> None:
    """Hold a block against its model.

    Parameters
    ----------
    bench : import name of the bench; the last part is also the name of the top module.
    parameters : what the bench gets by `bench_io.given`.
    simulator, waves : for `Simulation`.
    seed : for `Simulation.run`.

    Raises
    ------
    SimulationError : the simulation cannot be compiled, or at the first difference.
    """
    top = bench.rpartition(".")[2]
    simulation = Simulation(verilog_of(block, top), top, simulator, waves)
    simulation.run(bench, parameters, seed=seed)
