# SPDX-License-Identifier: BSD-2-Clause
"""The crossing unit: at which tick of a window a membrane reaches threshold."""

from amaranth.hdl import Cat, Signal, signed
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, struct

from .lanes import crossing_layout
from .layouts import slope_shape


class Crossing(Block):
    """ceil(-M / S) - 1 for M < 0 <= M + 2^k S, by k restoring shift-and-subtract steps.

    The result `key` is the number of whole ticks of the window that pass before the tick of the
    spike: the largest u in 0 .. 2^k - 1 with M + u S < 0. A shorter window of 2^j ticks gives
    the right result in the same k steps, since its first k - j steps find nothing to subtract.

    Latency: `config.folding.crossing_cycles`; throughput: one a cycle.
    """

    def __init__(self, config, value):
        if not config.folding.window:
            raise ValueError("a layer without windows needs no Crossing: it sees every tick.")
        self._value = value
        self._config = config
        super().__init__(
            #: `value` is what the taker wants to know again.
            i=In(stream.Signature(struct(state=crossing_layout(config), value=value))),
            o=Out(stream.Signature(struct(key=config.folding.window, value=value))),
        )

    def build(self, m):
        k, widths = self._config.folding.window, self._config.widths
        # S << (k - 1) may leave the range of M where the window was a shorter one.
        wide = signed(max(widths.M, widths.S + k - 1) + 1)
        layout = struct(M=wide, S=slope_shape(self._config), key=k, value=self._value)
        step = ~self.o.valid | self.o.ready
        m.d.comb += self.i.ready.eq(step)

        current, valid = Signal(layout), Signal()
        with m.If(step):
            m.d.sync += [
                valid.eq(self.i.valid),
                current.M.eq(self.i.payload.state.M),
                current.S.eq(self.i.payload.state.S),
                current.value.eq(self.i.payload.value),
            ]
        for bit in reversed(range(k)):
            following = Signal(layout, name=f"step_{bit}")
            following_valid = Signal(name=f"valid_{bit}")
            trial = Signal(wide, name=f"trial_{bit}")
            below = trial < 0
            m.d.comb += trial.eq(current.M + (current.S << bit))
            with m.If(step):
                m.d.sync += [
                    following_valid.eq(valid),
                    following.eq(current),
                    following.key.eq(Cat(current.key[:bit], below, current.key[bit + 1 :])),
                ]
                with m.If(below):
                    m.d.sync += following.M.eq(trial)
            current, valid = following, following_valid
        m.d.comb += [
            self.o.valid.eq(valid),
            self.o.payload.key.eq(current.key),
            self.o.payload.value.eq(current.value),
        ]
