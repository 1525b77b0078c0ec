# SPDX-License-Identifier: BSD-2-Clause
"""The receiver of a PDM microphone, which generates its clock and converts bits to samples."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.lib.pipeline import delayed

from .bit_clock import BitClock
from .decimator import Decimator, received_layout

WEIGHTS = (1, 3, 3, 1)
"""Weights of a bit and the three bits before it: the response of three sums of two neighbours."""


class PdmReceiver(Block):
    """Compute a number for the Decimator from every second bit and the three bits before it.

    The wide integrators of the Decimator therefore add at half the rate of the bits. A bit 0 stands
    for -1. The register also holds 0 before the first bit, where the model has the number 0; the
    initial value of the first integrator corrects this difference.

    Parameters: `microphone`, whose `samples`, `clipped` and `constant` are the model of this block.

    Latency: `SYNCHRONISED` + `ORDER` + 3 cycles from a sample's last bit to the sample. Throughput:
    one sample per `microphone.cycles`.
    """

    def __init__(self, microphone: PdmMicrophone) -> None:
        self._microphone = microphone
        super().__init__(
            #: The microphone's clock, registered. The microphone, selected by its pin L/R, sends
            #: while the clock is low.
            clock=Out(1),
            #: Serial data, asynchronous.
            data=In(1),
            #: Samples. A new sample is lost while the previous one is stalled.
            samples=Out(stream.Signature(received_layout())),
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

        # Registers, so that the inputs of the integrators do not toggle between two numbers.
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
