# SPDX-License-Identifier: BSD-2-Clause
"""Turns fired neurons into the events of a layer, in order of time."""

from amaranth.hdl import Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.arithmetic import times
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.queue import SpikeQueue

from .crossing import Crossing
from .drain import beat_layout
from .layouts import Kind, operation_layout, sent_layout


def _neuron(config, beat):
    return times(config.folding.lanes, beat.operation.group) + beat.lanes[0]


class TickEmitter(Block):
    """The emitter of a layer that advances tick by tick: each beat is an event already.

    A fired neuron becomes its SPIKE. The last group's beat without one becomes ADVANCE: where
    the last group has spikes, these promise the same.

    Latency: 0, it has no register; throughput: one event a cycle.
    """

    def __init__(self, config):
        self._config = config
        super().__init__(
            beats=In(stream.Signature(beat_layout(config))),
            events=Out(stream.Signature(sent_layout(config))),
        )

    def build(self, m):
        beat, event = self.beats.payload, self.events.payload
        operation = beat.operation
        # With one group every beat closes it.
        says = (
            beat.some | operation.closes | operation.end if self._config.folding.groups > 1 else 1
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


class WindowEmitter(Block):
    """The emitter of a layer with windows: crossing unit, SpikeQueue and promise.

    Every neuron that fired in the window goes through the crossing unit into the queue. When
    the last group's have arrived the queue is released and drained in order of time, ties in
    order of arrival, that is by neuron. ADVANCE to the end of the window (or END) follows, and
    with it `done`.

    Latency from the last beat of a window to its promise, if it has no spike: that of the Crossing
    and `latencies.RELEASE`; if it has, to its first event: that of the Crossing and of the
    SpikeQueue. Throughput: one event a cycle, every other cycle those of one tick.
    """

    def __init__(self, config):
        self._config = config
        super().__init__(
            beats=In(stream.Signature(beat_layout(config))),
            events=Out(stream.Signature(sent_layout(config))),
            #: The image bit of the latest decided image; what is still here of it is
            #: forgotten.
            decided_image=In(1),
            #: The layer is at a decided image.
            stale=In(1),
            #: The promise that ends a window, or the end of the image, is being taken.
            done=Out(1),
        )

    def build(self, m):
        config, window = self._config, self._config.folding.window
        beat, event = self.beats.payload, self.events.payload

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
        # One window at a time is on its way, so what is common to its spikes is kept once.
        promise = Signal(operation_layout(config))
        before = Signal(promise.tick.shape())  # the tick from which the window advanced
        with m.If(self.beats.valid & self.beats.ready & closes):
            m.d.sync += [
                promise.eq(beat.operation),
                before.eq(beat.operation.tick - (1 << beat.operation.shift)),
            ]

        release = Signal()
        live = crossing.o.valid & (crossed.value.end | (crossed.value.image != self.decided_image))
        m.d.comb += [
            queue.push.valid.eq(live & crossed.value.hit),
            queue.push.payload.key.eq(crossed.key),
            queue.push.payload.value.eq(crossed.value.neuron),
            # A place for every neuron: the queue has always room.
            crossing.o.ready.eq(1),
            queue.release.eq(release),
            queue.clear.eq(self.stale),
            queue.pop.ready.eq(self.events.ready),
        ]
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
