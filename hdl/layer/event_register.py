# SPDX-License-Identifier: BSD-2-Clause
"""The event that a layer works on, with what has to be known of it at once."""

from amaranth.hdl import Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, tap
from firstspike.hdl.lib.pipeline import Skid

from .layouts import Kind, taken_layout, tick_shape


class EventRegister(Block):
    """A register for an event, and how far away it is, found out as it is taken.

    What waits for an event is long enough without a subtraction and comparisons in front of it.
    Time advances in steps, each of the largest power of two ticks that passes neither the event
    nor 2^k ticks, k being the layer's window.

    Latency: `latencies.EVENT`; throughput: an event a cycle.
    """

    def __init__(self, config):
        tick, window = tick_shape(config.deadline), config.folding.window
        self._config = config
        super().__init__(
            #: What comes, in order of time.
            events=In(stream.Signature(taken_layout(config))),
            #: The image bit of the latest decided image.
            decided_image=In(1),
            #: There is an event.
            present=Out(1),
            #: The same; the tick of the image's end is the deadline.
            event=Out(taken_layout(config)),
            #: Its image is decided.
            dead=Out(1),
            #: The tick that the layer has reached.
            now=Out(tick),
            #: The event's tick is a later one.
            behind=Out(1),
            #: All spikes of tick `now` have come.
            due=Out(1),
            #: The next step: 2^shift, as many ticks; with it the event's tick is reached.
            shift=Out(range(window + 1)),
            ticks=Out(window + 1),
            arrives=Out(1),
            #: The event is used up.
            consume=In(1),
            #: The image starts at `tick`, or advances by the step to it, or stays at it.
            move=In(tap(starts=1, advances=1, tick=tick)),
        )

    def build(self, m):
        window, move, event = self._config.folding.window, self.move, self.event
        m.submodules.skid = skid = Skid(taken_layout(self._config))
        wiring.connect(m, wiring.flipped(self.events), skid.i)
        given, taken = skid.o.payload, skid.o.ready
        remaining = Signal.like(self.now)  # from `now` to the event's tick
        target = Signal.like(self.now)
        start_from = Signal.like(self.now)  # where `now` will be then
        m.d.comb += [
            taken.eq(~self.present | self.consume),
            target.eq(Mux(given.kind == Kind.END, self._config.deadline, given.tick)),
            start_from.eq(Mux(self.present, event.tick, self.now)),
            self.ticks.eq(1 << self.shift),
            self.arrives.eq(remaining == self.ticks),
        ]
        for k in range(1, window + 1):
            with m.If(remaining[k:] != 0):
                m.d.comb += self.shift.eq(k)

        is_end = event.kind == Kind.END
        m.d.sync += self.dead.eq(event.image == self.decided_image)
        with m.If(move.valid):
            m.d.sync += self.now.eq(move.tick)
            with m.If(move.starts | move.advances):
                m.d.sync += [
                    remaining.eq(Mux(move.starts, 0, remaining - self.ticks)),
                    self.behind.eq(~move.starts & ~self.arrives),
                    self.due.eq(is_end | (~move.starts & ~self.arrives)),
                ]
        with m.If(taken):
            m.d.sync += self.present.eq(skid.o.valid)
            with m.If(skid.o.valid):
                m.d.sync += [
                    event.eq(given),
                    event.tick.eq(target),
                    self.dead.eq(given.image == self.decided_image),
                    remaining.eq(target - start_from),
                    self.behind.eq(target != start_from),
                    self.due.eq((given.kind == Kind.END) | (target != start_from)),
                ]
