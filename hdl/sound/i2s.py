# SPDX-License-Identifier: BSD-2-Clause
"""The receiver of an I2S microphone, which generates its clocks and converts words to samples."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.sound.i2s import DELAY, FRAME, I2sMicrophone
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.lib.pipeline import delayed

from .bit_clock import BitClock
from .decimator import Decimator, received_layout


class I2sReceiver(Block):
    """Collect the highest bits of each I2S word as a number for the Decimator.

    Parameters: `microphone`, whose `samples`, `clipped` and `constant` are the model of this block.

    Latency: `SYNCHRONISED` + `ORDER` + 3 cycles from the last bit of a sample's last number to the
    sample. Throughput: one sample per `microphone.cycles`.
    """

    def __init__(self, microphone: I2sMicrophone) -> None:
        self._microphone = microphone
        super().__init__(
            #: The bit clock, registered; the microphone changes its data at the falling edge.
            clock=Out(1),
            #: The word select, which changes at the falling edge of the clock. The microphone,
            #: selected by its pin L/R, sends while `select` is low.
            select=Out(1),
            #: Serial data, asynchronous.
            data=In(1),
            #: Samples. A new sample is lost while the previous one is stalled.
            samples=Out(stream.Signature(received_layout())),
            #: High for a cycle: a sample is lost.
            lost=Out(1),
        )

    def build(self, m: Module) -> None:
        length, outside = self._microphone.number_bits, wiring.flipped(self)
        m.submodules.bits = bits = BitClock(self._microphone.divider)
        m.submodules.decimator = decimator = Decimator(self._microphone)
        position = Signal(range(FRAME))  # index of the bit in its frame
        with m.If(bits.falls):
            m.d.sync += position.eq(position + 1)
        m.d.comb += self.select.eq(position[-1])

        number, differs = Signal(length), Signal()
        ends = Signal()
        with m.If(bits.takes & (position >= DELAY) & (position < DELAY + length)):
            new = bits.bit != number[0]
            m.d.sync += [
                number.eq(Cat(bits.bit, number)),
                differs.eq(new | (differs & (position != DELAY))),
            ]
            m.d.comb += ends.eq(position == DELAY + length - 1)
        m.d.comb += [
            decimator.number.eq(number.as_signed()),
            decimator.differs.eq(differs),
            decimator.takes.eq(delayed(m, ends, 1, "ends")),
        ]
        join(m, outside, bits, "clock", "data")
        join(m, outside, decimator, "samples", "lost")
