# SPDX-License-Identifier: BSD-2-Clause
"""The random generator: a shift register with linear feedback that leaps."""

from collections.abc import Callable

from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib.wiring import In, Out

from .block import Block


class Lfsr(Block):
    """Draws with probability 2^-j, one draw per cycle.

    A leap, which may be many steps of the register, is linear: each bit of the next state is the
    exclusive or of some bits of this one. So software that defines it is all there is to say, for
    example four steps of four bits:

        >>> def leap(state):
        ...     for _ in range(4):
        ...         state = state >> 1 ^ (0b1001 if state & 1 else 0)
        ...     return state
        >>> generator = Lfsr(leap, width=4, init=1)

    Parameters
    ----------
    leap : the state after a state, both int. Linear over exclusive or; from 0 alone to 0.
    width : bits of the state, at least 2.
    init : the state after a reset, not 0.

    Members
    -------
    draw : j, an input of 0 .. width - 1. It is steady from the cycle before a draw on.
    drawn : output; it is 1 if the low j bits of the next state are 0, so with j = 0 a draw always
        succeeds. It is a register, so what asks for a draw may come late in the cycle.
    take : input that makes the draw count. Unless j = 0 the state leaps at the end of the cycle.
    load, seed : inputs that set the state, if the seed is not 0. `load` wins over `take`, and the
        next cycle has no draw.
    state : output, never 0.

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
        # Where each bit of the state goes, in one leap and in two.
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
