# SPDX-License-Identifier: BSD-2-Clause
"""Sign planes, and the corrections of the hidden neurons from popcounts of them."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.lanes import probe_signature
from firstspike.hdl.lib.arithmetic import times
from firstspike.hdl.lib.block import Block, tap
from firstspike.hdl.lib.popcount import popcount
from firstspike.hdl.lib.unknown_register import unknown_register


def sign_signature(hidden: LayerConfig, last: LayerConfig) -> wiring.Signature:
    """A word of the last layer: the hidden neuron of its row, the group, the signs."""
    return tap(
        group=range(hidden.folding.groups),
        lane=range(hidden.folding.lanes),
        part=range(last.folding.groups),
        negative=last.folding.lanes,
    )


class Deltas(Block):
    """delta[h] = sign(p - q) of every hidden neuron h with S + threshold > 0, group by group.

    p counts the outputs that ask it to fire earlier, q those that ask it to fire later (design,
    section 5): all that is known of a weight is its sign, kept here once more so that a group's
    are read in one cycle. Every output in D_plus or D_minus asks for one or the other, so
    p + q = |D_plus| + |D_minus| and one popcount a lane is enough.

    Latency from `start` to `done`: `hidden.folding.deltas_cycles`.
    """

    def __init__(self, hidden: LayerConfig, last: LayerConfig) -> None:
        self._hidden, self._last = hidden, last
        lanes, n_out = hidden.folding.lanes, last.folding.n_out
        super().__init__(
            #: Not while deltas are computed.
            sign=In(sign_signature(hidden, last)),
            #: D_plus and D_minus, disjoint. Steady from `start` to `done`, as is `tie_later`.
            plus=In(n_out),
            minus=In(n_out),
            #: p == q means later.
            tie_later=In(1),
            #: Compute the deltas; they are there from the cycle after `done` on.
            start=In(1),
            done=Out(1),
            #: The Lanes are asked for a group's neurons with S + threshold > 0.
            probe=Out(probe_signature(hidden)),
            #: Their answer, a cycle later.
            alive=In(lanes),
            #: Which group's deltas are wanted.
            group=In(range(hidden.folding.groups)),
            read=In(1),
            #: In the cycle after `read`, the lanes with delta = 1 and with -1.
            earlier=Out(lanes),
            later=Out(lanes),
        )

    def build(self, m: Module) -> None:
        hidden, last = self._hidden.folding, self._last.folding
        lanes, groups, n_out = hidden.lanes, hidden.groups, last.n_out
        row = last.groups * last.lanes  # bits a hidden neuron takes

        # A word a hidden group; a part of a neuron's row is written by itself. No word is written
        # in the cycle in which it is read.
        m.submodules.signs = signs = memory.Memory(
            shape=lanes * row, depth=groups, init=[], attrs={"no_rw_check": 1}
        )
        write = signs.write_port(granularity=last.lanes)
        read = signs.read_port(domain="comb")
        sign_word = unknown_register(lanes * row)
        place = times(last.groups, self.sign.lane) + self.sign.part
        m.d.comb += [
            write.addr.eq(self.sign.group),
            write.data.eq(Cat([self.sign.negative] * (lanes * last.groups))),
            write.en.eq(Mux(self.sign.valid, 1 << place, 0)),
        ]

        # Three steps a group: read, count, store.
        asking, group = Signal(), Signal(range(groups))
        counting, counted_group = Signal(), Signal(range(groups))
        storing, stored_group = Signal(), Signal(range(groups))
        m.d.comb += [
            self.probe.valid.eq(asking),
            self.probe.group.eq(group),
            read.addr.eq(group),
            self.done.eq(storing & (stored_group == groups - 1)),
        ]
        m.d.sync += [
            counting.eq(asking),
            counted_group.eq(group),
            storing.eq(counting),
            stored_group.eq(counted_group),
        ]
        with m.If(asking):
            m.d.sync += sign_word.eq(read.data)
        with m.If(self.start):
            m.d.sync += [asking.eq(1), group.eq(0)]
        with m.Elif(asking):
            m.d.sync += [group.eq(group + 1), asking.eq(group != groups - 1)]

        asked = Signal(range(n_out + 1))
        m.d.sync += asked.eq(popcount(self.plus | self.minus))
        earlier, later = Signal(lanes), Signal(lanes)
        earlier_lanes, later_lanes = [], []
        for lane in range(lanes):
            negative = sign_word[lane * row :][:n_out]
            p = Signal(range(n_out + 1), name=f"p_{lane}")
            m.d.comb += p.eq(popcount((self.plus & ~negative) | (self.minus & negative)))
            earlier_lanes.append(self.alive[lane] & ((p << 1) > asked))
            later_lanes.append(
                self.alive[lane] & (((p << 1) < asked) | (self.tie_later & ((p << 1) == asked)))
            )
        with m.If(counting):
            m.d.sync += [earlier.eq(Cat(earlier_lanes)), later.eq(Cat(later_lanes))]

        m.submodules.computed = computed = memory.Memory(
            shape=2 * lanes, depth=groups, init=[], attrs={"no_rw_check": 1}
        )
        store, fetch = computed.write_port(), computed.read_port(domain="comb")
        m.d.comb += [
            store.en.eq(storing),
            store.addr.eq(stored_group),
            store.data.eq(Cat(earlier, later)),
            fetch.addr.eq(self.group),
        ]
        with m.If(self.read):
            m.d.sync += Cat(self.earlier, self.later).eq(fetch.data)
