# SPDX-License-Identifier: BSD-2-Clause
"""Properties of a SpikeQueue in every cycle, and the invariants that prove them by induction."""

from collections.abc import Sequence

from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal, Value

from firstspike.hdl.lib.queue import SpikeQueue


class QueueProof(SpikeQueue):
    """A queue with a reference of what it should hold: properties, invariants and covers.

    The reference knows what a user knows. Item n since nothing was stored is in slot n, with its
    key and value, for as long as it is stored; slots are thus in order of arrival. Whether an item
    is taken, and which one is selected when, it decides for itself.

    The inputs are free, also reset and clear; only keys out of range are not pushed.
    """

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        m.d.comb += Assume(self.push.payload.key < self.n_keys)
        reference = _Reference(m, self)
        self._check(m, reference)
        self._relate_slots(m, reference)
        for key in range(self.n_keys):
            self._relate_key(m, reference, key)
        self._cover(m, reference)
        return m

    def _check(self, m: Module, reference: "_Reference") -> None:
        """Add the properties."""
        push, pop, offers = self.push, self.pop, reference.offers
        right = pop.payload == reference.output
        m.d.comb += [
            Assert(push.ready == reference.has_room, "always accepts when not full"),
            Assert(pop.valid == offers, "offers an item when, and only when, it should"),
            Assert(~offers | right, "offers the first of the smallest"),
            Assert(self.empty == ~(reference.has_items | offers), "says when it is empty"),
        ]
        for name in "values", "links":
            memory = getattr(m.submodules, name)
            read, write = memory.read_ports[0], memory.write_ports[0]
            collides = read.en & write.en & (read.addr == write.addr)
            m.d.comb += Assert(~collides, "reads nothing that is being written")

    def _word(self, m: Module, name: str, address: int) -> Value:
        """A word of a memory of the queue."""
        port = getattr(m.submodules, name).read_port(domain="comb")
        m.d.comb += port.addr.eq(address)
        return port.data

    def _relate_slots(self, m: Module, reference: "_Reference") -> None:
        """Add the invariants: how the queue keeps the items of the slots."""
        stored, items, count = reference.stored, reference.items, reference.count
        m.d.comb += [
            Assert((self._next_address == count) & (count <= self.capacity)),
            Assert(~self._outdated | self._stored.bit_select(self._outdated_key, 1)),
        ]
        for n in range(self.capacity):
            m.d.comb += [
                Assert(~stored[n] | ((n < count) & (items[n].key < self.n_keys))),
                Assert(~stored[n] | (self._word(m, "values", n) == items[n].value)),
                *(
                    Assert(
                        ~reference.follows(n, later) | (self._word(m, "links", n) == later),
                    )
                    for later in range(n + 1, self.capacity)
                ),
            ]

    def _relate_key(self, m: Module, reference: "_Reference", key: int) -> None:
        """Add the invariants of the items with one key."""
        slots = range(self.capacity)
        has = [reference.of_key(n, key) for n in slots]
        links_output = m.submodules.links.read_ports[0].data
        waits = self._outdated & (self._outdated_key == key)
        head, tail = self._word(m, "heads", key), self._word(m, "tails", key)
        is_first = self._first == key
        less_stored = Cat(reference.of_key(n, less) for n in slots for less in range(key)).any()
        m.d.comb += [
            Assert(self._stored[key] == Cat(has).any()),
            Assert(~Cat(has).any() | less_stored | is_first),
        ]
        for n in slots:
            is_head = has[n] & ~Cat(has[:n]).any()
            is_tail = has[n] & ~Cat(has[n + 1 :]).any()
            m.d.comb += [
                Assert(~is_head | (Mux(waits, links_output, head) == n)),
                Assert(~is_tail | (tail == n)),
                Assert(~(is_first & is_head) | waits | (self._first_head == n)),
                Assert(~(is_first & is_tail) | (self._first_tail == n)),
                # An item may wait because smaller keys have one item at most.
                Assert(~(self._outdated & (key < self._outdated_key) & has[n]) | is_head),
            ]

    def _cover(self, m: Module, reference: "_Reference") -> None:
        """Add the covers, which show that the proof is not vacuous."""
        push, pop, slots = self.push, self.pop, range(self.capacity)
        first, items = reference.first, reference.items
        was_full = Signal()
        streak = Signal(range(self.capacity + 2))  # pops one after the other
        popped = pop.valid & pop.ready
        with m.If(~push.ready):
            m.d.sync += was_full.eq(1)
        with m.If(~popped):
            m.d.sync += streak.eq(0)
        with m.Elif(streak != self.capacity + 1):
            m.d.sync += streak.eq(streak + 1)
        of_selected = Cat(first[n] & (items[n].key == push.payload.key) for n in slots).any()
        smaller = Cat(first[n] & (push.payload.key < items[n].key) for n in slots).any()
        ties = reference.select & ~reference.is_single & popped
        last = reference.select & reference.is_single & reference.accepts & of_selected
        m.d.comb += [
            Cover(was_full & self.empty, "runs empty after it was full"),
            Cover(streak == self.capacity + 1, "pops more than its capacity without a pause"),
            Cover(ties, "selects one of a tie as the last one leaves"),
            Cover(last, "pushes to the key that loses its last"),
            Cover(self._outdated & reference.accepts & smaller, "pushes a smaller key into a run"),
            Cover(
                self.clear & reference.has_items & reference.offers, "is cleared when full of items"
            ),
        ]


class _Reference:
    """The slots with the items that the queue should hold, and the item that it should offer."""

    def __init__(self, m: Module, queue: QueueProof) -> None:
        capacity, push, pop = queue.capacity, queue.push, queue.pop
        slots = range(capacity)
        self.stored = stored = [Signal(name=f"stored_{n}") for n in slots]
        self.items = items = [Signal(push.payload.shape(), name=f"item_{n}") for n in slots]
        self.count = count = Signal(range(capacity + 1))
        self.offers, self.output = Signal(), Signal(push.payload.shape())
        #: Slot n has the smallest key, and no slot before it has it.
        self.first = first = [self._is_first(n, slots) for n in slots]
        self.is_single = Cat(
            first[n] & ~Cat(self.of_key(other, items[n].key) for other in slots if other != n).any()
            for n in slots
        ).any()
        self.has_items, self.has_room = Cat(stored).any(), count != capacity
        self.accepts, self.select = Signal(), Signal()
        m.d.comb += [
            self.accepts.eq(push.valid & self.has_room),
            self.select.eq(queue.release & self.has_items & (~self.offers | pop.ready)),
        ]
        with m.If(pop.ready):
            m.d.sync += self.offers.eq(0)
        for n in slots:
            with m.If(self.select & first[n]):
                m.d.sync += [stored[n].eq(0), self.offers.eq(1), self.output.eq(items[n])]
            with m.If(self.accepts & (count == n)):
                m.d.sync += [stored[n].eq(1), items[n].eq(push.payload)]
        with m.If(self.accepts):
            m.d.sync += count.eq(count + 1)
        with m.Elif(~self.has_items):
            m.d.sync += count.eq(0)
        with m.If(queue.clear):
            m.d.sync += [Cat(stored).eq(0), count.eq(0), self.offers.eq(0)]

    def _is_first(self, n: int, slots: Sequence[int]) -> Value:
        key, stored, items = self.items[n].key, self.stored, self.items
        return (
            stored[n]
            & Cat(
                ~stored[other]
                | (key < items[other].key)
                | ((key == items[other].key) & (n <= other))
                for other in slots
            ).all()
        )

    def of_key(self, n: int, key: Value | int) -> Value:
        """Whether slot n holds an item with this key."""
        return self.stored[n] & (self.items[n].key == key)

    def follows(self, n: int, later: int) -> Value:
        """Whether the item of slot `later` is the next of its key after the one of slot n."""
        key = self.items[n].key
        between = (self.of_key(other, key) for other in range(n + 1, later))
        return self.stored[n] & self.of_key(later, key) & ~Cat(between).any()
