# SPDX-License-Identifier: BSD-2-Clause
"""Properties of the packet FIFO of the link, and the invariants that prove them by induction."""

from types import SimpleNamespace

from amaranth.hdl import Array, Assert, Assume, Cover, Module, Mux, Signal, Value
from amaranth.lib.wiring import In

from firstspike.hdl.lib.counting import TAPS
from firstspike.hdl.link.framing.packet_fifo import ENTRY, PacketFifo

from .block import BlockProof


class RingProof(BlockProof):
    """It gives the bytes of the frames that a mark has ended, all of them, in order, and no other.

    Entries are numbered from reset on, modulo twice the depth: a frame that is dropped gives its
    numbers back. The entry of any one `number` is followed, with what it should hold.

    Parameters: `depth` in bytes; the `block` under proof.
    """

    def __init__(self, depth: int, block: type[PacketFifo] = PacketFifo) -> None:
        self._depth = depth
        super().__init__(block(depth), number=In(range(2 * depth)))

    def check(self, m: Module) -> None:
        put, get, shape = self.put, self.get, self.number.shape()
        takes = get.valid & get.ready

        # The reference: how many bytes the current frame has, and the numbers of entries.
        frame = Signal(range(self._depth + 1))
        stored, delivered, visible = (
            Signal(shape, name=name) for name in ("kept", "given", "visible")
        )
        newest = Signal(shape)  # number of the entry that `put` makes
        m.d.comb += newest.eq(visible + frame)
        marked = put.valid & put.payload.mark
        with m.If(marked & (frame != 0)):
            m.d.comb += newest.eq(visible + frame - 1)
        with m.If(marked):
            m.d.sync += [visible.eq(newest + 1), frame.eq(0)]
        with m.Elif(put.valid):
            m.d.sync += frame.eq(frame + 1)
        with m.If(self.drop):
            m.d.sync += frame.eq(0)
        with m.If(takes):
            m.d.sync += delivered.eq(delivered + 1)
        with m.If(self.release):
            m.d.sync += stored.eq(delivered + 1)
        content = Signal(ENTRY)
        with m.If(put.valid & (newest == self.number)):
            m.d.sync += content.as_value().eq(put.payload.as_value())

        before = Signal(shape)  # `visible` without the latest frame
        with m.If(marked):
            m.d.sync += before.eq(visible)
        reference = SimpleNamespace(
            frame=frame, stored=stored, delivered=delivered, visible=visible
        )
        reference.before, reference.content = before, content
        self._check_entries(m, reference)

    def _check_entries(self, m: Module, reference: SimpleNamespace) -> None:
        """State the assumptions and the properties."""
        r, put, get = self._block._registers, self.put, self.get
        frame, stored, delivered = reference.frame, reference.stored, reference.delivered
        visible, content = reference.visible, reference.content
        has_mark = get.valid & get.payload.mark
        marked = put.valid & put.payload.mark
        forgotten = Signal()  # some frame
        with m.If(self.drop & (frame == 2)):
            m.d.sync += forgotten.eq(1)
        reference.was_put = was_put = Signal()
        m.d.sync += was_put.eq(put.valid)
        m.d.comb += [
            Assume(~put.valid | ~(was_put | self.full | self.drop)),
            Assume(~marked | (frame != 0)),  # a frame has bytes
            Assume(~has_mark | (get.ready == self.release)),  # with a mark ends a request
            Assume(~self.release | has_mark),
            Assume(~(self.every_cycle & r.latest_valid & r.store.latest.mark)),
        ]

        def distance(number: Value) -> Value:
            """From the oldest entry that is kept."""
            return (number - stored)[: len(stored)]

        def is_right(number: Value, entry: Value) -> Value:
            followed = number[: len(stored)] == self.number
            return ~followed | (entry.as_value() == content.as_value())

        m.d.comb += [
            Assert(~get.valid | (distance(delivered) < distance(visible)), "of ended frames only"),
            Assert(
                ~get.valid | is_right(delivered, get.payload), "in order, each once, as it was put"
            ),
            Cover(has_mark & forgotten & (distance(delivered) == 2), "a request behind a drop"),
            Cover(has_mark & self.release & (stored == 2), "a second request"),
        ]
        reference.distance, reference.is_right = distance, is_right
        self._relate(m, reference)

    def _relate(self, m: Module, reference: SimpleNamespace) -> None:
        """State the invariants: which entry is at which address, and where the pointers are."""
        r, get, was_put = self._block._registers, self.get, reference.was_put
        frame, stored, delivered = reference.frame, reference.stored, reference.delivered
        visible, distance, is_right = reference.visible, reference.distance, reference.is_right
        closing = r.pending & r.entry.mark  # a mark has been put and is not yet in the memory
        fetched = delivered + get.valid + r.latest_valid
        committed = Mux(closing, reference.before, visible)
        write = Mux(closing, visible - 1, visible + frame - (frame != 0))
        m.d.comb += [
            *(
                Assert(pointer == self._address(number))
                for pointer, number in (
                    (r.oldest, stored),
                    (r.read, fetched),
                    (r.committed, committed),
                    (r.write, write),
                )
            ),
            Assert(closing | (r.occupied == (frame != 0))),
            Assert(~closing | ((frame == 0) & (distance(visible) < self._depth))),
            Assert(distance(delivered) + get.valid + r.latest_valid <= distance(committed)),
            Assert(distance(committed) <= distance(write)),
            Assert(distance(write) < self._depth),
            Assert(was_put | self.full | (frame == 0) | (distance(write) < self._depth - 1)),
            Assert(~r.pending | closing | (frame != 0)),
            Assert(~(get.valid & get.payload.mark) | ~r.latest_valid),
            Assert(~r.latest_valid | is_right(delivered + get.valid, r.store.latest)),
            Assert(~r.pending | is_right(write, r.entry)),
        ]
        for index, address in enumerate(self._addresses()):
            port = r.store._ram.read_port(domain="comb")
            ahead = (index - stored)[: len(stored) - 1]
            full = (ahead < distance(write)) | (
                (ahead == distance(write)) & ~r.pending & (frame != 0)
            )
            m.d.comb += [
                port.addr.eq(address),
                Assert(~full | is_right(stored + ahead, port.data)),
            ]

    def _addresses(self) -> list[int]:
        """The addresses in the order in which entries take them."""
        bits = (self._depth - 1).bit_length()
        order = [0]
        while len(order) < self._depth:
            last = order[-1]
            taps = sum(last >> tap - 1 for tap in TAPS[bits]) & 1
            low = taps ^ (not last & (self._depth // 2 - 1))
            order.append((last << 1 | low) & (self._depth - 1))
        return order

    def _address(self, number: Value) -> Value:
        """The address of the entry of a number."""
        return Array(self._addresses())[number[: (self._depth - 1).bit_length()]]
