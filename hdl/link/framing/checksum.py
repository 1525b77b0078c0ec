# SPDX-License-Identifier: BSD-2-Clause
"""The checksum of frames, bit by bit: a byte of the line takes longer."""

from amaranth.hdl import Cat, Module, Mux
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block
from firstspike.hdl.link.protocol.formats import CRC_BITS, CRC_INITIAL, CRC_POLYNOMIAL

_BEGIN = ~CRC_INITIAL & (1 << CRC_BITS) - 1


class Checksum(Block):
    """Divides bytes by the polynomial of the frames, the highest bit of each first.

    Latency 1 cycle, throughput a bit per cycle.
    """

    def __init__(self) -> None:
        super().__init__(
            #: Begin with a new frame.
            start=In(1),
            #: Take `bit`.
            add=In(1),
            bit=In(1),
            #: Complement of the checksum of the bits since `start`. It begins with 0, as registers
            #: of the iCE40 do.
            complement=Out(CRC_BITS, init=_BEGIN),
        )

    def build(self, m: Module) -> None:
        complement = self.complement
        divides = complement[-1] == self.bit
        with m.If(self.add):
            m.d.sync += complement.eq(Cat(1, complement[:-1]) ^ Mux(divides, CRC_POLYNOMIAL, 0))
        with m.If(self.start):
            m.d.sync += complement.eq(_BEGIN)
