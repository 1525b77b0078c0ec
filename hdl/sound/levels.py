# SPDX-License-Identifier: BSD-2-Clause
"""The level of each filter in each slot (DESIGN, section 6)."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.golden.sound.filters import LEVEL_FRACTION, MOST_LEVEL, STATE_BITS
from firstspike.golden.sound.front import FrontEnd
from firstspike.hdl.lib.block import Block

LEVEL_BITS = bits_for(MOST_LEVEL)

_GAIN = signed(LEVEL_BITS + 1)


class Levels(Block):
    """Accumulate |z| of each filter, and compute the logarithm of the sum at the end of a slot.

    The logarithm shifts the sum to the left until its highest bit is 1, one bit per cycle.

    Parameters: `front`.

    Latency: at the end of a slot, 3 cycles plus one per shifted bit from z to its level.
    Throughput: one z every 3 cycles; at the end of a slot one z in at most `cycles(front)`.
    Back-pressure at `levels` stalls `outputs`.
    """

    def __init__(self, front: FrontEnd) -> None:
        self._front = front
        super().__init__(
            #: z of each filter in order, for every sample.
            outputs=In(stream.Signature(signed(STATE_BITS))),
            #: The level of each filter in order, for every slot.
            levels=Out(stream.Signature(LEVEL_BITS)),
        )

    @staticmethod
    def sum_bits(front: FrontEnd) -> int:
        """Return the bits of the sum E."""
        return STATE_BITS - 1 + (front.slot - 1).bit_length()

    @staticmethod
    def cycles(front: FrontEnd) -> int:
        """Return the maximum cycles per filter at the end of a slot, without back-pressure."""
        return Levels.sum_bits(front) + 4

    def build(self, m: Module) -> None:
        front, count, bits = self._front, len(self._front.filters), self.sum_bits(self._front)
        m.submodules.sums = sums = memory.Memory(shape=bits, depth=count, init=())
        gains = [one.gain for one in front.filters]
        m.submodules.gains = table = memory.Memory(shape=_GAIN, depth=count, init=gains)
        before, write, gain = sums.read_port(), sums.write_port(), table.read_port()

        b, sample = Signal(range(count)), Signal(range(front.slot))
        last, slot_ends = b == count - 1, sample == front.slot - 1
        E, e = Signal(bits), Signal(range(bits), init=bits - 1)
        z = self.outputs.payload
        negative = z[-1]
        logarithm = Cat(E[bits - 1 - LEVEL_FRACTION : bits - 1], e)
        level = Signal(signed(LEVEL_BITS + 2))
        m.d.comb += [
            *(port.addr.eq(b) for port in (before, write, gain)),
            write.data.eq(E),
            level.eq(logarithm + gain.data),
            self.levels.payload.eq(
                Mux(level < 0, 0, Mux(level > MOST_LEVEL, MOST_LEVEL, level[:LEVEL_BITS]))
            ),
        ]

        def next_filter() -> None:
            m.d.sync += b.eq(Mux(last, 0, b + 1))

        with m.FSM(init="wipe"):
            with m.State("wipe"):
                m.d.comb += write.en.eq(1)
                next_filter()
                with m.If(last):
                    m.next = "rest"
            with m.State("rest"), m.If(self.outputs.valid):
                m.next = "add"
            with m.State("add"):
                m.d.comb += self.outputs.ready.eq(1)
                m.d.sync += E.eq(before.data + (z[:-1] ^ negative.replicate(len(z) - 1)) + negative)
                m.next = "keep"
                with m.If(slot_ends):
                    m.next = "shift"
            with m.State("shift"):
                with m.If(E[-1] | (e == 0)):
                    m.next = "level"
                with m.Else():
                    m.d.sync += [E.eq(E << 1), e.eq(e - 1)]
            with m.State("level"):
                m.d.comb += self.levels.valid.eq(1)
                with m.If(self.levels.ready):
                    m.d.sync += [E.eq(0), e.eq(e.init)]
                    m.next = "keep"
            with m.State("keep"):
                m.d.comb += write.en.eq(1)
                next_filter()
                with m.If(last):
                    m.d.sync += sample.eq(Mux(slot_ends, 0, sample + 1))
                m.next = "rest"
