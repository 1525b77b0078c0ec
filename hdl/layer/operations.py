# SPDX-License-Identifier: BSD-2-Clause
"""The operations of the lanes, and the sub-blocks of a Sequencer that produce them from events."""

from collections.abc import Iterator

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, struct, tap
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.lib.pipeline import SkidBuffer, Stage
from firstspike.hdl.lib.resetless_register import resetless_register

from .config import LayerConfig
from .events import Kind, context_layout, indices_layout, taken_layout, tick_shape


def walk_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of the fields that all operations of a starting or advancing sweep share.

    In a convolutional layer the shared fields are stable until all events of an advancing scan have
    been sent.
    """
    convolves = config.folding.convolves
    return struct(
        tick=None if convolves else tick_shape(config.deadline),  # after the advance
        context=context_layout(config.counted, config.learns),  # for the events sent
    )


def operation_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of one operation of the lanes: start, advance, add a row to one group.

    With `config.walk_apart` the fields of `walk_layout` are constant 0 here, and synthesis removes
    their registers.
    """
    convolves = config.folding.convolves
    return struct(
        image=1,
        end=1,  # the image's last operation, without any other effect
        start=1,  # M = -threshold * tick, S = -threshold
        advance=1,  # M += S << shift
        row=config.folding.rows,  # one bit per bank: S += weights of the bank's row
        first=1,  # the first operation of its group in this sweep
        closes=1,  # the last group: afterwards every neuron has reached `tick`
        shift=range(config.folding.window + 1),
        group=range(config.folding.groups),
        position=range(config.folding.kind.positions) if convolves else None,
        place=range(config.folding.state_words) if convolves else None,  # the state address
        again=1 if convolves else None,  # same state address as the previous operation
        nothing=1 if convolves else None,  # no position has been reached: only time advances
        tick=tick_shape(config.deadline),  # after the advance
        context=context_layout(config.counted, config.learns),  # for the events sent
    )


def addresses_layout(config: LayerConfig) -> data.ArrayLayout:
    """Return the layout of the addresses of one word in each bank."""
    return data.ArrayLayout(range(config.folding.bank_words), config.folding.rows)


def read_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of an operation and its weight addresses.

    The address of a bank is ignored if its bit of `operation.row` is 0.
    """
    return struct(operation=operation_layout(config), addresses=addresses_layout(config))


class EventRegister(Block):
    """A register for an event, and registers for the distance from the layer's tick to the event.

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
            events=In(stream.Signature(taken_layout(config))),
            #: The image bit of the latest decided image.
            decided_image=In(1),
            #: The register holds an event.
            present=Out(1),
            #: The event in the register; the tick of an image's END is set to the deadline.
            event=Out(taken_layout(config)),
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
        m.submodules.skid = skid = SkidBuffer(taken_layout(self._config))
        wiring.connect(m, wiring.flipped(self.events), skid.i)
        given, taken = skid.o.payload, skid.o.ready
        target = Signal.like(self.now)
        start_from = Signal.like(self.now)  # the value of `now` when the event is in the register
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
    """Return the layout of an entry of the RowList; with one bank, every entry has a row."""
    banks = config.folding.rows
    return struct(rows=indices_layout(config), present=banks if banks > 1 else None)


class RowList(Block):
    """Record the rows of a tick while group 0 processes them, and replay them for the other groups.

    The operations of group 0 pass through. At the end of the tick the RowList repeats them for
    every further group: one operation per listed row, or one operation if the list is empty.

    Latency: `latencies.ROW_LIST` cycles; throughput: one operation per cycle. Back-pressure at
    `reads` clears `step`.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(
            #: The next operation of group 0; it may change until it is issued.
            operation=In(operation_layout(config)),
            #: `operation` starts a sweep, or adds a row to the sweep.
            begin=In(1),
            #: An event with spikes is present. Must be low for a consumed event: the write enable
            #: does not depend on `issue`, so the list would store the event a second time, and
            #: overwrite the first entry if the list is full.
            is_spike=In(1),
            #: The rows of the event; `operation.row` marks the banks that have one.
            rows=In(indices_layout(config)),
            #: No further row of the tick can arrive.
            complete=In(1),
            #: The image is decided: abort the sweep.
            stale=In(1),
            #: Valid: `operation`, or the next replayed operation, is to be issued.
            issue=In(1),
            #: Ready: the operation is accepted.
            step=Out(1),
            #: The operation is a replayed one instead of `operation`.
            replaying=Out(1),
            #: Group 0 has rows that have not been replayed for the other groups.
            open=Out(1),
            #: Operations, with the address of the weight word.
            reads=Out(stream.Signature(read_layout(config))),
        )

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield the memory of the list."""
        yield Memory("", listed_layout(config).size, config.folding.n_in)

    def build(self, m: Module) -> None:
        config = self._config
        n_in, groups = config.folding.n_in, config.folding.groups
        banks, bank_rows = config.folding.rows, config.folding.bank_rows
        operation = self.operation

        # The list: a row is written while group 0 processes it.
        entry = listed_layout(config)
        m.submodules.memory = rows = memory.Memory(shape=entry, depth=n_in, init=[])
        listed = Signal(range(n_in + 1))  # length; 0 unless `open` or `walking`
        latest = Signal(range(n_in))  # address of the last entry
        write = rows.write_port()
        m.d.comb += [
            write.addr.eq(listed),
            write.data.eq(Cat(self.rows, operation.row if banks > 1 else ())),
            # The enable ignores `issue`, which settles late; repeated writes have the same data.
            write.en.eq(~self.replaying & self.is_spike),
        ]
        # Reads and writes never coincide, so synthesis infers a block RAM without collision logic.
        read = rows.read_port(domain="comb")
        found_entry = resetless_register(entry)

        # The output register. Groups follow in ascending order, so their values are incremented.
        m.submodules.listing = listing = Stage(
            struct(operation=operation_layout(config), rows=indices_layout(config), listed=1)
        )
        found, group = listing.o.payload, Signal(range(groups))

        # The state of the replay, and the operation that it repeats.
        walking = Signal()  # groups after group 0 are being processed
        index = Signal(range(n_in))
        index_last = Signal()
        held = Signal(operation_layout(config))  # the sweep's first operation of group 0
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

        # Issue a replayed operation, or an operation of group 0.
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

        # The condition is the addend: a counter without an enable is smaller.
        begins = self.issue & self.step & self.begin & ~self.replaying
        ends = self.issue & self.step & self.replaying & index_last & replayed.closes
        m.d.sync += listed.eq(listed + (begins & operation.row.any()))
        with m.If(ends | (self.stale & ~begins)):
            m.d.sync += listed.eq(0)

        # One cycle later the rows of the list are in `found_entry`.
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
    """Credit-based flow control for the mask FIFO of the Drain.

    An operation that produces a mask stalls until the FIFO has a free entry. The lanes behind never
    stall, because a stall signal would have to reach all of them in one cycle.

    Latency: 0 cycles, and `latencies.FREED` from `freed` to an operation that waits for it;
    throughput: one operation per cycle.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(
            i=In(stream.Signature(read_layout(config))),
            o=Out(stream.Signature(read_layout(config))),
            #: The mask FIFO has one more free entry.
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
    """Return a register that is high while the mask FIFO has a free entry.

    `takes` is high in each cycle that reserves an entry, `freed` in each cycle that releases one.
    """
    places = config.folding.mask_slots
    free, room = Signal(range(places + 1), init=places), Signal(init=1)
    with m.If(takes & ~freed):
        m.d.sync += [free.eq(free - 1), room.eq(free != 1)]
    with m.If(~takes & freed):
        m.d.sync += [free.eq(free + 1), room.eq(1)]
    return room
