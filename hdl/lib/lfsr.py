"""The random generator: a linear-feedback shift register that leaps."""

from amaranth.hdl import Cat, Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.learning.rule import leap

WIDTH = 16
"""Bits of the state."""


class Lfsr(wiring.Component):
    """Draws with probability 2^-j, as `golden.learning` does; one draw a cycle.

    A leap is linear: each bit of the next state is the exclusive or of some bits of this one.

    Ports
    -----
    draw : j, 0 .. 15.
    drawn : in the same cycle, whether the draw succeeds: the low j bits of the next state are 0.
        With j = 0 always.
    take : the draw counts; unless j = 0 the state leaps at the end of the cycle.
    load, seed : set the state, if the seed is not 0; wins over `take`.
    state : never 0.
    """

    draw: In(range(WIDTH))
    take: In(1)
    drawn: Out(1)
    load: In(1)
    seed: In(WIDTH)
    state: Out(WIDTH, init=0xACE1)

    def elaborate(self, platform):
        m = Module()
        # Where each bit of the state goes, from the definition of a leap.
        goes = [leap(1 << bit) for bit in range(WIDTH)]
        after = Cat(
            Cat(self.state[bit] for bit in range(WIDTH) if goes[bit] >> target & 1).xor()
            for target in range(WIDTH)
        )
        succeeds = Cat(Const(1, 1), (~after[:j].any() for j in range(1, WIDTH)))
        m.d.comb += self.drawn.eq(succeeds.bit_select(self.draw, 1))
        with m.If(self.load & (self.seed != 0)):
            m.d.sync += self.state.eq(self.seed)
        with m.Elif(self.take & (self.draw != 0)):
            m.d.sync += self.state.eq(after)
        return m
