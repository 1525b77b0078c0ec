# SPDX-License-Identifier: BSD-2-Clause
"""The margin after the decision on an image to learn, and the outputs that fire within it."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from firstspike.golden.learning.rule import REGISTERS
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.lib.block import Block, struct, tap
from firstspike.hdl.lib.find import first_set


def margin_layout() -> data.StructLayout:
    """Return the layout of the parameters of a margin after a decision at tick zk.

    The margin has m = max(minimum, (zk - unit) >> shift) ticks.
    """
    return struct(shift=REGISTERS["margin_shift"].bits, minimum=REGISTERS["margin_minimum"].bits)


def outcome_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of an image's result for the Learner; `config` is the last layer's."""
    n_out = config.folding.n_out
    return struct(
        decision=range(n_out),
        tick=range(config.deadline + 1),  # zk, the tick of the decision
        forced=1,
        learn=1,
        # zc: spikes before this tick take part. The limit is deadline + 1 until zc is known.
        limit=range(config.deadline + 2),
        rival=n_out,  # the next output to fire, one-hot or 0
        fired=n_out,  # all outputs that fired within the margin, except the decided one
    )


class Margin(Block):
    """Record the outputs that fire from the decision up to the end of the margin.

    DESIGN, section 5, defines the margin of m ticks. An image that is not learned ends with its
    decision.

    Latency: from a decision to the limit of its margin: `latencies.LIMIT`; from `ends` to `valid`:
    `latencies.OUTCOME`. Throughput: one group per cycle.
    """

    def __init__(self, config: LayerConfig) -> None:
        folding = config.folding
        self._config = config
        super().__init__(
            #: A new image starts.
            opens=In(1),
            #: The lanes with M >= 0, group by group at every tick.
            fired=In(
                tap(
                    group=range(folding.groups), tick=range(config.deadline + 2), mask=folding.lanes
                )
            ),
            #: With `fired`: the last group of a tick of an image that has not ended.
            tick_known=In(1),
            #: The image is decided; high in the cycle of the last group of its decision tick.
            verdict=In(1),
            #: With `verdict`: whether the decision is forced.
            forced=In(1),
            #: With `verdict`: the output that wins.
            winner=In(range(folding.n_out)),
            #: With `verdict`: whether the image is to be learned.
            learn=In(1),
            #: The last layer has processed all spikes of the image up to the deadline.
            complete=In(1),
            #: Parameters; a minimum below 2 counts as 2. Stable while an image is under way.
            margin=In(margin_layout()),
            #: The image is decided, and its margin is not over.
            running=Out(1),
            #: High in the last cycle of the margin; with `verdict` if the image is not learned.
            ends=Out(1),
            #: `outcome` is complete, except `rival` and `fired`, which are valid from the next
            #: cycle on. `outcome` is stable until the next decision. If `outcome.learn` is 0, the
            #: other fields are not meaningful.
            valid=Out(1),
            outcome=Out(outcome_layout(config)),
        )

    def build(self, m: Module) -> None:
        config, folding = self._config, self._config.folding
        n_out, lanes, groups = folding.n_out, folding.lanes, folding.groups
        outcome, tick = self.outcome, self.fired.tick

        # The outputs that fire at this tick; registers hold those of all groups but the last.
        earlier = Signal((groups - 1) * lanes)
        all_fired = Signal(n_out)
        m.d.comb += all_fired.eq(Cat(earlier, self.fired.mask))
        for group in range(groups - 1):
            with m.If(self.fired.valid & (self.fired.group == group)):
                m.d.sync += earlier[group * lanes : (group + 1) * lanes].eq(self.fired.mask)

        known = self.fired.valid & self.tick_known
        final = tick == config.deadline
        learns = self.verdict & self.learn
        # A limit beyond the deadline includes the spikes of the deadline itself, which arrive after
        # the potentials of the deadline. In this case the image ends with its END.
        waiting = Signal()
        last_tick = Signal()
        at_limit = self.running & (tick == outcome.limit)
        m.d.comb += [
            last_tick.eq((learns | (self.running & known)) & (final | at_limit)),
            self.ends.eq(
                (self.verdict & ~self.learn)
                | (last_tick & (at_limit | self.complete))
                | (waiting & self.complete)
            ),
        ]
        m.d.sync += self.valid.eq(self.ends)
        with m.If(self.ends):
            m.d.sync += [self.running.eq(0), waiting.eq(0)]
        with m.Else():
            with m.If(learns):
                m.d.sync += self.running.eq(1)
            with m.If(last_tick):
                m.d.sync += waiting.eq(1)

        fresh = Signal()
        m.d.sync += fresh.eq(self.verdict)
        self._limit(m, fresh)
        with m.If(self.verdict):
            m.d.sync += [
                outcome.decision.eq(self.winner),
                outcome.tick.eq(tick),
                outcome.forced.eq(self.forced),
                outcome.learn.eq(self.learn),
            ]
        # The earliest rival, of one tick the lowest; a forced decision has no rival. This logic
        # runs a cycle later, when the decision is in its register.
        is_evaluated, fired = Signal(), Signal(n_out)
        rivals = Signal(n_out)
        m.d.sync += [is_evaluated.eq(self.verdict | (self.running & known)), fired.eq(all_fired)]
        m.d.comb += rivals.eq(fired & ~(1 << outcome.decision)[:n_out])
        with m.If(is_evaluated):
            fired_before = Mux(fresh, 0, outcome.fired)
            rival_before = Mux(fresh, 0, outcome.rival)
            any_, _, index = first_set(rivals)
            none = fresh & outcome.forced
            m.d.sync += [
                outcome.fired.eq(Mux(none, 0, fired_before | rivals)),
                outcome.rival.eq(
                    Mux(none, 0, Mux((rival_before == 0) & any_, 1 << index, rival_before))
                ),
            ]

    def _limit(self, m: Module, fresh: Value) -> None:
        """Drive the limit of the margin in the cycle after the verdict, when `fresh` is high.

        The margin is at least 2 ticks, so its end may be computed a cycle late.
        """
        outcome, deadline = self.outcome, self._config.deadline
        late = Signal(signed(outcome.tick.shape().width + 1))
        assert self._config.learning is not None
        m.d.comb += late.eq(outcome.tick - self._config.learning.unit)
        grown = late >> self.margin.shift
        least = Mux(self.margin.minimum < 2, 2, self.margin.minimum)
        end = outcome.tick + Mux(grown > least, grown, least)
        with m.If(self.opens):
            m.d.sync += outcome.limit.eq(deadline + 1)
        with m.Elif(fresh):
            m.d.sync += outcome.limit.eq(Mux(outcome.forced | (end > deadline), deadline + 1, end))
