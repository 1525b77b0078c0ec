# SPDX-License-Identifier: BSD-2-Clause
"""The checksum of frames, bit by bit: a byte of the line takes longer."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block
from firstspike.hdl.link.protocol.formats import CRC_BITS, CRC_INITIAL, CRC_POLYNOMIAL

CHECKSUM_CYCLES = 8
"""Clocks for which the checksum is busy with a byte."""
_BEGIN = ~CRC_INITIAL & (1 << CRC_BITS) - 1


class Checksum(Block):
    """Divides bytes by the polynomial of the frames, the highest bit first.

    Latency CHECKSUM_CYCLES after the cycle of `add`, throughput a byte in one cycle more.
    """

    def __init__(self) -> None:
        super().__init__(
            #: Begin with a new frame, whatever is under way.
            start=In(1),
            #: Take `byte`; only while not busy.
            add=In(1),
            byte=In(8),
            #: The division goes on: `complement` means nothing.
            busy=Out(1),
            #: Complement of the checksum of the bytes since `start`. It begins with 0, as registers
            #: of the iCE40 do.
            complement=Out(CRC_BITS, init=_BEGIN),
        )

    def build(self, m: Module) -> None:
        complement, count = self.complement, Signal(range(2 * CHECKSUM_CYCLES))
        shifted = Cat(1, complement[:-1]) ^ Mux(complement[-1], 0, CRC_POLYNOMIAL)
        m.d.comb += self.busy.eq(count[-1])
        with m.If(self.busy):
            m.d.sync += [count.eq(count + 1), complement.eq(shifted)]
        with m.Elif(self.add):
            m.d.sync += [count.eq(CHECKSUM_CYCLES), complement[-8:].eq(complement[-8:] ^ self.byte)]
        with m.If(self.start):
            m.d.sync += [count.eq(0), complement.eq(_BEGIN)]
