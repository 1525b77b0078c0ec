# SPDX-License-Identifier: BSD-2-Clause
"""The ring: keeps requests from their acceptance until they have been carried out."""

from collections.abc import Iterator
from types import SimpleNamespace

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.counting import TAPS, next_place
from firstspike.hdl.lib.memories import Memory, inside
from firstspike.hdl.lib.unknown_register import unknown_register

ENTRY = struct(data=8, mark=1)
"""A byte of a request, or with `mark` what ends it."""


class Store(Block):
    """The memory, in a module of its own so that its content can be left undefined.

    Ports: `address`; `write`, store `entry` there; `fetch`, in another cycle, read what is there
    into `latest`, where it stays.
    """

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._ram = memory.Memory(shape=ENTRY, depth=depth, init=[])
        super().__init__(
            address=In(range(depth)), write=In(1), entry=In(ENTRY), fetch=In(1), latest=Out(ENTRY)
        )

    @staticmethod
    def memories(depth: int) -> Iterator[Memory]:
        """The entries."""
        yield Memory("", ENTRY.size, depth, one_address=True)

    def build(self, m: Module) -> None:
        m.submodules.memory = ram = self._ram
        read, write = ram.read_port(domain="comb"), ram.write_port()
        fetched, kept = unknown_register(ENTRY), Signal(ENTRY)
        fresh = Signal()  # only now: what a single-port RAM shows after a write is not defined
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
    """A ring of bytes in a memory with one address, so that it can be single-port RAM.

    A byte that is put waits for a cycle in which nothing is read, or until the next one is put.

    A frame is written as it arrives, and becomes visible only with its mark, which takes the place
    of the byte before it: that is the last one of the checksum.

    Parameters: `depth`, bytes, a power of two; depth - 1 can be held.

    Latency from a mark to `get` 4 cycles. Throughput a byte a cycle in, or out with `every_cycle`;
    else one every second cycle.
    """

    def __init__(self, depth: int) -> None:
        if depth & depth - 1 or depth.bit_length() - 1 not in TAPS:
            raise ValueError(f"a ring has a power of two of bytes, 16 to 16384, not {depth}")
        self._depth = depth
        super().__init__(
            put=In(stream.Signature(ENTRY, always_ready=True)),
            #: Forget what has been put since the last mark; not in a cycle with `put`.
            drop=In(1),
            #: There is no room for another byte, nor for a mark; they are not to be put. Known two
            #: cycles after a byte has been put.
            full=Out(1),
            #: Request after request. After a mark it says nothing until `release`.
            get=Out(stream.Signature(ENTRY)),
            #: A byte is wanted in every cycle. Not while one of the next three may be the mark.
            every_cycle=In(1),
            #: There are two bytes to get, so that with `every_cycle` there is one in every cycle
            #: from now on.
            follows=Out(1),
            #: The room of the request is free, all of which up to its mark has been taken.
            release=In(1),
            #: Give the same request once more, from its first byte.
            rewind=In(1),
        )

    @staticmethod
    def memories(depth: int) -> Iterator[Memory]:
        """The memory of the Store."""
        yield from inside("store", Store.memories(depth))

    def build(self, m: Module) -> None:
        m.submodules.store = store = Store(self._depth)

        # In the order in which they follow one another; places of the next byte but `write`.
        kept, read, committed, write = (
            Signal(range(self._depth), name=name) for name in ("kept", "read", "committed", "write")
        )
        filled = Signal()  # there is a byte at `write` already: the next one goes behind it
        pending, entry = Signal(), Signal(ENTRY)
        fetch, store_now = Signal(), Signal()
        self._registers = SimpleNamespace(  # which a proof looks at
            kept=kept, read=read, committed=committed, write=write, filled=filled, pending=pending
        )
        vars(self._registers).update(entry=entry, store=store)
        following = Signal.like(write)
        m.d.sync += self.full.eq(following == kept)
        m.d.comb += [
            following.eq(next_place(write)),
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
        # A mark may wait through the shortest bad frame while every cycle reads; it is not dropped.
        forgets = Signal()
        m.d.comb += forgets.eq(self.drop & ~(pending & entry.mark))
        with m.If(forgets):
            m.d.sync += [pending.eq(0), filled.eq(0)]
        # One condition for all, so that each bit is one look-up table before its register.
        moves_on = (store_now & entry.mark) | (self.put.valid & ~self.put.payload.mark & filled)
        with m.If(forgets | moves_on):
            m.d.sync += write.eq(Mux(forgets, committed, following))

        # `get` says what is in `head`; behind it `latest` has been read, if it is valid.
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
            m.d.sync += read.eq(Mux(self.rewind, kept, next_place(read)))
