# SPDX-License-Identifier: BSD-2-Clause
"""The operations of the lanes, and the parts of a Sequencer that turn events into them."""

from collections.abc import Iterator

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, struct, tap
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.lib.pipeline import Skid, Stage
from firstspike.hdl.lib.unknown_register import unknown_register

from .config import LayerConfig
from .events import Kind, context_layout, indices_layout, taken_layout, tick_shape


def walk_layout(config: LayerConfig) -> data.StructLayout:
    """What the operations of a walk that starts or advances have in common.

    In a layer that convolves it is what goes beside a walk that advances, until all of it is sent.
    """
    convolves = config.folding.convolves
    return struct(
        tick=None if convolves else tick_shape(config.deadline),  # reached with it
        context=context_layout(config.counted, config.learns),  # of the events sent
    )


def operation_layout(config: LayerConfig) -> data.StructLayout:
    """One cycle of work for the lanes of a layer: start, advance and add a row to one group.

    With `config.walk_apart` what is in `walk_layout` is 0, and synthesis removes the registers for
    it.
    """
    convolves = config.folding.convolves
    return struct(
        image=1,
        end=1,  # the image's last operation, which does nothing else
        start=1,  # M = -threshold * tick, S = -threshold
        advance=1,  # M += S << shift
        row=config.folding.rows,  # of which banks rows are there: S += their weights
        first=1,  # the first operation of its group in this walk
        closes=1,  # the last group: with it every neuron at `tick` is known
        shift=range(config.folding.window + 1),
        group=range(config.folding.groups),
        position=range(config.folding.kind.positions) if convolves else None,
        place=range(config.folding.places) if convolves else None,  # the word of lane state
        again=1 if convolves else None,  # the place is that of the operation before
        nothing=1 if convolves else None,  # no position has been reached: only time advances
        tick=tick_shape(config.deadline),  # reached with this operation
        context=context_layout(config.counted, config.learns),  # of the events sent
    )


def addresses_layout(config: LayerConfig) -> data.ArrayLayout:
    """The address of one word in each bank."""
    return data.ArrayLayout(range(config.folding.bank_words), config.folding.rows)


def read_layout(config: LayerConfig) -> data.StructLayout:
    """An operation and the words it takes; where `operation.row` is low they are not used."""
    return struct(operation=operation_layout(config), addresses=addresses_layout(config))


class EventRegister(Block):
    """A register for an event, and how far away it is, found out as it is taken.

    What waits for an event is long enough without a subtraction and comparisons in front of it.
    Time advances in steps, each of the largest power of two ticks that passes neither the event
    nor 2^k ticks, k being the layer's window.

    Latency: `latencies.EVENT`; throughput: one event per cycle.
    """

    def __init__(self, config: LayerConfig) -> None:
        tick, window = tick_shape(config.deadline), config.folding.window
        self._config = config
        super().__init__(
            #: What comes, in order of time.
            events=In(stream.Signature(taken_layout(config))),
            #: The image bit of the latest decided image.
            decided_image=In(1),
            #: An event is in the register.
            present=Out(1),
            #: That event; the tick of an image's END is the deadline.
            event=Out(taken_layout(config)),
            #: The event's image is decided.
            dead=Out(1),
            #: The tick that the layer has reached.
            now=Out(tick),
            #: The event's tick is a later one.
            behind=Out(1),
            #: All spikes of tick `now` have come.
            due=Out(1),
            #: The next step: 2^shift ticks, up to `reached`; with it the event's tick is reached.
            shift=Out(range(window + 1)),
            reached=Out(tick),
            arrives=Out(1),
            #: The event is used up.
            consume=In(1),
            #: The image starts at `tick`, or advances by the step to it, or stays at it.
            move=In(tap(starts=1, advances=1, tick=tick)),
        )

    def build(self, m: Module) -> None:
        window, move, event = self._config.folding.window, self.move, self.event
        m.submodules.skid = skid = Skid(taken_layout(self._config))
        wiring.connect(m, wiring.flipped(self.events), skid.i)
        given, taken = skid.o.payload, skid.o.ready
        target = Signal.like(self.now)
        start_from = Signal.like(self.now)  # where `now` will be then
        m.d.comb += [
            taken.eq(~self.present | self.consume),
            target.eq(Mux(given.kind == Kind.END, self._config.deadline, given.tick)),
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
            with m.If(taken & skid.o.valid):
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
        with m.If(taken):
            m.d.sync += self.present.eq(skid.o.valid)
            with m.If(skid.o.valid):
                m.d.sync += [
                    event.eq(given),
                    event.tick.eq(target),
                    self.dead.eq(given.image == self.decided_image),
                    self.behind.eq(target != start_from),
                    self.due.eq((given.kind == Kind.END) | (target != start_from)),
                ]


def listed_layout(config: LayerConfig) -> data.StructLayout:
    """An entry of the RowList. Whoever has one bank alone knows that it has a row."""
    banks = config.folding.rows
    return struct(rows=indices_layout(config), present=banks if banks > 1 else None)


class RowList(Block):
    """Lists the rows that the first group takes as they arrive, and replays them for the others.

    The first group's operations go through. When the tick is over they are repeated for every
    further group: once per row in the list, and once for an empty list.

    Latency: `latencies.ROW_LIST`; throughput: one operation per cycle.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(
            #: What the first group does next: until it is issued whatever is to come.
            operation=In(operation_layout(config)),
            #: It begins a walk, or adds a row to one.
            begin=In(1),
            #: There is an event, spikes of these rows, of those banks that `operation.row` names.
            #: Not one that is used up: it would be listed once more behind the last, and where the
            #: list is full over the first.
            is_spike=In(1),
            rows=In(indices_layout(config)),
            #: All rows of the tick have come.
            complete=In(1),
            #: The image is decided: the walk ends.
            stale=In(1),
            #: There is something to do: `operation`, or what is replayed.
            issue=In(1),
            #: There is room for it.
            step=Out(1),
            #: Further groups have their turn, not `operation`.
            replaying=Out(1),
            #: Rows have gone to the first group alone.
            open=Out(1),
            #: Operations, with the address of the weight word.
            reads=Out(stream.Signature(read_layout(config))),
        )

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """The list of rows."""
        yield Memory("", listed_layout(config).size, config.folding.n_in)

    def build(self, m: Module) -> None:
        config = self._config
        n_in, groups = config.folding.n_in, config.folding.groups
        banks, bank_rows = config.folding.rows, config.folding.bank_rows
        operation = self.operation

        # The list: rows are written as the first group takes them.
        entry = listed_layout(config)
        m.submodules.memory = rows = memory.Memory(shape=entry, depth=n_in, init=[])
        listed = Signal(range(n_in + 1))  # 0 unless `open`, or walking
        latest = Signal(range(n_in))  # where those are that were listed last
        write = rows.write_port()
        m.d.comb += [
            write.addr.eq(listed),
            write.data.eq(Cat(self.rows, operation.row if banks > 1 else ())),
            # Also before the operation is issued, which comes late: again and again the same.
            write.en.eq(~self.replaying & self.is_spike),
        ]
        # Never in the cycle of a write, so that synthesis finds an ordinary block RAM without
        # collision logic.
        read = rows.read_port(domain="comb")
        found_entry = unknown_register(entry)

        # What goes to the lanes next. Groups come one after the other, so what is known of a group
        # follows from the one before.
        m.submodules.listing = listing = Stage(
            struct(operation=operation_layout(config), rows=indices_layout(config), listed=1)
        )
        found, group = listing.o.payload, Signal(range(groups))

        # The walk over the further groups: where it is, and the operation that it repeats.
        walking = Signal()  # groups after the first are being worked on
        index = Signal(range(n_in))
        index_last = Signal()
        held = Signal(operation_layout(config))  # the walk's operation, of the first group
        with m.If(~self.open & ~walking):
            m.d.sync += held.eq(operation)
        replayed = Signal(operation_layout(config))
        m.d.comb += [
            self.replaying.eq(walking | (self.open & self.complete)),
            read.addr.eq(index),
            index_last.eq(~held.row.any() | (index == latest)),
            replayed.eq(held),
            replayed.first.eq(index == 0),
            replayed.closes.eq(Mux(replayed.first, group == groups - 2, found.operation.closes)),
        ]

        # One step of the walk, or the first group's row.
        with m.If(self.stale):
            m.d.sync += [self.open.eq(0), walking.eq(0)]
        with m.If(self.issue & self.step):
            with m.If(self.replaying):
                m.d.sync += [self.open.eq(0), walking.eq(1), index.eq(index + 1)]
                with m.If(index_last):
                    m.d.sync += index.eq(0)
                    with m.If(replayed.closes):
                        m.d.sync += walking.eq(0)
            with m.Elif(self.begin):
                m.d.sync += [
                    latest.eq(listed),
                    self.open.eq(operation.row.any()),
                    walking.eq(~operation.row.any()),
                    index.eq(0),
                ]

        # The addend, too, says whether a row is listed: a counter that is always enabled is small.
        begins = self.issue & self.step & self.begin & ~self.replaying
        ends = self.issue & self.step & self.replaying & index_last & replayed.closes
        m.d.sync += listed.eq(listed + (begins & operation.row.any()))
        with m.If(ends | (self.stale & ~begins)):
            m.d.sync += listed.eq(0)

        # A cycle later the rows have come from the list.
        with m.If(listing.load & self.replaying):
            m.d.sync += found_entry.eq(read.data)
        base = Signal(range(config.folding.bank_words))  # the first word of `group`
        with m.If(listing.load):
            with m.If(~self.replaying):
                m.d.sync += [group.eq(0), base.eq(0)]
            with m.Elif(replayed.first):
                m.d.sync += [group.eq(group + 1), base.eq(base + bank_rows)]
        into, out = listing.i.payload, self.reads.payload
        m.d.comb += [
            listing.i.valid.eq(self.issue),
            into.operation.eq(Mux(self.replaying, replayed.as_value(), operation.as_value())),
            into.rows.eq(self.rows),
            into.listed.eq(self.replaying),
            self.step.eq(listing.i.ready),
            self.reads.valid.eq(listing.o.valid),
            listing.o.ready.eq(self.reads.ready),
            *(
                address.eq(base + Mux(found.listed, entry_row, row))
                for address, entry_row, row in zip(
                    out.addresses, found_entry.rows, found.rows, strict=True
                )
            ),
        ]
        m.d.comb += [out.operation.eq(found.operation), out.operation.group.eq(group)]
        if banks > 1:
            with m.If(found.listed & found.operation.row.any()):
                m.d.comb += out.operation.row.eq(found_entry.present)


class MaskPlaces(Block):
    """Lets an operation that makes a mask go only when there is a place for the mask.

    Lanes that never wait are too far from one another to be told to: whoever sends them operations
    counts what comes of these. Latency: 0, and `latencies.FREED` from a place that is free again to
    the operation that waits for it.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(
            i=In(stream.Signature(read_layout(config))),
            o=Out(stream.Signature(read_layout(config))),
            #: A place is free again.
            freed=In(1),
        )

    def build(self, m: Module) -> None:
        takes, operation = Signal(), self.i.payload.operation
        room = count_places(m, self._config, takes, self.freed)
        makes = operation.end | (operation.first & operation.advance)
        goes = room | ~makes
        m.d.comb += [
            takes.eq(self.i.valid & self.i.ready & makes),
            self.o.valid.eq(self.i.valid & goes),
            self.o.payload.eq(self.i.payload),
            self.i.ready.eq(self.o.ready & goes),
        ]


def count_places(m: Module, config: LayerConfig, takes: Value, freed: Value) -> Signal:
    """Whether there is a place: a register. `takes`, that one is taken; `freed`, given back."""
    places = config.folding.mask_places
    free, room = Signal(range(places + 1), init=places), Signal(init=1)
    with m.If(takes & ~freed):
        m.d.sync += [free.eq(free - 1), room.eq(free != 1)]
    with m.If(~takes & freed):
        m.d.sync += [free.eq(free + 1), room.eq(1)]
    return room
