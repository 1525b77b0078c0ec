# SPDX-License-Identifier: BSD-2-Clause
"""The packet FIFO for the bytes of requests."""

from collections.abc import Iterator
from types import SimpleNamespace

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.counting import TAPS, next_address
from firstspike.hdl.lib.memories import Memory, inside
from firstspike.hdl.lib.resetless_register import resetless_register

ENTRY = struct(data=8, mark=1)
"""A byte of a request, or with `mark` the end of the request."""


class Store(Block):
    """The memory of a PacketFifo: a separate module, so that its initial content can be undefined.

    Ports: `address`; `write` stores `entry` at `address`; `fetch`, in another cycle, reads the
    entry at `address` into `latest`, which holds it until the next `fetch`.

    Latency: 1 cycle; throughput: one access per cycle.
    """

    def __init__(self, depth: int) -> None:
        (entries,) = self.memories(depth)
        self._ram = entries.create(shape=ENTRY)
        super().__init__(
            address=In(range(depth)), write=In(1), entry=In(ENTRY), fetch=In(1), latest=Out(ENTRY)
        )

    @staticmethod
    def memories(depth: int) -> tuple[Memory]:
        """Return the memory of the entries."""
        return (Memory("", ENTRY.size, depth, one_address=True),)

    def build(self, m: Module) -> None:
        m.submodules.memory = ram = self._ram
        read, write = ram.read_port(domain="comb"), ram.write_port()
        fetched, copy = resetless_register(ENTRY), Signal(ENTRY)
        fresh = Signal()  # single-port RAM: the output is undefined after a write
        m.d.comb += [
            read.addr.eq(self.address),
            write.addr.eq(self.address),
            write.data.eq(self.entry),
            write.en.eq(self.write),
            self.latest.eq(Mux(fresh, fetched.as_value(), copy.as_value())),
        ]
        m.d.sync += fresh.eq(self.fetch & ~self.write)
        with m.If(fresh):
            m.d.sync += copy.eq(fetched)
        with m.If(self.fetch & ~self.write):
            m.d.sync += fetched.eq(read.data)


class PacketFifo(Block):
    """A packet FIFO in single-port RAM: a request becomes readable when it is complete.

    Bytes are written as they arrive; a mark commits them, and `drop` discards the bytes since the
    last mark. A write takes the memory in the cycle after `put` or, if `get` reads, at most at the
    next write. A request occupies the memory until `release`.

    Parameters: `depth`, bytes, a power of two; the FIFO holds up to depth - 1 bytes.

    Latency: 4 cycles from a mark (the entry after the last byte of a good frame) to `get`.
    Throughput: one byte per cycle at `put`; one byte every second cycle at `get`, or every cycle
    with `every_cycle`.
    """

    def __init__(self, depth: int) -> None:
        if depth & depth - 1 or depth.bit_length() - 1 not in TAPS:
            raise ValueError(f"a packet FIFO has a power of two of bytes, 16 to 16384, not {depth}")
        self._depth = depth
        super().__init__(
            #: Bytes of a frame, then the mark.
            put=In(stream.Signature(ENTRY, always_ready=True)),
            #: Discard the bytes since the last mark; not in a cycle with `put`.
            drop=In(1),
            #: The FIFO has no room for another byte or mark, and `put` must not be valid. `full` is
            #: up to date two cycles after a write.
            full=Out(1),
            #: The bytes of the requests. After a mark `get` is not valid until `release`.
            get=Out(stream.Signature(ENTRY)),
            #: Read a byte in every cycle. Must be low if one of the next three bytes may be a mark.
            every_cycle=In(1),
            #: Two bytes have been prefetched, so that with `every_cycle` `get` is valid in every
            #: cycle from now on.
            prefetched=Out(1),
            #: Free the memory of the request, whose bytes up to the mark have been read.
            release=In(1),
        )

    @staticmethod
    def memories(depth: int) -> Iterator[Memory]:
        """Yield the memory of the Store."""
        yield from inside("store", Store.memories(depth))

    def build(self, m: Module) -> None:
        m.submodules.store = store = Store(self._depth)
        # Addresses, in the order in which they follow one another in the memory: start of the
        # oldest request, next byte to read, end of the committed bytes, current byte to write.
        oldest, read, committed, write = (
            Signal(range(self._depth), name=name)
            for name in ("oldest", "read", "committed", "write")
        )
        self._registers = SimpleNamespace(  # for a formal proof, too
            oldest=oldest, read=read, committed=committed, write=write, store=store
        )
        storing, fetch = Signal(), Signal()
        self._write(m, storing, fetch)
        self._read(m, storing, fetch)
        m.d.comb += [
            store.address.eq(Mux(storing, write, read)),
            store.write.eq(storing),
            store.fetch.eq(fetch),
        ]

    def _write(self, m: Module, storing: Signal, fetch: Signal) -> None:
        """Add the write side: `storing` is high while a pending entry is written."""
        addresses = self._registers
        write, committed = addresses.write, addresses.committed
        occupied = Signal()  # a byte occupies `write`, so the next byte is written behind it
        pending, entry = Signal(), Signal(ENTRY)
        vars(addresses).update(occupied=occupied, pending=pending, entry=entry)
        following = Signal.like(write)
        m.d.sync += self.full.eq(following == addresses.oldest)
        m.d.comb += [
            following.eq(next_address(write)),
            storing.eq(pending & (~fetch | self.put.valid)),
            addresses.store.entry.eq(entry),
        ]
        with m.If(storing):
            m.d.sync += pending.eq(0)
            with m.If(entry.mark):
                m.d.sync += [committed.eq(following), occupied.eq(0)]
        with m.If(self.put.valid):
            m.d.sync += [pending.eq(1), entry.eq(self.put.payload)]
            with m.If(~self.put.payload.mark):
                m.d.sync += occupied.eq(1)
        # `drop` must not discard a pending mark, which may wait for the duration of a short bad
        # frame while every cycle reads.
        discard = Signal()
        m.d.comb += discard.eq(self.drop & ~(pending & entry.mark))
        with m.If(discard):
            m.d.sync += [pending.eq(0), occupied.eq(0)]
        # A single enable, so that each bit needs one look-up table in front of its register.
        advance = (storing & entry.mark) | (self.put.valid & ~self.put.payload.mark & occupied)
        with m.If(discard | advance):
            m.d.sync += write.eq(Mux(discard, committed, following))

    def _read(self, m: Module, storing: Signal, fetch: Signal) -> None:
        """Add the read side: `fetch` is high while a byte is read, which a write delays."""
        addresses = self._registers
        read = addresses.read
        # The prefetched bytes: `head` is at `get`, and `latest` follows it.
        latest, head = addresses.store.latest, self.get.payload
        latest_valid, head_valid = Signal(), self.get.valid
        addresses.latest_valid = latest_valid
        transfer = ~head_valid | self.get.ready
        at_mark = head_valid & head.mark
        m.d.comb += [
            self.prefetched.eq(head_valid & latest_valid),
            fetch.eq(
                (~latest_valid | (transfer & self.every_cycle))
                & ~at_mark
                & (read != addresses.committed)
            ),
        ]
        with m.If(transfer):
            m.d.sync += [head.eq(latest), head_valid.eq(latest_valid), latest_valid.eq(0)]
        with m.If(fetch & ~storing):
            m.d.sync += [latest_valid.eq(1), read.eq(next_address(read))]
        with m.If(self.release):
            m.d.sync += addresses.oldest.eq(read)
