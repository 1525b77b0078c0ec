# SPDX-License-Identifier: BSD-2-Clause
"""What must hold of a SpikeQueue in every cycle, and the invariants that prove it by induction."""

from amaranth.hdl import Assert, Assume, Cat, Cover, Mux, Signal

from firstspike.hdl.lib.queue import SpikeQueue


class QueueProof(SpikeQueue):
    """A queue with a reference of what it should hold: properties, invariants and covers.

    The reference knows what a user knows. Item n since nothing was stored is in slot n, with its
    key and value, for as long as it is stored; slots are thus in order of arrival. Whether an item
    is taken, and which one is selected when, it decides for itself.

    All inputs are free, reset and clear too; only keys that there are not must not be pushed.
    """

    def elaborate(self, platform):
        m = super().elaborate(platform)
        capacity, push, pop = self.capacity, self.push, self.pop
        m.d.comb += Assume(push.payload.key < self.n_keys)

        # The reference: slots, and the item that is offered.
        slots = range(capacity)
        stored = [Signal(name=f"stored_{n}") for n in slots]
        items = [Signal(push.payload.shape(), name=f"item_{n}") for n in slots]
        count = Signal(range(capacity + 1))
        offered = Signal()
        offered_item = Signal(push.payload.shape())

        def of_key(n, key):
            return stored[n] & (items[n].key == key)

        first = [  # slot n has the smallest key, and no slot before it has it
            stored[n]
            & Cat(
                ~stored[other]
                | (items[n].key < items[other].key)
                | ((items[n].key == items[other].key) & (n <= other))
                for other in slots
            ).all()
            for n in slots
        ]
        alone = Cat(
            first[n] & ~Cat(of_key(other, items[n].key) for other in slots if other != n).any()
            for n in slots
        ).any()
        any_ = Cat(stored).any()
        take = Signal()
        select = Signal()
        m.d.comb += [
            take.eq(push.valid & (count != capacity)),
            select.eq(self.release & any_ & (~offered | pop.ready)),
        ]
        with m.If(pop.ready):
            m.d.sync += offered.eq(0)
        for n in slots:
            with m.If(select & first[n]):
                m.d.sync += [stored[n].eq(0), offered.eq(1), offered_item.eq(items[n])]
            with m.If(take & (count == n)):
                m.d.sync += [stored[n].eq(1), items[n].eq(push.payload)]
        with m.If(take):
            m.d.sync += count.eq(count + 1)
        with m.Elif(~any_):
            m.d.sync += count.eq(0)
        with m.If(self.clear):
            m.d.sync += [Cat(stored).eq(0), count.eq(0), offered.eq(0)]

        # The properties.
        m.d.comb += [
            Assert(push.ready == (count != capacity), "always accepts when not full"),
            Assert(pop.valid == offered, "offers an item when, and only when, it should"),
            Assert(~offered | (pop.payload == offered_item), "offers the first of the smallest"),
            Assert(self.empty == ~(any_ | offered), "says when it is empty"),
        ]

        for name in "values", "links":
            memory = getattr(m.submodules, name)
            read, write = memory.read_ports[0], memory.write_ports[0]
            collides = read.en & write.en & (read.addr == write.addr)
            m.d.comb += Assert(~collides, "reads nothing that is being written")

        # The invariants: how the queue keeps what the reference has.
        def row(name, n):
            """Word n of a memory of the queue."""
            port = getattr(m.submodules, name).read_port(domain="comb")
            m.d.comb += port.addr.eq(n)
            return port.data

        def follows(n, later):
            """The item of slot `later` is the next of its key after the one of slot n."""
            between = (of_key(other, items[n].key) for other in range(n + 1, later))
            return stored[n] & of_key(later, items[n].key) & ~Cat(between).any()

        links_output = m.submodules.links.read_ports[0].data
        m.d.comb += [
            Assert((self._place == count) & (count <= capacity)),
            Assert(~self._behind | self._stored.bit_select(self._behind_key, 1)),
        ]
        for n in slots:
            m.d.comb += [
                Assert(~stored[n] | ((n < count) & (items[n].key < self.n_keys))),
                Assert(~stored[n] | (row("values", n) == items[n].value)),
                *(
                    Assert(~follows(n, later) | (row("links", n) == later))
                    for later in range(n + 1, capacity)
                ),
            ]
        for key in range(self.n_keys):
            has = [of_key(n, key) for n in slots]
            is_behind = self._behind & (self._behind_key == key)
            head, tail = row("heads", key), row("tails", key)
            is_first = self._first == key
            less_stored = Cat(of_key(n, less) for n in slots for less in range(key)).any()
            m.d.comb += [
                Assert(self._stored[key] == Cat(has).any()),
                Assert(~Cat(has).any() | less_stored | is_first),
            ]
            for n in slots:
                is_head = has[n] & ~Cat(has[:n]).any()
                is_tail = has[n] & ~Cat(has[n + 1 :]).any()
                m.d.comb += [
                    Assert(~is_head | (Mux(is_behind, links_output, head) == n)),
                    Assert(~is_tail | (tail == n)),
                    Assert(~(is_first & is_head) | is_behind | (self._first_head == n)),
                    Assert(~(is_first & is_tail) | (self._first_tail == n)),
                    # What lets the one that is behind wait: smaller keys have one item at most.
                    Assert(~(self._behind & (key < self._behind_key) & has[n]) | is_head),
                ]

        # What must be possible, or the proof would be of nothing.
        was_full = Signal()
        streak = Signal(range(capacity + 2))  # pops one after the other
        popped = pop.valid & pop.ready
        with m.If(~push.ready):
            m.d.sync += was_full.eq(1)
        with m.If(~popped):
            m.d.sync += streak.eq(0)
        with m.Elif(streak != capacity + 1):
            m.d.sync += streak.eq(streak + 1)
        of_selected = Cat(first[n] & (items[n].key == push.payload.key) for n in slots).any()
        smaller = Cat(first[n] & (push.payload.key < items[n].key) for n in slots).any()
        m.d.comb += [
            Cover(was_full & self.empty, "runs empty after it was full"),
            Cover(streak == capacity + 1, "pops more than its capacity without a pause"),
            Cover(select & ~alone & popped, "selects one of a tie as the last one leaves"),
            Cover(select & alone & take & of_selected, "pushes to the key that loses its last"),
            Cover(self._behind & take & smaller, "pushes a smaller key into a run"),
            Cover(self.clear & any_ & offered, "is cleared when full of items"),
        ]
        return m
