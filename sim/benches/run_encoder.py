"""Runs the bench of the Encoder."""

import os

import numpy as np

from firstspike.golden import Network, encode
from firstspike.hdl.core.encoder import Encoder
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.verilog import verilog_of

TOP = "encoder"
UNIT = 8


def simulate(
    n_inputs: int,
    width: int,
    connected: int,
    *,
    simulator: str = "verilator",
    waves: str | os.PathLike | None = None,
    amount: int = 60,
    seed: int = 1,
) -> None:
    """Put `amount` random images of `n_inputs` pixels through an Encoder, `width` a word.

    So many of the inputs are connected. Raises SimulationError at the first difference to
    `golden.encode`.
    """
    rng = np.random.default_rng(seed)
    inputs = np.sort(rng.choice(n_inputs, connected, replace=False))
    network = Network(
        weights=(np.ones((len(inputs), 1), np.int32),),
        weight_bits=(8,),
        thresholds=(1,),
        unit=UNIT,
        deadline=6 * UNIT,
        n_inputs=n_inputs,
        inputs=inputs,
    )
    bright = rng.random((amount, n_inputs)) < rng.choice([0, 0.1, 0.5, 1], (amount, 1))
    pixels = np.where(bright, 255, 0).astype(np.uint8)
    count = -(-n_inputs // width)
    # Bits past the last pixel are to be ignored.
    padded = np.concatenate([bright, rng.random((amount, count * width - n_inputs)) < 0.5], axis=1)
    words = padded.reshape(amount, count, width) @ (1 << np.arange(width, dtype=np.int64))
    encoder = Encoder(inputs, n_inputs, UNIT, network.deadline, width)
    Simulation(verilog_of(encoder, TOP), TOP, simulator, waves).run(
        "firstspike.sim.benches.encoder",
        {
            "words": words,
            "ticks": encode(network, pixels),
            "deadline": network.deadline,
        },
        seed=seed,
    )
