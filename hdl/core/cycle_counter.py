# SPDX-License-Identifier: BSD-2-Clause
"""The counters of the clock cycles of an image, one for each way in which images may overlap."""

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing import latencies
from firstspike.golden.timing.folding import MAX_IMAGES
from firstspike.hdl.lib.block import Block

from .config import CoreConfig
from .ports import CYCLES_BITS


class CycleCounter(Block):
    """Count the clock cycles of each image up to that in which its decision is valid.

    No image starts while a decision waits, so the counter stops until the decision has left.

    Latency: 1 cycle from `decided` to `total`. Throughput: one image at a time, or in an
    OverlappedCycleCounter as many images as a core has under way.
    """

    def __init__(self) -> None:
        super().__init__(
            #: The first event or word of an image is accepted.
            begins=In(1),
            #: An image is decided.
            decided=In(1),
            #: A decision waits to be transferred.
            waiting=In(1),
            #: Cycles since the oldest image under way began.
            age=Out(CYCLES_BITS),
            #: The cycles of the latest decided image, from the cycle after `decided` on, until the
            #: decision has left.
            total=Out(CYCLES_BITS),
            #: An image has begun and is not decided; only for images that overlap.
            pending=Out(1),
        )

    def build(self, m: Module) -> None:
        m.d.comb += self.total.eq(self.age)
        with m.If(~self.waiting):
            m.d.sync += self.age.eq(Mux(self.begins, 1, self.age + 1))


class RunningCycleCounter(CycleCounter):
    """A CycleCounter that does not stop, because the learner continues after the decision."""

    def build(self, m: Module) -> None:
        m.d.sync += self.age.eq(Mux(self.begins, 1, self.age + 1))
        with m.If(self.decided):
            m.d.sync += self.total.eq(self.age + 1)


class OverlappedCycleCounter(CycleCounter):
    """A CycleCounter that stores the start cycle of each image that has begun."""

    def build(self, m: Module) -> None:
        # Images in the Encoder, in the registers up to the start, and the image that advances.
        images = MAX_IMAGES + latencies.INGRESS_CHECK + latencies.EVENT + 1
        now = Signal.like(self.age)
        start_cycles = Array(Signal.like(now, name=f"start_cycle_{i}") for i in range(images))
        first = Signal(range(images))
        following = Signal(range(images))
        count = Signal(range(images + 1))

        def after(number: Signal) -> Mux:
            return Mux(number == images - 1, 0, number + 1)

        m.d.comb += [self.age.eq(now - start_cycles[first]), self.pending.eq(count != 0)]
        m.d.sync += [now.eq(now + 1), count.eq(count + self.begins - self.decided)]
        with m.If(self.begins):
            m.d.sync += [start_cycles[following].eq(now), following.eq(after(following))]
        with m.If(self.decided):
            m.d.sync += [first.eq(after(first)), self.total.eq(self.age + 1)]


def cycle_counter(config: CoreConfig) -> CycleCounter:
    """Return the counter of a core."""
    if config.learns:
        return RunningCycleCounter()
    return (OverlappedCycleCounter if config.folding.overlaps else CycleCounter)()
