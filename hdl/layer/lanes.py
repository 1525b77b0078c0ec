# SPDX-License-Identifier: BSD-2-Clause
"""The lanes of a layer, which hold S and M of every neuron, add weights and advance the time."""

from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, ValueLike, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing.layer import LayerFolding
from firstspike.hdl.lib.arithmetic import plus, times
from firstspike.hdl.lib.block import Block, struct, tap
from firstspike.hdl.lib.duplicated_register import duplicated_register
from firstspike.hdl.lib.memories import Memory, inside
from firstspike.hdl.lib.resetless_register import resetless_register

from .config import LayerConfig
from .limits import Limits
from .operations import operation_layout, walk_layout
from .weights import ahead_signature, fetched_layout, word_layout


def slope_shape(config: LayerConfig) -> Shape:
    """Return the shape of S."""
    return signed(config.widths.S)


def potential_shape(config: LayerConfig) -> Shape:
    """Return the shape of M."""
    return signed(config.widths.M)


def fired_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of a group's fired neurons; with a window, also of their previous states.

    `mask` has a bit per lane. `state` is the state of each lane before the advance.
    """
    states = data.ArrayLayout(state_layout(config), config.folding.lanes)
    return struct(
        operation=operation_layout(config),
        mask=config.folding.lanes,
        state=states if config.folding.window else None,
    )


def potentials_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of M of a group's neurons at a tick, for the Decision."""
    return struct(
        operation=operation_layout(config),
        M=data.ArrayLayout(potential_shape(config), config.folding.lanes),
    )


def state_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of a neuron's state: M and S, or `fired` and S in a layer of one tick."""
    if config.folding.one_tick:
        return struct(fired=1, S=slope_shape(config))
    return struct(M=potential_shape(config), S=slope_shape(config))


def lane_exists(folding: LayerFolding, group: Value, lane: int) -> Value:
    """Return whether `lane` of `group` is a neuron; the last group may be incomplete."""
    if (folding.groups - 1) * folding.lanes + lane < folding.columns:
        return Const(1)
    return group != folding.groups - 1


def place_of(operation: data.View) -> Value:
    """Return the state address of an operation: the word of the lanes' memory."""
    place: Value = operation["place" if "place" in operation.shape().members else "group"]
    return place


def probe_signature(config: LayerConfig) -> wiring.Signature:
    """Return the signature of the request for `alive` of a group."""
    return tap(group=range(config.folding.groups))


class Lanes(Block):
    """Advance and accumulate: M += n*S, detect fired neurons, then S += W for each bank's word.

    A neuron that has fired keeps its M, which is not negative, and therefore does not fire again.
    (In the last layer no neuron has fired before the decision.) A double-buffered layer adds W to a
    second register `gathered`, which becomes S when the image starts. A layer of one tick has no M:
    a neuron fires once S is at or above the limit of the tick (see `Limits`).

    S and M of the current group are in registers. The other groups are in a memory with one word
    per group. The lanes read a word before the group's first operation in a sweep, and write it
    back with every operation. A word is read two operations before its use, and the same group
    returns after at least as many operations as the layer has groups. A read therefore needs
    forwarding from a write only in a layer of two groups.

    In a convolutional layer a word belongs to a position and a group, and may return after any
    number of operations. After two operations the lanes forward it, as with two groups. If the next
    operation has the same word, it continues with the registers (`again`).

    Latency: `latencies.LANES` cycles, and `latencies.POTENTIALS` more to `potentials`; throughput:
    one operation per cycle. Back-pressure at `fired` or `potentials` stalls `words`.
    """

    def __init__(self, config: LayerConfig) -> None:
        last = config.folding.last
        learns = config.learns and not last
        self._config = config
        super().__init__(
            words=In(stream.Signature(fetched_layout(config))),
            #: The operation of the next word, one cycle before the word is in `words`.
            ahead=In(ahead_signature(config)),
            #: Tick and context of the Sequencer's sweep.
            walk=In(walk_layout(config)) if config.tick_apart else None,
            #: One payload for the first operation of each group that starts or advances;
            #: registered.
            potentials=Out(stream.Signature(potentials_layout(config))) if last else None,
            #: One payload for the first operation of each group that advances, and one for the end
            #: of an image; combinational.
            fired=None if last else Out(stream.Signature(fired_layout(config))),
            #: The group for `alive` from the next cycle on; only while no operation is under way.
            probe=In(probe_signature(config)) if learns else None,
            #: The group's lanes whose sum of added weights, S + threshold, is above 0.
            alive=Out(config.folding.lanes) if learns else None,
        )

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield the state memory, unless registers hold the only word, and the limits."""
        folding = config.folding
        if folding.state_words > 1:
            yield Memory("", state_layout(config).size * folding.lanes, folding.state_words)
        if folding.one_tick:
            yield from inside("limits", Limits.memories(config))

    def _told(self, m: Module, ready: Signal) -> list[SimpleNamespace]:
        """Return the control signals of each segment of lanes.

        {begins, starts, adds} belong to the incoming operation. {advance, initial, carry} belong to
        the operation in the pipeline register; initial + carry is M at a start, else 0. A layer of
        one tick has {advance, limit} instead. With several banks, whose words never stall, each
        segment has its own copies, because the lanes are far from one another; `ahead` provides the
        operation early enough for these registers.
        """
        config, folding = self._config, self._config.folding
        if folding.rows == 1:
            coming, offered = self.words.payload.operation, self.words.valid
            begins = offered & coming.first
            advances = begins & coming.advance
            if folding.convolves:
                advances &= ~coming.nothing
            to = SimpleNamespace(
                begins=begins & ~coming.again if folding.convolves else begins,
                starts=begins & coming.start,
                adds=offered & coming.row.any(),
                advance=Signal(name="advance"),
                carry=None,
            )
            # M or the limit at this tick. A shared tick is valid from a sweep's first operation on.
            apart, tick, known = config.tick_apart, coming.tick, ready
            if apart:
                tick, known = self.walk.tick, ready & begins & (coming.group == 0)
            if folding.one_tick:
                m.submodules.limits = limits = Limits(config)
                m.d.comb += limits.tick.eq(tick)
                to.limit, limit = resetless_register(limits.limit.shape(), "limit"), limits.limit
                with m.If(known):
                    m.d.sync += to.limit.eq(limit)
            else:
                product = times(config.threshold, tick)
                M = Signal(potential_shape(config), name="initial")
                with m.If(known):
                    m.d.sync += M.eq(product if apart else Mux(to.starts, -product, 0))
                to.initial = M
                if apart:  # -x is ~x + 1, and the carry input adds the 1
                    to.carry = Signal(name="starting")
                    to.initial = Mux(to.carry, ~M, 0)
                    with m.If(ready):
                        m.d.sync += to.carry.eq(to.starts)
            with m.If(ready):
                m.d.sync += to.advance.eq(advances)
            return [to]

        coming, offered = self.ahead.operation, self.ahead.valid
        begins = offered & coming.first
        M = Signal(potential_shape(config), name="initial")
        m.d.sync += M.eq(-times(config.threshold, coming.tick))

        def told(number: int) -> SimpleNamespace:
            def copy(value: ValueLike, name: str, init: int = 0) -> Signal:
                return duplicated_register(m, value, f"{name}_{number}", init=init)

            # The reset value clears `gathered`.
            starts = copy(begins & coming.start, "starts", init=int(folding.gathers))
            return SimpleNamespace(
                begins=copy(begins, "begins") if folding.groups > 1 else None,
                starts=starts,
                adds=copy(offered & coming.row.any(), "adds"),
                advance=copy(copy(begins & coming.advance, "advances"), "advance"),
                carry=None,
                initial=Const(0) if folding.gathers else copy(Mux(starts, M, 0), "initial"),
            )

        return [told(number) for number in range(len(config.segments))]

    def build(self, m: Module) -> None:
        config, folding = self._config, self._config.folding
        lanes, places, last = folding.lanes, folding.state_words, folding.last

        # The pipeline register, in which a word meets the state of its group, and its control
        # signals. Without a valid word, an operation that changes nothing enters the register.
        # `ready`, which has a long route, is therefore the only enable.
        coming, offered = self.words.payload.operation, self.words.valid
        valid, op = Signal(), Signal(operation_layout(config))
        ready = Signal()
        told = self._told(m, ready)
        told_of = [to for to, lanes in zip(told, config.segments, strict=True) for _ in lanes]
        starts = offered & coming.first & coming.start
        advances = offered & coming.first & coming.advance
        ends = offered & coming.end
        sends = Signal()
        m.d.comb += self.words.ready.eq(ready)
        with m.If(ready):
            m.d.sync += [
                valid.eq(offered),
                op.eq(coming),
                sends.eq(~ends & (starts | advances) if last else ends | advances),
            ]

        # The words of several banks are added in pairs in front of the register.
        given = [data.View(word_layout(config), word) for word in self.words.payload.words]
        sums = [[bank[lane] for bank in given] for lane in range(lanes)]
        if folding.rows > 1:
            sums = [[a + b for a, b in zip(s[::2], s[1::2], strict=True)] for s in sums]
        addends = data.ArrayLayout(sums[0][0].shape(), len(sums[0]))
        added = Signal(data.ArrayLayout(addends, lanes), reset_less=True)
        by_segment = [
            Mux(to.adds, Cat(sums[lane] for lane in segment), 0)
            for to, segment in zip(told, config.segments, strict=True)
        ]
        with m.If(ready):
            m.d.sync += added.eq(Cat(by_segment))

        # The state of the group: registers, with a memory in front of them if necessary.
        state = state_layout(config)
        states_layout = data.ArrayLayout(state, lanes)
        # The state before `op`. It is initialised by a start, or read from the memory, before use.
        make = resetless_register if places == 1 else partial(Signal, reset_less=True)
        work = make(states_layout, name="work")
        updated = Signal(states_layout)  # the state after `op`
        states = work
        if places > 1:
            m.submodules.memory = store = memory.Memory(
                shape=work.shape().size, depth=places, init=[], attrs={"no_rw_check": 1}
            )
            read, write = store.read_port(domain="comb"), store.write_port()
            ahead = self.ahead.operation
            fetch, place = self.ahead.valid & ahead.first, place_of(ahead)
            fetched = resetless_register(work.shape().size)
            found = read.data
            done = valid & ready
            m.d.comb += [write.en.eq(done), write.addr.eq(place_of(op)), write.data.eq(updated)]
            if places == 2 or folding.convolves:
                found = Mux(done & (place_of(op) == place), updated, read.data)
            if config.learns and not last:
                fetch, place = (
                    fetch | self.probe.valid,
                    Mux(self.probe.valid, self.probe.group, place),
                )
            m.d.comb += read.addr.eq(place)
            with m.If(fetch):
                m.d.sync += fetched.eq(found)
            states = data.View(work.shape(), fetched)
        # At a start, M is 0 before `initial` is added; a double-buffered layer starts at tick
        # `unit` with the accumulated S.
        fresh_state = {name: 0 for name in state.members} | {"S": -config.threshold}
        begin = [state.const(fresh_state).as_value()] * lanes
        if folding.gathers:
            slope = slope_shape(config)
            gathered = resetless_register(data.ArrayLayout(slope, lanes), "gathered")
            totals = []
            for lane in range(lanes):
                total = Signal(slope, name=f"gathered_{lane}")
                m.d.comb += total.eq(sum(added[lane], gathered[lane]))
                totals.append(total)
            assert config.unit is not None
            M = Const(-config.threshold * config.unit, potential_shape(config))
            begin = [Cat(M, total) for total in totals]
            fresh = Const(-config.threshold, slope)
            m.d.sync += gathered.eq(
                Cat(Mux(to.starts, fresh, total) for to, total in zip(told_of, totals, strict=True))
            )
        # The next state of the registers: the start, the word from the memory, or `updated`.
        following = []
        for to, segment in zip(told, config.segments, strict=True):
            bits = slice(segment.start * state.size, segment.stop * state.size)
            then = updated.as_value()[bits]
            if places > 1:
                then = Mux(to.begins, fetched[bits], then)
            following.append(Mux(to.starts, Cat(begin[segment.start : segment.stop]), then))
        with m.If(ready):
            m.d.sync += work.eq(Cat(following))
        if config.learns and not last:
            m.d.comb += self.alive.eq(
                Cat((states[lane].S + config.threshold) > 0 for lane in range(lanes))
            )

        # Compute lane by lane, and concatenate the results: simulators are slow on wide signals
        # that are driven in many parts.
        after, before, mask, potentials = [], [], [], []
        for lane, to in enumerate(told_of):
            S = work[lane].S
            S_next = Signal(slope_shape(config), name=f"S_{lane}")
            if folding.gathers:
                m.d.comb += S_next.eq(S)
            else:
                parts = (part >> config.unused_bits for part in added[lane])
                m.d.comb += S_next.eq(sum(parts, S))
            if folding.one_tick:
                fired = work[lane].fired
                reaches = to.advance & ~fired & (to.limit <= S)
                after += [fired | reaches, S_next]
            else:
                M = work[lane].M
                advances = to.advance if last else to.advance & (M < 0)
                M_next = Signal(potential_shape(config), name=f"M_{lane}")
                step = to.initial | (Mux(advances, S, 0) << op.shift)
                m.d.comb += M_next.eq(M + step if to.carry is None else plus(M, step, to.carry))
                reaches = advances & (M_next >= 0)
                after += [M_next, S_next]
                potentials.append(M_next)
                before += [M, S]
            if not last:
                fires = Signal(name=f"fires_{lane}")
                m.d.comb += fires.eq(reaches & lane_exists(folding, op.group, lane))
                mask.append(fires)
        m.d.comb += updated.eq(Cat(after))

        # To the Decision, or to the Drain.
        if last:
            # The register for M; with one group the state registers of the lanes serve as such.
            output = self.potentials
            m.d.comb += ready.eq(~output.valid | output.ready)
            with m.If(ready):
                m.d.sync += [output.valid.eq(sends), output.payload.operation.eq(op)]
            if places == 1:
                m.d.comb += output.payload.M.eq(Cat(neuron.M for neuron in work))
            else:
                with m.If(ready):
                    m.d.sync += output.payload.M.eq(Cat(potentials))
        else:
            # The fields in the order of `fired_layout`.
            sent = Cat(op, Mux(op.end, 0, Cat(mask)), before if folding.window else [])
            m.d.comb += [
                self.fired.payload.eq(sent),
                self.fired.valid.eq(sends),
                ready.eq(self.fired.ready | ~sends),
            ]
