# SPDX-License-Identifier: BSD-2-Clause
"""The receiver of a PDM microphone: makes its clock, and samples of its bits."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.hdl.lib.block import Block, join

from .bit_clock import BitClock
from .decimator import Decimator, heard_layout


class PdmReceiver(Block):
    """A bit is a number for the decimator: 1, or -1.

    Parameters: `microphone`, which has the model in `samples`, `clipped` and `constant`.

    Latency: `SYNCHRONISED` + `ORDER` + 2 cycles from a sample's last bit to the sample. Throughput:
    a sample per `microphone.cycles`.
    """

    def __init__(self, microphone: PdmMicrophone) -> None:
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
        m.submodules.bits = bits = BitClock(self._microphone.divider)
        m.submodules.decimator = decimator = Decimator(self._microphone)
        before, outside = Signal(), wiring.flipped(self)
        with m.If(bits.takes):
            m.d.sync += before.eq(bits.bit)
        m.d.comb += [
            decimator.number.eq(Cat(1, ~bits.bit).as_signed()),
            decimator.differs.eq(bits.bit != before),
            decimator.takes.eq(bits.takes),
        ]
        join(m, outside, bits, "clock", "data")
        join(m, outside, decimator, "samples", "lost")
