# SPDX-License-Identifier: BSD-2-Clause
"""The set of positions in a convolutional layer that spikes of an image have reached."""

from collections.abc import Iterator

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.hdl.lib.arithmetic import times
from firstspike.hdl.lib.block import Block, assign_handshake, struct
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


def set_memory(config: LayerConfig, name: str) -> Memory:
    """Return a memory of the set. The comparators replace a word that is read during its write."""
    depth = _listed(config)
    return Memory(name, bits_for(depth - 1), depth, compact=True, no_collisions=True)


class ReachedPositions(Block):
    """The set of positions that spikes of an image have reached, in the order of their first spike.

    The data structure is a sparse set (Briggs and Torczon 1993), which needs no clearing:

        slots[position] = n, list[n] = position, n < count     if the position has been reached

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
        """Yield the memories `slots` and `list`."""
        yield from (set_memory(config, name) for name in ("slots", "list"))

    def build(self, m: Module) -> None:
        depth = _listed(self._config)
        slots = set_memory(self._config, "slots").build(m, "slots", shape=range(depth))
        listed = set_memory(self._config, "list").build(m, "list", shape=range(depth))

        # The first read: the slot of the position in the list, if the set contains it.
        m.submodules.lookup = lookup = Stage(visit_layout(self._config))
        wiring.connect(m, wiring.flipped(self.i), lookup.i)
        slot = resetless_register(range(depth), "slot")
        m.d.comb += slots.read.addr.eq(self.i.payload.position)
        with m.If(lookup.load):
            m.d.sync += slot.eq(slots.read.data)

        # The second read: the position in this slot.
        m.submodules.compare = compare = Stage(struct(visit=visit_layout(self._config), inside=1))
        entry = resetless_register(range(depth), "entry")
        visit = lookup.o.payload
        m.d.comb += [
            listed.read.addr.eq(Mux(visit.operation.row.any(), slot, visit.position)),
            assign_handshake(compare.i, lookup.o),
            compare.i.payload.visit.eq(visit),
            compare.i.payload.inside.eq(slot < self.count),
        ]
        with m.If(compare.load):
            m.d.sync += entry.eq(listed.read.data)

        starts, transfer = self._detect_first(m, compare, entry, slots.write, listed.write)
        adds = compare.o.payload.visit.operation.row.any()
        m.d.comb += self.settled.eq(
            ~(lookup.o.valid & lookup.o.payload.operation.row.any()) & ~(compare.o.valid & adds)
        )
        self._address(m, compare, entry, starts, transfer)

    def _detect_first(
        self,
        m: Module,
        compare: Stage,
        entry: Signal,
        slots: memory.WritePort,
        listed: memory.WritePort,
    ) -> tuple[Signal, Signal]:
        """Detect the first spike of a position, and add the position to the set.

        Returns whether the visit initialises the state, and whether it is transferred. Further
        groups use the result of group 0.
        """
        visit = compare.o.payload.visit
        operation, adds = visit.operation, visit.operation.row.any()
        layout = struct(valid=1, position=range(_listed(self._config)))
        recent = [Signal(layout, name=f"recent_{i}") for i in range(2)]
        transfer, looks_up, starts, starting = Signal(), Signal(), Signal(), Signal()
        known = compare.o.payload.inside & (entry == visit.position)
        for earlier in recent:
            known |= earlier.valid & (earlier.position == visit.position)
        m.d.comb += [
            transfer.eq(compare.o.valid & compare.o.ready),
            looks_up.eq(adds & (operation.group == 0)),
            starts.eq(adds & Mux(looks_up, ~known, starting)),
            *(port.en.eq(transfer & looks_up & starts) for port in (slots, listed)),
            slots.addr.eq(visit.position),
            slots.data.eq(self.count),
            listed.addr.eq(self.count),
            listed.data.eq(visit.position),
        ]
        with m.If(transfer & looks_up):
            m.d.sync += [
                starting.eq(starts),
                recent[0].valid.eq(1),
                recent[0].position.eq(visit.position),
                recent[1].eq(recent[0]),
                self.count.eq(self.count + starts),
            ]
        with m.If(self.clear):
            m.d.sync += [self.count.eq(0), *(earlier.valid.eq(0) for earlier in recent)]
        return starts, transfer

    def _address(
        self, m: Module, compare: Stage, entry: Signal, starts: Value, transfer: Value
    ) -> None:
        """Add the state address for the lanes, and whether the previous operation has the same."""
        visit, out = compare.o.payload.visit, self.o.payload
        m.submodules.addressed = addressed = Stage(visit_layout(self._config))
        position = Signal(entry.shape())
        state = Signal(range(self._config.folding.state_words))
        latest, sent_position = Signal.like(state), Signal.like(position)
        started, again = Signal(), Signal()
        product = times(self._config.folding.groups, position)
        m.d.comb += [
            position.eq(Mux(visit.operation.row.any(), visit.position, entry)),
            state.eq(product + visit.operation.group),
            assign_handshake(addressed.i, compare.o),
            addressed.i.payload.eq(visit),
            assign_handshake(self.o, addressed.o),
            out.addresses[0].eq(addressed.o.payload.word),
            out.operation.eq(addressed.o.payload.operation),
            out.operation.start.eq(started),
            out.operation.position.eq(sent_position),
            out.operation.state_address.eq(latest),
            out.operation.again.eq(again),
        ]
        with m.If(transfer):
            m.d.sync += [
                sent_position.eq(position),
                started.eq(starts),
                again.eq(state == latest),
                latest.eq(state),
            ]
