# SPDX-License-Identifier: BSD-2-Clause
"""Sequencers, which turn events of a layer into operations of its lanes, in sweeps over the groups.

A Sequencer selects the operations of the first group; its subclasses distribute an operation to all
groups or positions. A layer with overlapped images has a DoubleBufferedSequencer.
"""

from abc import abstractmethod
from collections.abc import Iterator
from types import SimpleNamespace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing import latencies
from firstspike.hdl.lib.block import Block, assign_members, join
from firstspike.hdl.lib.memories import Memory, inside
from firstspike.hdl.lib.pipeline import Stage

from .config import LayerConfig
from .event_register import EventRegister
from .events import Kind, input_event_layout, spikes_of
from .mask_credits import MaskCredits, count_credits
from .operations import operation_layout, read_layout, sweep_layout
from .position_scan import PositionScan
from .row_list import RowList


def sequencer_ports(config: LayerConfig) -> dict[str, wiring.Member]:
    """Return the ports of a sequencer."""
    return {
        #: Events in order of time.
        "events": In(stream.Signature(input_event_layout(config))),
        #: Operations of the lanes, with the addresses of the weight words.
        "operations": Out(stream.Signature(read_layout(config))),
        #: The fields that all operations of the latest sweep share.
        "sweep": Out(sweep_layout(config)),
        #: The image bit of the latest decided image (after a reset, of no image), whose events are
        #: accepted and discarded from the next cycle on.
        "decided_image": In(1),
        #: The latest decision has left (only used by a DoubleBufferedSequencer).
        "may_start": In(1),
        #: The image of the latest operation is decided; registered (only of a Sequencer).
        "stale": Out(1),
        #: The image bit of the latest image whose END has left as an operation (after a reset, of
        #: no image).
        "finished_image": Out(1, init=1),
        #: The spikes and the watermark of the advancing sweep have been sent (only used if
        #: `folding.serial_sweeps`).
        "done": In(1),
        #: The mask FIFO of the serialiser has one more free entry.
        "freed": In(1),
    }


class Selection:
    """The operation of group 0 that a Sequencer selects, and its handshake with the distribution.

    Attributes
    ----------
    op : the fields of the operation. Each field is a separate signal, because Verilog allows no
        process that drives a constant part of a signal.
    operation : `op` without the fields that the operations of a sweep share.
    present : for each bank, whether the event has a row.
    indices : the index of the event's row in each bank.
    begin : `operation` starts a sweep in group 0, or adds a row to it.
    issue : valid: there is an operation, `operation` or a replayed one.
    step : ready: the next stage accepts the operation.
    replaying : the distribution replays an operation for a further group instead of `operation`.
    is_open : group 0 has rows that have not been replayed for the other groups.
    """

    def __init__(self, config: LayerConfig, event: data.View) -> None:
        layout = operation_layout(config)
        fields = {name: Signal(field.shape, name=name) for name, field in layout}
        self.op = SimpleNamespace(**fields)
        self.operation = Cat(
            Const(0, field.width) if name in config.shared_fields else fields[name]
            for name, field in layout
        )
        spikes = spikes_of(event, config.folding.rows)
        self.present = Cat(present for present, _ in spikes)
        self.indices = [index for _, index in spikes]
        self.begin, self.issue = Signal(name="begin"), Signal(name="issue")
        self.step, self.replaying = Signal(name="step"), Signal(name="replaying")
        self.is_open = Signal(name="open_")


class ImageState:
    """The registers of the image in a Sequencer.

    Attributes
    ----------
    image : the image bit of the latest operation.
    started : the image has started and not ended.
    rows : accepted spikes of all ticks.
    rows_before : accepted spikes before the current tick.
    busy : the spikes of a sweep are being sent, and the next sweep stalls.
    """

    def __init__(self, n_in: int) -> None:
        self.image, self.started = Signal(name="image"), Signal(name="started")
        self.rows = Signal(range(n_in + 1), name="rows")
        self.rows_before = Signal(range(n_in + 1), name="rows_before")
        self.busy = Signal(name="busy")


class Sequencer(Block):
    """Sweep over the groups once for each tick with events, and once for each advance without any.

        events -> EventRegister -> selection -> distribution -> [MaskCredits] -> operations

    The selection is the operation of group 0 for the event, and the distribution sends it to all
    groups.

    With windows, and with long scans of positions (`folding.serial_sweeps`), an advancing sweep
    stalls until all spikes of the previous sweep have been sent.

    Latency from an event to its operation: `config.folding.operation_cycles`; from the operation
    with `end` to `finished_image`: `latencies.FINISHED`; from `done` to an operation:
    `latencies.DONE`; from `freed` to an operation: `latencies.FREED`. Throughput: one operation per
    cycle; a sweep takes max(1, rows) cycles per group, without gaps.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(**sequencer_ports(config))

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield the memories of the distribution."""
        if config.folding.convolves:
            yield from inside("scan", PositionScan.memories(config))
        elif config.folding.groups > 1:
            yield from inside("row_list", RowList.memories(config))

    @abstractmethod
    def _distribute(
        self, m: Module, register: EventRegister, selection: Selection
    ) -> stream.Interface:
        """Distribute the selected operation to the groups; return the operations for the lanes."""

    def build(self, m: Module) -> None:
        config = self._config
        m.submodules.event_register = register = EventRegister(config)
        join(m, wiring.flipped(self), register, "events", "decided_image")
        state, selection = ImageState(config.folding.n_in), Selection(config, register.event)
        self._select(m, register, state, selection)
        self._update(m, register, state, selection)
        reads = self._distribute(m, register, selection)
        if config.folding.mask_fifo_depth:
            m.submodules.credits = credits = MaskCredits(
                shape=read_layout(config), depth=config.folding.mask_fifo_depth
            )
            wiring.connect(m, reads, credits.i)
            join(m, wiring.flipped(self), credits, "freed")
            reads = credits.o
        wiring.connect(m, reads, wiring.flipped(self.operations))

    def _select(
        self, m: Module, register: EventRegister, state: ImageState, selection: Selection
    ) -> None:
        """Select the operation for the event in the register, or discard the event."""
        event, consume = register.event, register.consume
        is_spike, is_end = event.kind == Kind.SPIKE, event.kind == Kind.END
        op, issue, step = selection.op, selection.issue, selection.step
        earlier, count = self._counts(op.context)
        m.d.comb += [
            op.image.eq(event.image),
            op.row.eq(selection.present),
            op.first.eq(1),
            op.closes.eq(self._config.folding.groups == 1),
            op.tick.eq(register.now),
            op.context.causes.eq(event.context.causes),
            *(value.eq(event.context.spikes_in[name]) for name, value in earlier),
            count.eq(state.rows),
        ]
        with m.If(selection.replaying):
            # A sweep stops if its image is decided in the meantime.
            m.d.comb += issue.eq(~self.stale)
        with m.Elif(~register.present):
            pass
        with m.Elif(register.dead):
            # Discard the events of a decided image except its END.
            m.d.comb += [op.end.eq(1), issue.eq(is_end), consume.eq(~is_end | step)]
        with m.Elif(~state.started):
            m.d.comb += [
                op.start.eq(1),
                op.tick.eq(event.tick),
                count.eq(0),
                issue.eq(1),
                selection.begin.eq(1),
                consume.eq(step & ~is_end),
            ]
        with m.Elif(register.behind):
            m.d.comb += [
                op.advance.eq(1),
                op.shift.eq(register.shift),
                op.row.eq(Mux(register.arrives, selection.present, 0)),
                op.tick.eq(register.reached),
                issue.eq(~state.busy),
                selection.begin.eq(1),
                consume.eq(step & ~state.busy & register.arrives & ~is_end),
            ]
        with m.Elif(is_spike):
            m.d.comb += [op.first.eq(~selection.is_open), issue.eq(1), consume.eq(step)]
            m.d.comb += selection.begin.eq(1)
        with m.Elif(is_end):
            m.d.comb += [
                op.end.eq(1),
                # Spikes at the deadline do not count for a decision at the deadline.
                count.eq(state.rows_before),
                issue.eq(~state.busy),
                consume.eq(step & ~state.busy),
            ]
        with m.Else():
            m.d.comb += consume.eq(1)  # a watermark that the layer has already reached

    def _counts(self, context: data.View) -> tuple[list[tuple[str, Value]], Value]:
        """Return the spike counts of the earlier layers by name, and that of this layer."""
        *earlier, last = ((name, context.spikes_in[name]) for name, _ in context.spikes_in.shape())
        return earlier, last[1]

    def _update(
        self, m: Module, register: EventRegister, state: ImageState, selection: Selection
    ) -> None:
        """Update the state when the operation of group 0 is transferred."""
        op, transfer = selection.op, selection.issue & selection.step & ~selection.replaying
        m.d.comb += [
            register.move.valid.eq(transfer & ~op.end),
            register.move.starts.eq(op.start),
            register.move.advances.eq(op.advance),
            register.move.tick.eq(op.tick),
        ]
        rows = Mux(op.start, 0, state.rows)
        m.d.sync += self.stale.eq(state.image == self.decided_image)
        with m.If(transfer):
            m.d.sync += [state.image.eq(op.image), self.stale.eq(op.image == self.decided_image)]
            with m.If(op.end):
                m.d.sync += [state.started.eq(0), self.finished_image.eq(op.image)]
            with m.Else():
                m.d.sync += [state.started.eq(1), state.rows.eq(rows + sum(op.row))]
                with m.If(op.start | op.advance):
                    m.d.sync += state.rows_before.eq(rows)
        self._share(m, register, state.rows_before, transfer, op)
        if self._config.folding.serial_sweeps:
            with m.If(self.done):
                m.d.sync += state.busy.eq(0)
            with m.If(transfer & (op.end | op.advance)):
                m.d.sync += state.busy.eq(1)

    def _share(
        self, m: Module, register: EventRegister, rows: Value, transfer: Value, op: SimpleNamespace
    ) -> None:
        """Drive the fields that the operations of a sweep share, if any; `rows` before its tick."""
        if not self._config.shared_fields:
            return
        # `now`, `image` and `rows_before` do not change before the next sweep.
        context = Signal(register.event.context.shape())
        with m.If(transfer & (op.start | op.advance | op.end)):
            m.d.sync += context.eq(register.event.context)
        shared = self.sweep.context
        earlier, count = self._counts(shared)
        m.d.comb += [
            self.sweep.tick.eq(register.now),
            shared.causes.eq(context.causes),
            *(value.eq(context.spikes_in[name]) for name, value in earlier),
            count.eq(rows),
        ]


class SingleGroupSequencer(Sequencer):
    """The sequencer of a layer with one group, which replays no operations."""

    def _distribute(
        self, m: Module, register: EventRegister, selection: Selection
    ) -> stream.Interface:
        reads = stream.Signature(read_layout(self._config)).create(path=("reads",))
        addresses = zip(reads.payload.addresses, selection.indices, strict=True)
        m.d.comb += [
            reads.valid.eq(selection.issue),
            reads.payload.operation.eq(selection.operation),
            *(address.eq(index) for address, index in addresses),
            selection.step.eq(reads.ready),
        ]
        return addressed(m, self._config, reads)


class GroupSequencer(Sequencer):
    """The sequencer of a layer with several groups.

    Group 0 processes the rows of a tick as they arrive. For the other groups, the RowList replays
    these rows.
    """

    def _distribute(
        self, m: Module, register: EventRegister, selection: Selection
    ) -> stream.Interface:
        m.submodules.row_list = row_list = RowList(self._config)
        m.d.comb += [
            assign_members(row_list, selection, "operation", "begin"),
            row_list.is_spike.eq(register.present & (register.event.kind == Kind.SPIKE)),
            row_list.rows.eq(Cat(selection.indices)),
            row_list.complete.eq(register.present & register.due),
            row_list.stale.eq(self.stale),
            row_list.issue.eq(selection.issue),
            assign_members(selection, row_list, "step", "replaying"),
            selection.is_open.eq(row_list.open),
        ]
        return addressed(m, self._config, row_list.reads)


class ConvolvingSequencer(Sequencer):
    """The sequencer of a convolutional layer, whose PositionScan visits positions and groups."""

    def _distribute(
        self, m: Module, register: EventRegister, selection: Selection
    ) -> stream.Interface:
        m.submodules.scan = scan = PositionScan(self._config)
        m.d.comb += [
            scan.i.valid.eq(selection.issue),
            scan.i.payload.operation.eq(selection.operation),
            scan.i.payload.address.eq(selection.indices[0]),
            scan.stale.eq(self.stale),
            selection.step.eq(scan.i.ready),
        ]
        return scan.reads

    def _share(
        self, m: Module, register: EventRegister, rows: Value, transfer: Value, op: SimpleNamespace
    ) -> None:
        if self._config.shared_fields:
            with m.If(transfer & (op.advance | op.end)):
                m.d.sync += self.sweep.context.eq(op.context)


def addressed(m: Module, config: LayerConfig, reads: stream.Interface) -> stream.Interface:
    """Return `reads` behind the register of the weight address, which banks have themselves."""
    if config.folding.rows > 1:
        return reads
    m.submodules.addressed = stage = Stage(read_layout(config), latencies.ADDRESS)
    wiring.connect(m, reads, stage.i)
    return stage.o


class DoubleBufferedSequencer(Block):
    """The sequencer for overlapped images: it adds rows of one image, and advances another.

        events -> register -> rows of image i + 1 -+-> operations
                     END -> [start] -> ticks of i -+

    The rows of an image have the same tick, so the slopes S are final when the last row has
    arrived. END stalls until the previous image is decided and its decision has left. The lanes
    then start with the accumulated S, and advance by one tick per cycle. The sequencer ends an
    image as soon as it is decided.

    Latency from an event to its operation: `config.folding.operation_cycles`; from `freed` to an
    operation that waits for it: `latencies.FREED`. Throughput: one event and one tick per cycle.
    """

    def __init__(self, config: LayerConfig) -> None:
        if not config.folding.double_buffered:
            raise ValueError("only a double-buffered layer has a DoubleBufferedSequencer.")
        self._config = config
        super().__init__(**sequencer_ports(config))

    def build(self, m: Module) -> None:
        config, deadline, unit = self._config, self._config.deadline, self._config.unit
        assert unit is not None
        m.submodules.register = register = Stage(input_event_layout(config), latencies.EVENT)
        wiring.connect(m, wiring.flipped(self.events), register.i)
        event, present = register.o.payload, register.o.valid
        spikes = spikes_of(event, config.folding.rows)
        rows = Cat(is_present for is_present, _ in spikes) & present.replicate(len(spikes))
        waits = present & (event.kind == Kind.END)

        # The image that advances.
        image, ticking = Signal(init=1), Signal()
        operation = Signal(operation_layout(config))
        tick = Signal(operation.tick.shape())
        count = Signal(operation.context.spikes_in["0"].shape())  # of the accumulated rows
        context = Signal(operation.context.shape())
        decided = image == self.decided_image
        finishing = ticking & (decided | (tick == deadline))
        starts, ends, advances = Signal(), Signal(), Signal()
        room = count_credits(m, config.folding.mask_fifo_depth, ends | advances, self.freed)
        m.d.comb += [
            starts.eq(waits & ~ticking & decided & self.may_start & room),
            ends.eq(finishing & room),
            advances.eq(starts | (ticking & ~finishing & room)),
            register.o.ready.eq(~waits | starts),
        ]
        m.d.sync += count.eq(Mux(starts, 0, count + sum(rows)))
        with m.If(advances):
            m.d.sync += [
                tick.eq(operation.tick),
                image.eq(operation.image),
                context.eq(operation.context),
                ticking.eq(1),
            ]
        with m.If(ends):
            m.d.sync += [ticking.eq(0), self.finished_image.eq(image)]

        # The operation adds rows and, in the same cycle, starts, advances or ends an image.
        read = self.operations.payload
        m.d.comb += [
            operation.image.eq(image),
            operation.tick.eq(tick + 1),
            operation.context.eq(context),
            operation.end.eq(ends),
            operation.start.eq(starts),
            operation.advance.eq(advances),
            operation.row.eq(rows),
            operation.first.eq(ends | advances),
            operation.closes.eq(ends | advances),
            self.operations.valid.eq(rows.any() | ends | advances),
            read.operation.eq(operation),
            *(
                address.eq(index)
                for address, (_, index) in zip(read.addresses, spikes, strict=True)
            ),
        ]
        with m.If(starts):
            m.d.comb += [
                operation.image.eq(event.image),
                operation.tick.eq(unit + 1),
                operation.context.spikes_in["0"].eq(count),
                operation.context.causes.eq(event.context.causes),
            ]


def sequencer_class(config: LayerConfig) -> type[Sequencer | DoubleBufferedSequencer]:
    """Return the class of the sequencer of a layer."""
    folding = config.folding
    if folding.double_buffered:
        return DoubleBufferedSequencer
    if folding.convolves:
        return ConvolvingSequencer
    return GroupSequencer if folding.groups > 1 else SingleGroupSequencer
