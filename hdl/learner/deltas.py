# SPDX-License-Identifier: BSD-2-Clause
"""The sign planes, and the corrections of the hidden neurons from their population counts."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing.layer import LayerFolding
from firstspike.hdl.layer.lanes import probe_signature
from firstspike.hdl.lib.arithmetic import times
from firstspike.hdl.lib.block import Block, tap
from firstspike.hdl.lib.popcount import popcount
from firstspike.hdl.lib.resetless_register import resetless_register


def sign_signature(hidden: LayerFolding, last: LayerFolding) -> wiring.Signature:
    """Return the signature of the signs of a word of the last layer.

    `group` and `lane` are those of the hidden neuron that is the word's row; `part` is the group of
    outputs; `negative` has a bit per output.
    """
    return tap(
        group=range(hidden.groups),
        lane=range(hidden.lanes),
        part=range(last.groups),
        negative=last.lanes,
    )


class Deltas(Block):
    """Compute sign(p - q), the correction of each hidden neuron with S + threshold > 0, by groups.

    p counts the outputs whose error requires h to fire earlier, q those that require a later spike
    (DESIGN, section 5). Only the signs of the output weights matter. A separate memory holds them,
    so that the signs of a group are read in one cycle. Every output in D_plus or D_minus counts for
    p or for q, so p + q = |D_plus| + |D_minus|, and one population count per lane suffices.

    Latency from `start` to `done`: `hidden.deltas_cycles`. Throughput: one group per cycle.
    """

    def __init__(self, hidden: LayerFolding, last: LayerFolding) -> None:
        self._hidden, self._last = hidden, last
        lanes, n_out = hidden.lanes, last.n_out
        super().__init__(
            #: The signs of a word to store; not between `start` and `done`.
            sign=In(sign_signature(hidden, last)),
            #: D_plus and D_minus, disjoint. Stable from `start` to `done`, like `tie_later`.
            plus=In(n_out),
            minus=In(n_out),
            #: If p == q, delta is -1 instead of 0.
            tie_later=In(1),
            #: Start the computation. The deltas can be read from the cycle after `done` on.
            start=In(1),
            #: The last deltas are being stored.
            done=Out(1),
            #: Request to the Lanes for the neurons of a group with S + threshold > 0.
            probe=Out(probe_signature(hidden)),
            #: Answer of the Lanes, one cycle later.
            alive=In(lanes),
            #: The group whose deltas are read.
            group=In(range(hidden.groups)),
            #: Read enable.
            read=In(1),
            #: The lanes with delta = 1 and with delta = -1, in the cycle after `read`.
            earlier=Out(lanes),
            later=Out(lanes),
        )

    def build(self, m: Module) -> None:
        hidden, last = self._hidden, self._last
        lanes, groups = hidden.lanes, hidden.groups
        row = last.groups * last.lanes  # bits per hidden neuron

        # One word per hidden group, with a write enable for each part of a neuron's row. No word is
        # written in the cycle in which it is read.
        m.submodules.signs = signs = memory.Memory(
            shape=lanes * row, depth=groups, init=[], attrs={"no_rw_check": 1}
        )
        write = signs.write_port(granularity=last.lanes)
        read = signs.read_port(domain="comb")
        sign_word = resetless_register(lanes * row)
        part_index = times(last.groups, self.sign.lane) + self.sign.part
        m.d.comb += [
            write.addr.eq(self.sign.group),
            write.data.eq(Cat([self.sign.negative] * (lanes * last.groups))),
            write.en.eq(Mux(self.sign.valid, 1 << part_index, 0)),
        ]

        # Three pipeline stages per group: read, count, store.
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

        corrections = self._compare(m, sign_word)
        counted = Signal(2 * lanes)
        with m.If(counting):
            m.d.sync += counted.eq(corrections)

        m.submodules.computed = computed = memory.Memory(
            shape=2 * lanes, depth=groups, init=[], attrs={"no_rw_check": 1}
        )
        store, fetch = computed.write_port(), computed.read_port(domain="comb")
        m.d.comb += [
            store.en.eq(storing),
            store.addr.eq(stored_group),
            store.data.eq(counted),
            fetch.addr.eq(self.group),
        ]
        with m.If(self.read):
            m.d.sync += Cat(self.earlier, self.later).eq(fetch.data)

    def _compare(self, m: Module, sign_word: Value) -> Value:
        """Return the lanes of a group with delta = 1, and above them those with delta = -1.

        `sign_word` has the signs of the group's neurons.
        """
        last = self._last
        row, n_out = last.groups * last.lanes, last.n_out
        total = Signal(range(n_out + 1))
        m.d.sync += total.eq(popcount(self.plus | self.minus))
        earlier, later = [], []
        for lane in range(self._hidden.lanes):
            negative = sign_word[lane * row :][:n_out]
            p = Signal(range(n_out + 1), name=f"p_{lane}")
            m.d.comb += p.eq(popcount((self.plus & ~negative) | (self.minus & negative)))
            earlier.append(self.alive[lane] & ((p << 1) > total))
            later.append(
                self.alive[lane] & (((p << 1) < total) | (self.tie_later & ((p << 1) == total)))
            )
        return Cat(earlier, later)
