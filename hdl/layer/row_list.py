# SPDX-License-Identifier: BSD-2-Clause
"""The list of the rows of a tick, which a Sequencer replays for further groups."""

from collections.abc import Iterator

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, assign_handshake, struct
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.lib.pipeline import Stage
from firstspike.hdl.lib.resetless_register import resetless_register

from .config import LayerConfig
from .events import indices_layout
from .operations import operation_layout, read_layout


def entry_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of an entry of the list; with one bank, every entry has a row."""
    banks = config.folding.rows
    return struct(rows=indices_layout(config), present=banks if banks > 1 else 0)


def list_memory(config: LayerConfig) -> Memory:
    """Return the memory of the list.

    Reads and writes never coincide, so synthesis infers a block RAM without collision logic.
    """
    return Memory("", entry_layout(config).size, config.folding.n_in)


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
        yield list_memory(config)

    def build(self, m: Module) -> None:
        config, groups = self._config, self._config.folding.groups
        operation, n_in = self.operation, config.folding.n_in
        self._ports = list_memory(config).build(m, "memory", shape=entry_layout(config))

        # The state of the replay, and the operation that it repeats.
        length = Signal(range(n_in + 1))  # of the list; 0 unless `open` or groups are replayed
        replaying_groups = Signal()  # groups after group 0 are being processed
        index, latest = Signal(range(n_in)), Signal(range(n_in))  # of the next, of the last entry
        held = Signal(operation_layout(config))  # the sweep's first operation of group 0
        with m.If(~self.open & ~replaying_groups):
            m.d.sync += held.eq(operation)
        replayed = Signal(operation_layout(config))
        group, closes = self._build_output(m, replayed, index)
        index_last = Signal()
        m.d.comb += [
            self.replaying.eq(replaying_groups | (self.open & self.complete)),
            index_last.eq(~held.row.any() | (index == latest)),
            replayed.eq(held),
            replayed.first.eq(index == 0),
            replayed.closes.eq(Mux(replayed.first, group == groups - 2, closes)),
        ]

        # Issue a replayed operation, or an operation of group 0.
        with m.If(self.stale):
            m.d.sync += [self.open.eq(0), replaying_groups.eq(0)]
        with m.If(self.issue & self.step):
            with m.If(self.replaying):
                m.d.sync += [self.open.eq(0), replaying_groups.eq(1), index.eq(index + 1)]
                with m.If(index_last):
                    m.d.sync += index.eq(0)
                    with m.If(replayed.closes):
                        m.d.sync += replaying_groups.eq(0)
            with m.Elif(self.begin):
                m.d.sync += [
                    latest.eq(length),
                    self.open.eq(operation.row.any()),
                    replaying_groups.eq(~operation.row.any()),
                    index.eq(0),
                ]
        ends = self.issue & self.step & self.replaying & index_last & replayed.closes
        self._record(m, length, ends)

    def _record(self, m: Module, length: Signal, ends: Value) -> None:
        """Drive the write port of the list, and its length; `ends` with the end of a sweep."""
        write, operation = self._ports.write, self.operation
        begins = self.issue & self.step & self.begin & ~self.replaying
        m.d.comb += [
            write.addr.eq(length),
            write.data.rows.eq(self.rows),
            write.data.present.eq(operation.row),
            # The enable ignores `issue`, which settles late; repeated writes have the same data.
            write.en.eq(~self.replaying & self.is_spike),
        ]
        # The condition is the addend: a counter without an enable is smaller.
        m.d.sync += length.eq(length + (begins & operation.row.any()))
        with m.If(ends | (self.stale & ~begins)):
            m.d.sync += length.eq(0)

    def _build_output(self, m: Module, replayed: data.View, index: Signal) -> tuple[Signal, Value]:
        """Build the output register and drive `reads`, one cycle after the operation is issued.

        Returns the group of the operation in the register, and whether this group is the last one.
        Groups follow in ascending order, so their values are incremented.
        """
        config, folding, read = self._config, self._config.folding, self._ports.read
        m.submodules.listing = listing = Stage(
            struct(operation=operation_layout(config), rows=indices_layout(config), listed=1)
        )
        register, group = listing.o.payload, Signal(range(folding.groups))
        entry = resetless_register(entry_layout(config), "entry")  # the row of the register
        base = Signal(range(folding.bank_words))  # the first word of `group`
        m.d.comb += read.addr.eq(index)
        with m.If(listing.load & self.replaying):
            m.d.sync += entry.eq(read.data)
        with m.If(listing.load):
            with m.If(~self.replaying):
                m.d.sync += [group.eq(0), base.eq(0)]
            with m.Elif(replayed.first):
                m.d.sync += [group.eq(group + 1), base.eq(base + folding.bank_rows)]
        out = self.reads.payload
        rows = zip(out.addresses, entry.rows, register.rows, strict=True)
        m.d.comb += [
            listing.i.valid.eq(self.issue),
            listing.i.payload.operation.eq(
                Mux(self.replaying, replayed.as_value(), self.operation.as_value())
            ),
            listing.i.payload.rows.eq(self.rows),
            listing.i.payload.listed.eq(self.replaying),
            self.step.eq(listing.i.ready),
            assign_handshake(self.reads, listing.o),
            *(address.eq(base + Mux(register.listed, row, new)) for address, row, new in rows),
            out.operation.eq(register.operation),
            out.operation.group.eq(group),
        ]
        if folding.rows > 1:
            with m.If(register.listed & register.operation.row.any()):
                m.d.comb += out.operation.row.eq(entry.present)
        return group, register.operation.closes
