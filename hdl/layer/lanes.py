# SPDX-License-Identifier: BSD-2-Clause
"""The lanes of a layer, which hold S and M of every neuron, add weights and advance the time.

`Lanes` has the pipeline and the state; subclasses have the control signals and the arithmetic of
one lane. A `FiredOutput` or a `PotentialsOutput` sends the results.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing.layer import LayerFolding
from firstspike.hdl.lib.arithmetic import plus, times
from firstspike.hdl.lib.block import Block, struct, tap
from firstspike.hdl.lib.duplicated_register import duplicated_register
from firstspike.hdl.lib.memories import Memory, inside
from firstspike.hdl.lib.resetless_register import resetless_register

from .config import LayerConfig
from .lane_state import (
    StateMemory,
    lane_exists,
    potential_shape,
    slope_shape,
    state_layout,
    state_memory,
    states_layout,
)
from .limits import Limits, firing_limits, limits_memory
from .operations import operation_layout, state_address, sweep_layout
from .weight_store import ahead_signature, fetched_layout, word_layout


def fired_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of a group's fired neurons; with a window, also of their previous states.

    `mask` has a bit per lane. `state` is, with a window, the state of each lane before the advance.
    """
    state = state_layout(config) if config.folding.window else struct()
    return struct(
        operation=operation_layout(config),
        mask=config.folding.lanes,
        state=data.ArrayLayout(state, config.folding.lanes),
    )


def potentials_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of M of a group's neurons at a tick, for the Decision."""
    return struct(
        operation=operation_layout(config),
        M=data.ArrayLayout(potential_shape(config), config.folding.lanes),
    )


def probe_signature(folding: LayerFolding) -> wiring.Signature:
    """Return the signature of the request for `alive` of a group."""
    return tap(group=range(folding.groups))


def probe_ports(config: LayerConfig) -> dict[str, wiring.Member]:
    """Return the ports by which a Learner reads S of a hidden layer, if it needs S."""
    if not config.is_updated or config.folding.last or config.returns_words:
        return {}
    return {
        #: The group for `alive` from the next cycle on; only while no operation is under way.
        "probe": In(probe_signature(config.folding)),
        #: The group's lanes whose sum of added weights, S + threshold, is above 0.
        "alive": Out(config.folding.lanes),
    }


@dataclass(frozen=True, kw_only=True)
class Control:
    """The control signals of a segment of lanes."""

    begins: Value
    """The incoming operation is the first one of a group whose state is in the memory."""
    starts: Value
    """The incoming operation starts an image."""
    adds: Value
    """The incoming operation adds the words of the weight store."""
    advance: Value
    """The operation in the pipeline register advances the time."""
    initial: Value
    """The term of M in the operation that starts an image, else 0."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """The results of the operation in the pipeline register."""

    operation: data.View
    reaches: Sequence[Value]
    """For each lane, whether its neuron reaches the threshold."""
    before: data.View
    """The states before the operation."""
    after: data.View
    """The states after the operation."""


class FiredOutput:
    """The output of a hidden layer: a mask of the neurons that fire.

    Latency: 0 cycles. `fired` has one payload for the first operation of each group that advances,
    and one for the end of an image.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        self.ports = {"fired": Out(stream.Signature(fired_layout(config)))}

    def sends(self, operation: data.View, is_valid: Value, first: Value) -> Value:
        """Return whether the incoming operation has a result to send.

        `is_valid` is high if there is an operation, `first` if it is the first one of its group.
        """
        return (is_valid & operation.end) | (first & operation.advance)

    def connect(
        self, m: Module, output: stream.Interface, sends: Signal, ready: Signal, results: Results
    ) -> None:
        """Drive the output and `ready`; `sends` is high while the results are to be sent."""
        folding, op = self._config.folding, results.operation
        mask = Signal(folding.lanes)
        m.d.comb += [
            mask.eq(
                Cat(
                    reaches & lane_exists(folding, op.group, lane)
                    for lane, reaches in enumerate(results.reaches)
                )
            ),
            output.valid.eq(sends),
            output.payload.operation.eq(op),
            output.payload.mask.eq(Mux(op.end, 0, mask)),
            output.payload.state.as_value().eq(results.before),  # empty without a window
            ready.eq(output.ready | ~sends),
        ]


class PotentialsOutput:
    """The output of the last layer: M of each neuron, for the Decision.

    Latency: `latencies.POTENTIALS` cycles. `potentials` has one payload for the first operation of
    each group that starts or advances.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        self.ports = {"potentials": Out(stream.Signature(potentials_layout(config)))}

    def sends(self, operation: data.View, is_valid: Value, first: Value) -> Value:
        """Return whether the incoming operation has a result to send, as in a FiredOutput."""
        ends = is_valid & operation.end
        return ~ends & ((first & operation.start) | (first & operation.advance))

    def connect(
        self, m: Module, output: stream.Interface, sends: Signal, ready: Signal, results: Results
    ) -> None:
        """Drive the output and `ready`; `sends` is high while the results are to be sent."""
        m.d.comb += ready.eq(~output.valid | output.ready)
        with m.If(ready):
            m.d.sync += [output.valid.eq(sends), output.payload.operation.eq(results.operation)]
        if self._config.folding.state_words == 1:  # the state registers are the register of M
            m.d.comb += output.payload.M.eq(Cat(state.M for state in results.before))
        else:
            with m.If(ready):
                m.d.sync += output.payload.M.eq(Cat(state.M for state in results.after))


class Lanes(Block):
    """Advance and accumulate: M += n*S, detect fired neurons, then S += W for each bank's word.

    A neuron that has fired keeps its M, which is not negative, and therefore does not fire again.
    (In the last layer no neuron has fired before the decision.)

    S and M of the current group are in registers. The other groups are in a StateMemory with one
    word per group. The lanes read a word before the group's first operation in a sweep, and write
    it back with every operation. A word is read two operations before its use, and the same group
    returns after at least as many operations as the layer has groups. A read therefore needs
    forwarding from a write only in a layer of two groups.

    Latency: `latencies.LANES` cycles; `latencies.POTENTIALS` more to the port `potentials` of a
    last layer. Throughput: one operation per cycle. Back-pressure at `fired` or `potentials` stalls
    `words`.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        self._output = (PotentialsOutput if config.folding.last else FiredOutput)(config)
        super().__init__(
            words=In(stream.Signature(fetched_layout(config))),
            #: The operation of the next word, one cycle before the word is in `words`.
            ahead=In(ahead_signature(config)),
            #: The fields that all operations of the Sequencer's sweep share.
            sweep=In(sweep_layout(config)),
            **self._output.ports,
            **probe_ports(config),
        )

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield the state memory, unless registers hold the only word."""
        words = config.folding.state_words
        if words > 1:
            yield from inside("state_memory", [state_memory(states_layout(config), words)])
        if config.folding.one_tick:
            yield from inside("limits", [limits_memory(firing_limits(config))])

    @abstractmethod
    def _controls(self, m: Module, ready: Signal) -> list[Control]:
        """Return the control signals of each segment; `ready` enables the pipeline register."""

    def _addends(self, words: list[data.View]) -> list[list[Value]]:
        """Return the addends of each lane, from a word of each bank."""
        return [[word[lane] for word in words] for lane in range(self._config.folding.lanes)]

    def _first_states(self, m: Module, added: data.View, controls: list[Control]) -> list[Value]:
        """Return the state of each lane at a start, before the first operation: M is 0."""
        state = state_layout(self._config)
        fresh = {name: 0 for name in state.members} | {"S": -self._config.threshold}
        return [state.const(fresh).as_value()] * self._config.folding.lanes

    def _slope(self, S: Value, added: data.View) -> Value:
        """Return S after an operation."""
        return sum((part >> self._config.unused_bits for part in added), S)

    def _potential(self, M: Value, step: Value) -> Value:
        """Return M after an operation."""
        return M + step

    def _neuron(
        self, m: Module, lane: int, op: data.View, control: Control, state: data.View, S: Signal
    ) -> tuple[Value, Value]:
        """Return whether a neuron reaches the threshold, and its state; S is that after `op`."""
        M, M_next = state.M, Signal(potential_shape(self._config), name=f"M_{lane}")
        may_fire = 1 if self._config.folding.last else M < 0
        advances = control.advance & may_fire
        step = control.initial | (Mux(advances, state.S, 0) << op.shift)
        m.d.comb += M_next.eq(self._potential(M, step))
        return advances & (M_next >= 0), Cat(M_next, S)

    def build(self, m: Module) -> None:
        config, segments = self._config, self._config.segments
        incoming, is_valid = self.words.payload.operation, self.words.valid

        # The pipeline register (`added`, the lane input of docs/architecture/layer.md), in which a
        # word meets the state of its group, and its control signals. Without a valid word, an
        # operation that changes nothing enters the register. `ready`, which has a long route, is
        # therefore the only enable.
        valid, op = Signal(), Signal(operation_layout(config))
        sends, ready = Signal(), Signal()
        controls = self._controls(m, ready)
        control_of = [
            control for control, lanes in zip(controls, segments, strict=True) for _ in lanes
        ]
        words = [data.View(word_layout(config), word) for word in self.words.payload.words]
        addends = self._addends(words)
        layout = data.ArrayLayout(addends[0][0].shape(), len(addends[0]))
        added = Signal(data.ArrayLayout(layout, len(addends)), reset_less=True)
        by_segment = [
            Mux(control.adds, Cat(addends[lanes.start : lanes.stop]), 0)
            for control, lanes in zip(controls, segments, strict=True)
        ]
        m.d.comb += self.words.ready.eq(ready)
        with m.If(ready):
            m.d.sync += [
                valid.eq(is_valid),
                op.eq(incoming),
                sends.eq(self._output.sends(incoming, is_valid, is_valid & incoming.first)),
                added.eq(Cat(by_segment)),
            ]

        # The state before `op`: of a start, from the memory, or that after the operation before.
        work, updated = self._work(), Signal(states_layout(config))
        fetched = self._fetch(m, op, valid & ready, work, updated)
        size, first = state_layout(config).size, self._first_states(m, added, control_of)
        following = []
        for control, lanes in zip(controls, segments, strict=True):
            bits = slice(lanes.start * size, lanes.stop * size)
            state = Mux(control.begins, fetched.as_value()[bits], updated.as_value()[bits])
            following.append(Mux(control.starts, Cat(first[lanes.start : lanes.stop]), state))
        with m.If(ready):
            m.d.sync += work.eq(Cat(following))

        # Compute lane by lane, and concatenate the results: simulators are slow on wide signals
        # that are driven in many parts.
        reaches, after = [], []
        for lane, control in enumerate(control_of):
            S = Signal(slope_shape(config), name=f"S_{lane}")
            m.d.comb += S.eq(self._slope(work[lane].S, added[lane]))
            fires, state = self._neuron(m, lane, op, control, work[lane], S)
            reaches.append(fires)
            after.append(state)
        m.d.comb += updated.eq(Cat(after))
        results = Results(operation=op, reaches=reaches, before=work, after=updated)
        (output,) = (getattr(self, name) for name in self._output.ports)
        self._output.connect(m, output, sends, ready, results)

    def _work(self) -> data.View:
        """Return the register of the states of the current group.

        A start or a word of the memory sets it before use.
        """
        if self._config.folding.state_words == 1:
            return resetless_register(states_layout(self._config), name="work")
        return Signal(states_layout(self._config), name="work", reset_less=True)

    def _fetch(
        self, m: Module, op: data.View, done: Value, work: data.View, updated: data.View
    ) -> data.View:
        """Build the state memory; return the states of the group of the incoming operation.

        With `done`, the memory stores the states `updated` of the operation `op`. A layer with one
        word of state has no memory, and the states are those of `work`.
        """
        config, ahead, states = self._config, self.ahead, work
        folding = config.folding
        if folding.state_words > 1:
            m.submodules.state_memory = store = StateMemory(
                shape=states_layout(config),
                depth=folding.state_words,
                forwards=folding.state_words == 2 or folding.convolves,
            )
            states = store.fetched
            m.d.comb += [
                store.fetch.valid.eq(ahead.valid & ahead.operation.first),
                store.fetch.address.eq(state_address(ahead.operation)),
                store.store.valid.eq(done),
                store.store.address.eq(state_address(op)),
                store.store.word.eq(updated),
            ]
            if probe_ports(config):
                with m.If(self.probe.valid):
                    m.d.comb += [
                        store.fetch.valid.eq(1),
                        store.fetch.address.eq(self.probe.group),
                    ]
        if probe_ports(config):
            m.d.comb += self.alive.eq(Cat((neuron.S + config.threshold) > 0 for neuron in states))
        return states


class SingleRowLanes(Lanes):
    """Lanes of a layer that adds one row per cycle; all lanes share the control signals."""

    def _controls(self, m: Module, ready: Signal) -> list[Control]:
        incoming, is_valid = self.words.payload.operation, self.words.valid
        first = is_valid & incoming.first
        advance = Signal()
        with m.If(ready):
            m.d.sync += advance.eq(self._advances(incoming, first))
        control = Control(
            begins=self._begins(incoming, first),
            starts=first & incoming.start,
            adds=is_valid & incoming.row.any(),
            advance=advance,
            initial=self._initial(m, ready, first),
        )
        return [control]

    def _begins(self, operation: data.View, first: Value) -> Value:
        """Return whether an operation, `first` of its group, takes the state from the memory."""
        return first & Const(self._config.folding.state_words > 1)

    def _advances(self, operation: data.View, first: Value) -> Value:
        """Return whether an operation, `first` of its group, advances the time."""
        return first & operation.advance

    def _initial(self, m: Module, ready: Signal, first: Value) -> Value:
        """Return the term of M for the operation in the pipeline register."""
        operation, initial = self.words.payload.operation, Signal(potential_shape(self._config))
        product = times(self._config.threshold, operation.tick)
        with m.If(ready):
            m.d.sync += initial.eq(Mux(first & operation.start, -product, 0))
        return initial


class SharedTickLanes(SingleRowLanes):
    """Lanes whose operations share the tick of their sweep.

    The product of threshold and tick is computed once per sweep. -x is ~x + 1, and the carry input
    of the adder adds the 1.
    """

    def _initial(self, m: Module, ready: Signal, first: Value) -> Value:
        operation, product = self.words.payload.operation, Signal(potential_shape(self._config))
        self._starting = starting = Signal()
        with m.If(ready & first & (operation.group == 0)):
            m.d.sync += product.eq(times(self._config.threshold, self.sweep.tick))
        with m.If(ready):
            m.d.sync += starting.eq(first & operation.start)
        return Mux(starting, ~product, 0)

    def _potential(self, M: Value, step: Value) -> Value:
        return plus(M, step, self._starting)


class LimitLanes(SingleRowLanes):
    """Lanes of a layer of one tick, which have no M.

    A neuron fires once S is at or above the limit of the tick (see `Limits`).
    """

    def _initial(self, m: Module, ready: Signal, first: Value) -> Value:
        operation = self.words.payload.operation
        m.submodules.limits = limits = Limits(firing_limits(self._config))
        self._limit = resetless_register(limits.limit.shape(), "limit")
        tick, is_known = operation.tick, ready
        if "tick" in self._config.shared_fields:  # valid from a sweep's first operation on
            tick, is_known = self.sweep.tick, ready & first & (operation.group == 0)
        m.d.comb += limits.tick.eq(tick)
        with m.If(is_known):
            m.d.sync += self._limit.eq(limits.limit)
        return Const(0)

    def _neuron(
        self, m: Module, lane: int, op: data.View, control: Control, state: data.View, S: Signal
    ) -> tuple[Value, Value]:
        reaches = control.advance & ~state.fired & (self._limit <= state.S)
        return reaches, Cat(state.fired | reaches, S)


class ConvolvingLanes(SingleRowLanes):
    """Lanes of a convolutional layer, whose words of state belong to a position and a group.

    A word may return after any number of operations. After two operations the StateMemory forwards
    it. If the next operation has the same word, it continues with the registers (`again`).
    """

    def _begins(self, operation: data.View, first: Value) -> Value:
        return super()._begins(operation, first) & ~operation.again

    def _advances(self, operation: data.View, first: Value) -> Value:
        return super()._advances(operation, first) & ~operation.nothing


class BankedLanes(Lanes):
    """Lanes of a layer that adds several rows per cycle; they never stall.

    Each segment has its own copies of the control signals, because the lanes are far from one
    another. `ahead` provides the operation early enough for these registers.
    """

    def _addends(self, words: list[data.View]) -> list[list[Value]]:
        """Return the sums of pairs, which are computed in front of the pipeline register."""
        pairs = list(zip(words[::2], words[1::2], strict=True))
        return [[a[lane] + b[lane] for a, b in pairs] for lane in range(self._config.folding.lanes)]

    def _controls(self, m: Module, ready: Signal) -> list[Control]:
        incoming, is_valid = self.ahead.operation, self.ahead.valid
        first = is_valid & incoming.first
        initial = Signal(potential_shape(self._config))
        m.d.sync += initial.eq(-times(self._config.threshold, incoming.tick))

        def control(number: int) -> Control:
            def copy(value: Value, name: str) -> Signal:
                return duplicated_register(m, value, f"{name}_{number}")

            starts = self._starts(m, first & incoming.start, number)
            begins = copy(first, "begins") if self._config.folding.groups > 1 else Const(0)
            return Control(
                begins=begins,
                starts=starts,
                adds=copy(is_valid & incoming.row.any(), "adds"),
                advance=copy(copy(first & incoming.advance, "advances"), "advance"),
                initial=self._initial(m, starts, initial, number),
            )

        return [control(number) for number in range(len(self._config.segments))]

    def _starts(self, m: Module, starts: Value, number: int) -> Signal:
        """Return a copy of `starts` for a segment."""
        return duplicated_register(m, starts, f"starts_{number}")

    def _initial(self, m: Module, starts: Signal, initial: Signal, number: int) -> Value:
        """Return a copy of the term of M for a segment."""
        return duplicated_register(m, Mux(starts, initial, 0), f"initial_{number}")


class DoubleBufferedLanes(BankedLanes):
    """Lanes that add the rows of an image while time advances in the image before.

    The lanes add W to a second register `gathered`, which becomes S when the image starts, at tick
    `unit`.
    """

    def _starts(self, m: Module, starts: Value, number: int) -> Signal:
        # The reset value clears `gathered`.
        return duplicated_register(m, starts, f"starts_{number}", init=1)

    def _initial(self, m: Module, starts: Signal, initial: Signal, number: int) -> Value:
        return Const(0)

    def _first_states(self, m: Module, added: data.View, controls: list[Control]) -> list[Value]:
        config, slope = self._config, slope_shape(self._config)
        assert config.unit is not None
        gathered = resetless_register(data.ArrayLayout(slope, config.folding.lanes), "gathered")
        fresh = Const(-config.threshold, slope)
        M = Const(-config.threshold * config.unit, potential_shape(config))
        totals, following = [], []
        for lane, control in enumerate(controls):
            total = Signal(slope, name=f"gathered_{lane}")
            m.d.comb += total.eq(sum(added[lane], gathered[lane]))
            totals.append(Cat(M, total))
            following.append(Mux(control.starts, fresh, total))
        m.d.sync += gathered.eq(Cat(following))
        return totals

    def _slope(self, S: Value, added: data.View) -> Value:
        return S


def lanes_class(config: LayerConfig) -> type[Lanes]:
    """Return the class of the lanes of a layer."""
    folding = config.folding
    if folding.rows > 1:
        return DoubleBufferedLanes if folding.double_buffered else BankedLanes
    if folding.convolves:
        return ConvolvingLanes
    if folding.one_tick:
        return LimitLanes
    return SharedTickLanes if "tick" in config.shared_fields else SingleRowLanes
