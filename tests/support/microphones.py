# SPDX-License-Identifier: BSD-2-Clause
"""A receiver of a microphone: what it receives, and samples that get lost."""

from types import SimpleNamespace

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge

from firstspike.golden.sound.microphone import Microphone
from firstspike.hdl.sound.decimator import heard_layout
from firstspike.sim.harness.streams import BlockBench, Dut


def recording(microphone: Microphone, bits: np.ndarray) -> SimpleNamespace:
    """Return bits on the line, and by the model the fields of each sample that is heard."""
    model = microphone.samples(bits), microphone.constant(bits), microphone.clipped(bits)
    heard = [
        {"x": int(x) & 0xFFFF, "constant": int(constant), "clipped": int(clipped)}
        for x, constant, clipped in zip(*model, strict=True)
    ]
    return SimpleNamespace(microphone=microphone, bits=bits, heard=heard)


class MicrophoneBench(BlockBench):
    """A receiver's pins and its samples."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.drive(data=int(self.given.bits[0]), samples__ready=0)
        self.falls = FallingEdge(dut.clock)

    async def play(self, bits: np.ndarray) -> None:
        """Send bits, until the last sample has come."""
        raise NotImplementedError

    async def check_samples(self) -> None:
        """Take every sample at once, and compare it."""
        board = self.sink("samples", heard_layout())
        board.start()
        board.expect(self.given.heard)
        await self.play(self.given.bits)
        board.finish()
        assert not self.dut.lost.value

    async def check_lost_samples(self) -> None:
        """Take no sample of four: the first stays, and the others are told as lost."""
        lost = 0

        async def count() -> None:
            nonlocal lost
            while True:
                await self.domain.falling
                lost += int(self.dut.lost.value)

        counting = cocotb.start_soon(count())
        await self.play(self.given.bits[: 4 * self.given.microphone.bits_per_sample])
        counting.cancel()
        assert lost == 3
        board = self.sink("samples", heard_layout())
        board.start()
        board.expect(self.given.heard[:1])
        await self.domain.cycles(2)
        board.finish()
