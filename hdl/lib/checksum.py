# SPDX-License-Identifier: BSD-2-Clause
"""A bit-serial CRC, for data that arrive slower than one bit per cycle."""

from amaranth.hdl import Cat, Module, Mux
from amaranth.lib.crc import Algorithm
from amaranth.lib.wiring import In, Out

from .block import Block


class Checksum(Block):
    """Compute the CRC of a sequence of bits; reflections of `algorithm` are left to the user.

    `amaranth.lib.crc` for one bit per cycle takes 41 more look-up tables of an iCE40 for the three
    checksums of a link, because its initial value of ones is not a reset value of the registers:
    939 instead of 898 (`python -m docs.measurements.link_size --flat`, synthesised netlist).

    Latency: 1 cycle; throughput: one bit per cycle.
    """

    def __init__(self, algorithm: Algorithm) -> None:
        self._polynomial = algorithm.polynomial
        width = algorithm.crc_width
        self._initial = ~algorithm.initial_crc & (1 << width) - 1
        super().__init__(
            #: Restart with the initial value; has priority over `add`.
            start=In(1),
            #: Add `bit` to the checksum.
            add=In(1),
            bit=In(1),
            #: Complement of the checksum of the bits since `start`. With an initial value of all
            #: ones, its reset value is 0, which is the only one of iCE40 registers. The highest bit
            #: is the first to be sent.
            complement=Out(width, init=self._initial),
        )

    def build(self, m: Module) -> None:
        complement = self.complement
        divides = complement[-1] == self.bit
        with m.If(self.add):
            m.d.sync += complement.eq(Cat(1, complement[:-1]) ^ Mux(divides, self._polynomial, 0))
        with m.If(self.start):
            m.d.sync += complement.eq(self._initial)
