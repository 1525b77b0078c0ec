# SPDX-License-Identifier: BSD-2-Clause
"""Emitters, which turn fired neurons into the events of a layer, in order of time."""

from collections.abc import Iterator

from amaranth.hdl import Cat, Module, Mux, ShapeLike, Signal, ValueLike, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.widths import StateWidths
from firstspike.hdl.lib.arithmetic import times
from firstspike.hdl.lib.block import Block, assign_handshake, assign_members, struct
from firstspike.hdl.lib.memories import Memory, inside
from firstspike.hdl.lib.queue import SpikeQueue

from .config import LayerConfig
from .events import Kind, output_event_layout
from .mask_serialiser import beat_layout
from .operations import operation_layout


def _neuron(config: LayerConfig, beat: data.View) -> ValueLike:
    column = times(config.folding.lanes, beat.operation.group) + beat.lanes[0]
    if not config.folding.convolves:
        return column
    return times(config.folding.kind.positions, column) + beat.operation.position


def emitter_ports(config: LayerConfig) -> dict[str, wiring.Member]:
    """Return the ports of an emitter."""
    return {
        #: Fired neurons.
        "beats": In(stream.Signature(beat_layout(config))),
        #: Events for the next layer.
        "events": Out(stream.Signature(output_event_layout(config))),
        #: The image bit of the latest decided image, whose spikes a WindowEmitter discards.
        "decided_image": In(1),
        #: The image in the layer is decided: a WindowEmitter clears its queue.
        "stale": In(1),
        #: The last event of an advancing sweep, or the image's END, is transferred.
        "done": Out(1),
    }


class TickEmitter(Block):
    """The emitter of a layer that advances tick by tick: each beat becomes one event or none.

    A beat with a fired neuron becomes a SPIKE. The beat of an empty last group becomes an ADVANCE;
    if the last group has spikes, they serve as the watermark. Other empty beats are dropped.

    Latency: 0 cycles (combinational); throughput: one event per cycle. Back-pressure at `events`
    stalls `beats`.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(**emitter_ports(config))

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield no memories."""
        return iter(())

    def build(self, m: Module) -> None:
        folding = self._config.folding
        beat, event = self.beats.payload, self.events.payload
        operation = beat.operation
        # With one group, every beat becomes an event.
        has_event = beat.some | operation.closes | operation.end | (folding.state_words == 1)
        closes = operation.end | (beat.last & operation.closes)
        m.d.comb += [
            self.events.valid.eq(self.beats.valid & has_event),
            self.beats.ready.eq(self.events.ready | ~has_event),
            self.done.eq(self.beats.valid & self.beats.ready & closes),
            assign_members(event, operation, "image", "tick", "context"),
        ]
        if folding.sends == 1:
            m.d.comb += event.address.eq(_neuron(self._config, beat))
        else:  # one group
            for number, lane in enumerate(beat.lanes):
                bank = event.banks[str(number)]
                m.d.comb += [bank.present.eq(beat.hit[number]), bank.index.eq(lane)]
        with m.If(operation.end):
            m.d.comb += event.kind.eq(Kind.END)
        with m.Elif(beat.some):
            m.d.comb += event.kind.eq(Kind.SPIKE)
        with m.Else():
            m.d.comb += event.kind.eq(Kind.ADVANCE)


class CrossingTimeDivider(Block):
    """Compute ceil(-M / S) - 1 of a neuron with M < 0 <= M + 2^k S, by restoring division.

    The result `key` is the number of whole ticks of the window before the tick of the spike: the
    largest u in 0 .. 2^k - 1 with M + u S < 0. The division has k shift-and-subtract steps. For a
    shorter window of 2^j ticks, the first k - j steps subtract nothing, so the result is correct.

    Latency: `latencies.DIVIDER_INPUT` + k cycles; throughput: one neuron per cycle.
    Back-pressure at `o` stalls all steps.

    Parameters: `window`, the k above; `widths` of S and M; `value`, a shape that passes through.
    """

    def __init__(self, *, window: int, widths: StateWidths, value: ShapeLike) -> None:
        if window < 1:
            raise ValueError(f"a window has 2^k ticks with k at least 1, not {window}.")
        self._window, self._widths, self._value = window, widths, value
        self._steps: list[tuple[Signal, Signal]] = []  # (payload, valid) of each register
        state = struct(M=signed(widths.M), S=signed(widths.S))
        super().__init__(
            #: The state of a neuron; `value` passes unchanged to `o`.
            i=In(stream.Signature(struct(state=state, value=value))),
            #: The result `key`, and `value` of the same neuron.
            o=Out(stream.Signature(struct(key=window, value=value))),
        )

    def build(self, m: Module) -> None:
        k, widths = self._window, self._widths
        # S << (k - 1) may exceed the range of M if the window is shorter than 2^k ticks.
        wide = signed(max(widths.M, widths.S + k - 1) + 1)
        layout = struct(M=wide, S=signed(widths.S), key=k, value=self._value)
        step = ~self.o.valid | self.o.ready
        m.d.comb += self.i.ready.eq(step)

        current, valid = Signal(layout), Signal()
        with m.If(step):
            m.d.sync += [
                valid.eq(self.i.valid),
                assign_members(current, self.i.payload.state, "M", "S"),
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
            self._steps.append((current, valid))
            current, valid = following, following_valid
        self._steps.append((current, valid))
        m.d.comb += [
            self.o.valid.eq(valid),
            assign_members(self.o.payload, current, "key", "value"),
        ]


class WindowEmitter(Block):
    """The emitter of a layer with windows: CrossingTimeDivider, SpikeQueue and watermark.

    Every neuron that fired in the window passes through the divider into the SpikeQueue. After the
    last group's neurons, the queue releases the spikes in order of time; spikes of the same tick
    leave in order of arrival, that is by neuron. ADVANCE to the end of the window (or END) follows,
    together with `done`.

    Latency from the last beat of a window to its first spike: divider plus SpikeQueue; without
    spikes, to ADVANCE: divider plus `latencies.RELEASE`. Throughput: one event per cycle. Under
    back-pressure at `events` the queue holds the spikes; `beats` never stalls.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(**emitter_ports(config))

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield the memories of the queue, whose capacity is the number of neurons."""
        n_out = config.folding.n_out
        yield from inside(
            "queue", SpikeQueue.memories(1 << config.folding.window, range(n_out), n_out)
        )

    def build(self, m: Module) -> None:
        config, window = self._config, self._config.folding.window
        beat, event = self.beats.payload, self.events.payload

        # Beats pass through the divider.
        n_out = config.folding.n_out
        value = struct(neuron=range(n_out), image=1, hit=1, closes=1, end=1)
        m.submodules.crossing = crossing = CrossingTimeDivider(
            window=window, widths=config.widths, value=value
        )
        m.submodules.queue = queue = SpikeQueue(1 << window, range(n_out), n_out)
        closes = beat.operation.end | (beat.last & beat.operation.closes)
        into, crossed = crossing.i.payload, crossing.o.payload
        m.d.comb += [
            assign_handshake(crossing.i, self.beats),
            into.state.eq(beat.state),
            into.value.neuron.eq(_neuron(config, beat)),
            into.value.image.eq(beat.operation.image),
            into.value.hit.eq(beat.hit),
            into.value.closes.eq(closes),
            into.value.end.eq(beat.operation.end),
        ]
        # Only one window is under way, so its spikes share registers for their common fields.
        watermark = Signal(operation_layout(config))
        before = Signal(watermark.tick.shape())  # the tick from which the window advanced
        with m.If(self.beats.valid & self.beats.ready & closes):
            m.d.sync += [
                watermark.eq(beat.operation),
                before.eq(beat.operation.tick - (1 << beat.operation.shift)),
            ]

        # Push spikes, and release the queue after the last beat of the window.
        release = Signal()
        live = crossing.o.valid & (crossed.value.end | (crossed.value.image != self.decided_image))
        m.d.comb += [
            queue.push.valid.eq(live & crossed.value.hit),
            queue.push.payload.key.eq(crossed.key),
            queue.push.payload.value.eq(crossed.value.neuron),
            # The capacity is the number of neurons, so the queue is never full.
            crossing.o.ready.eq(1),
            queue.release.eq(release),
            queue.clear.eq(self.stale),
            queue.pop.ready.eq(self.events.ready),
        ]
        # The events: the spikes of the queue, then the watermark.
        finish = Signal()
        m.d.comb += [
            finish.eq(release & queue.empty),
            self.events.valid.eq(queue.pop.valid | finish),
            self.done.eq(finish & self.events.ready),
            assign_members(event, watermark, "image", "context"),
            event.address.eq(queue.pop.payload.value),
        ]
        with m.If(~finish):
            m.d.comb += [
                event.kind.eq(Kind.SPIKE),
                event.tick.eq(before + queue.pop.payload.key + 1),
            ]
        with m.Else():
            kind = Mux(watermark.end, Kind.END, Kind.ADVANCE)
            m.d.comb += [event.kind.eq(kind), event.tick.eq(watermark.tick)]
        with m.If(self.done | (self.stale & ~watermark.end)):
            m.d.sync += release.eq(0)
        with m.If(live & crossed.value.closes):
            m.d.sync += release.eq(1)


def emitter_class(config: LayerConfig) -> type[TickEmitter | WindowEmitter]:
    """Return the class of the emitter of a layer."""
    return WindowEmitter if config.folding.window else TickEmitter
