# SPDX-License-Identifier: BSD-2-Clause
"""The decimator behind every microphone: it makes samples of numbers that come faster."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.sound.filters import SAMPLE_BITS
from firstspike.golden.sound.microphone import ORDER, Microphone
from firstspike.hdl.lib.block import Block, struct


def heard_layout() -> data.StructLayout:
    """A sample x, and what is said of it: `constant`, its bits all equal; `clipped`, saturated."""
    return struct(x=signed(SAMPLE_BITS), constant=1, clipped=1)


class Decimator(Block):
    """Integrates numbers three times, and takes differences sample by sample.

        number -> integrators, one addition each per number -> differences, one per cycle -> shift

    The differences share one subtractor: `sums` is what one of them makes, and the sums of the
    sample before go round behind it.

    Parameters: `microphone`, which has the model in `samples`, `clipped` and `constant`, and says
    how many of its numbers come `at_once`; `begin`, with which the first integrator begins.

    Latency: `ORDER` + 2 cycles from a sample's last number to the sample. Throughput: a number per
    cycle, and a sample per `ORDER` + 1 cycles.
    """

    def __init__(self, microphone: Microphone, begin: int = 0) -> None:
        self._microphone, self._begin = microphone, begin
        largest = microphone.at_once**ORDER << microphone.number_bits - 1
        super().__init__(
            #: The number that comes, and whether one does. With several at once it is their sum
            #: over `at_once` neighbours, three times, as the integrators at their rate would add.
            number=In(range(-largest, largest + 1)),
            takes=In(1),
            #: A bit of the number, or of these, differs from the bit before it.
            differs=In(1),
            #: A sample that is not taken before the next one comes is lost.
            samples=Out(stream.Signature(heard_layout())),
            #: High for a cycle: a sample is lost.
            lost=Out(1),
        )

    def build(self, m: Module) -> None:
        microphone, takes = self._microphone, self.takes
        ratio = microphone.ratio // microphone.at_once
        count = Signal(range(ratio))
        last = count == ratio - 1
        constant = Signal(init=1)

        # Each integrator adds the sum that the one before it has now.
        width = microphone.sum_bits
        added = self.number
        for number in range(ORDER):
            begin = 0 if number else self._begin
            total = Signal(signed(width), name=f"integrator_{number}", init=begin)
            sum_now = (total + added)[:width].as_signed()
            with m.If(takes):
                m.d.sync += total.eq(sum_now)
            added = sum_now
        with m.If(takes):
            m.d.sync += [
                count.eq(Mux(last, 0, count + 1)),
                constant.eq((constant | (count == 0)) & ~self.differs),
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
