# SPDX-License-Identifier: BSD-2-Clause
"""The sweeps of the Learner over the weight rows that took part in an image."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing import latencies
from firstspike.golden.timing.layer import LayerFolding
from firstspike.hdl.layer.events import address_shape
from firstspike.hdl.layer.update_pipeline import STEP_BITS
from firstspike.hdl.layer.weight_store import update_layout, updated_signature
from firstspike.hdl.lib.block import Block, assign_members, tap
from firstspike.hdl.lib.pipeline import delayed
from firstspike.hdl.lib.resetless_register import resetless_register

from .address_set import AddressSet
from .deltas import sign_signature


def sweep_ports(folding: LayerFolding) -> dict[str, wiring.Member]:
    """Return the common ports of both sweeps."""
    return {
        #: Add a row to the set of rows that took part.
        "add": In(tap(address=range(folding.n_in))),
        #: Empty the set, and abort a sweep.
        "clear": In(1),
        #: Start the sweep over the rows added so far.
        "start": In(1),
        #: The sweep is complete.
        "done": Out(1),
        #: Draw a random number for a row.
        "take": Out(1),
        #: The result of the draw, in the same cycle: whether the row is updated.
        "drawn": In(1),
        #: Updates for the WeightStore, which must always be ready.
        "updates": Out(stream.Signature(update_layout(folding))),
    }


def _connect_set(m: Module, sweep: Block, n_in: int) -> AddressSet:
    """Build the set of a sweep's rows and connect its ports `add` and `clear`."""
    m.submodules.rows = rows = AddressSet(n_in)
    m.d.comb += [
        assign_members(rows.add, sweep.add, "valid", "address"),
        rows.clear.eq(sweep.clear),
    ]
    return rows


class OutputSweep(Block):
    """Update the output weights of each drawn hidden neuron, group by group.

    Latency: from `start` to the first row: `latencies.SWEEP_START`; from a row to its update:
    `latencies.SWEEP_UPDATE`; from the last row (`start` if there is none) to `done`:
    `latencies.SWEEP_DONE`. Throughput: a drawn neuron takes one cycle per group of outputs, any
    other neuron of the set one cycle.
    """

    def __init__(self, last: LayerFolding, **ports: wiring.Member) -> None:
        self._last, n_out = last, last.n_out
        super().__init__(
            **sweep_ports(last),
            #: The outputs whose weights increase by 1, and decrease by 1. Stable during the sweep.
            plus=In(n_out),
            minus=In(n_out),
            **ports,
        )

    def _scan(self) -> Value:
        """Return whether `start` begins a scan of all neurons, without draws and changes."""
        return Const(0)

    def _locate(self, m: Module, neuron: Value, has_neuron: Value) -> Value:
        """Return whether the neuron can be processed."""
        return Const(1)

    def _sign(self, m: Module, part: Value) -> None:
        """Return the signs of the words; `part` is the group of outputs of the current word."""

    def build(self, m: Module) -> None:
        last, scan = self._last, self._scan()
        n_hidden, parts = last.n_in, last.groups
        rows = _connect_set(m, self, n_hidden)

        # The current neuron: of the set, or in a scan of a counter over all neurons.
        active, scanning = Signal(), Signal()
        counter = Signal(range(n_hidden))
        neuron = Signal(range(n_hidden))
        has_neuron, final = Signal(), Signal()
        consume = Signal()
        m.d.comb += [
            rows.start.eq(self.start & ~scan & ~rows.empty),
            neuron.eq(Mux(scanning, counter, rows.sweep.payload.address)),
            has_neuron.eq(active & (scanning | rows.sweep.valid)),
            final.eq(Mux(scanning, counter == n_hidden - 1, rows.sweep.payload.last)),
            rows.sweep.ready.eq(consume & ~scanning),
        ]

        # Each drawn neuron has one word per group of outputs.
        inside = self._locate(m, neuron, has_neuron)
        part = Signal(range(parts))
        offset = Signal(range(self._last.words))
        issue = Signal()
        ends = Signal()
        m.d.comb += [
            self.take.eq(has_neuron & inside & (part == 0) & ~scanning),
            issue.eq(has_neuron & inside & (scanning | (part != 0) | self.drawn)),
            consume.eq(has_neuron & inside & (~issue | (part == parts - 1))),
            ends.eq(consume & final),
        ]
        m.d.sync += self.done.eq(ends | (self.start & ~scan & rows.empty))
        with m.If(self.start):
            m.d.sync += [
                active.eq(scan | ~rows.empty),
                scanning.eq(scan),
                counter.eq(0),
                part.eq(0),
                offset.eq(0),
            ]
        with m.Elif(ends):
            m.d.sync += active.eq(0)
        with m.Elif(consume):
            m.d.sync += [counter.eq(counter + 1), part.eq(0), offset.eq(0)]
        with m.Elif(issue):
            m.d.sync += [part.eq(part + 1), offset.eq(offset + n_hidden)]

        update = self.updates.payload
        m.d.sync += [
            self.updates.valid.eq(issue),
            update.address.eq(offset + neuron),
            update.plus.eq(Mux(scanning, 0, self.plus).word_select(part, last.lanes)),
            update.minus.eq(Mux(scanning, 0, self.minus).word_select(part, last.lanes)),
            update.step.eq(1),
        ]
        self._sign(m, part)


class SignedOutputSweep(OutputSweep):
    """An OutputSweep that returns the signs of each word, with the word's hidden neuron.

    Latency: that of OutputSweep. Throughput: that of OutputSweep, and one more cycle for each
    further group of hidden neurons, up to that of the last neuron.
    """

    def __init__(self, hidden: LayerFolding, last: LayerFolding) -> None:
        self._hidden = hidden
        super().__init__(
            last,
            #: With `start`: sweep over all neurons without draws and without changes, so that the
            #: WeightStore returns all signs.
            scan=In(1),
            #: The signs of an updated word, from the WeightStore.
            updated=In(updated_signature(last)),
            #: The same signs, with the hidden neuron that is the row of the word.
            sign=Out(sign_signature(hidden, last)),
        )

    def _scan(self) -> Value:
        return self.scan

    def _locate(self, m: Module, neuron: Value, has_neuron: Value) -> Value:
        # `group` is incremented until it contains the neuron.
        hidden = self._hidden
        first = Signal(range(hidden.groups * hidden.lanes + 1))
        self._group = group = Signal(range(hidden.groups))
        self._lane = lane = neuron - first
        inside = lane < hidden.lanes
        with m.If(self.start):
            m.d.sync += [first.eq(0), group.eq(0)]
        with m.Elif(has_neuron & ~inside):
            m.d.sync += [first.eq(first + hidden.lanes), group.eq(group + 1)]
        return inside

    def _sign(self, m: Module, part: Value) -> None:
        # The position of the signs is delayed until the word is written.
        delay = latencies.SWEEP_UPDATE + self._last.update_cycles
        position = Cat(self._group, self._lane[: len(self.sign.lane)], part)
        position = delayed(m, position, delay, "position")
        m.d.comb += [
            self.sign.valid.eq(self.updated.valid),
            Cat(self.sign.group, self.sign.lane, self.sign.part).eq(position),
            self.sign.negative.eq(self.updated.negative),
        ]


class InputSweep(Block):
    """Update the weights of the drawn inputs, for one group of hidden neurons at a time.

    For group 0 the rows are drawn and recorded in a list; the other groups replay the list.

    Latency: that of OutputSweep. Throughput: one cycle per row of the set for group 0, and one
    cycle per drawn row for each other group.
    """

    def __init__(self, hidden: LayerFolding) -> None:
        self._hidden = hidden
        lanes = hidden.lanes
        super().__init__(
            **sweep_ports(hidden),
            #: The amount by which weights change.
            step=In(STEP_BITS),
            #: The group whose deltas are read.
            group=Out(range(hidden.groups)),
            #: Read enable for `earlier` and `later` of `group`, which are valid in the next cycle.
            read=Out(1),
            #: The lanes of the group whose weights increase, and those whose weights decrease.
            earlier=In(lanes),
            later=In(lanes),
        )

    def build(self, m: Module) -> None:
        n_in, groups = self._hidden.n_in, self._hidden.groups
        rows = _connect_set(m, self, n_in)

        # Group 0 draws rows and records them in a list; the other groups replay the list.
        drawing, replaying = Signal(), Signal()
        count = Signal(range(n_in + 1))  # number of drawn rows
        index = Signal(range(n_in))
        base = Signal(range(self._hidden.words))
        row_valid = rows.sweep.valid & drawing
        accept = Signal()
        following = Signal.like(count)
        m.d.comb += [
            rows.start.eq(self.start & ~rows.empty),
            rows.sweep.ready.eq(drawing),
            self.take.eq(row_valid),
            accept.eq(row_valid & self.drawn),
            following.eq(count + accept),
            self.read.eq(drawing | replaying),
        ]
        self._send(m, rows.sweep.payload.address, base, accept, count, replaying, index)

        # The state of the sweep.
        draws_done = row_valid & rows.sweep.payload.last  # the draws are complete
        replay_done = replaying & (index + 1 == count)
        ends = Signal()
        m.d.comb += ends.eq(
            (draws_done & ((following == 0) | (groups == 1)))
            | (replay_done & (self.group == groups - 1))
        )
        m.d.sync += [count.eq(following), self.done.eq(ends | (self.start & rows.empty))]
        with m.If(self.start):
            m.d.sync += [
                drawing.eq(~rows.empty),
                count.eq(0),
                self.group.eq(0),
                base.eq(0),
                index.eq(0),
            ]
        with m.Elif(ends):
            m.d.sync += [drawing.eq(0), replaying.eq(0)]
        with m.Elif(draws_done | replay_done):
            m.d.sync += [
                drawing.eq(0),
                replaying.eq(1),
                self.group.eq(self.group + 1),
                base.eq(base + n_in),
                index.eq(0),
            ]
        with m.Elif(replaying):
            m.d.sync += index.eq(index + 1)

    def _send(
        self,
        m: Module,
        drawn_row: Value,
        base: Value,
        accept: Value,
        count: Value,
        replaying: Value,
        index: Value,
    ) -> None:
        """Build the list of drawn rows, and send the update of a row.

        With `accept`, `drawn_row` becomes entry `count` of the list. With `replaying`, the row is
        entry `index`. One cycle later the row and the deltas of the group are valid.
        """
        n_in = self._hidden.n_in
        m.submodules.drawn_rows = drawn_rows = memory.Memory(
            shape=address_shape(n_in), depth=n_in, init=[], attrs={"no_rw_check": 1}
        )
        write, read = drawn_rows.write_port(), drawn_rows.read_port(domain="comb")
        listed_row = resetless_register(read.data.shape())
        listed = Signal()
        row = Signal(range(n_in))
        row_base = Signal.like(base)
        update = self.updates.payload
        m.d.sync += [
            self.updates.valid.eq(accept | replaying),
            listed.eq(replaying),
            row.eq(drawn_row),
            row_base.eq(base),
        ]
        with m.If(replaying):
            m.d.sync += listed_row.eq(read.data)
        m.d.comb += [
            write.en.eq(accept),
            write.addr.eq(count),
            write.data.eq(drawn_row),
            read.addr.eq(index),
            update.address.eq(row_base + Mux(listed, listed_row, row)),
            update.plus.eq(self.earlier),
            update.minus.eq(self.later),
            update.step.eq(self.step),
        ]
