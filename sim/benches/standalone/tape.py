# SPDX-License-Identifier: BSD-2-Clause
"""A microphone for simulation, that plays bits."""

import numpy as np
from amaranth.hdl import Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block

CHUNK = 256
"""Bits that the bench gives at once: Python resumes once per chunk."""


class Tape(Block):
    """Plays bits as a microphone does: the next one when the microphone's clock has fallen.

    The last bit stays. A chunk is taken every `CHUNK` periods of that clock, and must be there.
    """

    def __init__(self) -> None:
        super().__init__(
            chunks=In(stream.Signature(CHUNK)),
            clock=In(1),
            data=Out(1),
            #: The first bit is there.
            plays=Out(1),
        )

    def build(self, m: Module) -> None:
        """Put the shift register of a chunk into the module."""
        bits, left = Signal(CHUNK), Signal(range(CHUNK))
        before, falls = Signal(), Signal()
        m.d.sync += before.eq(self.clock)
        m.d.comb += [
            falls.eq((before & ~self.clock) | ~self.plays),
            self.chunks.ready.eq(falls & (left == 0)),
            self.data.eq(bits[0]),
        ]
        with m.If(self.chunks.valid & self.chunks.ready):
            m.d.sync += [bits.eq(self.chunks.payload), left.eq(CHUNK - 1), self.plays.eq(1)]
        with m.Elif(falls & (left != 0)):
            m.d.sync += [bits.eq(bits >> 1), left.eq(left - 1)]


def chunks_of(bits: np.ndarray) -> list[int]:
    """Return bits uint8 [n] as chunks of a Tape, the first bit the lowest."""
    padded = np.append(bits, np.zeros(-len(bits) % CHUNK, np.uint8))
    rows = np.packbits(padded.reshape(-1, CHUNK), axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in rows]
