# SPDX-License-Identifier: BSD-2-Clause
"""A bit-serial CRC, which is fast enough because a byte on the line takes longer."""

from amaranth.hdl import Cat, Module, Mux
from amaranth.lib.crc import Algorithm
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block
from firstspike.hdl.link.protocol.formats import CRC_BITS, CRC_INITIAL, CRC_POLYNOMIAL

FRAMES = Algorithm(
    crc_width=CRC_BITS,
    polynomial=CRC_POLYNOMIAL,
    initial_crc=CRC_INITIAL,
    reflect_input=False,
    reflect_output=False,
    xor_output=0,
)
"""The CRC of frames; the highest bit of each byte comes first."""


class Checksum(Block):
    """Compute the CRC of a sequence of bits; reflections of `algorithm` are left to the user.

    Latency: 1 cycle; throughput: one bit per cycle.
    """

    def __init__(self, algorithm: Algorithm) -> None:
        self._polynomial = algorithm.polynomial
        width = algorithm.crc_width
        self._begin = ~algorithm.initial_crc & (1 << width) - 1
        super().__init__(
            #: Restart with the initial value; has priority over `add`.
            start=In(1),
            #: Add `bit` to the checksum.
            add=In(1),
            bit=In(1),
            #: Complement of the checksum of the bits since `start`. With an initial value of all
            #: ones, its reset value is 0, which is the only one of iCE40 registers. The highest bit
            #: is the first to be sent.
            complement=Out(width, init=self._begin),
        )

    def build(self, m: Module) -> None:
        complement = self.complement
        divides = complement[-1] == self.bit
        with m.If(self.add):
            m.d.sync += complement.eq(Cat(1, complement[:-1]) ^ Mux(divides, self._polynomial, 0))
        with m.If(self.start):
            m.d.sync += complement.eq(self._begin)
