# SPDX-License-Identifier: BSD-2-Clause
"""The receiver of a PDM microphone: makes its clock, and samples of its bits."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from firstspike.golden.sound.filters import SAMPLE_BITS
from firstspike.golden.sound.pdm import ORDER, Microphone
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.pipeline import delayed

SYNCHRONISED = 2
"""Cycles by which the microphone's bit is late behind its pin."""


def heard_layout() -> data.StructLayout:
    """A sample x, and what is said of it: `constant`, its bits all equal; `clipped`, saturated."""
    return struct(x=signed(SAMPLE_BITS), constant=1, clipped=1)


class PdmReceiver(Block):
    """Integrates the microphone's bits three times, and takes differences sample by sample.

        data -> integrators, one addition each per bit -> differences, one per cycle -> shift

    The differences share one subtractor: `sums` is what one of them makes, and the sums of the
    sample before go round behind it.

    Parameters: `microphone`, which has the model in `samples`, `clipped` and `constant`.

    Latency: `SYNCHRONISED` + `ORDER` + 2 cycles from a sample's last bit to the sample. Throughput:
    a sample per `microphone.cycles`. A bit is that of the pin in the last cycle in which the clock
    is low.
    """

    def __init__(self, microphone: Microphone) -> None:
        self._microphone = microphone
        super().__init__(
            #: From a register; the microphone sends while it is low, and is selected by its L/R.
            clock=Out(1),
            #: Need not be synchronous.
            data=In(1),
            #: A sample that is not taken before the next one comes is lost.
            samples=Out(stream.Signature(heard_layout())),
            #: High for a cycle: a sample is lost.
            lost=Out(1),
        )

    def build(self, m: Module) -> None:
        microphone = self._microphone
        bit, before = Signal(), Signal()
        m.submodules.synchroniser = FFSynchronizer(self.data, bit, stages=SYNCHRONISED)

        # The microphone's clock, and the bits that are counted.
        phase = Signal(range(microphone.divider // 2))
        half, takes = phase == microphone.divider // 2 - 1, Signal()
        count = Signal(range(microphone.ratio))
        last = count == microphone.ratio - 1
        constant = Signal(init=1)
        m.d.sync += phase.eq(Mux(half, 0, phase + 1))
        m.d.comb += takes.eq(delayed(m, half & ~self.clock, SYNCHRONISED, "low"))
        with m.If(half):
            m.d.sync += self.clock.eq(~self.clock)

        # Each integrator adds the sum that the one before it has now.
        width = microphone.sum_bits
        added = Mux(bit, 1, -1)
        for number in range(ORDER):
            total = Signal(signed(width), name=f"integrator_{number}")
            sum_now = (total + added)[:width]
            with m.If(takes):
                m.d.sync += total.eq(sum_now)
            added = sum_now
        with m.If(takes):
            m.d.sync += [
                before.eq(bit),
                count.eq(Mux(last, 0, count + 1)),
                constant.eq((constant | (count == 0)) & (bit == before)),
            ]

        # A sample's differences, one per cycle, and then it is offered.
        sums = Signal(signed(width))
        older = [Signal(width, name=f"older_{number}") for number in range(ORDER)]
        step = Signal(ORDER + 1)
        m.d.sync += step.eq(Cat(takes & last, step))
        with m.If(takes & last):
            m.d.sync += sums.eq(added)
        with m.Elif(step[:ORDER].any()):
            m.d.sync += [
                sums.eq(sums - older[0]),
                Cat(older).eq(Cat(older[1:], sums)),
            ]
        out, down = self.samples, microphone.down
        shifted = sums.shift_right(down) if down >= 0 else sums.shift_left(-down)
        above = shifted[SAMPLE_BITS - 1 :]  # the sign, and what must equal it
        fits = ~above.any() | above.all()
        limit = Cat((~sums[-1]).replicate(SAMPLE_BITS - 1), sums[-1])
        with m.If(out.ready):
            m.d.sync += out.valid.eq(0)
        with m.If(step[ORDER]):
            m.d.comb += self.lost.eq(out.valid & ~out.ready)
            with m.If(~self.lost):
                m.d.sync += [
                    out.valid.eq(1),
                    out.payload.x.eq(Mux(fits, shifted[:SAMPLE_BITS], limit)),
                    out.payload.constant.eq(constant),
                    out.payload.clipped.eq(~fits),
                ]
