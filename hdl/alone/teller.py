# SPDX-License-Identifier: BSD-2-Clause
"""Says decisions and conditions as lines of text, byte by byte.

decision, condition -> which text, and digits of the tick -> memory of texts -> bytes
"""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import enum, memory, stream
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from firstspike.golden.network import Network
from firstspike.hdl.lib.block import Block, struct

from .texts import DIGIT, END, LAST, in_memory, said_of_class, sentence

DIGIT_BITS = 4


class State(enum.Enum):
    """What the teller is at."""

    WAIT = 0  # for something to say
    CONVERT = 1  # the tick to digits
    READ = 2  # a byte of the text
    SAY = 3


class Teller(Block):
    """Says each decision, and each condition once when it begins.

    A decision that comes meanwhile waits. A condition goes before it; one that ends before it can
    be said is not said. After a reset the first condition is said.

    Parameters: the `network`, whose classes have names; `conditions`, a sentence per condition.

    Latency: 2 cycles to the first byte of a sentence, and one more per bit of the tick for that of
    a decision. Throughput: a byte in 2 cycles, and 2 more for a digit that is left out.
    """

    def __init__(self, network: Network, conditions: Sequence[str]) -> None:
        self._deadline = network.deadline
        self._classes = network.shape[-1]
        self._digits = len(str(network.deadline))
        names = map(network.class_name, range(self._classes))
        self._texts = [
            *(said_of_class(name, network.deadline) for name in names),
            *map(sentence, conditions),
        ]
        heard = struct(**{"class": range(self._classes), "tick": range(network.deadline + 1)})
        super().__init__(
            decision=In(stream.Signature(heard)),
            #: Number of the condition that holds.
            condition=In(range(len(conditions))),
            #: Bytes of text.
            sent=Out(stream.Signature(8)),
        )

    def build(self, m: Module) -> None:
        state = Signal(State)
        bits, content = in_memory(self._texts)
        m.submodules.memory = rom = memory.Memory(shape=8, depth=len(content), init=content)
        byte = rom.read_port()
        text, place = Signal(range(len(self._texts))), Signal(bits)
        m.d.comb += byte.addr.eq(Cat(place, text))

        # The tick goes bit by bit, the highest first, into decimal digits.
        tick = Signal(range(self._deadline + 1))
        left = Signal(range(len(tick) + 1))
        digits = Signal(ArrayLayout(DIGIT_BITS, self._digits))
        carry = tick[-1]
        doubled = []
        for digit in digits:
            corrected = Mux(digit > 4, digit + 3, digit)[:DIGIT_BITS]
            doubled.append(Cat(carry, corrected[:-1]))
            carry = corrected[-1]
        top, begun = digits[self._digits - 1], Signal()  # a digit has been said that is not 0

        told, known = Signal.like(self.condition), Signal()
        kind = byte.data
        is_digit = (kind == DIGIT) | (kind == LAST)
        omitted = (kind == DIGIT) & (top == 0) & ~begun
        m.d.comb += self.sent.payload.eq(Mux(is_digit, Cat(top, Const(0x3, 4)), kind))

        with m.Switch(state):
            with m.Case(State.WAIT):
                m.d.sync += [place.eq(0), begun.eq(0), tick.eq(self.decision.payload.tick)]
                m.d.sync += [digits.eq(0), left.eq(len(tick))]
                with m.If(~known | (told != self.condition)):
                    m.d.sync += [
                        text.eq(self._classes + self.condition),
                        told.eq(self.condition),
                        known.eq(1),
                        state.eq(State.READ),
                    ]
                with m.Else():
                    m.d.comb += self.decision.ready.eq(1)
                    m.d.sync += text.eq(self.decision.payload["class"])
                    with m.If(self.decision.valid):
                        m.d.sync += state.eq(State.CONVERT)
            with m.Case(State.CONVERT):
                m.d.sync += [tick.eq(tick << 1), digits.eq(Cat(doubled)), left.eq(left - 1)]
                with m.If(left == 1):
                    m.d.sync += state.eq(State.READ)
            with m.Case(State.READ):
                m.d.sync += state.eq(State.SAY)
            with m.Case(State.SAY):
                m.d.comb += self.sent.valid.eq((kind != END) & ~omitted)
                with m.If(kind == END):
                    m.d.sync += state.eq(State.WAIT)
                with m.Elif(self.sent.ready | omitted):
                    m.d.sync += [place.eq(place + 1), state.eq(State.READ)]
                    with m.If(is_digit):
                        m.d.sync += [
                            digits.eq(digits.as_value() << DIGIT_BITS),
                            begun.eq(begun | (top != 0)),
                        ]
