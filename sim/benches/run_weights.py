"""Runs the bench of the weight store."""

import os

import numpy as np

from firstspike.golden.timing.folding import LayerFolding
from firstspike.golden.widths import StateWidths
from firstspike.hdl.core.config import LayerConfig, Learning
from firstspike.hdl.core.weights import WeightStore
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.verilog import verilog_of

TOP = "weight_store"


def store_config(
    n_in: int, n_out: int, lanes: int, weight_bits: int, stored_bits: int | None = None
) -> LayerConfig:
    """The shape of a layer with such a store; what the store does not look at is arbitrary.

    With `stored_bits` it learns.
    """
    return LayerConfig(
        folding=LayerFolding(n_in=n_in, n_out=n_out, lanes=lanes, window=0, last=False),
        weight_bits=weight_bits,
        threshold=1,
        deadline=30,
        widths=StateWidths(S=8, M=12),
        counted=(n_in,),
        learning=None if stored_bits is None else Learning(stored_bits=stored_bits, unit=1),
    )


def simulate(
    n_in: int,
    n_out: int,
    lanes: int,
    weight_bits: int = 8,
    stored_bits: int | None = None,
    *,
    simulator: str = "verilator",
    waves: str | os.PathLike | None = None,
    amount: int = 400,
    seed: int = 1,
) -> None:
    """Read and write a store with random weights from both sides, against a list of its words.

    With `stored_bits` the store learns, and words are updated, too. `amount` is the number of words
    the lanes read, and of updates. Raises SimulationError at the first difference.
    """
    rng = np.random.default_rng(seed)
    half = 1 << (stored_bits or weight_bits) - 1
    weights = rng.integers(-half, half, (n_in, n_out))
    store = WeightStore(store_config(n_in, n_out, lanes, weight_bits, stored_bits), weights)
    Simulation(verilog_of(store, TOP), TOP, simulator, waves).run(
        "firstspike.sim.benches.weights",
        {
            "weights": weights,
            "lanes": lanes,
            "weight_bits": weight_bits,
            "stored_bits": stored_bits,
            "amount": amount,
        },
        seed=seed,
    )
