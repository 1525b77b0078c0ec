# SPDX-License-Identifier: BSD-2-Clause
"""The register of a Sequencer for an event, and the distance from the layer's tick to it."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, tap
from firstspike.hdl.lib.pipeline import SkidBuffer

from .config import LayerConfig
from .events import Kind, input_event_layout, tick_shape


class EventRegister(Block):
    """A register for an event, and for the number of ticks from the layer's time to the event.

    The comparisons are computed while the event is loaded, to shorten the critical path that starts
    at the event register. Time advances in steps. A step is the largest power of two of ticks that
    passes neither the event nor 2^k ticks, where k is the layer's window.

    Latency: `latencies.EVENT` cycles; throughput: one event per cycle. `events` stalls while the
    register holds an event and `consume` is low.
    """

    def __init__(self, config: LayerConfig) -> None:
        tick, window = tick_shape(config.deadline), config.folding.window
        self._config = config
        super().__init__(
            #: Events in order of time.
            events=In(stream.Signature(input_event_layout(config))),
            #: The image bit of the latest decided image.
            decided_image=In(1),
            #: The register holds an event.
            present=Out(1),
            #: The event in the register; the tick of an image's END is set to the deadline.
            event=Out(input_event_layout(config)),
            #: The event's image is decided.
            dead=Out(1),
            #: The current tick of the layer.
            now=Out(tick),
            #: The event's tick is later than `now`.
            behind=Out(1),
            #: No further spike of tick `now` can arrive.
            due=Out(1),
            #: The next step has 2^shift ticks.
            shift=Out(range(window + 1)),
            #: The tick after the next step.
            reached=Out(tick),
            #: The event's tick equals `reached`.
            arrives=Out(1),
            #: Empty the register, or load the next event.
            consume=In(1),
            #: The image starts at `tick`, advances by the step to `tick`, or stays at `tick`.
            move=In(tap(starts=1, advances=1, tick=tick)),
        )

    def build(self, m: Module) -> None:
        window, move, event = self._config.folding.window, self.move, self.event
        m.submodules.skid = skid = SkidBuffer(input_event_layout(self._config))
        wiring.connect(m, wiring.flipped(self.events), skid.i)
        incoming, loads = skid.o.payload, skid.o.ready
        target = Signal.like(self.now)
        start_from = Signal.like(self.now)  # the value of `now` when the event is in the register
        m.d.comb += [
            loads.eq(~self.present | self.consume),
            target.eq(Mux(incoming.kind == Kind.END, self._config.deadline, incoming.tick)),
            start_from.eq(Mux(self.present, event.tick, self.now)),
        ]
        with m.If(move.valid):
            m.d.sync += self.now.eq(move.tick)
        if window:
            remaining = Signal.like(self.now)  # from `now` to the event's tick
            ticks = Signal(window + 1)
            m.d.comb += [
                ticks.eq(1 << self.shift),
                self.reached.eq(self.now + ticks),
                self.arrives.eq(remaining == ticks),
            ]
            for k in range(1, window + 1):
                with m.If(remaining[k:] != 0):
                    m.d.comb += self.shift.eq(k)
            with m.If(move.valid & (move.starts | move.advances)):
                m.d.sync += remaining.eq(Mux(move.starts, 0, remaining - ticks))
            with m.If(loads & skid.o.valid):
                m.d.sync += remaining.eq(target - start_from)
        else:  # the next tick, in a register
            m.d.comb += self.arrives.eq(event.tick == self.reached)
            with m.If(move.valid):
                m.d.sync += self.reached.eq(move.tick + 1)

        is_end = event.kind == Kind.END
        m.d.sync += self.dead.eq(event.image == self.decided_image)
        with m.If(move.valid & (move.starts | move.advances)):
            m.d.sync += [
                self.behind.eq(~move.starts & ~self.arrives),
                self.due.eq(is_end | (~move.starts & ~self.arrives)),
            ]
        with m.If(loads):
            m.d.sync += self.present.eq(skid.o.valid)
            with m.If(skid.o.valid):
                m.d.sync += [
                    event.eq(incoming),
                    event.tick.eq(target),
                    self.dead.eq(incoming.image == self.decided_image),
                    self.behind.eq(target != start_from),
                    self.due.eq((incoming.kind == Kind.END) | (target != start_from)),
                ]
