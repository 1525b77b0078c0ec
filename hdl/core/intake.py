# SPDX-License-Identifier: BSD-2-Clause
"""The door of the core: checks the events of an image and gives them its image bit."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing import latencies
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.events import Kind, causes_layout, input_layout, spikes_of, taken_layout
from firstspike.hdl.lib.block import Block
from firstspike.hdl.lib.pipeline import Stage


class Intake(Block):
    """Takes one image after the other, from its first event to its END.

    A bad event (DESIGN: bad events in hardware) is dropped, and of spikes that come together those
    that are no rows; the cause travels with all that follows. What is still to come of a decided
    image is passed on, and discarded by the first layer. An image begins only when the one before
    is decided and its end has gone through all layers, so that its cycles are its own. Where images
    overlap all spikes are of the tick `unit`, and an image may begin at any time.

    Latency: `latencies.INTAKE`; throughput: one event a cycle.
    """

    def __init__(self, first: LayerConfig) -> None:
        self._first, folding = first, first.folding
        super().__init__(
            #: The order of events inside a tick does not matter.
            source=In(stream.Signature(input_layout(folding.n_in, first.deadline, folding.rows))),
            #: No spikes are counted in them yet.
            events=Out(stream.Signature(taken_layout(first))),
            #: End the image now, as if END had come; the next event taken is the first one of
            #: a new image. Without an image under way it does nothing.
            abort_image=In(1),
            #: No image may begin, for another reason than those above.
            hold=In(1),
            #: The block in front has taken something of an image that has not arrived here.
            ahead=In(1),
            #: The image bit of the latest decided image.
            decided_image=In(1),
            #: The image bit of the latest image whose END has reached the last layer.
            finished_image=In(1),
            #: High in the cycle in which an image's first event is taken.
            begins=Out(1),
            #: High with `begins`, and where an image is aborted that had not arrived here yet.
            opens=Out(1),
            #: No image is under way.
            resting=Out(1),
            #: An image may begin.
            idle=Out(1),
            #: High if the label of the image that begins is no class.
            bad_label=In(1) if first.learns else None,
        )

    def build(self, m: Module) -> None:
        first, n_in, rows = self._first, self._first.folding.n_in, self._first.folding.rows
        m.submodules.stage = stage = Stage(taken_layout(first), latencies.INTAKE)
        wiring.connect(m, stage.o, wiring.flipped(self.events))
        event, out = self.source.payload, stage.i.payload

        # Where the image stands, and what is wrong with the event.
        image = Signal(init=1)  # of the latest image taken
        inside = Signal()
        aborting = Signal()
        between = Signal()
        before = Signal(event.tick.shape())  # the latest good event's tick
        causes = Signal(causes_layout(first.learns))
        found = Signal.like(causes)
        is_spike, is_end = event.kind == Kind.SPIKE, event.kind == Kind.END
        spikes = spikes_of(event, rows)
        sizes = [len(range(bank, n_in, rows)) for bank in range(rows)]
        bad = [  # in a bank without rows each one is
            present & (index >= size) if size else present
            for (present, index), size in zip(spikes, sizes, strict=True)
        ]
        remain = [present & ~one for (present, _), one in zip(spikes, bad, strict=True)]
        m.d.comb += [
            # An image that is aborted before anything of it has arrived is under way, too.
            between.eq(~inside & ~aborting),
            self.resting.eq(
                between & (image == self.finished_image) & (image == self.decided_image)
            ),
            self.idle.eq((between if first.folding.gathers else self.resting) & ~self.hold),
            found.address.eq(Cat(bad).any()),
            found.tick.eq(~is_end & ((event.tick == 0) | (event.tick > first.deadline))),
            found.order.eq(~is_end & inside & (event.tick < before)),
        ]
        # Of some layers all rows spike at one tick.
        if first.unit is not None:
            with m.If(is_spike & (event.tick != first.unit)):
                m.d.comb += found.tick.eq(1)
        # What is taken, and what is passed on of it.
        good = ~(found.tick | found.order) & (~is_spike | Cat(remain).any())
        open_ = Signal()
        taken = Signal()
        m.d.comb += [
            open_.eq((inside | self.idle) & ~aborting),
            self.source.ready.eq(open_ & stage.i.ready),
            taken.eq(self.source.valid & self.source.ready),
            self.begins.eq(taken & ~inside),
            self.opens.eq(self.begins | (aborting & stage.i.ready & ~inside)),
            stage.i.valid.eq((self.source.valid & open_ & good) | aborting),
            out.kind.eq(event.kind),
            out.image.eq(image ^ ~inside),
            out.tick.eq(event.tick),
        ]
        if rows == 1:
            m.d.comb += out.address.eq(event.address)
        else:
            for number, (_, index) in enumerate(spikes):
                bank = out.banks[str(number)]
                m.d.comb += [bank.present.eq(remain[number]), bank.index.eq(index)]
        with m.If(inside):
            m.d.comb += out.context.causes.eq(causes)
        if first.learns:
            with m.If(~inside):
                m.d.comb += out.context.causes.label.eq(self.bad_label)
        with m.If(aborting):
            m.d.comb += [out.kind.eq(Kind.END), out.context.causes.abort.eq(1)]

        # What is remembered for the next event; an abort stands for the image's END.
        with m.If(taken):
            m.d.sync += [
                inside.eq(~is_end),
                image.eq(out.image),
                causes.eq(out.context.causes.as_value() | found.as_value()),
            ]
            with m.If(good):
                m.d.sync += before.eq(event.tick)
            with m.If(~inside & ~good):
                m.d.sync += before.eq(0)
        with m.If(self.abort_image & (inside | self.ahead) & ~(taken & is_end)):
            m.d.sync += aborting.eq(1)
        with m.If(aborting & stage.i.ready):
            m.d.sync += [aborting.eq(0), inside.eq(0), image.eq(out.image)]
