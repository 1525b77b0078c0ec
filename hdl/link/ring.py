"""The ring: keeps requests from their acceptance until they have been carried out."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

ENTRY = data.StructLayout({"data": 8, "mark": 1})
"""A byte of a request, or with `mark` what ends it."""


class Store(wiring.Component):
    """The memory, in a module of its own so that its content can be left undefined.

    Ports: `address`; `write`, store `entry` there; `fetch`, in another cycle, read what is there
    into `latest`, where it stays.
    """

    def __init__(self, depth: int):
        self._depth = depth
        super().__init__(
            {
                "address": In(range(depth)),
                "write": In(1),
                "entry": In(ENTRY),
                "fetch": In(1),
                "latest": Out(ENTRY),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = ram = memory.Memory(shape=ENTRY, depth=self._depth, init=[])
        read, write = ram.read_port(domain="comb"), ram.write_port()
        m.d.comb += [
            read.addr.eq(self.address),
            write.addr.eq(self.address),
            write.data.eq(self.entry),
            write.en.eq(self.write),
        ]
        with m.If(self.fetch & ~self.write):
            m.d.sync += self.latest.eq(read.data)
        return m


class Ring(wiring.Component):
    """A ring of bytes in a memory with one address, so that it can be single-port RAM.

    A frame is written as it arrives, and becomes visible only with its mark, which takes the place
    of the byte before it: that is the last one of the checksum.

    Ports
    -----
    put : stream of `ENTRY`, always ready. Not two in a row: the first cycle moves on, the second
        writes.
    drop : forget what has been put since the last mark.
    full : there is no room for another byte, nor for a mark; they are not to be put.
    get : stream of `ENTRY`, request after request. After a mark it says nothing until `release`.
    two : `get` has two bytes at hand: a write, which takes the memory for a cycle, will not make
        it pause.
    release : the room of the request is free, all of which up to its mark has been taken.
    rewind : give the same request once more, from its first byte.

    Parameters: `depth`, bytes, a power of two; depth - 1 can be held.

    Latency from put to get 4 cycles. Throughput a byte every second cycle in; one a cycle out, but
    where writes take their turn.
    """

    def __init__(self, depth: int):
        if depth < 16 or depth & depth - 1:
            raise ValueError(f"a ring has a power of two of bytes, at least 16, not {depth}")
        self._depth = depth
        super().__init__(
            {
                "put": In(stream.Signature(ENTRY, always_ready=True)),
                "drop": In(1),
                "full": Out(1),
                "get": Out(stream.Signature(ENTRY)),
                "two": Out(1),
                "release": In(1),
                "rewind": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.store = store = Store(self._depth)

        # In the order in which they follow one another; positions of the next byte but `write`.
        kept, read, committed, write = (
            Signal(range(self._depth), name=name) for name in ("kept", "read", "committed", "write")
        )
        filled = Signal()  # there is a byte at `write` already: the next one goes behind it
        writing, entry = Signal(), Signal(ENTRY)
        following = Signal.like(write)
        m.d.comb += [following.eq(write + 1), self.full.eq(following == kept)]
        m.d.sync += writing.eq(self.put.valid)
        with m.If(self.put.valid):
            m.d.sync += entry.eq(self.put.payload)
            with m.If(~self.put.payload.mark):
                m.d.sync += filled.eq(1)
                with m.If(filled):
                    m.d.sync += write.eq(following)
        with m.If(writing & entry.mark):
            m.d.sync += [committed.eq(following), write.eq(following), filled.eq(0)]
        with m.If(self.drop):
            m.d.sync += [write.eq(committed), filled.eq(0)]

        # `latest` holds what has been read, `head` what waits in front of it.
        latest, head = store.latest, Signal(ENTRY)
        latest_valid, head_valid = Signal(), Signal()
        taken = Signal()
        empties = Signal()  # `latest` goes to `head`, or out
        fetch = Signal()
        ended = (latest_valid & latest.mark) | (head_valid & head.mark)
        m.d.comb += [
            self.get.valid.eq(head_valid | latest_valid),
            self.get.payload.eq(Mux(head_valid, head, latest)),
            self.two.eq(head_valid & latest_valid),
            taken.eq(self.get.valid & self.get.ready),
            empties.eq(~head_valid),
            fetch.eq((~latest_valid | empties) & ~ended & ~writing & (read != committed)),
            store.address.eq(Mux(writing, write, read)),
            store.write.eq(writing),
            store.entry.eq(entry),
            store.fetch.eq(fetch),
        ]
        with m.If(~head_valid):
            m.d.sync += [head.eq(latest), head_valid.eq(latest_valid & ~taken)]
        with m.Elif(taken):
            m.d.sync += head_valid.eq(0)
        with m.If(fetch):
            m.d.sync += [latest_valid.eq(1), read.eq(read + 1)]
        with m.Elif(empties):
            m.d.sync += latest_valid.eq(0)
        with m.If(self.release):
            m.d.sync += kept.eq(read)
        with m.If(self.rewind):
            m.d.sync += [read.eq(kept), latest_valid.eq(0), head_valid.eq(0)]
        return m
