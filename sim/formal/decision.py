# SPDX-License-Identifier: BSD-2-Clause
"""Properties of a Decision in every cycle, and the invariants that prove them by induction."""

from types import SimpleNamespace

from amaranth.hdl import Array, Assert, Assume, Cat, Cover, Module, Mux, Signal, Value
from amaranth.lib.wiring import In

from firstspike.hdl.core.decision import Decision
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.lane_state import lane_exists, potential_shape
from firstspike.hdl.layer.operations import operation_layout
from firstspike.hdl.lib.arithmetic import times

from .block import BlockProof


class DecisionProof(BlockProof):
    """The decision falls at the first tick with a largest M of at least 0, or at the deadline.

    Two neurons of any number are watched, which stands for all pairs of neurons: if `winner` is
    decided on, `other` has a smaller M in that tick, or the same M and a higher index.

    Parameters: `config` of the last layer of a core that does not learn; the `block` under proof.
    """

    def __init__(self, config: LayerConfig, block: type[Decision] = Decision) -> None:
        self._config = config
        ranges = {"group": range(config.folding.groups), "lane": range(config.folding.lanes)}
        super().__init__(
            block(config),
            **{
                f"{neuron}_{part}": In(ranges[part])
                for neuron in ("winner", "other")
                for part in ranges
            },
        )

    def _watch(self, name: str, stream: Value) -> SimpleNamespace:
        """A neuron of any number: its index, its M in the word that comes, and if it is in it."""
        folding = self._config.folding
        group, lane = getattr(self, f"{name}_group"), getattr(self, f"{name}_lane")
        exists = Array(lane_exists(folding, group, number) for number in range(folding.lanes))
        return SimpleNamespace(
            name=name,
            group=group,
            index=times(folding.lanes, group) + lane,
            exists=(group < folding.groups) & (lane < folding.lanes) & exists[lane],
            M=stream.M[lane],
        )

    def check(self, m: Module) -> None:
        config, folding = self._config, self._config.folding
        stream, groups = self.potentials.payload, folding.groups
        layout, M_shape = operation_layout(config), potential_shape(config)

        # The source: groups follow one another, all of one tick and image; pauses are free.
        first = Signal(range(groups))  # the next group
        latest = Signal(layout)
        watched = [self._watch(name, stream) for name in ("winner", "other")]
        m.d.comb += [
            Assume(~self.potentials.valid | (stream.operation.group == first)),
            Assume(~self.potentials.valid | (first == 0) | _same(stream.operation, latest)),
            # A decision is taken before the next one falls.
            Assume(~self.load | ~self.decision.valid | self.decision.ready),
            *(Assume(neuron.exists) for neuron in watched),
        ]
        with m.If(self.potentials.valid):
            m.d.sync += [first.eq(_following(first, groups)), latest.eq(stream.operation)]

        # The values in the tree of comparisons, and their order.
        arriving = SimpleNamespace(
            valid=self.potentials.valid,
            operation=stream.operation,
            M=[neuron.M for neuron in watched],
        )
        travelling = []
        for stage in range(folding.decision_cycles - 1):
            after = SimpleNamespace(
                valid=Signal(name=f"valid_{stage}"),
                operation=Signal(layout, name=f"operation_{stage}"),
                M=[Signal(M_shape, name=f"M_{stage}_{neuron.name}") for neuron in watched],
            )
            m.d.sync += [after.valid.eq(arriving.valid), after.operation.eq(arriving.operation)]
            m.d.sync += [now.eq(M) for now, M in zip(after.M, arriving.M, strict=True)]
            travelling.append(after)
            arriving = after
        groups_done, left = Signal(range(groups)), Signal(layout)  # the next group behind the tree
        next_group, before = groups_done, left
        for entry in reversed(travelling):
            orderly = (entry.operation.group == next_group) & (
                (next_group == 0) | _same(entry.operation, before)
            )
            m.d.comb += Assert(~entry.valid | orderly)
            next_group = Mux(entry.valid, _following(next_group, groups), next_group)
            before = layout(Mux(entry.valid, entry.operation.as_value(), before.as_value()))
        m.d.comb += [
            Assert((next_group == first) & (groups_done < groups)),
            Assert((first == 0) | _same(before, latest)),
            Assert((groups_done == 0) | (left.group == groups_done - 1)),
        ]
        with m.If(arriving.valid):
            m.d.sync += [
                groups_done.eq(_following(groups_done, groups)),
                left.eq(arriving.operation),
            ]
        self._check_verdict(m, arriving, watched, groups_done, left)

    def _check_verdict(
        self,
        m: Module,
        arriving: SimpleNamespace,
        watched: list[SimpleNamespace],
        groups_done: Value,
        left: Value,
    ) -> None:
        """Compare the verdict with the definition, behind the tree."""
        config, folding = self._config, self._config.folding
        M_shape, operation, output = (
            potential_shape(config),
            arriving.operation,
            self.decision.payload,
        )
        best_M, best_index = self._block._best
        last = arriving.valid & (operation.group == folding.groups - 1)
        decided = Signal(init=1)  # the image bit of the latest decided image
        undecided = operation.image != decided
        undecided_left = left.image != decided
        known = []  # M of the watched neurons as far as the tick has come
        for neuron, now in zip(watched, arriving.M, strict=True):
            held_M = Signal(M_shape, name=f"kept_{neuron.name}")
            with m.If(arriving.valid & (operation.group == neuron.group)):
                m.d.sync += held_M.eq(now)
            known.append(Mux(operation.group == neuron.group, now, held_M))
            neuron.held_M = held_M
        winner, other = watched
        fires = known[1] >= 0  # any neuron, so all of them
        tick_now, context_now = operation.tick, operation.context.as_value()
        if config.shared_fields:  # which is steady from the first group of a walk to its last
            walk = Signal.like(self.sweep)
            with m.If(arriving.valid & (operation.group == 0)):
                m.d.sync += walk.as_value().eq(self.sweep.as_value())
            tick_now, context_now = walk.tick, walk.context.as_value()
            unfinished = (groups_done != 0) & undecided_left
            m.d.comb += [
                Assume(~(arriving.valid & undecided & self.decision.valid) | self.decision.ready),
                Assert(~unfinished | (output.tick == tick_now)),
                Assert(~unfinished | (_context(output) == context_now)),
            ]
        final = tick_now == config.deadline
        verdict = SimpleNamespace(last=last, decided=decided, fires=fires, final=final)
        verdict.tick, verdict.context, verdict.M = tick_now, context_now, known
        self._check_decisions(m, operation, watched, verdict)

        # Invariants: the best of the groups before this one, while an image is undecided.
        amid = (groups_done != 0) & undecided_left
        won = best_index == winner.index
        m.d.comb += [
            Assert(~amid | (best_index < times(folding.lanes, groups_done))),
            Assert(~(amid & (winner.group < groups_done) & won) | (best_M == winner.held_M)),
            Assert(
                ~(amid & (other.group < groups_done))
                | (other.held_M < best_M)
                | ((other.held_M == best_M) & (best_index <= other.index))
            ),
        ]

    def _check_decisions(
        self, m: Module, operation: Value, watched: list[SimpleNamespace], verdict: SimpleNamespace
    ) -> None:
        """State the properties, as a tick is complete and in the cycle behind it."""
        folding, output = self._config.folding, self.decision.payload
        last, decided = verdict.last, verdict.decided
        undecided = operation.image != decided
        winner, other = watched
        falls, expected = Signal(), Signal()
        tick, context = Signal.like(output.tick), Signal(len(_context(output)))
        shape = potential_shape(self._config)
        M = [Signal(shape, name=f"M_{neuron.name}") for neuron in watched]
        m.d.comb += [
            Assert(~self.load | (last & undecided), "a decision falls as a tick is complete"),
            Assert(
                ~(last & undecided & (verdict.fires | verdict.final)) | self.load,
                "who fires decides",
            ),
            Assert(self.decided_image == decided),
        ]
        waits = Signal()
        m.d.sync += [
            falls.eq(self.load),
            expected.eq(verdict.final),
            waits.eq(self.decision.valid & ~self.decision.ready & ~self.load),
        ]
        with m.If(self.load):
            m.d.sync += [
                decided.eq(operation.image),
                tick.eq(verdict.tick),
                context.eq(verdict.context),
                *(held_M.eq(value) for held_M, value in zip(M, verdict.M, strict=True)),
            ]
        decides = falls & (output["class"] == winner.index)
        lower = (M[1] < M[0]) | ((M[1] == M[0]) & (winner.index <= other.index))
        # All fields but `cycles`, which the core counts.
        held = output.as_value()[: -len(output.cycles)]
        before = Signal(len(held))
        m.d.sync += before.eq(held)
        m.d.comb += [
            Assert(~(falls | waits) | self.decision.valid, "it is there until it is taken"),
            Assert(~waits | (held == before), "and steady"),
            Assert(~falls | (output["class"] < folding.n_out), "it is a neuron"),
            Assert(~decides | lower, "no other neuron has a larger M, nor the same before it"),
            Assert(~decides | (output.forced == (M[0] < 0)), "it is forced if no neuron fires"),
            Assert(~(falls & output.forced) | expected, "which is so at the deadline only"),
            Assert(~falls | (output.tick == tick), "it has the tick"),
            Assert(~falls | (_context(output) == context), "and the counts of that tick"),
            Cover(decides & output.forced, "a forced decision"),
        ]
        if folding.n_out > 1:
            ties = (M[1] == M[0]) & (winner.index != other.index)
            m.d.comb += Cover(decides & ~output.forced & ties, "a tie")


def _same(one: Value, other: Value) -> Value:
    """Whether two operations are of one image and tick."""
    return (
        (one.image == other.image)
        & (one.tick == other.tick)
        & (one.context.as_value() == other.context.as_value())
    )


def _context(output: Value) -> Value:
    """Return the counts and the causes of a decision, as in the context of an operation."""
    return Cat(output.spikes_in, output.causes)


def _following(group: Value, groups: int) -> Value:
    return Mux(group == groups - 1, 0, group + 1)
