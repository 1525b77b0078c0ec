# SPDX-License-Identifier: BSD-2-Clause
"""The ingress check of the core: it drops bad events and adds the image bit to the others."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, stream, wiring
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


class IngressCheck(Block):
    """Accept the events of one image after another, and check each event.

    The IngressCheck drops bad events (DESIGN, section 4), and of an event with several spikes only
    the spikes without a row. The cause of the error travels with all later events of the image.
    Events of a decided image pass; the first layer discards them. The IngressCheck stalls the first
    event of an image until the previous image is decided and its END has passed all layers, so that
    the cycle counts of the images do not overlap. In a core with overlapped images, an image may
    start before the previous one has ended. If the first layer has a `unit`, all spikes must have
    this tick.

    Latency: `latencies.INGRESS_CHECK` cycles; throughput: one event per cycle.
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
            #: The Encoder has accepted words of an image that has no event in the IngressCheck yet.
            ahead=In(1),
            #: The image bit of the latest decided image.
            decided_image=In(1),
            #: The image bit of the latest image whose END has left the last Sequencer.
            finished_image=In(1),
            #: High in the cycle in which the first event of an image is accepted.
            begins=Out(1),
            #: High with `begins`, and at the abort of an image without an accepted event.
            opens=Out(1),
            #: No image is under way.
            resting=Out(1),
            #: An image may start.
            idle=Out(1),
            #: In a core that learns: the label of the image that starts is not a class.
            bad_label=In(1),
            #: An event of a decided image is dropped. Only for a learner that needs to know when
            #: the last one has arrived; otherwise the first layer discards these events.
            drops=Out(1),
        )

    def build(self, m: Module) -> None:
        first = self._first
        m.submodules.stage = stage = Stage(input_event_layout(first), latencies.INGRESS_CHECK)
        wiring.connect(m, stage.o, wiring.flipped(self.events))
        event, out = self.source.payload, stage.i.payload

        # The state of the image, and the checks of the event.
        image = Signal(init=1)  # of the latest accepted image
        inside = Signal()
        aborting = Signal()
        between = Signal()
        before = Signal(event.tick.shape())  # the latest good event's tick
        causes = Signal(causes_layout(first.learns))
        event_causes = Signal.like(causes)
        is_spike, is_end = event.kind == Kind.SPIKE, event.kind == Kind.END
        spikes = spikes_of(event, first.folding.rows)
        bad = self._bad_spikes(spikes)
        remain = [present & ~one for (present, _), one in zip(spikes, bad, strict=True)]
        m.d.comb += [
            # An image that is aborted before its first event counts as under way, too.
            between.eq(~inside & ~aborting),
            self.resting.eq(
                between & (image == self.finished_image) & (image == self.decided_image)
            ),
            self.idle.eq((between if first.folding.double_buffered else self.resting) & ~self.hold),
            event_causes.address.eq(Cat(bad).any()),
            event_causes.tick.eq(~is_end & ((event.tick == 0) | (event.tick > first.deadline))),
            event_causes.order.eq(~is_end & inside & (event.tick < before)),
        ]
        if first.unit is not None:
            with m.If(is_spike & (event.tick != first.unit)):
                m.d.comb += event_causes.tick.eq(1)
        # The handshake, and the event for the first layer.
        good = ~(event_causes.tick | event_causes.order) & (~is_spike | Cat(remain).any())
        open_ = Signal()
        accepted = Signal()
        m.d.comb += [
            open_.eq((inside | self.idle) & ~aborting),
            self.source.ready.eq(open_ & stage.i.ready),
            accepted.eq(self.source.valid & self.source.ready),
            self.begins.eq(accepted & ~inside),
            self.opens.eq(self.begins | (aborting & stage.i.ready & ~inside)),
            stage.i.valid.eq((self.source.valid & open_ & good) | aborting),
            out.kind.eq(event.kind),
            out.image.eq(image ^ ~inside),
            out.tick.eq(event.tick),
        ]
        if first.late_inputs:
            with m.If(inside & (image == self.decided_image) & ~is_end & ~aborting):
                m.d.comb += [
                    self.source.ready.eq(1),
                    stage.i.valid.eq(0),
                    self.drops.eq(self.source.valid),
                ]
        self._drive_fields(m, out, spikes, remain)
        with m.If(inside):
            m.d.comb += out.context.causes.eq(causes)
        if first.learns:
            with m.If(~inside):
                m.d.comb += out.context.causes.label.eq(self.bad_label)
        with m.If(aborting):
            m.d.comb += [out.kind.eq(Kind.END), out.context.causes.abort.eq(1)]

        # State for the next event; an abort acts as the image's END.
        with m.If(accepted):
            m.d.sync += [
                inside.eq(~is_end),
                image.eq(out.image),
                causes.eq(out.context.causes.as_value() | event_causes.as_value()),
            ]
            with m.If(good):
                m.d.sync += before.eq(event.tick)
            with m.If(~inside & ~good):
                m.d.sync += before.eq(0)
        with m.If(self.abort_image & (inside | self.ahead) & ~(accepted & is_end)):
            m.d.sync += aborting.eq(1)
        with m.If(aborting & stage.i.ready):
            m.d.sync += [aborting.eq(0), inside.eq(0), image.eq(out.image)]

    def _drive_fields(
        self,
        m: Module,
        out: data.View,
        spikes: list[tuple[Value, Value]],
        remain: list[Value],
    ) -> None:
        """Drive the spikes of the event for the first layer, `remain` are the good ones."""
        if self._first.folding.rows == 1:
            m.d.comb += out.address.eq(self.source.payload.address)
            return
        for number, (_, index) in enumerate(spikes):
            bank = out.banks[str(number)]
            m.d.comb += [bank.present.eq(remain[number]), bank.index.eq(index)]

    def _bad_spikes(self, spikes: list[tuple[Value, Value]]) -> list[Value]:
        """Return for each bank whether the event has a spike without a row."""
        n_in, rows = self._first.folding.n_in, self._first.folding.rows
        sizes = [len(range(bank, n_in, rows)) for bank in range(rows)]
        return [  # in a bank without rows, every index is bad
            present & (index >= size) if size else present
            for (present, index), size in zip(spikes, sizes, strict=True)
        ]
