# SPDX-License-Identifier: BSD-2-Clause
"""The random generator: a linear feedback shift register that advances several steps per cycle."""

from collections.abc import Callable

from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib.wiring import In, Out

from .block import Block


class Lfsr(Block):
    """Draw random events of probability 2^-j, at most one per cycle.

    A leap advances the register by any number of steps. It is linear: each bit of the next state
    is the exclusive or of some bits of the current state. A Python function therefore defines the
    leap completely, for example four steps of a register of four bits:

        >>> def leap(state):
        ...     for _ in range(4):
        ...         state = state >> 1 ^ (0b1001 if state & 1 else 0)
        ...     return state
        >>> generator = Lfsr(leap, width=4, init=1)

    Parameters
    ----------
    leap : function from a state to the next state, both int. It must be linear over exclusive or,
        and map no state but 0 to 0.
    width : bits of the state, at least 2.
    init : the state after a reset, not 0.

    Members
    -------
    draw : input, the exponent j in 0 .. width - 1. It must be stable from the cycle before the
        draw until the draw.
    drawn : output of a register, the result of a draw: 1 if the low j bits of the next state are
        0. With j = 0 a draw always succeeds. Because `drawn` is registered, `take` may settle late
        in the cycle.
    take : input, high in the cycle of a draw. Unless j = 0, the state leaps at the end of the
        cycle.
    load, seed : inputs that set the state to `seed` unless `seed` is 0. `load` has priority over
        `take`; `drawn` is not usable in the cycle after `load`.
    state : output, never 0.

    Latency: `drawn` follows `draw` by one cycle. Throughput: one draw per cycle.

    Raises ValueError for parameters out of range, and for a leap that is not linear.
    """

    def __init__(self, leap: Callable[[int], int], *, width: int, init: int) -> None:
        if width < 2:
            raise ValueError(f"a generator has at least 2 bits, not {width}.")
        if not 0 < init < 1 << width:
            raise ValueError(
                f"a generator of {width} bits starts with 1 to {(1 << width) - 1}, not {init}."
            )
        bits = [1 << bit for bit in range(width)]
        if any(leap(a ^ b) != leap(a) ^ leap(b) for a in bits for b in bits):
            raise ValueError(f"a leap must be linear over exclusive or: {leap!r} is not.")
        # The bits of the next state to which each bit contributes, after one leap and after two.
        self._once = [leap(bit) for bit in bits]
        self._twice = [leap(after) for after in self._once]
        self.width = width
        super().__init__(
            draw=In(range(width)),
            take=In(1),
            drawn=Out(1),
            load=In(1),
            seed=In(width),
            state=Out(width, init=init),
        )

    def build(self, m: Module) -> None:
        width = self.width

        def leapt(goes: list[int]) -> Value:
            return Cat(
                Cat(self.state[bit] for bit in range(width) if goes[bit] >> target & 1).xor()
                for target in range(width)
            )

        def succeeds(after: Value) -> Value:
            low_zero = Cat(Const(1, 1), (~after[:j].any() for j in range(1, width)))
            return low_zero.bit_select(self.draw, 1)

        after = leapt(self._once)
        m.d.sync += self.drawn.eq(Mux(self.take, succeeds(leapt(self._twice)), succeeds(after)))
        with m.If(self.load & (self.seed != 0)):
            m.d.sync += self.state.eq(self.seed)
        with m.Elif(self.take & (self.draw != 0)):
            m.d.sync += self.state.eq(after)
