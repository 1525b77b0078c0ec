# SPDX-License-Identifier: BSD-2-Clause
"""What the benches of receivers of microphones share: what is heard, and samples that get lost."""

from dataclasses import dataclass

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge

from firstspike.golden.sound.microphone import Microphone
from firstspike.hdl.sound.decimator import heard_layout
from firstspike.sim.harness.bench import BlockBench
from firstspike.sim.harness.streams import Dut


@dataclass(frozen=True)
class MicrophoneParameters:
    """What the bench is told: bits on the line, and what is heard of each sample by its fields."""

    microphone: Microphone
    bits: np.ndarray
    heard: list[dict[str, int]]

    @classmethod
    def of(cls, microphone: Microphone, bits: np.ndarray) -> "MicrophoneParameters":
        """Let the model hear the bits."""
        model = microphone.samples(bits), microphone.constant(bits), microphone.clipped(bits)
        heard = [
            {"x": int(x) & 0xFFFF, "constant": int(constant), "clipped": int(clipped)}
            for x, constant, clipped in zip(*model, strict=True)
        ]
        return cls(microphone, bits, heard)


class MicrophoneBench(BlockBench):
    """A receiver's pins and its samples."""

    Given = MicrophoneParameters

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
