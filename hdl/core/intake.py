# SPDX-License-Identifier: BSD-2-Clause
"""The ingress check of the core: it drops bad events and adds the image bit to the others."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing import latencies
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.events import (
    Kind,
    causes_layout,
    input_event_layout,
    input_layout,
    spikes_of,
)
from firstspike.hdl.lib.block import Block
from firstspike.hdl.lib.pipeline import Stage


class Intake(Block):
    """Accept the events of one image after another, and check each event.

    The Intake drops bad events (DESIGN, section 4), and of an event with several spikes only the
    spikes without a row. The cause of the error travels with all later events of the image. Events
    of a decided image pass; the first layer discards them. The Intake stalls the first event of an
    image until the previous image is decided and its END has passed all layers, so that the cycle
    counts of the images do not overlap. In a core with overlapped images, all spikes must have the
    tick `unit`, and an image may start before the previous one has ended.

    Latency: `latencies.INTAKE` cycles; throughput: one event per cycle.
    """

    def __init__(self, first: LayerConfig) -> None:
        self._first, folding = first, first.folding
        super().__init__(
            #: Events in order of tick; events of the same tick may have any order.
            source=In(stream.Signature(input_layout(folding.n_in, first.deadline, folding.rows))),
            #: Good events, with image bit and causes; their spike counts are still empty.
            events=Out(stream.Signature(input_event_layout(first))),
            #: End the image now, as if END had arrived; the next accepted event starts a new image.
            #: Without an image under way, `abort_image` has no effect.
            abort_image=In(1),
            #: Prevent the start of an image.
            hold=In(1),
            #: The Encoder has accepted words of an image that has no event in the Intake yet.
            ahead=In(1),
            #: The image bit of the latest decided image.
            decided_image=In(1),
            #: The image bit of the latest image whose END has reached the last layer.
            finished_image=In(1),
            #: High in the cycle in which the first event of an image is accepted.
            begins=Out(1),
            #: High with `begins`, and at the abort of an image without an accepted event.
            opens=Out(1),
            #: No image is under way.
            resting=Out(1),
            #: An image may start.
            idle=Out(1),
            #: High if the label of the image that starts is not a class.
            bad_label=In(1) if first.learns else None,
        )

    def build(self, m: Module) -> None:
        first, n_in, rows = self._first, self._first.folding.n_in, self._first.folding.rows
        m.submodules.stage = stage = Stage(input_event_layout(first), latencies.INTAKE)
        wiring.connect(m, stage.o, wiring.flipped(self.events))
        event, out = self.source.payload, stage.i.payload

        # The state of the image, and the checks of the event.
        image = Signal(init=1)  # of the latest accepted image
        inside = Signal()
        aborting = Signal()
        between = Signal()
        before = Signal(event.tick.shape())  # the latest good event's tick
        causes = Signal(causes_layout(first.learns))
        found = Signal.like(causes)
        is_spike, is_end = event.kind == Kind.SPIKE, event.kind == Kind.END
        spikes = spikes_of(event, rows)
        sizes = [len(range(bank, n_in, rows)) for bank in range(rows)]
        bad = [  # in a bank without rows, every index is bad
            present & (index >= size) if size else present
            for (present, index), size in zip(spikes, sizes, strict=True)
        ]
        remain = [present & ~one for (present, _), one in zip(spikes, bad, strict=True)]
        m.d.comb += [
            # An image that is aborted before its first event counts as under way, too.
            between.eq(~inside & ~aborting),
            self.resting.eq(
                between & (image == self.finished_image) & (image == self.decided_image)
            ),
            self.idle.eq((between if first.folding.double_buffered else self.resting) & ~self.hold),
            found.address.eq(Cat(bad).any()),
            found.tick.eq(~is_end & ((event.tick == 0) | (event.tick > first.deadline))),
            found.order.eq(~is_end & inside & (event.tick < before)),
        ]
        # In some layers all rows must spike at the tick `unit`.
        if first.unit is not None:
            with m.If(is_spike & (event.tick != first.unit)):
                m.d.comb += found.tick.eq(1)
        # The handshake, and the event for the first layer.
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

        # State for the next event; an abort acts as the image's END.
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
