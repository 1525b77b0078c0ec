# SPDX-License-Identifier: BSD-2-Clause
"""The receiver of a PDM microphone: makes its clock, and samples of its bits."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.lib.pipeline import delayed

from .bit_clock import BitClock
from .decimator import Decimator, heard_layout

WEIGHTS = (1, 3, 3, 1)
"""Of a bit and the three before it: what is left of three sums if every other one is taken."""


class PdmReceiver(Block):
    """Makes a number for the decimator of every second bit, and of the three bits before it.

    So the integrators, which are wide, work in half as many cycles as bits come in. A bit 0 stands
    for -1, and so would those in front of the first one: the first integrator makes up for them.

    Parameters: `microphone`, which has the model in `samples`, `clipped` and `constant`.

    Latency: `SYNCHRONISED` + `ORDER` + 3 cycles from a sample's last bit to the sample. Throughput:
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
        microphone, outside = self._microphone, wiring.flipped(self)
        m.submodules.bits = bits = BitClock(microphone.divider)
        missing = sum(WEIGHTS[microphone.at_once :])
        m.submodules.decimator = decimator = Decimator(microphone, missing)
        before, second = Signal(len(WEIGHTS) - 1), Signal()
        recent = Cat(bits.bit, before)
        with m.If(bits.takes):
            m.d.sync += [before.eq(recent), second.eq(~second)]

        # From registers, so that the integrators' adders are still between two numbers.
        ends = bits.takes & second
        number, differs = Signal.like(decimator.number), Signal()
        with m.If(ends):
            ones = sum(weight * bit for weight, bit in zip(WEIGHTS, recent, strict=True))
            m.d.sync += [
                number.eq(2 * ones - sum(WEIGHTS)),
                differs.eq((recent[0] != recent[1]) | (recent[1] != recent[2])),
            ]
        m.d.comb += [
            decimator.number.eq(number),
            decimator.differs.eq(differs),
            decimator.takes.eq(delayed(m, ends, 1, "ends")),
        ]
        join(m, outside, bits, "clock", "data")
        join(m, outside, decimator, "samples", "lost")
