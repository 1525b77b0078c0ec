# SPDX-License-Identifier: BSD-2-Clause
"""The text reporter: sends decisions, conditions and the status as lines of text, byte by byte.

decision, condition, request -> text number, digits of its numbers -> ROM of texts -> bytes
"""

from collections.abc import Iterable, Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import enum, memory, stream
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from firstspike.golden.network import Network
from firstspike.hdl.lib.block import Block, struct

from .status import DIGIT_BITS, WIDTHS, status_text
from .texts import DIGIT, END, LAST, NIBBLE, decision_text, rom_content, sentence

BEFORE_LETTERS = 9
"""Largest hexadecimal digit that is not a letter."""


class State(enum.Enum):
    """States of the TextReporter."""

    WAIT = 0  # wait for a decision, condition or request
    CONVERT = 1  # convert the tick to digits
    READ = 2  # read a byte of the text
    SEND = 3  # send the byte


class TextReporter(Block):
    """Send a line of text for each decision, each new condition, and each status request.

    A condition has priority over the status, and the status over a decision. A condition that ends
    before its line can start is not reported. After a reset the first condition is reported. A
    status request that arrives while another request is pending or being answered is dropped, so
    requests cannot block decisions permanently. While a line is sent, `decision` stalls.

    Parameters: `network`, for the names of its classes; `conditions`, a sentence per condition;
    `identity` of the design; `counted`, the layout of the sensor's counters.

    Latency: 2 cycles to the first byte of a sentence or of the status; for a decision, one more
    cycle per bit of the tick. Throughput: one byte in 2 cycles, and 2 more cycles for each omitted
    digit.
    """

    def __init__(
        self, network: Network, conditions: Sequence[str], identity: bytes, counted: StructLayout
    ) -> None:
        self._numbers = [name for name in WIDTHS if name == "cycles" or name in counted.members]
        self._deadline = network.deadline
        self._classes = network.shape[-1]
        self._digits = len(str(network.deadline))
        names = map(network.class_name, range(self._classes))
        self._texts = [
            *(decision_text(name, network.deadline) for name in names),
            *map(sentence, conditions),
            status_text(identity, self._numbers),
        ]
        decision_layout = struct(
            **{"class": range(self._classes), "tick": range(network.deadline + 1)}
        )
        super().__init__(
            decision=In(stream.Signature(decision_layout)),
            #: Number of the current condition.
            condition=In(range(len(conditions))),
            #: High for a cycle: a status request.
            status_requested=In(1),
            #: The counters of the sensor, and the cycle in which they are sampled for the status.
            counted=In(counted),
            counters_sampled=Out(1),
            #: Bytes of text.
            sent=Out(stream.Signature(8)),
        )

    def build(self, m: Module) -> None:
        state = Signal(State)
        bits, content = rom_content(self._texts)
        m.submodules.memory = rom = memory.Memory(shape=8, depth=len(content), init=content)
        byte = rom.read_port()
        address = Signal(range(len(content)))
        m.d.comb += byte.addr.eq(address)

        # The tick is converted to decimal digits bit by bit, the highest bit first.
        tick = Signal(range(self._deadline + 1))
        left = Signal(range(len(tick) + 1))
        digits = Signal(ArrayLayout(DIGIT_BITS, self._digits))
        doubled = _doubled(digits, tick[-1])
        top, digit_sent = digits[self._digits - 1], Signal()  # a digit other than 0 has been sent

        # A shift register sends the numbers of the status nibble by nibble, the highest first.
        cycles = Signal(WIDTHS["cycles"])
        m.d.sync += cycles.eq(cycles + 1)
        every = [cycles if name == "cycles" else self.counted[name] for name in self._numbers]
        numbers = Signal(sum(map(len, every)))
        pending, answering = Signal(), Signal()  # a request is pending; a request is being answered
        with m.If(self.status_requested & ~answering):
            m.d.sync += pending.eq(1)

        kind = byte.data
        is_digit, is_nibble = (kind == DIGIT) | (kind == LAST), kind == NIBBLE
        omitted = (kind == DIGIT) & (top == 0) & ~digit_sent
        nibble = Signal(DIGIT_BITS)
        m.d.comb += [
            nibble.eq(Mux(is_nibble, numbers[-DIGIT_BITS:], top)),
            self.sent.payload.eq(Mux(is_digit | is_nibble, _hexadecimal(nibble), kind)),
        ]

        with m.Switch(state):
            with m.Case(State.WAIT):
                m.d.sync += [digit_sent.eq(0), tick.eq(self.decision.payload.tick)]
                m.d.sync += [digits.eq(0), left.eq(len(tick))]
                m.d.sync += [numbers.eq(Cat(*reversed(every))), answering.eq(0)]
                self._select_text(m, state, address, bits, pending, answering)
            with m.Case(State.CONVERT):
                m.d.sync += [tick.eq(tick << 1), digits.eq(doubled), left.eq(left - 1)]
                with m.If(left == 1):
                    m.d.sync += state.eq(State.READ)
            with m.Case(State.READ):
                m.d.sync += state.eq(State.SEND)
            with m.Case(State.SEND):
                m.d.comb += self.sent.valid.eq((kind != END) & ~omitted)
                with m.If(kind == END):
                    m.d.sync += state.eq(State.WAIT)
                with m.Elif(self.sent.ready | omitted):
                    m.d.sync += [address.eq(address + 1), state.eq(State.READ)]
                    with m.If(is_digit):
                        m.d.sync += [
                            digits.eq(digits.as_value() << DIGIT_BITS),
                            digit_sent.eq(digit_sent | (top != 0)),
                        ]
                    with m.If(is_nibble):
                        m.d.sync += numbers.eq(numbers << DIGIT_BITS)

    def _select_text(
        self,
        m: Module,
        state: Signal,
        address: Signal,
        bits: int,
        pending: Signal,
        answering: Signal,
    ) -> None:
        """Select the text of a new condition, of the status, or of a decision.

        `bits` are those of an address inside a text.
        """
        reported, has_reported = Signal.like(self.condition), Signal()
        with m.If(~has_reported | (reported != self.condition)):
            m.d.sync += [
                address.eq((self._classes + self.condition) << bits),
                reported.eq(self.condition),
                has_reported.eq(1),
                state.eq(State.READ),
            ]
        with m.Elif(pending):
            m.d.comb += self.counters_sampled.eq(1)
            m.d.sync += [
                address.eq(len(self._texts) - 1 << bits),
                pending.eq(0),
                answering.eq(1),
                state.eq(State.READ),
            ]
        with m.Else():
            m.d.comb += self.decision.ready.eq(1)
            m.d.sync += address.eq(self.decision.payload["class"] << bits)
            with m.If(self.decision.valid):
                m.d.sync += state.eq(State.CONVERT)


def _doubled(digits: Iterable[Value], carry: Value) -> Value:
    """Return twice the number of these decimal digits, plus `carry`."""
    doubled = []
    for digit in digits:
        corrected = Mux(digit > 4, digit + 3, digit)[:DIGIT_BITS]
        doubled.append(Cat(carry, corrected[:-1]))
        carry = corrected[-1]
    return Cat(doubled)


def _hexadecimal(digit: Value) -> Value:
    """Return the ASCII character of a hexadecimal digit."""
    letter = digit > BEFORE_LETTERS
    return Mux(letter, digit + (ord("a") - BEFORE_LETTERS - 1), digit + ord("0"))[:8]
