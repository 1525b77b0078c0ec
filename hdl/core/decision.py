# SPDX-License-Identifier: BSD-2-Clause
"""The decision: a tree of comparators finds the output neuron that fires first."""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import NamedTuple

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.lane_state import lane_exists, potential_shape
from firstspike.hdl.layer.lanes import potentials_layout
from firstspike.hdl.layer.operations import operation_layout, sweep_layout
from firstspike.hdl.learner.margin import Margin, margin_layout, outcome_layout
from firstspike.hdl.lib.arithmetic import times
from firstspike.hdl.lib.block import Block, assign_members, tap

from .ports import CYCLES_BITS, decision_layout

Entry = tuple[Value, Value, Value]
"""An entry of the comparator tree: whether the neuron exists, its M, its lane."""


class Decision(Block):
    """Decide at the first tick at which the largest M is not negative, or else at the deadline.

    No output has fired before the decision, so the outputs with M >= 0 fire at this tick. The
    order 'fired, larger M, lower index' is therefore equal to the order 'larger M, lower index'.

    Latency from the last group of a tick: `config.folding.decision_cycles`; throughput: one group
    per cycle. `potentials` never stalls: each decision must leave before the next one is due.
    """

    def __init__(self, config: LayerConfig, **ports: wiring.Member) -> None:
        if not config.folding.last:
            raise ValueError("only the last layer decides: give its configuration.")
        self._config = config
        super().__init__(
            #: M of all groups at every tick, in the order of the groups. Always ready: the core
            #: starts no image that could be decided before the previous decision has left.
            potentials=In(stream.Signature(potentials_layout(config))),
            #: Tick and context of the last layer's sweep over its groups. The Decision samples them
            #: when M of the first group leaves the comparator tree.
            sweep=In(sweep_layout(config)),
            #: Cycles of the latest decided image; stable while its decision is valid.
            cycles=In(CYCLES_BITS),
            decision=Out(stream.Signature(decision_layout(config))),
            #: High in the cycle before `decision` becomes valid.
            load=Out(1),
            #: The image bit of the latest decided image (after a reset, of no image).
            decided_image=Out(1, init=1),
            **ports,
        )

    def build(self, m: Module) -> None:
        config, folding = self._config, self._config.folding
        groups, lanes = folding.groups, folding.lanes
        payload = self.decision.payload
        m.d.comb += [
            # An image starts only when the previous decision has left: no back-pressure occurs.
            self.potentials.ready.eq(1),
            payload.error.eq(payload.causes.as_value().any()),
            payload.cycles.eq(self.cycles),
        ]

        entries = self._entries()
        valid, operation = self.potentials.valid, self.potentials.payload.operation
        (_, M, lane), (valid, operation, firing) = self._compare(
            m, entries, (valid, operation, self._firing(entries))
        )

        # The best entry of the groups of a tick so far.
        best_M, best_index = Signal(potential_shape(config)), Signal(range(folding.n_out))
        if config.shared_fields:
            best_index = payload["class"]
        self._best = best_M, best_index
        index = Signal(range(folding.n_out))
        first_group = operation.group == 0
        m.d.comb += index.eq(times(lanes, operation.group) + lane)
        better = first_group | (best_M < M)
        top_M, top_index = Signal.like(best_M), Signal.like(best_index)
        m.d.comb += [top_M.eq(Mux(better, M, best_M)), top_index.eq(Mux(better, index, best_index))]

        # At the last group the image is decided.
        fires = top_M >= 0
        undecided = valid & (operation.image != self.decided_image)
        tick = operation.tick
        if config.shared_fields:
            # Tick and context are stable from the image's last sweep until the decision has left.
            with m.If(undecided & first_group):
                m.d.sync += [
                    payload.tick.eq(self.sweep.tick),
                    assign_members(payload, self.sweep.context, "spikes_in", "causes"),
                ]
            tick = payload.tick
        tick_known = undecided & (operation.group == groups - 1)
        verdict = tick_known & (fires | (tick == config.deadline))
        ends = Signal()  # the image needs no further processing
        best = _Best(valid, operation, firing, fires, top_index)
        m.d.comb += ends.eq(self._end(m, tick_known, verdict, best))
        # Registers: the best of the groups so far, and the decision until the handshake.
        with m.If(undecided):
            m.d.sync += [best_M.eq(top_M), best_index.eq(top_index)]
        with m.If(self.decision.ready):
            m.d.sync += self.decision.valid.eq(0)
        with m.If(ends):
            m.d.sync += self.decided_image.eq(operation.image)
        with m.If(self.load):
            m.d.sync += [
                self.decision.valid.eq(1),
                payload.forced.eq(~fires),
            ]
            if not config.shared_fields:
                m.d.sync += [
                    payload["class"].eq(top_index),
                    payload.tick.eq(tick),
                    assign_members(payload, operation.context, "spikes_in", "causes"),
                ]

    def _entries(self) -> list[Entry]:
        """Return the entries of the group that arrives, of which the lowest lane wins a tie.

        Lanes without a neuron never win.
        """
        folding, potentials = self._config.folding, self.potentials.payload
        return [
            (
                lane_exists(folding, potentials.operation.group, lane),
                potentials.M[lane],
                Const(lane),
            )
            for lane in range(folding.lanes)
        ]

    def _firing(self, entries: list[Entry]) -> Value:
        """Return the mask of firing lanes that travels through the tree, which is empty here."""
        return Const(0, 0)

    def _end(self, m: Module, tick_known: Value, verdict: Value, best: "_Best") -> Value:
        """Drive `load`; return whether the image needs no further processing.

        `tick_known`: all groups of a tick of an undecided image have been compared; `verdict`: this
        tick decides the image.
        """
        m.d.comb += self.load.eq(verdict)
        return self.load

    def _compare(
        self, m: Module, entries: list[Entry], passed: tuple[Value, data.View, Value]
    ) -> tuple[Entry, tuple[Value, data.View, Value]]:
        """Build the tree of comparators; return the best entry, and `passed`, delayed.

        `passed` are valid, operation, and the mask of firing lanes.
        """
        config, stage = self._config, 0
        valid, operation, firing = passed
        while len(entries) > 1:
            stage += 1
            size = 2**config.folding.levels_per_stage
            contests = [entries[low : low + size] for low in range(0, len(entries), size)]
            entries = self._registered(m, map(_best, contests), stage)
            following = Signal(name=f"valid_{stage}")
            travelling = Signal(operation_layout(config), name=f"operation_{stage}")
            fired = Signal(len(firing), name=f"firing_{stage}")
            m.d.sync += [following.eq(valid), travelling.eq(operation), fired.eq(firing)]
            valid, operation, firing = following, travelling, fired
        return entries[0], (valid, operation, firing)

    def _registered(self, m: Module, entries: Iterable[Entry], level: int) -> list[Entry]:
        """Return registers of these entries of the tree."""
        config, rows = self._config, []
        for number, entry in enumerate(entries):
            row = (
                Signal(name=f"exists_{level}_{number}"),
                Signal(potential_shape(config), name=f"M_{level}_{number}"),
                Signal(range(config.folding.lanes), name=f"lane_{level}_{number}"),
            )
            m.d.sync += [register.eq(value) for register, value in zip(row, entry, strict=True)]
            rows.append(row)
        return rows


class _Best(NamedTuple):
    """The result of the comparator tree for a group, and of the groups of a tick so far."""

    valid: Value
    operation: data.View
    firing: Value
    """The lanes of the group with M >= 0."""
    fires: Value
    """Whether the largest M of the tick is not negative."""
    winner: Value
    """The output with the largest M of the tick."""


class LearningDecision(Decision):
    """A Decision of a core that learns: the layers continue after the decision on an image.

    An image with a label ends when its margin is over (see Margin); `decided_image` changes only
    then.
    """

    def __init__(self, config: LayerConfig) -> None:
        super().__init__(
            config,
            #: An image starts.
            opens=In(1),
            #: The image has a label, and is learned unless it has an error.
            learn=In(1),
            #: The last layer has processed the END of the image.
            complete=In(1),
            #: The parameters of the margin.
            margin=In(margin_layout()),
            #: The result for the Learner, valid for one cycle at the end of the margin.
            outcome=Out(tap(what=outcome_layout(config))),
        )

    def _firing(self, entries: list[Entry]) -> Value:
        return Cat(exists & (M >= 0) for exists, M, _ in entries)

    def _end(self, m: Module, tick_known: Value, verdict: Value, best: _Best) -> Value:
        m.submodules.margin = margin = Margin(self._config)
        operation = best.operation
        m.d.comb += [
            margin.opens.eq(self.opens),
            assign_members(margin.fired, operation, "group", "tick"),
            margin.verdict.eq(self.load),
            margin.forced.eq(~best.fires),
            margin.winner.eq(best.winner),
            margin.learn.eq(self.learn & (operation.context.causes.as_value() == 0)),
            assign_members(margin, self, "complete", "margin"),
            self.outcome.valid.eq(margin.valid),
            self.outcome.what.eq(margin.outcome),
            margin.fired.valid.eq(best.valid),
            margin.fired.mask.eq(best.firing),
            margin.tick_known.eq(tick_known),
            self.load.eq(verdict & ~margin.running),
        ]
        return margin.ends


def _wins(number: int, contest: list[Entry]) -> Value:
    """Return whether entry `number` exists and has the largest M; the lowest of equals wins."""
    exists, mine, _ = contest[number]
    for other_exists, lower, _ in contest[:number]:
        exists &= ~other_exists | (mine > lower)
    for other_exists, higher, _ in contest[number + 1 :]:
        exists &= ~other_exists | ~(higher > mine)
    return exists


def _best(contest: list[Entry]) -> Entry:
    """Return the winner; pairs are compared in parallel to shorten the critical path."""
    if len(contest) == 1:
        return contest[0]
    winners = [_wins(number, contest) for number in range(len(contest))]
    if len(contest) == 2:
        return tuple(Mux(winners[1], *pair) for pair in zip(*reversed(contest), strict=True))
    return tuple(
        reduce(or_, (Mux(won, value, 0) for won, value in zip(winners, values, strict=True)))
        for values in zip(*contest, strict=True)
    )
