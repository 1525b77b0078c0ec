# SPDX-License-Identifier: BSD-2-Clause
"""Checksums bit by bit: a byte of the line takes longer."""

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
"""The checksum of frames, which takes the highest bit of each byte first."""


class Checksum(Block):
    """Divides bits by the polynomial of an `algorithm`, whose reflections are up to the user.

    Latency 1 cycle, throughput a bit per cycle.
    """

    def __init__(self, algorithm: Algorithm) -> None:
        self._polynomial = algorithm.polynomial
        width = algorithm.crc_width
        self._begin = ~algorithm.initial_crc & (1 << width) - 1
        super().__init__(
            #: Begin anew.
            start=In(1),
            #: Take `bit`.
            add=In(1),
            bit=In(1),
            #: Complement of the checksum of the bits since `start`. It begins with 0, as registers
            #: of the iCE40 do. The highest bit leaves first.
            complement=Out(width, init=self._begin),
        )

    def build(self, m: Module) -> None:
        complement = self.complement
        divides = complement[-1] == self.bit
        with m.If(self.add):
            m.d.sync += complement.eq(Cat(1, complement[:-1]) ^ Mux(divides, self._polynomial, 0))
        with m.If(self.start):
            m.d.sync += complement.eq(self._begin)
