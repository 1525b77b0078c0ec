# SPDX-License-Identifier: BSD-2-Clause
"""The inputs that spiked before the limit of the margin, and the hidden neurons that they drive."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing import latencies
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.events import address_shape, tick_shape
from firstspike.hdl.layer.lane_state import slope_shape
from firstspike.hdl.layer.lanes import probe_signature
from firstspike.hdl.layer.weight_store import update_layout, word_layout
from firstspike.hdl.lib.block import Block, assign_members, struct, tap
from firstspike.hdl.lib.pipeline import delayed
from firstspike.hdl.lib.resetless_register import resetless_register


class CausalInputs(Block):
    """Determine the inputs that spiked before zc, and the hidden neurons with B > 0 for these.

    The hidden layer may have accepted spikes after the limit, so its S is of no use. A log has the
    spikes of an image in the order of their ticks. After the image one sweep over the first spikes
    of the log, for each group of neurons, adds the weights of their rows. The WeightStore returns
    the weights for updates that change nothing.

    Latency from `start` to `done`: `hidden.folding.causal_cycles(rows)`.
    Throughput: one row per cycle and group.
    """

    def __init__(self, hidden: LayerConfig) -> None:
        self._config = hidden
        n_in = hidden.folding.n_in
        super().__init__(
            #: Record a spike, in the order of the ticks.
            add=In(tap(tick=tick_shape(hidden.deadline), address=range(n_in))),
            #: Empty the log.
            clear=In(1),
            #: Start the sweep. No spike is added from here to the next `clear`.
            start=In(1),
            #: zc: the rows of spikes before this tick are part of the result. Stable from `start`
            #: to `done`.
            limit=In(range(hidden.deadline + 2)),
            #: The result is complete.
            done=Out(1),
            #: The rows of the result, once each.
            row=Out(tap(address=range(n_in))),
            #: Updates without a change, for the WeightStore, which must always be ready.
            updates=Out(stream.Signature(update_layout(hidden.folding))),
            #: A word is returned, in the order of `updates`.
            returned=In(tap(word=word_layout(hidden))),
            #: Request for the neurons of a group with B > 0, after `done`.
            probe=In(probe_signature(hidden.folding)),
            #: The answer, one cycle later.
            alive=Out(hidden.folding.lanes),
        )

    def build(self, m: Module) -> None:
        folding = self._config.folding
        n_in, groups = folding.n_in, folding.groups
        entry_layout = struct(tick=tick_shape(self._config.deadline), address=address_shape(n_in))

        # The log. A spike more than the layer has inputs is an input's second one, and has no room.
        m.submodules.log = log = memory.Memory(
            shape=entry_layout, depth=n_in, init=[], attrs={"no_rw_check": 1}
        )
        write, read = log.write_port(), log.read_port(domain="comb")
        entry = resetless_register(entry_layout, "entry")
        count = Signal(range(n_in + 1))
        index = Signal(range(n_in + 1))
        m.d.comb += [
            write.en.eq(self.add.valid & (count != n_in)),
            write.addr.eq(count),
            assign_members(write.data, self.add, "tick", "address"),
            read.addr.eq(index),
        ]
        with m.If(self.clear):
            m.d.sync += count.eq(0)
        with m.Elif(write.en):
            m.d.sync += count.eq(count + 1)

        # The sweep: the entry in the register is a row of the result, or ends the group.
        reading, present, exists = Signal(), Signal(), Signal()
        group, base = Signal(range(groups)), Signal(range(self._config.words))
        takes, closes = Signal(), Signal()
        update = self.updates.payload
        m.d.comb += [
            takes.eq(present & exists & (entry.tick < self.limit)),
            closes.eq(present & ~takes),
            self.row.valid.eq(takes & (group == 0)),
            self.row.address.eq(entry.address),
            update.step.eq(0),
            update.plus.eq(0),
            update.minus.eq(0),
        ]
        with m.If(reading):
            m.d.sync += [entry.eq(read.data), exists.eq(index != count), index.eq(index + 1)]
        m.d.sync += [
            present.eq(reading & ~closes),
            self.updates.valid.eq(takes),
            update.address.eq(base + entry.address),
        ]
        with m.If(self.start):
            m.d.sync += [reading.eq(1), index.eq(0), group.eq(0), base.eq(0)]
        with m.Elif(closes):
            m.d.sync += [
                reading.eq(group != groups - 1),
                index.eq(0),
                group.eq(group + 1),
                base.eq(base + n_in),
            ]
        returned = latencies.SWEEP_UPDATE + folding.update_cycles
        self._sum(m, delayed(m, closes, returned, "closes"))

    def _sum(self, m: Module, closes: Signal) -> None:
        """Add the returned words of a group until it `closes`, and store which sums are above 0."""
        config, folding = self._config, self._config.folding
        m.submodules.alive = alive = memory.Memory(
            shape=folding.lanes, depth=folding.groups, init=[], attrs={"no_rw_check": 1}
        )
        write, read = alive.write_port(), alive.read_port(domain="comb")
        group = Signal(range(folding.groups))
        # Like S, the sums begin at -threshold, because the widths are those of S.
        start = Const(-config.threshold, slope_shape(config))
        above = []
        for lane in range(folding.lanes):
            total = Signal(slope_shape(config), init=start.value, name=f"total_{lane}")
            above.append(total > -config.threshold)
            with m.If(self.start | closes):
                m.d.sync += total.eq(start)
            with m.Elif(self.returned.valid):
                m.d.sync += total.eq(total + (self.returned.word[lane] >> config.unused_bits))
        m.d.comb += [
            write.en.eq(closes),
            write.addr.eq(group),
            write.data.eq(Cat(above)),
            read.addr.eq(self.probe.group),
            self.done.eq(closes & (group == folding.groups - 1)),
        ]
        with m.If(self.start):
            m.d.sync += group.eq(0)
        with m.Elif(closes):
            m.d.sync += group.eq(group + 1)
        with m.If(self.probe.valid):
            m.d.sync += self.alive.eq(read.data)
