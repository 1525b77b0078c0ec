# SPDX-License-Identifier: BSD-2-Clause
"""The Decimator, a CIC filter that converts the numbers of a microphone to samples."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.sound.filters import SAMPLE_BITS
from firstspike.golden.sound.microphone import ORDER, Microphone
from firstspike.hdl.lib.block import Block, struct


def received_layout() -> data.StructLayout:
    """Return the layout of a sample x with two flags.

    `constant`: no bit of the sample's numbers differs from the bit before. `clipped`: x is
    saturated.
    """
    return struct(x=signed(SAMPLE_BITS), constant=1, clipped=1)


class Decimator(Block):
    """A CIC decimator of third order: three integrations per input number, then three differences.

        number -> integrators, one addition each per number -> differences, one per cycle -> shift

    The three differences share one subtractor: `sums` holds its result, and the shift register
    `older` holds the sums of the previous sample.

    Parameters: `microphone`, whose `samples`, `clipped` and `constant` are the model of this block,
    and whose `at_once` is the number of its numbers per cycle of `takes`; `begin`, the initial
    value of the first integrator.

    Latency: `ORDER` + 2 cycles from a sample's last number to the sample. Throughput: one number,
    and one sample, per `ORDER` + 1 cycles: a number that follows sooner changes `constant`.
    """

    def __init__(self, microphone: Microphone, begin: int = 0) -> None:
        self._microphone, self._begin = microphone, begin
        largest = microphone.at_once**ORDER << microphone.number_bits - 1
        super().__init__(
            #: The number, valid with `takes`. With several numbers at once, the result of three
            #: moving sums over `at_once` neighbours, which equals integration at the full rate.
            number=In(range(-largest, largest + 1)),
            takes=In(1),
            #: With `takes`: a bit of the number, or numbers, differs from the bit before it.
            differs=In(1),
            #: Samples. A new sample is lost while the previous one is stalled.
            samples=Out(stream.Signature(received_layout())),
            #: High for a cycle: a sample is lost.
            lost=Out(1),
        )

    def build(self, m: Module) -> None:
        microphone, takes = self._microphone, self.takes
        ratio = microphone.ratio // microphone.at_once
        count = Signal(range(ratio))
        last = count == ratio - 1
        constant = Signal(init=1)

        # Each integrator adds the new sum of the previous one.
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

        # Compute the differences of a sample, one per cycle, then send the sample.
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
        above = shifted[SAMPLE_BITS - 1 :]  # the sign, and the bits that must equal it
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
