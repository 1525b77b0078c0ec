"""Turns a layer's input events into the operations of its lanes: the walks over the groups."""

from types import SimpleNamespace

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.memory_register import memory_register
from firstspike.hdl.lib.pipeline import Skid, Stage

from .layouts import Kind, address_shape, operation_layout, taken_layout
from .weights import read_layout


class Sequencer(wiring.Component):
    """One walk over the groups for every tick that has events, or window without.

    The first group takes the tick's rows as they arrive; the others replay them from the row
    list. Time advances by the largest power of two that passes neither 2^k ticks nor the
    promise. In a layer with windows a walk that advances waits until the spikes of the one
    before have been sent (`done`).

    Ports
    -----
    events : stream of `taken_layout(config)`, in order of time.
    operations : stream of {operation, address}: what the lanes do, and the weight word it takes.
    decided : the image bit of the latest decided image; its events are taken and discarded, from
        the next cycle on.
    stale : high while the image of the latest operation is a decided one, a cycle later.
    finished : the image bit of the latest image whose end has been worked off (that of no image
        after a reset).
    done : a window layer's spikes up to the promise have been sent.
    freed : (where the drain has places for `config.folding.mask_places` masks) one is free again.
        An operation that makes a mask goes only when there is a place for it.

    Latency from an event to its operation: 2 cycles with one group, 3 with more. Throughput: one
    operation a cycle; a walk takes max(1, rows) cycles a group, without gaps.
    """

    def __init__(self, config):
        self._config = config
        self._command = read_layout(config)
        super().__init__(
            {
                "events": In(stream.Signature(taken_layout(config))),
                "operations": Out(stream.Signature(self._command)),
                "decided": In(1),
                "stale": Out(1),
                "finished": Out(1, init=1),
                "done": In(1),
            }
            | ({"freed": In(1)} if config.folding.mask_places else {})
        )

    def elaborate(self, platform):
        m = Module()
        config, folding = self._config, self._config.folding
        n_in, groups, window = folding.n_in, folding.groups, folding.window

        # The event that is worked on, and how far it is away, found out beforehand: what waits for
        # an event is long enough without it. The tick of the image's end is the deadline.
        m.submodules.skid = skid = Skid(taken_layout(config))
        wiring.connect(m, wiring.flipped(self.events), skid.i)
        given, taken = skid.o.payload, skid.o.ready
        event = Signal(taken_layout(config))
        present = Signal()
        consume = Signal()  # the event is used up
        now = Signal(event.tick.shape())
        remaining = Signal.like(now)  # from `now` to the event's tick
        behind = Signal()  # the same is not 0
        due = Signal()  # all spikes of tick `now` have come
        dead = Signal()  # its image is decided
        target = Signal.like(now)
        start_from = Signal.like(now)  # where `now` will be then
        m.d.comb += [
            taken.eq(~present | consume),
            target.eq(Mux(given.kind == Kind.END, config.deadline, given.tick)),
            start_from.eq(Mux(present, event.tick, now)),
        ]

        # Where the image stands.
        image = Signal()
        started = Signal()
        rows = Signal(range(n_in + 1))  # spikes taken in, all ticks
        rows_before = Signal(range(n_in + 1))  # the same, those before tick `now`
        busy = Signal()  # a window's spikes are being sent

        # What the first group does for the event. A signal a field: a constant part of a signal is
        # no legal Verilog process.
        op = SimpleNamespace(
            **{name: Signal(field.shape, name=name) for name, field in operation_layout(config)}
        )
        packed = Signal(operation_layout(config))
        m.d.comb += [packed[name].eq(signal) for name, signal in vars(op).items()]
        issue = Signal()  # there is an operation to do, this one or one that is replayed
        step = Signal()  # the first pipeline stage has room

        # How far to go: to the event's tick, by a power of two.
        if window:
            shift, n = Signal(range(window + 1)), Signal(window + 1)
            for k in range(1, window + 1):
                with m.If(remaining[k:] != 0):
                    m.d.comb += shift.eq(k)
            m.d.comb += n.eq(1 << shift)
        else:
            shift, n = 0, 1
        arrives = remaining == n

        is_spike, is_end = event.kind == Kind.SPIKE, event.kind == Kind.END

        begin = Signal()  # `op` begins a walk with the first group, or adds a row to it
        m.d.comb += [
            op.image.eq(event.image),
            op.row.eq(is_spike),
            op.first.eq(1),
            op.closes.eq(groups == 1),
            op.tick.eq(now),
            op.context.causes.eq(event.context.causes),
        ]
        counted = len(config.counted) - 1
        for i in range(counted):
            m.d.comb += op.context.spikes[str(i)].eq(event.context.spikes[str(i)])
        m.d.comb += op.context.spikes[str(counted)].eq(rows)

        open_ = Signal()  # rows of tick `now` have gone to the first group alone
        walking = Signal()  # groups after the first are being worked on
        replaying = Signal()
        if groups > 1:
            m.d.comb += replaying.eq(walking | (open_ & present & due))
        with m.If(replaying):
            # Nothing more is done for an image that is decided in the middle of a walk.
            m.d.comb += issue.eq(~self.stale)
        with m.Elif(~present):
            pass
        with m.Elif(dead):
            # A decided image: nothing of it is worked on, but its end is passed on.
            m.d.comb += [op.end.eq(1), issue.eq(is_end), consume.eq(~is_end | step)]
        with m.Elif(~started):
            m.d.comb += [
                op.start.eq(1),
                op.tick.eq(event.tick),
                op.context.spikes[str(counted)].eq(0),
                issue.eq(1),
                begin.eq(1),
                consume.eq(step & ~is_end),
            ]
        with m.Elif(behind):
            m.d.comb += [
                op.advance.eq(1),
                op.shift.eq(shift),
                op.row.eq(is_spike & arrives),
                op.tick.eq(now + n),
                issue.eq(~busy),
                begin.eq(1),
                consume.eq(step & ~busy & arrives & ~is_end),
            ]
        with m.Elif(is_spike):
            m.d.comb += [op.first.eq(~open_), issue.eq(1), begin.eq(1), consume.eq(step)]
        with m.Elif(is_end):
            m.d.comb += [
                op.end.eq(1),
                # The deadline's own spikes come too late for its decision.
                op.context.spikes[str(counted)].eq(rows_before),
                issue.eq(~busy),
                consume.eq(step & ~busy),
            ]
        with m.Else():
            m.d.comb += consume.eq(1)  # a promise that has been kept already

        m.d.sync += [dead.eq(event.image == self.decided), self.stale.eq(image == self.decided)]
        with m.If(issue & step & ~replaying):
            m.d.sync += [image.eq(op.image), self.stale.eq(op.image == self.decided)]
            with m.If(op.end):
                m.d.sync += [started.eq(0), self.finished.eq(op.image)]
            with m.Else():
                m.d.sync += [
                    started.eq(1),
                    now.eq(op.tick),
                    rows.eq(Mux(op.start, 0, rows) + op.row),
                ]
                with m.If(op.start | op.advance):
                    m.d.sync += [
                        rows_before.eq(Mux(op.start, 0, rows)),
                        remaining.eq(Mux(op.start, 0, remaining - n)),
                        behind.eq(~op.start & ~arrives),
                        due.eq(is_end | (~op.start & ~arrives)),
                    ]
        with m.If(taken):
            m.d.sync += present.eq(skid.o.valid)
            with m.If(skid.o.valid):
                m.d.sync += [
                    event.eq(given),
                    event.tick.eq(target),
                    dead.eq(given.image == self.decided),
                    remaining.eq(target - start_from),
                    behind.eq(target != start_from),
                    due.eq((given.kind == Kind.END) | (target != start_from)),
                ]

        if window:
            with m.If(self.done):
                m.d.sync += busy.eq(0)
            with m.If(issue & step & ~replaying & (op.end | op.advance)):
                m.d.sync += busy.eq(1)

        m.submodules.addressed = last = Stage(self._command)
        goes = self._count_places(m, last.o) if folding.mask_places else 1
        m.d.comb += [
            self.operations.valid.eq(last.o.valid & goes),
            self.operations.payload.eq(last.o.payload),
            last.o.ready.eq(self.operations.ready & goes),
        ]
        if groups == 1:
            m.d.comb += [
                last.i.valid.eq(issue),
                last.i.payload.operation.eq(packed),
                last.i.payload.address.eq(event.address),
                step.eq(last.i.ready),
            ]
            return m

        # Further groups: the list of the tick's rows, and the walk that replays it.
        m.submodules.row_list = row_list = memory.Memory(
            shape=address_shape(n_in), depth=n_in, init=[]
        )
        listed = Signal(range(n_in + 1))
        latest = Signal(range(n_in))  # where the row is that was listed last
        write = row_list.write_port()
        m.d.comb += [
            write.addr.eq(Mux(open_, listed, 0)),
            write.data.eq(event.address),
            # Also before the operation is issued, which comes late: again and again the same.
            write.en.eq(~replaying & is_spike),
        ]
        # Never in the cycle of a write, so that synthesis finds an ordinary block RAM without
        # collision logic.
        read = row_list.read_port(domain="comb")
        listed_row = memory_register(address_shape(n_in))

        group = Signal(range(groups))
        base = Signal(range(config.words))  # the group's first word
        index = Signal(range(n_in))
        index_last = Signal()
        # The walk's operation, of the first group: until that is issued whatever is to come.
        held = Signal(operation_layout(config))
        with m.If(~open_ & ~walking):
            m.d.sync += held.eq(packed)
        replayed = Signal(operation_layout(config))
        m.d.comb += [
            read.addr.eq(index),
            index_last.eq(~held.row | (index == latest)),
            replayed.eq(held),
            replayed.first.eq(index == 0),
            replayed.group.eq(group),
            replayed.closes.eq(group == groups - 1),
        ]

        with m.If(self.stale):
            m.d.sync += [open_.eq(0), walking.eq(0)]
        with m.If(issue & step):
            with m.If(replaying):
                m.d.sync += [open_.eq(0), walking.eq(1), index.eq(index + 1)]
                with m.If(index_last):
                    m.d.sync += [index.eq(0), group.eq(group + 1), base.eq(base + n_in)]
                    with m.If(replayed.closes):
                        m.d.sync += walking.eq(0)
            with m.Elif(begin):
                m.d.sync += [
                    latest.eq(write.addr),
                    listed.eq(write.addr + op.row),
                    open_.eq(op.row),
                    walking.eq(~op.row),
                    group.eq(1),
                    base.eq(n_in),
                    index.eq(0),
                ]
        m.submodules.listing = listing = Stage(
            data.StructLayout(
                {
                    "operation": operation_layout(config),
                    "base": range(config.words),
                    "row": address_shape(n_in),
                    "listed": 1,
                }
            )
        )
        with m.If(listing.load & replaying):
            m.d.sync += listed_row.eq(read.data)
        m.d.comb += [
            listing.i.valid.eq(issue),
            listing.i.payload.operation.eq(Mux(replaying, replayed.as_value(), packed.as_value())),
            listing.i.payload.base.eq(Mux(replaying, base, 0)),
            listing.i.payload.row.eq(event.address),
            listing.i.payload.listed.eq(replaying),
            step.eq(listing.i.ready),
            last.i.valid.eq(listing.o.valid),
            last.i.payload.operation.eq(listing.o.payload.operation),
            last.i.payload.address.eq(
                listing.o.payload.base
                + Mux(listing.o.payload.listed, listed_row, listing.o.payload.row)
            ),
            listing.o.ready.eq(last.i.ready),
        ]
        return m

    def _count_places(self, m, coming):
        """Whether the operation that is to go has a place for its mask, or makes none."""
        places = self._config.folding.mask_places
        free, room = Signal(range(places + 1), init=places), Signal(init=1)  # there is one
        operation = coming.payload.operation
        makes = operation.end | (operation.first & operation.advance)
        goes = room | ~makes
        takes = coming.valid & coming.ready & makes
        with m.If(takes & ~self.freed):
            m.d.sync += [free.eq(free - 1), room.eq(free != 1)]
        with m.If(~takes & self.freed):
            m.d.sync += [free.eq(free + 1), room.eq(1)]
        return goes
