# SPDX-License-Identifier: BSD-2-Clause
"""The PdmReceiver: each sample against the model of the decimator."""

from functools import partial

import cocotb
import numpy as np
import pytest

from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.hdl.sound.pdm import PdmReceiver
from firstspike.sim.harness.runner import Simulation
from tests.support.microphones import MicrophoneBench, recording

PATIENCE = 40
"""Cycles after the last bit in which the last sample must have come."""


@pytest.mark.parametrize(
    "microphone",
    [
        PdmMicrophone(4, 10, 2),
        PdmMicrophone(6, 64, 1),
        pytest.param(PdmMicrophone(6, 250, 4), marks=pytest.mark.long),
    ],
)
def test_receiver(microphone, seed):
    """Noise, tones that clip, and bits that are constant."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, rng.choice([100, 8000, 60000], 60)).clip(-(2**15), 2**15 - 1)
    bits = microphone.bits(x.astype(np.int16))
    for value in (0, 1):
        at = rng.integers(len(bits) - 8 * microphone.ratio)
        bits[at : at + 8 * microphone.ratio] = value
    given = recording(microphone, bits)
    Simulation.of(PdmReceiver(microphone)).run(__name__, given, seed=seed)


example = partial(test_receiver, PdmMicrophone(4, 10, 2), seed=1)


@cocotb.test()
async def samples(dut):
    """Every sample, with a taker that is always ready."""
    await (await PdmBench(dut).start()).check_samples()


@cocotb.test()
async def lost_samples(dut):
    """A sample that is not taken stays, and those that come meanwhile are lost, and told."""
    await (await PdmBench(dut).start()).check_lost_samples()


class PdmBench(MicrophoneBench):
    """A microphone that sends a bit per period of the clock."""

    async def play(self, bits: np.ndarray) -> None:
        """Send bits, the first of which is there."""
        for bit in bits[1:].tolist():
            await self.falls
            self.drive(data=bit)
        await self.falls
        await self.domain.cycles(PATIENCE)
