"""Runs the bench of the Layer."""

import os
from typing import Any

import numpy as np

from firstspike.golden.timing.folding import LayerFolding
from firstspike.golden.widths import layer_widths
from firstspike.hdl.core.config import LayerConfig
from firstspike.hdl.core.layer import Layer
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.verilog import verilog_of

TOP = "layer"
DEADLINE = 45
WEIGHT_BITS = 5


def layer_config(given: dict[str, Any]) -> LayerConfig:
    """The shape of the bench's layer, from the parameters that the bench was given."""
    folding = {name: given[name] for name in ("n_in", "n_out", "lanes", "window", "last")}
    return LayerConfig(
        folding=LayerFolding(**folding),
        weight_bits=WEIGHT_BITS,
        threshold=given["threshold"],
        deadline=DEADLINE,
        widths=layer_widths(given["weights"], given["threshold"], DEADLINE),
        counted=(given["n_in"],),
    )


def simulate(
    n_in: int,
    n_out: int,
    lanes: int,
    window: int = 0,
    last: bool = False,
    *,
    simulator: str = "verilator",
    waves: str | os.PathLike | None = None,
    amount: int = 60,
    seed: int = 1,
) -> None:
    """Put `amount` images of random events through a layer of random weights.

    The other parameters are those of `LayerFolding` and of `Simulation`. Raises SimulationError
    at the first difference to the integer model.
    """
    rng = np.random.default_rng(seed)
    given = {
        "n_in": n_in,
        "n_out": n_out,
        "lanes": lanes,
        "window": window,
        "last": last,
        "threshold": int(rng.integers(3, 4 + 2 * n_in)),
        "weights": rng.integers(-8, 16, (n_in, n_out)),
        "amount": amount,
    }
    verilog = verilog_of(Layer(layer_config(given), given["weights"]), TOP)
    Simulation(verilog, TOP, simulator, waves).run("firstspike.sim.benches.layer", given, seed=seed)
