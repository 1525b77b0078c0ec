# SPDX-License-Identifier: BSD-2-Clause
"""The Ring, a packet FIFO for the bytes of requests."""

from collections.abc import Iterator
from types import SimpleNamespace

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.counting import TAPS, next_address
from firstspike.hdl.lib.memories import Memory, inside
from firstspike.hdl.lib.resetless_register import resetless_register

ENTRY = struct(data=8, mark=1)
"""A byte of a request, or with `mark` the end of the request."""


class Store(Block):
    """The memory of the Ring, in a separate module so that its initial content can be undefined.

    Ports: `address`; `write` stores `entry` at `address`; `fetch`, in another cycle, reads the
    entry at `address` into `latest`, which holds it until the next `fetch`.

    Latency: 1 cycle; throughput: one access per cycle.
    """

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._ram = memory.Memory(shape=ENTRY, depth=depth, init=[])
        super().__init__(
            address=In(range(depth)), write=In(1), entry=In(ENTRY), fetch=In(1), latest=Out(ENTRY)
        )

    @staticmethod
    def memories(depth: int) -> Iterator[Memory]:
        """Yield the memory of the entries."""
        yield Memory("", ENTRY.size, depth, one_address=True)

    def build(self, m: Module) -> None:
        m.submodules.memory = ram = self._ram
        read, write = ram.read_port(domain="comb"), ram.write_port()
        fetched, kept = resetless_register(ENTRY), Signal(ENTRY)
        fresh = Signal()  # single-port RAM: the output is undefined after a write
        m.d.comb += [
            read.addr.eq(self.address),
            write.addr.eq(self.address),
            write.data.eq(self.entry),
            write.en.eq(self.write),
            self.latest.eq(Mux(fresh, fetched.as_value(), kept.as_value())),
        ]
        m.d.sync += fresh.eq(self.fetch & ~self.write)
        with m.If(fresh):
            m.d.sync += kept.eq(fetched)
        with m.If(self.fetch & ~self.write):
            m.d.sync += fetched.eq(read.data)


class Ring(Block):
    """A packet FIFO in single-port RAM: a request becomes readable when it is complete.

    The bytes of a frame are written as they arrive. The mark at the end of the frame commits the
    request, and overwrites the byte before it, which is the last byte of the checksum. A write is
    delayed until a cycle without a read, but at most until the next write. A request stays in the
    memory until `release`, so that `rewind` can repeat it.

    Parameters: `depth`, bytes, a power of two; the Ring holds up to depth - 1 bytes.

    Latency: 4 cycles from a mark to `get`. Throughput: one byte per cycle at `put`; one byte every
    second cycle at `get`, or every cycle with `every_cycle`.
    """

    def __init__(self, depth: int) -> None:
        if depth & depth - 1 or depth.bit_length() - 1 not in TAPS:
            raise ValueError(f"a ring has a power of two of bytes, 16 to 16384, not {depth}")
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
            follows=Out(1),
            #: Free the memory of the request, whose bytes up to the mark have been read.
            release=In(1),
            #: Read the same request again, from its first byte.
            rewind=In(1),
        )

    @staticmethod
    def memories(depth: int) -> Iterator[Memory]:
        """Yield the memory of the Store."""
        yield from inside("store", Store.memories(depth))

    def build(self, m: Module) -> None:
        m.submodules.store = store = Store(self._depth)

        # Addresses, in the order in which they follow one another in the memory: start of the
        # oldest request, next byte to read, end of the committed bytes, current byte to write.
        kept, read, committed, write = (
            Signal(range(self._depth), name=name) for name in ("kept", "read", "committed", "write")
        )
        filled = Signal()  # a byte occupies `write`, so the next byte is written behind it
        pending, entry = Signal(), Signal(ENTRY)
        fetch, store_now = Signal(), Signal()
        self._registers = SimpleNamespace(  # for a formal proof
            kept=kept, read=read, committed=committed, write=write, filled=filled, pending=pending
        )
        vars(self._registers).update(entry=entry, store=store)
        following = Signal.like(write)
        m.d.sync += self.full.eq(following == kept)
        m.d.comb += [
            following.eq(next_address(write)),
            store_now.eq(pending & (~fetch | self.put.valid)),
        ]
        with m.If(store_now):
            m.d.sync += pending.eq(0)
            with m.If(entry.mark):
                m.d.sync += [committed.eq(following), filled.eq(0)]
        with m.If(self.put.valid):
            m.d.sync += [pending.eq(1), entry.eq(self.put.payload)]
            with m.If(~self.put.payload.mark):
                m.d.sync += filled.eq(1)
        # `drop` must not discard a pending mark, which may wait for the duration of a short bad
        # frame while every cycle reads.
        forgets = Signal()
        m.d.comb += forgets.eq(self.drop & ~(pending & entry.mark))
        with m.If(forgets):
            m.d.sync += [pending.eq(0), filled.eq(0)]
        # A single enable, so that each bit needs one look-up table in front of its register.
        moves_on = (store_now & entry.mark) | (self.put.valid & ~self.put.payload.mark & filled)
        with m.If(forgets | moves_on):
            m.d.sync += write.eq(Mux(forgets, committed, following))

        # The prefetched bytes: `head` is at `get`, and `latest` follows it.
        latest, head = store.latest, self.get.payload
        latest_valid, head_valid = Signal(), self.get.valid
        self._registers.latest_valid = latest_valid
        moves = ~head_valid | self.get.ready
        ended = head_valid & head.mark
        m.d.comb += [
            self.follows.eq(head_valid & latest_valid),
            fetch.eq((~latest_valid | (moves & self.every_cycle)) & ~ended & (read != committed)),
            store.address.eq(Mux(store_now, write, read)),
            store.write.eq(store_now),
            store.entry.eq(entry),
            store.fetch.eq(fetch),
        ]
        with m.If(moves):
            m.d.sync += [head.eq(latest), head_valid.eq(latest_valid), latest_valid.eq(0)]
        with m.If(fetch & ~store_now):
            m.d.sync += latest_valid.eq(1)
        with m.If(self.release):
            m.d.sync += kept.eq(read)
        with m.If(self.rewind):
            m.d.sync += [latest_valid.eq(0), head_valid.eq(0)]
        with m.If(self.rewind | (fetch & ~store_now)):
            m.d.sync += read.eq(Mux(self.rewind, kept, next_address(read)))
