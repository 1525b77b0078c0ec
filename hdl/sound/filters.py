# SPDX-License-Identifier: BSD-2-Clause
"""The filter bank of the front end, which shares two 16-bit multipliers (DESIGN, section 6)."""

from collections.abc import Sequence
from typing import NamedTuple

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.sound.filters import FRACTION, SAMPLE_BITS, STATE_BITS, Filter
from firstspike.hdl.lib.block import Block

UP = STATE_BITS - SAMPLE_BITS - 2
"""Bits by which stored samples are shifted to the left: the largest `up` of any valid filter."""

HISTORY = 2
"""Addresses per state, for samples n-1 and n-2, selected by the sample number modulo 2."""

WORDS = 4
"""Words per filter in the table: a1, a2, and the input shift of each of its two resonators."""

STEPS = 3
"""Cycles of a resonator: a1 v[n-1], a2 v[n-2], and their sum with D."""

STRIDE = 2
"""Maximum number of bits by which D is shifted per cycle."""

HIDDEN = STRIDE * (STEPS - 1)
"""Bits by which D is shifted during the multiplications; for more bits the multiplications stall.
"""


class Filters(Block):
    """Compute z[n] of each filter, one resonator after another.

    A resonator has the input u and the state v: first x and y, then y and z. It computes

        D    = (u[n] - u[n-2]) >> shift
        v[n] = D + ((a1 v[n-1] + a2 v[n-2] + 2^13) >> 14)

    A state is high 2^14 + low, and each of these parts has its own multiplier. Therefore

        v[n] = D + a1 high[n-1] + a2 high[n-2] + ((a1 low[n-1] + a2 low[n-2] + 2^13) >> 14)

    D is shifted during the multiplications. x is stored with a left shift by `UP`, so that the
    shift by `up` becomes a right shift.

        address of a state: sample number modulo 2, and node: 0 y0, 1 z0, 2 y1, ..., x

    Parameters: `filters`.

    Latency from a sample to its last z: `cycles(filters)`; throughput: one sample per
    `cycles(filters)`. Back-pressure at `outputs` stalls the computation. After a reset the block
    first clears all states, so it accepts the first sample `depth(filters)` cycles after a reset.
    """

    def __init__(self, filters: Sequence[Filter]) -> None:
        self._filters = tuple(filters)
        super().__init__(
            #: The samples x.
            samples=In(stream.Signature(signed(SAMPLE_BITS))),
            #: z of each filter in order, for every sample.
            outputs=Out(stream.Signature(signed(STATE_BITS))),
        )

    @staticmethod
    def depth(filters: Sequence[Filter]) -> int:
        """Return the number of addresses of all states."""
        return HISTORY * (1 + 2 * len(filters))

    @staticmethod
    def cycles(filters: Sequence[Filter]) -> int:
        """Return the clock cycles per sample: one for its transfer, and those of each resonator."""
        beyond = (max(shift - HIDDEN, 0) for one in filters for shift in _shifts(one))
        return 1 + sum(STEPS + -(-bits // STRIDE) for bits in beyond)

    def build(self, m: Module) -> None:
        count = len(self._filters)
        words = [word for one in self._filters for word in (one.a1, one.a2, *_shifts(one))]
        m.submodules.table = table = memory.Memory(
            shape=signed(SAMPLE_BITS), depth=len(words), init=words
        )
        states = memory.Memory(shape=signed(STATE_BITS), depth=self.depth(self._filters), init=())
        m.submodules.states = states
        word, state, state_write = table.read_port(), states.read_port(), states.write_port()

        # The current resonator, the next one, and the sample number modulo 2.
        resonator, following, n = Signal(range(2 * count)), Signal(range(2 * count)), Signal()
        position = _Position(resonator, following, n)
        second, last = resonator[0], resonator == 2 * count - 1
        # The read data is stable until `moves`. The transfer of a sample only reads a new state.
        moves, takes = Signal(), Signal()
        m.d.comb += [
            following.eq(Mux(last, 0, resonator + 1)),
            word.addr.eq(Cat(C(0, 2), following[1:])),
            word.en.eq(moves),
            state.addr.eq(Cat(~n, resonator)),
            state.en.eq(moves | takes),
            state_write.addr.eq(Cat(n, resonator)),
        ]

        adds, clears = Signal(), Signal()
        low, high = self._sums(m, word.data, state.data, adds, clears)
        D, left = self._shifter(m)

        # The state to write, and its difference to the old one. An additional low bit rounds v.
        halves = (low >> FRACTION - 1) + Cat(1, D).as_signed()
        v = ((halves >> 1) + high)[:STATE_BITS].as_signed()
        difference, of_x = Signal.like(D), Signal.like(D)
        m.d.comb += [
            state_write.data.eq(Mux(takes, self.samples.payload << UP, v)),
            difference.eq(state_write.data - state.data),
            self.outputs.payload.eq(v),
        ]

        with m.FSM(init="wipe"):
            self._wipe(m, state_write, moves)
            with m.State("rest"):
                m.d.comb += [
                    self.samples.ready.eq(1),
                    takes.eq(self.samples.valid),
                    state_write.en.eq(takes),
                    state_write.addr.eq(Cat(n, C(2 * count))),
                ]
                with m.If(takes):
                    m.d.sync += [
                        of_x.eq(difference),
                        D.eq(difference),
                        left.eq(_shifts(self._filters[0])[0]),
                    ]
                    m.next = "older"
            self._multiply(m, word, state, position, moves, adds, left <= HIDDEN)
            with m.State("result"):
                m.d.comb += [
                    self.outputs.valid.eq(second),
                    moves.eq(self.outputs.ready | ~second),
                    clears.eq(moves),
                    state_write.en.eq(moves),
                    state.addr.eq(Cat(~n, resonator + 1)),  # x follows the last resonator
                ]
                with m.If(moves):
                    m.d.sync += [
                        D.eq(Mux(second, of_x, difference)),
                        left.eq(word.data),
                        resonator.eq(following),
                    ]
                    m.next = "older"
                    with m.If(last):
                        m.d.sync += n.eq(~n)
                        m.next = "rest"

    def _multiply(
        self,
        m: Module,
        word: memory.ReadPort,
        state: memory.ReadPort,
        at: "_Position",
        moves: Signal,
        adds: Signal,
        shifted: Value,
    ) -> None:
        """Add the FSM states of the two products, of which the first waits for `shifted`."""
        with m.State("older"):
            # Multiply v[n-1], and read v[n-2].
            m.d.comb += [
                moves.eq(shifted),
                adds.eq(moves),
                word.addr.eq(Cat(C(1, 2), at.resonator[1:])),
                state.addr[0].eq(at.n),
            ]
            with m.If(moves):
                m.next = "oldest"
        with m.State("oldest"):
            # Multiply v[n-2], and read it again, for D.
            m.d.comb += [
                moves.eq(1),
                adds.eq(1),
                word.addr.eq(Cat(at.following[0], 1, at.following[1:])),
                state.addr[0].eq(at.n),
            ]
            m.next = "result"

    def _sums(
        self, m: Module, coefficient: Value, state: Value, adds: Value, clears: Value
    ) -> tuple[Signal, Signal]:
        """Return the sums of the products, separately for the low and high part of the states."""
        low, high = Signal(signed(SAMPLE_BITS + FRACTION + 1)), Signal(signed(STATE_BITS))
        low_part = Cat(state[:FRACTION], 0).as_signed()
        high_part = state[FRACTION:].as_signed()
        for total, part in ((low, low_part), (high, high_part)):
            with m.If(clears):
                m.d.sync += total.eq(0)
            with m.Elif(adds):
                m.d.sync += total.eq(total + coefficient * part)
        return low, high

    def _shifter(self, m: Module) -> tuple[Signal, Signal]:
        """Return D, and the number of bits by which it is still to be shifted."""
        D, left = Signal(signed(STATE_BITS + 1)), Signal(range(STATE_BITS))
        with m.If(left >= STRIDE):
            m.d.sync += [D.eq(D >> STRIDE), left.eq(left - STRIDE)]
        with m.Elif(left == 1):
            m.d.sync += [D.eq(D >> 1), left.eq(0)]
        return D, left

    def _wipe(self, m: Module, write: memory.WritePort, moves: Signal) -> None:
        """Add the FSM state that clears the states of the filters after a reset."""
        depth = self.depth(self._filters)
        wiped = Signal(range(depth))
        with m.State("wipe"):
            m.d.comb += [write.en.eq(1), write.addr.eq(wiped)]
            m.d.sync += wiped.eq(wiped + 1)
            with m.If(wiped == depth - 1):
                m.d.comb += moves.eq(1)
                m.next = "rest"


class _Position(NamedTuple):
    """The position of the computation: the current resonator, the next one, and the sample number
    modulo 2.
    """

    resonator: Signal
    following: Signal
    n: Signal


def _shifts(one: Filter) -> tuple[int, int]:
    """Return the right shifts of the inputs of both resonators."""
    return UP - one.up, one.down
