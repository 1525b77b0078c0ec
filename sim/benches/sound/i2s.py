# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the I2sReceiver: each sample of a microphone that follows the receiver's clocks."""

from typing import Any

import numpy as np
from cocotb.triggers import RisingEdge

from firstspike.golden.sound.i2s import FRAME, WORD_BITS, I2sMicrophone
from firstspike.hdl.sound.i2s import I2sReceiver
from firstspike.sim.harness.bench import bench_test
from firstspike.sim.harness.streams import Dut

from .microphone import MicrophoneBench, MicrophoneParameters


def simulate(
    microphone: I2sMicrophone, *, samples: int = 40, seed: int = 1, **options: Any
) -> None:
    """Hold a receiver against `I2sMicrophone`: noise, what clips, and a line that is constant.

    `options` are `BlockBench.run`'s. Raises SimulationError at the first difference.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(0, rng.choice([1, 100, 8000, 60000], samples)).clip(-(2**15), 2**15 - 1)
    bits = microphone.bits(x.astype(np.int16))
    # Where the microphone does not send, others do.
    junk = rng.integers(0, 2, bits.shape, np.uint8).reshape(-1, FRAME)
    words = slice(1, 1 + WORD_BITS)
    junk[:, words] = bits.reshape(-1, FRAME)[:, words]
    for value in (0, 1):
        at = rng.integers(len(junk) - 8 * microphone.ratio)
        junk[at : at + 8 * microphone.ratio, words] = value
    parameters = MicrophoneParameters.of(microphone, junk.ravel())
    I2sBench.run(I2sReceiver(microphone), parameters, seed=seed, **options)


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


@bench_test(I2sBench)
async def samples(bench):
    """Every sample, with a taker that is always ready."""
    await bench.check_samples()


@bench_test(I2sBench)
async def lost_samples(bench):
    """A sample that is not taken stays, and those that come meanwhile are lost, and told."""
    await bench.check_lost_samples()
