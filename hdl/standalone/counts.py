# SPDX-License-Identifier: BSD-2-Clause
"""The counters of a sensor for the status: its samples, and the largest magnitude."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from firstspike.golden.sound.filters import SAMPLE_BITS
from firstspike.hdl.lib.block import Block, struct, tap

from .status import OF_MICROPHONE, WIDTHS


def counted_layout(*more: str) -> data.StructLayout:
    """Return the layout of a sensor's counters: `samples`, and `more` names of `WIDTHS`."""
    return struct(**{name: WIDTHS[name] for name in ("samples", *more)})


class MicrophoneCounts(Block):
    """Count the samples and the lost samples of a microphone, and record the largest magnitude.

    Latency: 1 cycle; throughput: one sample per cycle.
    """

    def __init__(self) -> None:
        super().__init__(
            #: A sample that the filters accept.
            accepted=In(tap(x=signed(SAMPLE_BITS))),
            #: A sample is lost in this cycle.
            lost=In(1),
            #: The counters are sampled in this cycle: restart `loudest`.
            counters_sampled=In(1),
            #: `samples`, including lost ones, modulo 2^32; `loudest`, the largest magnitude of the
            #: accepted samples since `counters_sampled`; `lost`, saturating at 2^16 - 1.
            counted=Out(counted_layout(*OF_MICROPHONE)),
        )

    def build(self, m: Module) -> None:
        counted, x = self.counted, self.accepted.x
        magnitude = Signal.like(counted.loudest)
        m.d.comb += magnitude.eq(Mux(x < 0, -x, x))
        with m.If(self.accepted.valid | self.lost):
            m.d.sync += counted.samples.eq(counted.samples + 1)
        with m.If(self.lost & ~counted.lost.all()):
            m.d.sync += counted.lost.eq(counted.lost + 1)
        with m.If(self.accepted.valid & (self.counters_sampled | (magnitude > counted.loudest))):
            m.d.sync += counted.loudest.eq(magnitude)
        with m.Elif(self.counters_sampled):
            m.d.sync += counted.loudest.eq(0)
