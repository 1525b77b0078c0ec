# SPDX-License-Identifier: BSD-2-Clause
"""What a sensor counts for the status: its samples, and how loud they are."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from firstspike.golden.sound.filters import SAMPLE_BITS
from firstspike.hdl.lib.block import Block, struct, tap

from .status import OF_MICROPHONE, WIDTHS


def counted_layout(*more: str) -> data.StructLayout:
    """Return the layout of what a sensor counts: `samples`, and `more` numbers of `WIDTHS`."""
    return struct(**{name: WIDTHS[name] for name in ("samples", *more)})


class MicrophoneCounts(Block):
    """Counts the samples of a microphone and those that are lost, and keeps the loudest one.

    Latency: 1 cycle. Throughput: a sample per cycle.
    """

    def __init__(self) -> None:
        super().__init__(
            #: A sample that is heard.
            heard=In(tap(x=signed(SAMPLE_BITS))),
            #: A sample is lost in this cycle.
            lost=In(1),
            #: The numbers are taken in this cycle: the loudest sample is one from here on.
            taken=In(1),
            #: `samples`, lost ones among them, modulo 2^32; `loudest`, the largest magnitude of
            #: those that are heard; `lost`, at most 2^16 - 1.
            counted=Out(counted_layout(*OF_MICROPHONE)),
        )

    def build(self, m: Module) -> None:
        counted, x = self.counted, self.heard.x
        magnitude = Signal.like(counted.loudest)
        m.d.comb += magnitude.eq(Mux(x < 0, -x, x))
        with m.If(self.heard.valid | self.lost):
            m.d.sync += counted.samples.eq(counted.samples + 1)
        with m.If(self.lost & ~counted.lost.all()):
            m.d.sync += counted.lost.eq(counted.lost + 1)
        with m.If(self.heard.valid & (self.taken | (magnitude > counted.loudest))):
            m.d.sync += counted.loudest.eq(magnitude)
        with m.Elif(self.taken):
            m.d.sync += counted.loudest.eq(0)
