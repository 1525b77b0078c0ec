# SPDX-License-Identifier: BSD-2-Clause
"""The rows of a tick, kept for the groups of neurons after the first, and the walk over these."""

from amaranth.hdl import Cat, Mux, Signal
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.pipeline import Stage
from firstspike.hdl.lib.unknown_register import unknown_register

from .layouts import indices_layout, operation_layout, read_layout


class RowList(Block):
    """Lists the rows that the first group takes as they arrive, and replays them for the others.

    The first group's operations go through; when the tick is over they are repeated for every
    further group, once for each row in the list, or once if there is none.

    Latency: `latencies.ROW_LIST`; throughput: an operation a cycle.
    """

    def __init__(self, config):
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
            #: There is something to do, `operation` or what is replayed, and room for it.
            issue=In(1),
            step=Out(1),
            #: Further groups have their turn, not `operation`.
            replaying=Out(1),
            #: Rows have gone to the first group alone.
            open=Out(1),
            #: Operations, with the address of the weight word.
            reads=Out(stream.Signature(read_layout(config))),
        )

    def build(self, m):
        config = self._config
        n_in, groups = config.folding.n_in, config.folding.groups
        banks, bank_rows = config.folding.rows, config.folding.bank_rows
        operation = self.operation

        # Whoever has one bank alone knows that it has a row.
        entry = struct(rows=indices_layout(config), present=banks if banks > 1 else None)
        m.submodules.memory = rows = memory.Memory(shape=entry, depth=n_in, init=[])
        listed = Signal(range(n_in + 1))
        latest = Signal(range(n_in))  # where those are that were listed last
        write = rows.write_port()
        m.d.comb += [
            write.addr.eq(Mux(self.open, listed, 0)),
            write.data.eq(Cat(self.rows, operation.row if banks > 1 else ())),
            # Also before the operation is issued, which comes late: again and again the same.
            write.en.eq(~self.replaying & self.is_spike),
        ]
        # Never in the cycle of a write, so that synthesis finds an ordinary block RAM without
        # collision logic.
        read = rows.read_port(domain="comb")
        found_entry = unknown_register(entry)

        walking = Signal()  # groups after the first are being worked on
        group = Signal(range(groups))
        base = Signal(range(config.folding.bank_words))  # the group's first word
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
            replayed.group.eq(group),
            replayed.closes.eq(group == groups - 1),
        ]

        with m.If(self.stale):
            m.d.sync += [self.open.eq(0), walking.eq(0)]
        with m.If(self.issue & self.step):
            with m.If(self.replaying):
                m.d.sync += [self.open.eq(0), walking.eq(1), index.eq(index + 1)]
                with m.If(index_last):
                    m.d.sync += [index.eq(0), group.eq(group + 1), base.eq(base + bank_rows)]
                    with m.If(replayed.closes):
                        m.d.sync += walking.eq(0)
            with m.Elif(self.begin):
                m.d.sync += [
                    latest.eq(write.addr),
                    listed.eq(write.addr + operation.row.any()),
                    self.open.eq(operation.row.any()),
                    walking.eq(~operation.row.any()),
                    group.eq(1),
                    base.eq(bank_rows),
                    index.eq(0),
                ]

        # A cycle later the rows have come from the list.
        m.submodules.listing = listing = Stage(
            struct(
                operation=operation_layout(config),
                base=range(config.folding.bank_words),
                rows=indices_layout(config),
                listed=1,
            )
        )
        with m.If(listing.load & self.replaying):
            m.d.sync += found_entry.eq(read.data)
        into, found, out = listing.i.payload, listing.o.payload, self.reads.payload
        m.d.comb += [
            listing.i.valid.eq(self.issue),
            into.operation.eq(Mux(self.replaying, replayed.as_value(), operation.as_value())),
            into.base.eq(Mux(self.replaying, base, 0)),
            into.rows.eq(self.rows),
            into.listed.eq(self.replaying),
            self.step.eq(listing.i.ready),
            self.reads.valid.eq(listing.o.valid),
            listing.o.ready.eq(self.reads.ready),
            *(
                address.eq(found.base + Mux(found.listed, entry_row, row))
                for address, entry_row, row in zip(
                    out.addresses, found_entry.rows, found.rows, strict=True
                )
            ),
        ]
        m.d.comb += out.operation.eq(found.operation)
        if banks > 1:
            with m.If(found.listed & found.operation.row.any()):
                m.d.comb += out.operation.row.eq(found_entry.present)
