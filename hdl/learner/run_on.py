# SPDX-License-Identifier: BSD-2-Clause
"""What a learning image does after its decision: the margin, and which outputs fire inside it."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from firstspike.golden.learning.rule import REGISTERS
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.lib.block import Block, struct, tap
from firstspike.hdl.lib.find import first_set


def margin_layout() -> data.StructLayout:
    """The margin of m = max(minimum, (zk - unit) >> shift) ticks after a decision at tick zk."""
    return struct(shift=REGISTERS["margin_shift"].bits, minimum=REGISTERS["margin_minimum"].bits)


def outcome_layout(config: LayerConfig) -> data.StructLayout:
    """What learning has to know of an image; `config` is the last layer's."""
    n_out = config.folding.n_out
    return struct(
        decision=range(n_out),
        tick=range(config.deadline + 1),  # zk, of the decision
        forced=1,
        learn=1,
        # zc: spikes before it take part; until it is known that is all of them.
        limit=range(config.deadline + 2),
        rival=n_out,  # the next output to fire, one bit or none
        fired=n_out,  # every output that fired by then, without the one that decided
    )


class RunOn(Block):
    """Follows an image from its decision at zk up to min(deadline, zk + m) (design, section 5).

    Latency: from a decision to the limit of its margin `latencies.LIMIT`, from `ends` to `outcome`
    `latencies.OUTCOME`. Throughput: one group per cycle.
    """

    def __init__(self, config: LayerConfig) -> None:
        folding = config.folding
        self._config = config
        super().__init__(
            #: A new image begins.
            opens=In(1),
            #: Which lanes have M >= 0, group by group at every tick.
            fired=In(
                tap(
                    group=range(folding.groups), tick=range(config.deadline + 2), mask=folding.lanes
                )
            ),
            #: With `fired`: the last group of a tick of an image that goes on.
            tick_known=In(1),
            #: In the cycle of the decision's last group: which output wins, whether the decision is
            #: forced, and whether the image is to be learned.
            verdict=In(1),
            forced=In(1),
            winner=In(range(folding.n_out)),
            learn=In(1),
            #: Every spike of the image has come to the last layer, up to the deadline.
            complete=In(1),
            #: A minimum below 2 counts as 2. Steady while an image is under way.
            margin=In(margin_layout()),
            #: The decision has been made, and the margin is not over.
            running=Out(1),
            #: High in the cycle in which all is known that matters of the image: with the
            #: decision itself where the image is not to be learned.
            ends=Out(1),
            #: `outcome` is that of the image, and stays so until the next decision, `rival` and
            #: `fired` from the next cycle on. Without `learn` only that is sure.
            valid=Out(1),
            outcome=Out(outcome_layout(config)),
        )

    def build(self, m: Module) -> None:
        config, folding = self._config, self._config.folding
        n_out, lanes, groups = folding.n_out, folding.lanes, folding.groups
        outcome, tick = self.outcome, self.fired.tick

        # All outputs that fire at this tick: those of the earlier groups wait for the last one.
        earlier = Signal((groups - 1) * lanes)
        all_fired = Signal(n_out)
        m.d.comb += all_fired.eq(Cat(earlier, self.fired.mask))
        for group in range(groups - 1):
            with m.If(self.fired.valid & (self.fired.group == group)):
                m.d.sync += earlier[group * lanes : (group + 1) * lanes].eq(self.fired.mask)

        known = self.fired.valid & self.tick_known
        final = tick == config.deadline
        learns = self.verdict & self.learn
        # A limit behind the deadline takes in the spikes of the deadline itself, which come after
        # its potentials: then the image ends with its END.
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

        # The margin is at least 2 ticks, so its end is not needed in the cycle after the verdict.
        fresh = Signal()
        m.d.sync += fresh.eq(self.verdict)
        late = Signal(signed(outcome.tick.shape().width + 1))
        assert config.learning is not None
        m.d.comb += late.eq(outcome.tick - config.learning.unit)
        grown = late >> self.margin.shift
        least = Mux(self.margin.minimum < 2, 2, self.margin.minimum)
        end = outcome.tick + Mux(grown > least, grown, least)
        with m.If(self.opens):
            m.d.sync += outcome.limit.eq(config.deadline + 1)
        with m.Elif(fresh):
            m.d.sync += outcome.limit.eq(
                Mux(outcome.forced | (end > config.deadline), config.deadline + 1, end)
            )

        with m.If(self.verdict):
            m.d.sync += [
                outcome.decision.eq(self.winner),
                outcome.tick.eq(tick),
                outcome.forced.eq(self.forced),
                outcome.learn.eq(self.learn),
            ]
        # The earliest rival, in one tick the lowest; a forced decision has none. All a cycle later,
        # when the decision is in its register.
        seen, fired = Signal(), Signal(n_out)
        others = Signal(n_out)
        m.d.sync += [seen.eq(self.verdict | (self.running & known)), fired.eq(all_fired)]
        m.d.comb += others.eq(fired & ~(1 << outcome.decision)[:n_out])
        with m.If(seen):
            fired_before = Mux(fresh, 0, outcome.fired)
            rival_before = Mux(fresh, 0, outcome.rival)
            any_, _, index = first_set(others)
            none = fresh & outcome.forced
            m.d.sync += [
                outcome.fired.eq(Mux(none, 0, fired_before | others)),
                outcome.rival.eq(
                    Mux(none, 0, Mux((rival_before == 0) & any_, 1 << index, rival_before))
                ),
            ]
