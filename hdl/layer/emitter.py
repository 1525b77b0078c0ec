# SPDX-License-Identifier: BSD-2-Clause
"""Emitters, which turn fired neurons into the events of a layer, in order of time."""

from collections.abc import Iterator

from amaranth.hdl import Cat, Module, ShapeLike, Signal, ValueLike, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.arithmetic import times
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.lib.queue import SpikeQueue

from .config import LayerConfig
from .drain import beat_layout
from .events import Kind, sent_layout
from .lanes import slope_shape, state_layout
from .operations import operation_layout


def _neuron(config: LayerConfig, beat: data.View) -> ValueLike:
    column = times(config.folding.lanes, beat.operation.group) + beat.lanes[0]
    if not config.folding.convolves:
        return column
    return times(config.folding.kind.positions, column) + beat.operation.position


class TickEmitter(Block):
    """The emitter of a layer that advances tick by tick: each beat becomes one event or none.

    A beat with a fired neuron becomes a SPIKE. The beat of an empty last group becomes an ADVANCE;
    if the last group has spikes, they serve as the watermark. Other empty beats are dropped.

    Latency: 0 cycles (combinational); throughput: one event per cycle. Back-pressure at `events`
    stalls `beats`.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(
            beats=In(stream.Signature(beat_layout(config))),
            events=Out(stream.Signature(sent_layout(config))),
            #: The last event of an advancing sweep, or the image's END, is transferred.
            done=Out(1) if config.folding.one_sweep else None,
        )

    def build(self, m: Module) -> None:
        beat, event = self.beats.payload, self.events.payload
        operation = beat.operation
        if self._config.folding.one_sweep:
            closes = operation.end | (beat.last & operation.closes)
            m.d.comb += self.done.eq(self.beats.valid & self.beats.ready & closes)
        # With one group, every beat becomes an event.
        says = (
            beat.some | operation.closes | operation.end
            if self._config.folding.state_words > 1
            else 1
        )
        m.d.comb += [
            self.events.valid.eq(self.beats.valid & says),
            self.beats.ready.eq(self.events.ready | ~says),
            event.image.eq(operation.image),
            event.tick.eq(operation.tick),
            event.context.eq(operation.context),
        ]
        if self._config.folding.sends == 1:
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


class Crossing(Block):
    """The crossing-time divider: ceil(-M / S) - 1 for M < 0 <= M + 2^k S, by restoring division.

    The result `key` is the number of whole ticks of the window before the tick of the spike: the
    largest u in 0 .. 2^k - 1 with M + u S < 0. The division has k shift-and-subtract steps. For a
    shorter window of 2^j ticks, the first k - j steps subtract nothing, so the result is correct.

    Latency: `config.folding.crossing_cycles`; throughput: one neuron per cycle. Back-pressure at
    `o` stalls all steps.
    """

    def __init__(self, config: LayerConfig, value: ShapeLike) -> None:
        if not config.folding.window:
            raise ValueError("a layer without windows needs no Crossing: it sees every tick.")
        self._value = value
        self._config = config
        self._steps: list[tuple[Signal, Signal]] = []  # (payload, valid) of each register
        super().__init__(
            #: The state of a neuron; `value` passes unchanged to `o`.
            i=In(stream.Signature(struct(state=state_layout(config), value=value))),
            #: The result `key`, and `value` of the same neuron.
            o=Out(stream.Signature(struct(key=config.folding.window, value=value))),
        )

    def build(self, m: Module) -> None:
        k, widths = self._config.folding.window, self._config.widths
        # S << (k - 1) may exceed the range of M if the window is shorter than 2^k ticks.
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
            self._steps.append((current, valid))
            current, valid = following, following_valid
        self._steps.append((current, valid))
        m.d.comb += [
            self.o.valid.eq(valid),
            self.o.payload.key.eq(current.key),
            self.o.payload.value.eq(current.value),
        ]


class WindowEmitter(Block):
    """The emitter of a layer with windows: Crossing, SpikeQueue and watermark.

    Every neuron that fired in the window passes through the Crossing into the SpikeQueue. After the
    last group's neurons, the queue releases the spikes in order of time; spikes of the same tick
    leave in order of arrival, that is by neuron. ADVANCE to the end of the window (or END) follows,
    together with `done`.

    Latency from the last beat of a window to the ADVANCE of a window without spikes: that of the
    Crossing and `latencies.RELEASE`; to the first spike otherwise: that of the Crossing and of the
    SpikeQueue. Throughput: one event per cycle. Under back-pressure at `events` the queue holds the
    spikes; `beats` never stalls.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(
            beats=In(stream.Signature(beat_layout(config))),
            events=Out(stream.Signature(sent_layout(config))),
            #: The image bit of the latest decided image, whose spikes are discarded.
            decided_image=In(1),
            #: The image in the layer is decided: clear the queue.
            stale=In(1),
            #: The ADVANCE at the end of a window, or the image's END, is transferred.
            done=Out(1),
        )

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield the memories of the queue, whose capacity is the number of neurons."""
        n_out = config.folding.n_out
        yield from SpikeQueue.memories(1 << config.folding.window, range(n_out), n_out)

    def build(self, m: Module) -> None:
        config, window = self._config, self._config.folding.window
        beat, event = self.beats.payload, self.events.payload

        # Beats pass through the Crossing.
        value = struct(neuron=range(config.folding.n_out), image=1, hit=1, closes=1, end=1)
        m.submodules.crossing = crossing = Crossing(config, value)
        m.submodules.queue = queue = SpikeQueue(
            1 << window, value.members["neuron"], config.folding.n_out
        )
        closes = beat.operation.end | (beat.last & beat.operation.closes)
        into, crossed = crossing.i.payload, crossing.o.payload
        m.d.comb += [
            crossing.i.valid.eq(self.beats.valid),
            self.beats.ready.eq(crossing.i.ready),
            into.state.eq(beat.state),
            into.value.neuron.eq(_neuron(config, beat)),
            into.value.image.eq(beat.operation.image),
            into.value.hit.eq(beat.hit),
            into.value.closes.eq(closes),
            into.value.end.eq(beat.operation.end),
        ]
        # Only one window is under way, so its spikes share registers for their common fields.
        promise = Signal(operation_layout(config))
        before = Signal(promise.tick.shape())  # the tick from which the window advanced
        with m.If(self.beats.valid & self.beats.ready & closes):
            m.d.sync += [
                promise.eq(beat.operation),
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
            event.image.eq(promise.image),
            event.context.eq(promise.context),
            event.address.eq(queue.pop.payload.value),
        ]
        with m.If(~finish):
            m.d.comb += [
                event.kind.eq(Kind.SPIKE),
                event.tick.eq(before + queue.pop.payload.key + 1),
            ]
        with m.Else():
            m.d.comb += [event.kind.eq(Kind.ADVANCE), event.tick.eq(promise.tick)]
            with m.If(promise.end):
                m.d.comb += event.kind.eq(Kind.END)
        with m.If(self.done | (self.stale & ~promise.end)):
            m.d.sync += release.eq(0)
        with m.If(live & crossed.value.closes):
            m.d.sync += release.eq(1)
