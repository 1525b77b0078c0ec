# SPDX-License-Identifier: BSD-2-Clause
"""The set of positions in a convolutional layer that spikes of an image have reached."""

from collections.abc import Iterator

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.hdl.lib.arithmetic import times
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.lib.pipeline import Stage
from firstspike.hdl.lib.resetless_register import resetless_register

from .config import LayerConfig
from .locator import convolution_of
from .operations import operation_layout, read_layout


def visit_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of a visit: an operation for one position and group.

    `position` is the position if the operation adds a row. Otherwise it is an index in the list of
    reached positions.
    """
    return struct(
        operation=operation_layout(config),
        position=range(convolution_of(config).positions),
        word=range(config.folding.bank_words),  # of the weight store
    )


def _listed(config: LayerConfig) -> int:
    """Return the depth of a list of positions, at least 2, so that an address has a bit."""
    return max(convolution_of(config).positions, 2)


class ReachedPositions(Block):
    """The set of positions that spikes of an image have reached, in the order of their first spike.

    The data structure is a sparse set (Briggs and Torczon 1993), which needs no clearing:

        places[position] = n, list[n] = position, n < count     if the position has been reached

    A visit that adds a row looks its position up, and adds it to the set if necessary; in this case
    the operation gets `start`, so that the lanes initialise the state. Any other visit reads the
    list. A lookup takes two memory reads. The positions of the two preceding visits may not be in
    the memories yet, so comparators check them.

    Latency: `latencies.REACHED_POSITIONS` cycles; throughput: one visit per cycle.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(
            i=In(stream.Signature(visit_layout(config))),
            o=Out(stream.Signature(read_layout(config))),
            #: Empty the set; only while the block contains no visit.
            clear=In(1),
            #: Number of positions in the list.
            count=Out(range(convolution_of(config).positions + 1)),
            #: The block contains no visit that may change `count`.
            settled=Out(1),
        )

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield the memories `places` and `list`."""
        depth = _listed(config)
        for name in ("places", "list"):
            yield Memory(name, bits_for(depth - 1), depth, compact=True)

    def build(self, m: Module) -> None:
        config = self._config
        depth, groups = _listed(config), config.folding.groups
        number = range(depth)
        # A word that is read while it is written is not used, because of the comparators.
        attributes = {"no_rw_check": 1, "compact": 1}
        table = {"shape": number, "depth": depth, "init": [], "attrs": attributes}
        m.submodules.places = places = memory.Memory(**table)
        m.submodules.list = listed = memory.Memory(**table)
        write_place, read_place = places.write_port(), places.read_port(domain="comb")
        write_list, read_list = listed.write_port(), listed.read_port(domain="comb")

        # The first read: the index of the position in the list, if the set contains it.
        m.submodules.asked = asked = Stage(visit_layout(config))
        wiring.connect(m, wiring.flipped(self.i), asked.i)
        place = resetless_register(number, "place")
        m.d.comb += read_place.addr.eq(self.i.payload.position)
        with m.If(asked.load):
            m.d.sync += place.eq(read_place.data)

        # The second read: the position at this index.
        inside = struct(visit=visit_layout(config), inside=1)
        m.submodules.found = found = Stage(inside)
        entry = resetless_register(number, "entry")
        visit = asked.o.payload
        adds = visit.operation.row.any()
        m.d.comb += [
            read_list.addr.eq(Mux(adds, place, visit.position)),
            found.i.valid.eq(asked.o.valid),
            asked.o.ready.eq(found.i.ready),
            found.i.payload.visit.eq(visit),
            found.i.payload.inside.eq(place < self.count),
        ]
        with m.If(found.load):
            m.d.sync += entry.eq(read_list.data)

        # Detect the first spike of a position; further groups use the result of group 0.
        visit, out = found.o.payload.visit, self.o.payload
        operation = visit.operation
        recent = [Signal(struct(valid=1, position=number), name=f"recent_{i}") for i in range(2)]
        goes, asks, starts, starting = Signal(), Signal(), Signal(), Signal()
        known = found.o.payload.inside & (entry == visit.position)
        for one in recent:
            known |= one.valid & (one.position == visit.position)
        m.d.comb += [
            goes.eq(found.o.valid & found.o.ready),
            asks.eq(operation.row.any() & (operation.group == 0)),
            starts.eq(operation.row.any() & Mux(asks, ~known, starting)),
            *(port.en.eq(goes & asks & starts) for port in (write_place, write_list)),
            write_place.addr.eq(visit.position),
            write_place.data.eq(self.count),
            write_list.addr.eq(self.count),
            write_list.data.eq(visit.position),
            self.settled.eq(
                ~(asked.o.valid & asked.o.payload.operation.row.any())
                & ~(found.o.valid & operation.row.any())
            ),
        ]
        with m.If(goes & asks):
            m.d.sync += [
                starting.eq(starts),
                recent[0].valid.eq(1),
                recent[0].position.eq(visit.position),
                recent[1].eq(recent[0]),
                self.count.eq(self.count + starts),
            ]
        with m.If(self.clear):
            m.d.sync += [self.count.eq(0), *(one.valid.eq(0) for one in recent)]

        # The state address for the lanes, and whether it is that of the previous operation.
        m.submodules.addressed = addressed = Stage(visit_layout(config))
        position = Signal(number)
        state, latest = (
            Signal(range(config.folding.state_words)),
            Signal(range(config.folding.state_words)),
        )
        sent_position, started, again = Signal.like(position), Signal(), Signal()
        m.d.comb += [
            position.eq(Mux(operation.row.any(), visit.position, entry)),
            state.eq(times(groups, position) + operation.group),
            addressed.i.valid.eq(found.o.valid),
            found.o.ready.eq(addressed.i.ready),
            addressed.i.payload.eq(visit),
            self.o.valid.eq(addressed.o.valid),
            addressed.o.ready.eq(self.o.ready),
            out.addresses[0].eq(addressed.o.payload.word),
            out.operation.eq(addressed.o.payload.operation),
            out.operation.start.eq(started),
            out.operation.position.eq(sent_position),
            out.operation.place.eq(latest),
            out.operation.again.eq(again),
        ]
        with m.If(goes):
            m.d.sync += [
                sent_position.eq(position),
                started.eq(starts),
                again.eq(state == latest),
                latest.eq(state),
            ]
