# SPDX-License-Identifier: BSD-2-Clause
"""Properties of a CrossingTimeDivider in every cycle, with the invariants of their induction."""

from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal, Value, signed

from firstspike.golden.widths import StateWidths
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.emitter import CrossingTimeDivider
from firstspike.hdl.lib.block import struct

NUMBER_BITS = 4
"""Bits of the numbers that neurons are given, more than there are registers."""


class CrossingProof(CrossingTimeDivider):
    """The result is the largest u with M + u S < 0, for every M and S and any back-pressure.

    `value` holds the M and S that went in, and a number that shows the order.

    Parameters: `config` of a layer with windows; `widths` instead of that layer's.
    """

    def __init__(self, config: LayerConfig, widths: StateWidths) -> None:
        value = struct(M=signed(widths.M), S=signed(widths.S), number=NUMBER_BITS)
        super().__init__(window=config.folding.window, widths=widths, value=value)

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        k, fired, sent = self._window, self.i.payload, self.o.payload
        M, S = fired.state.M, fired.state.S
        accepted, delivered = Signal(NUMBER_BITS), Signal(NUMBER_BITS)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += accepted.eq(accepted + 1)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += delivered.eq(delivered + 1)
        m.d.comb += [
            # A neuron is offered only if it fires within the window.
            Assume((M < 0) & (M + (S << k) >= 0)),
            Assume((fired.value.M == M) & (fired.value.S == S)),
            Assume(fired.value.number == accepted),
        ]

        def advanced(value: Value, ticks: Value) -> Value:
            """M after a number of ticks, added in the order of the steps to shorten the proof."""
            M = value.M
            for bit in reversed(range(k)):
                M = M + (Mux(ticks[bit], value.S, 0) << bit)
            return M

        m.d.comb += [
            Assert(~self.o.valid | (sent.value.number == delivered), "in order, each once"),
            Assert(~self.o.valid | (advanced(sent.value, sent.key) < 0), "not yet fired after key"),
            Assert(
                ~self.o.valid | (advanced(sent.value, sent.key) + sent.value.S >= 0),
                "fires a tick later",
            ),
            Cover(self.o.valid & (sent.key == (1 << k) - 1) & (delivered == 2), "the last tick"),
            Cover(self.o.valid & (sent.key == 0) & (delivered == 2), "the first tick"),
        ]

        # The invariants: what each register holds; `left` steps are still to come.
        ahead: Value = delivered
        for left, (register, valid) in enumerate(reversed(self._steps)):
            key = register.key & (-1 << left) % (1 << k) if left < k else 0 * register.key
            value = register.value
            m.d.comb += [
                Assert(~valid | (value.number == ahead[:NUMBER_BITS])),
                Assert(~valid | (register.S == value.S)),
                Assert(~valid | (advanced(value, key) == register.M)),
                Assert(~valid | (register.M < 0)),
                Assert(~valid | (register.M + (register.S << left) >= 0)),
            ]
            ahead = ahead + valid
        m.d.comb += Assert(accepted == ahead[:NUMBER_BITS])
        return m
