# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the PdmReceiver: each sample against the model of the decimator."""

from typing import Any

import numpy as np

from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.hdl.sound.pdm import PdmReceiver
from firstspike.sim.harness.bench import bench_test

from .microphone import MicrophoneBench, MicrophoneParameters

PATIENCE = 40
"""Cycles after the last bit in which the last sample must have come."""


def simulate(
    microphone: PdmMicrophone, *, samples: int = 60, seed: int = 1, **options: Any
) -> None:
    """Hold a receiver against `PdmMicrophone`: noise, tones that clip, and bits that are constant.

    `options` are `BlockBench.run`'s. Raises SimulationError at the first difference.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(0, rng.choice([100, 8000, 60000], samples)).clip(-(2**15), 2**15 - 1)
    bits = microphone.bits(x.astype(np.int16))
    for value in (0, 1):
        at = rng.integers(len(bits) - 8 * microphone.ratio)
        bits[at : at + 8 * microphone.ratio] = value
    parameters = MicrophoneParameters.of(microphone, bits)
    PdmBench.run(PdmReceiver(microphone), parameters, seed=seed, **options)


class PdmBench(MicrophoneBench):
    """A microphone that sends a bit per period of the clock."""

    async def play(self, bits: np.ndarray) -> None:
        """Send bits, the first of which is there."""
        for bit in bits[1:].tolist():
            await self.falls
            self.drive(data=bit)
        await self.falls
        await self.domain.cycles(PATIENCE)


@bench_test(PdmBench)
async def samples(bench):
    """Every sample, with a taker that is always ready."""
    await bench.check_samples()


@bench_test(PdmBench)
async def lost_samples(bench):
    """A sample that is not taken stays, and those that come meanwhile are lost, and told."""
    await bench.check_lost_samples()
