# SPDX-License-Identifier: BSD-2-Clause
"""The I2sReceiver: each sample of a microphone that follows the receiver's clocks."""

from functools import partial

import cocotb
import numpy as np
import pytest
from cocotb.triggers import RisingEdge

from firstspike.golden.sound.i2s import FRAME, WORD_BITS, I2sMicrophone
from firstspike.hdl.sound.i2s import I2sReceiver
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import Dut
from tests.support.microphones import MicrophoneBench, recording


@pytest.mark.parametrize(
    "microphone",
    [I2sMicrophone(4, 3, 2), pytest.param(I2sMicrophone(12, 1), marks=pytest.mark.long)],
)
def test_i2s_receiver(microphone, seed):
    """Noise, what clips, and a line that is constant."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, rng.choice([1, 100, 8000, 60000], 40)).clip(-(2**15), 2**15 - 1)
    bits = microphone.bits(x.astype(np.int16))
    # Where the microphone does not send, others do.
    junk = rng.integers(0, 2, bits.shape, np.uint8).reshape(-1, FRAME)
    words = slice(1, 1 + WORD_BITS)
    junk[:, words] = bits.reshape(-1, FRAME)[:, words]
    for value in (0, 1):
        at = rng.integers(len(junk) - 8 * microphone.ratio)
        junk[at : at + 8 * microphone.ratio, words] = value
    given = recording(microphone, junk.ravel())
    Simulation.of(I2sReceiver(microphone)).run(__name__, given, seed=seed)


example = partial(test_i2s_receiver, I2sMicrophone(4, 3, 2), seed=1)


@cocotb.test()
async def samples(dut):
    """Every sample, with a taker that is always ready."""
    await (await I2sBench(dut).start()).check_samples()


@cocotb.test()
async def lost_samples(dut):
    """A sample that is not taken stays, and those that come meanwhile are lost, and told."""
    await (await I2sBench(dut).start()).check_lost_samples()


class I2sBench(MicrophoneBench):
    """A microphone that follows the receiver's clocks."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.rises = RisingEdge(dut.clock)

    async def play(self, bits: np.ndarray) -> None:
        """Send frames of bits as a microphone: its word begins a bit after `select` has fallen.

        It looks at `select` where the clock rises, and sends where it falls.
        """
        before, frames = 1, bits.reshape(-1, FRAME)[:, 1:].tolist()
        rest = iter(())
        while True:
            await self.rises
            select = int(self.dut.select.value)
            if before and not select:
                if not frames:
                    return
                rest = iter(frames.pop(0))
            before = select
            await self.falls
            self.drive(data=next(rest, 0))
