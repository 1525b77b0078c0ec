"""The spike-time priority queue: a calendar of buckets, one a tick of the window."""

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from .find import first_set


class SpikeQueue(wiring.Component):
    def __init__(self, n_keys, shape, capacity):
        self._n_keys = n_keys
        self._shape = shape
        self._capacity = capacity
        item = data.StructLayout({"key": range(n_keys), "value": shape})
        super().__init__(
            {
                "push": In(stream.Signature(item)),
                "pop": Out(stream.Signature(item)),
                "release": In(1),
                "clear": In(1),
                "empty": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        n, cap = self._n_keys, self._capacity
        m.submodules.values = values = memory.Memory(shape=self._shape, depth=cap, init=[])
        m.submodules.links = links = memory.Memory(shape=range(cap), depth=cap, init=[])
        wv, rv = values.write_port(), values.read_port(transparent_for=())
        wl, rl = links.write_port(), links.read_port(transparent_for=())
        place = Signal(range(cap + 1))
        bitmap = Signal(n)
        heads = Array(Signal(range(cap), name=f"head_{i}") for i in range(n))
        tails = Array(Signal(range(cap), name=f"tail_{i}") for i in range(n))
        any_, _, key = first_set(bitmap)
        push = Signal()
        k = self.push.payload.key
        m.d.comb += [
            self.push.ready.eq(place < cap),
            push.eq(self.push.valid & self.push.ready),
            wv.addr.eq(place), wv.data.eq(self.push.payload.value), wv.en.eq(push),
            wl.addr.eq(tails[k]), wl.data.eq(place), wl.en.eq(push & bitmap.bit_select(k, 1)),
        ]
        # select
        again = Signal()  # links output is the head of `again_key`
        again_key = Signal(range(n))
        sel = Signal()
        head = Signal(range(cap))
        m.d.comb += [
            sel.eq(self.release & any_ & (~self.pop.valid | self.pop.ready)),
            head.eq(Mux(again & (again_key == key), rl.data, heads[key])),
            rv.addr.eq(head), rl.addr.eq(head), rv.en.eq(sel), rl.en.eq(sel),
            self.pop.payload.value.eq(rv.data),
        ]
        with m.If(again):
            m.d.sync += heads[again_key].eq(rl.data)
        is_last = head == tails[key]
        m.d.sync += again.eq(0)
        with m.If(self.pop.ready):
            m.d.sync += self.pop.valid.eq(0)
        with m.If(sel):
            m.d.sync += [self.pop.valid.eq(1), self.pop.payload.key.eq(key)]
            with m.If(is_last):
                m.d.sync += bitmap.bit_select(key, 1).eq(0)
            with m.Else():
                m.d.sync += [again.eq(1), again_key.eq(key)]
        with m.If(push):
            m.d.sync += [place.eq(place + 1), tails[k].eq(place), bitmap.bit_select(k, 1).eq(1)]
            with m.If(~bitmap.bit_select(k, 1) | (sel & is_last & (key == k))):
                m.d.sync += heads[k].eq(place)
        with m.Elif(~bitmap.any() & ~self.pop.valid):
            m.d.sync += place.eq(0)
        m.d.comb += self.empty.eq(~bitmap.any() & ~self.pop.valid)
        with m.If(self.clear):
            m.d.sync += [bitmap.eq(0), self.pop.valid.eq(0), place.eq(0), again.eq(0)]
        return m
