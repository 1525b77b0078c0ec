# SPDX-License-Identifier: BSD-2-Clause
"""That S and M of a neuron never leave the widths that golden derives for them."""

from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from firstspike.golden.layers.kind import LayerKind, weight_range
from firstspike.golden.widths import StateWidths

GUARD_BITS = 3
"""Bits by which the exact numbers of the reference are wider: a step at most doubles one."""


class WidthsProof(wiring.Component):
    """The steps of a neuron in numbers of the derived widths, beside the same steps without limit.

    A step adds the weight of an input spike to S, or lets M take 2^shift ticks; the first one may
    start M at any tick. Each input spikes once at most, so the negative weights that have been
    added are not below the sum of all negative ones, and the positive ones not above theirs. M goes
    on to the deadline, which covers a neuron that stops as it fires.

    Parameters: `widths` under proof; `threshold` and `deadline`; `extremes`, the sums of a neuron's
    weights of either sign; `weight_bits`; `window` k, for steps of up to 2^k ticks.
    """

    def __init__(
        self,
        widths: StateWidths,
        threshold: int,
        deadline: int,
        extremes: tuple[int, int],
        weight_bits: int,
        window: int,
    ) -> None:
        self._widths, self._threshold, self._deadline = widths, threshold, deadline
        self._extremes, self._window = extremes, window
        super().__init__(
            {
                "weight": In(signed(weight_bits)),
                "advances": In(1),
                "shift": In(range(window + 1)),
                "starts": In(1),
                "tick": In(range(deadline + 1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        threshold, deadline = self._threshold, self._deadline
        negative, positive = self._extremes
        lowest, highest = -threshold + negative, -threshold + positive

        # Without limit, and in the derived widths.
        slope, potential = signed(self._widths.S + GUARD_BITS), signed(self._widths.M + GUARD_BITS)
        S, M = Signal(slope, init=-threshold), Signal(potential)
        narrow_S = Signal(signed(self._widths.S), init=-threshold)
        narrow_M = Signal(signed(self._widths.M))
        now = Signal(range(deadline + 1))  # the tick
        below, above = Signal(slope), Signal(slope)  # negative and positive weights added so far
        ticks = Signal(range((1 << self._window) + 1))
        m.d.comb += ticks.eq(1 << self.shift)
        falls = self.weight < 0
        adds = ~(self.starts | self.advances)
        after_below, after_above = Signal(slope), Signal(slope)
        m.d.comb += [
            after_below.eq(below + Mux(falls, self.weight, 0)),
            after_above.eq(above + Mux(falls, 0, self.weight)),
            Assume(~self.starts | ((now == 0) & (self.tick <= deadline))),
            Assume(~self.advances | ((self.shift <= self._window) & (now + ticks <= deadline))),
            Assume(~adds | (now != 0)),  # no input spikes at tick 0
            Assume(~adds | ((after_below >= negative) & (after_above <= positive))),
        ]
        with m.If(self.starts):
            start = -(threshold * self.tick)
            m.d.sync += [now.eq(self.tick), M.eq(start), narrow_M.eq(start)]
        with m.Elif(self.advances):
            m.d.sync += [
                now.eq(now + ticks),
                M.eq(M + (S << self.shift)),
                narrow_M.eq(narrow_M + (narrow_S << self.shift)),
            ]
        with m.Else():
            m.d.sync += [
                below.eq(after_below),
                above.eq(after_above),
                S.eq(S + self.weight),
                narrow_S.eq(narrow_S + self.weight),
            ]
        later = Signal(range(deadline + 1))  # ticks from 1 on
        m.d.comb += later.eq(Mux(now == 0, 0, now - 1))
        m.d.comb += [
            Assert(narrow_S == S, "S stays within its width"),
            Assert(narrow_M == M, "M stays within its width"),
            # The invariants: the bounds of S and M.
            Assert((below + above - threshold == S) & (now <= deadline)),
            Assert((below >= negative) & (below <= 0) & (above <= positive) & (above >= 0)),
            Assert((now != 0) | ((M == 0) & (-threshold == S))),
            Assert((now == 0) | (-threshold + lowest * later <= M)),
            Assert((now == 0) | (-threshold + highest * later >= M)),
            Cover((now == deadline) & (M > 0), "a large M"),
            Cover((now == deadline) & (-threshold * deadline > M), "a small M"),
        ]
        return m


def extremes_of(layer: LayerKind, weight_bits: int) -> tuple[int, int]:
    """The sums of a neuron's weights of either sign, whatever the weights are."""
    low, high = weight_range(weight_bits)
    return layer.rows * low, layer.rows * high
