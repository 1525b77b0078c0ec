# SPDX-License-Identifier: BSD-2-Clause
"""All filters of the front end, with one serial multiplier: an adder that shifts (DESIGN, 6)."""

from collections.abc import Iterator, Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value, ValueLike, signed
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.sound.filters import FRACTION, SAMPLE_BITS, STATE_BITS, Filter
from firstspike.hdl.lib.block import Block
from firstspike.hdl.lib.memories import Memory

UP = STATE_BITS - SAMPLE_BITS - 2
"""Bits by which samples are stored to the left: no filter that is accepted has a larger `up`."""

PLACE_BITS = STATE_BITS + 2
"""Bits of a place in memory: a state, or the input D of a resonator, which may be larger."""

SUM_BITS = PLACE_BITS + 1
"""Bits of the adder."""

GUARD = 2
"""Low bits of a result, which have left the adder when the last bits of a product are added."""

STEPS = 32
"""Additions of a resonator's products: a bit of a1 and a bit of a2 by turns, the lowest first."""

HISTORY = 4
"""Places per state: those of samples n, n-1 and n-2, by the number of the sample modulo 4."""

WORDS = 4
"""Words per filter in the table: a1, a2, and by how much either resonator shifts its input."""


class Filters(Block):
    """Computes z[n] of each filter, one resonator after the other, bit by bit.

    A resonator has the input u and the state v: first x and y, then y and z. It computes

        D    = (u[n] - u[n-2]) >> shift
        v[n] = D + ((a1 v[n-1] + a2 v[n-2] + 2^13) >> 14)

    A sum is shifted to the right after a bit of a1 and the same bit of a2 have been added, so its
    low bits drop out. D waits in the place of v[n], and is added with bit 14. x is stored shifted
    to the left by `UP`, so that its `up` is a shift to the right, too.

        place of a state: number of the sample modulo 4, and node: 0 x, 1 y0, 2 z0, 3 y1, ...

    After a reset all states are cleared.

    Parameters: `filters`.

    Latency of a sample's last z, and throughput: `cycles(filters)`, if no z has to wait. The first
    sample is taken `places(filters)` cycles after a reset.
    """

    def __init__(self, filters: Sequence[Filter]) -> None:
        self._filters = tuple(filters)
        super().__init__(
            samples=In(stream.Signature(signed(SAMPLE_BITS))),
            #: z of each filter in order, for every sample.
            outputs=Out(stream.Signature(signed(STATE_BITS))),
        )

    @staticmethod
    def places(filters: Sequence[Filter]) -> int:
        """Places of all states."""
        return HISTORY * (1 + 2 * len(filters))

    @staticmethod
    def cycles(filters: Sequence[Filter]) -> int:
        """Clock cycles per sample: one to take it, and those of each resonator."""
        return 1 + sum(STEPS + 6 + shift for one in filters for shift in _shifts(one))

    @staticmethod
    def memories(filters: Sequence[Filter]) -> Iterator[Memory]:
        """The states, and the table of coefficients and shifts."""
        yield Memory("states", PLACE_BITS, Filters.places(filters))
        yield Memory("table", SAMPLE_BITS, WORDS * len(filters), read_only=True)

    def build(self, m: Module) -> None:
        count, places = len(self._filters), self.places(self._filters)
        words = [word for one in self._filters for word in (one.a1, one.a2, *_shifts(one))]
        m.submodules.table = table = memory.Memory(
            shape=signed(SAMPLE_BITS), depth=len(words), init=words
        )
        m.submodules.states = states = memory.Memory(
            shape=signed(PLACE_BITS), depth=places, init=[]
        )
        word, state, kept = table.read_port(), states.read_port(), states.write_port()

        # The resonator that is being computed, the nodes of its u and v, and the sample's number.
        resonator, n = Signal(range(2 * count)), Signal(range(HISTORY))
        second, last = resonator[0], resonator == 2 * count - 1
        u, v = Signal(range(2 * count + 1)), Signal(range(2 * count + 1))
        m.d.comb += [u.eq(Mux(second, resonator, 0)), v.eq(resonator + 1)]
        step = Signal(range(STEPS))

        # The sum, of which nothing is added unless it `adds`.
        total = Signal(signed(SUM_BITS + GUARD))
        adds, subtracts, carry, shifts, clears = (Signal() for _ in range(5))
        read = state.data.as_unsigned()
        operand = (read & adds.replicate(PLACE_BITS)) ^ subtracts.replicate(PLACE_BITS)
        high = Signal(signed(SUM_BITS))
        m.d.comb += high.eq(total[GUARD:].as_signed() + operand.as_signed() + carry)
        whole = Cat(total[:GUARD], high)
        m.d.sync += total.eq(Mux(shifts, whole.as_signed() >> 1, whole))
        with m.If(clears):
            m.d.sync += total.eq(0)

        # What is written is the sum; where there is a sample to write, the sum is 0.
        x = Signal(signed(SAMPLE_BITS))
        m.d.comb += [
            kept.addr.eq(Cat(n, v)),
            kept.data.eq(total[:PLACE_BITS].as_signed() | (x << UP)),
            self.outputs.payload.eq(total[:STATE_BITS]),
        ]

        # Each state asks for what the next one adds.
        back = Signal(range(3))  # of which sample: n - back
        node = Signal.like(v)
        m.d.comb += [
            state.addr.eq(Cat((n - back)[: len(n)], node)),
            node.eq(v),
            word.addr.eq(Cat(second, 1, resonator[1:])),
        ]

        def ask_product(which: ValueLike) -> list:
            """Ask for v and a1, or v and a2, the sample before the last."""
            which = Value.cast(which)
            return [back.eq(Mux(which, 2, 1)), word.addr.eq(Cat(which, 0, resonator[1:]))]

        with m.FSM(init="wipe"):
            wiped = Signal(range(places))
            with m.State("wipe"):
                m.d.comb += [kept.en.eq(1), kept.addr.eq(wiped)]
                m.d.sync += wiped.eq(wiped + 1)
                with m.If(wiped == places - 1):
                    m.next = "rest"
            with m.State("rest"):
                m.d.comb += [
                    self.samples.ready.eq(1),
                    x.eq(self.samples.payload),
                    kept.en.eq(self.samples.valid),
                    kept.addr.eq(n),
                    back.eq(2),
                    node.eq(0),
                ]
                with m.If(self.samples.valid):
                    m.next = "older input"
            with m.State("older input"):
                m.d.comb += [adds.eq(1), subtracts.eq(1), carry.eq(1), node.eq(u)]
                m.next = "input"
            with m.State("input"):
                m.d.comb += [adds.eq(1), shifts.eq(1)]
                m.next = "shift"
            with m.State("shift"):
                m.d.comb += shifts.eq(1)
                m.d.sync += step.eq(step + 1)
                with m.If(step == word.data[: len(step)]):
                    m.d.sync += step.eq(0)
                    m.next = "keep"
            with m.State("keep"):
                m.d.comb += [kept.en.eq(1), clears.eq(1), *ask_product(0)]
                m.next = "product"
            with m.State("product"):
                pair, second_of_pair = step[1:], step[0]
                m.d.comb += [
                    adds.eq(word.data.bit_select(pair, 1)),
                    subtracts.eq(pair == SAMPLE_BITS - 1),
                    carry.eq(subtracts | ((pair == FRACTION - 1) & ~second_of_pair)),
                    shifts.eq(second_of_pair),
                    *ask_product(~second_of_pair),
                ]
                m.d.sync += step.eq(step + 1)
                with m.If((pair == FRACTION) & ~second_of_pair):
                    m.d.comb += back.eq(0)
                    m.next = "D"
                with m.If(step == STEPS - 1):
                    m.next = "result"
            with m.State("D"):
                m.d.comb += [adds.eq(1), *ask_product(1)]
                m.next = "product"
            with m.State("result"):
                goes = Signal()
                m.d.comb += [
                    self.outputs.valid.eq(second),
                    goes.eq(self.outputs.ready | ~second),
                    kept.en.eq(1),
                    clears.eq(goes),
                    back.eq(2),
                    node.eq(Mux(second, 0, v)),  # the next resonator's u
                ]
                with m.If(goes):
                    m.d.sync += resonator.eq(Mux(last, 0, resonator + 1))
                    m.next = "older input"
                    with m.If(last):
                        m.d.sync += n.eq(n + 1)
                        m.next = "rest"


def _shifts(one: Filter) -> tuple[int, int]:
    """By how much the inputs of both resonators are shifted to the right."""
    return UP - one.up, one.down
