# SPDX-License-Identifier: BSD-2-Clause
"""The spike-time priority queue: a calendar with a list of items for every key."""

from collections.abc import Iterator

from amaranth.hdl import Module, Mux, Shape, ShapeLike, Signal, Value
from amaranth.lib import data, memory, stream
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from .block import Block, struct
from .find import first_set
from .memories import Memory


def item_layout(n_keys: int, shape: ShapeLike) -> data.StructLayout:
    """An item of a queue: `key`, 0 .. n_keys - 1, and `value`."""
    return struct(key=range(n_keys), value=shape)


class SpikeQueue(Block):
    """Gives back items in the order of their keys, and those of one key in order of arrival.

    A bitmap knows which keys have items; each of these has a list, linked through a memory, with a
    head and a tail. Which list is the first is known a cycle ahead. Items are written one behind
    the other into a memory of `capacity` places. All its places are free again once nothing is
    stored, so there is no list of free ones.

        push -> values[place], links[tail of key]          pop <- values[head of the first key]

    Three items of a byte, pushed with the keys 5, 2 and 5:

        >>> from amaranth.sim import Simulator
        >>> queue = SpikeQueue(n_keys=16, shape=8, capacity=3)
        >>> async def bench(ctx):
        ...     ctx.set(queue.push.valid, 1)
        ...     for key, value in [(5, 10), (2, 11), (5, 12)]:
        ...         ctx.set(queue.push.payload, {"key": key, "value": value})
        ...         await ctx.tick()
        ...     ctx.set(queue.push.valid, 0)
        ...     ctx.set(queue.release, 1)
        ...     ctx.set(queue.pop.ready, 1)
        ...     for _ in range(3):
        ...         tick = ctx.tick().sample(queue.pop.payload)
        ...         *_, item = await tick.until(queue.pop.valid)
        ...         print(item.key, item.value)
        >>> simulator = Simulator(queue)
        >>> simulator.add_clock(1e-6)
        >>> simulator.add_testbench(bench)
        >>> simulator.run()
        2 11
        5 10
        5 12

    Parameters
    ----------
    n_keys : how many keys there are, at least 1.
    shape : of an item's value.
    capacity : how many items are accepted before the queue runs empty, at least 1.

    Ports
    -----
    push : stream of `item_layout`. A key of n_keys or more must not be given. Ready until
        `capacity` items have been taken since nothing was stored: always while fewer are stored,
        if, as in a window of ticks, all are pushed before the first is popped.
    pop : stream of `item_layout`.
    release : items are selected for `pop` only while this is high. What is offered already stays.
    clear : forget everything, like a reset, and also what is pushed or selected in this cycle. An
        offer is withdrawn: its taker must be ready, or be told otherwise.
    empty : nothing is stored and nothing is offered.

    Timing
    ------
    Whatever is stored, push and pop move one item per cycle. In each cycle with `release` high and
    `pop` free (not valid, or being taken) the first item of those stored is selected, and offered
    in the next cycle. An item is stored from the cycle after its push.
    (`golden.timing.latencies`: QUEUE_STORE, QUEUE_SELECT.) So in an empty queue

        cycle        0        1          2
        push         taken
        stored                selected
        pop                              valid

    Raises ValueError for parameters below 1.
    """

    def __init__(self, n_keys: int, shape: ShapeLike, capacity: int) -> None:
        if n_keys < 1 or capacity < 1:
            raise ValueError(
                f"a queue needs at least 1 key and 1 place, but has {n_keys} and {capacity}."
            )
        self.n_keys = n_keys
        self.shape = shape
        self.capacity = capacity
        item = stream.Signature(item_layout(n_keys, shape))
        super().__init__(push=In(item), pop=Out(item), release=In(1), clear=In(1), empty=Out(1))

        places = range(max(capacity, 2))  # an address has a bit at least

        # The state besides the memories; the proof of the queue looks at it.
        self._stored = Signal(n_keys, name="stored")  # the keys that have items
        # The first of these, and its head and tail.
        self._first = Signal(range(n_keys), name="first", reset_less=True)
        self._first_head = Signal(places, name="first_head", reset_less=True)
        self._first_tail = Signal(places, name="first_tail", reset_less=True)
        # The place of the next item, or `capacity` if all are in use.
        self._place = Signal(range(capacity + 1), name="place")
        # After an item has been selected that is not the last of its list, the links' output is
        # the new head of that list, the one in `heads` or `first_head` is not.
        self._behind = Signal(name="behind")
        self._behind_key = Signal(range(n_keys), name="behind_key", reset_less=True)

    @staticmethod
    def memories(n_keys: int, shape: ShapeLike, capacity: int) -> Iterator[Memory]:
        """Heads and tails; values and links."""
        places = max(capacity, 2)
        link = bits_for(places - 1)
        yield from 2 * [Memory("", link, n_keys, looked_up=True)]
        yield from (Memory("", width, places) for width in (Shape.cast(shape).width, link))

    def build(self, m: Module) -> None:
        stored, place, first = self._stored, self._place, self._first
        behind, behind_key = self._behind, self._behind_key
        places = self._first_head.shape()

        # The head and tail of each list: distributed RAM, or registers. They count where `stored`
        # says so.
        table = {"shape": places, "depth": self.n_keys, "init": []}
        m.submodules.heads = heads = memory.Memory(**table)
        m.submodules.tails = tails = memory.Memory(**table)
        write_head, read_head = heads.write_port(), heads.read_port(domain="comb")
        write_tail, read_tail = tails.write_port(), tails.read_port(domain="comb")
        push_tail = tails.read_port(domain="comb")

        # What is read of these is never being written, or does not matter: `no_rw_check` tells
        # Yosys, which else builds logic to give back the old content.
        block = {"depth": max(self.capacity, 2), "init": [], "attrs": {"no_rw_check": 1}}
        m.submodules.values = values = memory.Memory(shape=self.shape, **block)
        m.submodules.links = links = memory.Memory(shape=places, **block)
        write_value, read_value = values.write_port(), values.read_port()
        write_link, read_link = links.write_port(), links.read_port()

        # Select the head of the first list.
        any_ = stored.any()
        select = Signal()
        head = Signal(places)
        last = Signal()
        is_behind = behind & (behind_key == first)
        m.d.comb += [
            select.eq(self.release & any_ & (~self.pop.valid | self.pop.ready)),
            head.eq(Mux(is_behind, read_link.data, self._first_head)),
            # Two comparisons, since what the links give comes late in a cycle.
            last.eq(
                Mux(
                    is_behind,
                    read_link.data == self._first_tail,
                    self._first_head == self._first_tail,
                )
            ),
            read_value.addr.eq(head),
            read_value.en.eq(select),
            read_link.addr.eq(head),
            read_link.en.eq(select & ~last),
            self.pop.payload.value.eq(read_value.data),
            self.empty.eq(~any_ & ~self.pop.valid),
        ]
        with m.If(self.pop.ready):
            m.d.sync += self.pop.valid.eq(0)
        with m.If(select):
            m.d.sync += [self.pop.valid.eq(1), self.pop.payload.key.eq(first)]
            with m.If(last):
                m.d.sync += stored.bit_select(first, 1).eq(0)

        # Append to a list, or begin one.
        push = Signal()
        begins = Signal()
        push_key = self.push.payload.key
        has_items = stored.bit_select(push_key, 1)
        m.d.comb += [
            self.push.ready.eq(place != self.capacity),
            push.eq(self.push.valid & self.push.ready),
            begins.eq(push & (~has_items | (select & last & (first == push_key)))),
            write_value.addr.eq(place),
            write_value.data.eq(self.push.payload.value),
            write_value.en.eq(push),
            push_tail.addr.eq(push_key),
            write_link.addr.eq(push_tail.data),
            write_link.data.eq(place),
            write_link.en.eq(push & has_items),
            write_tail.addr.eq(push_key),
            write_tail.data.eq(place),
            write_tail.en.eq(push),
        ]
        with m.If(push):
            m.d.sync += [place.eq(place + 1), stored.bit_select(push_key, 1).eq(1)]
        with m.Elif(~any_):
            m.d.sync += place.eq(0)

        # One head is written a cycle. A list that begins goes first; the one that is
        # behind can wait, for its new head stays at the output of the links until an item is
        # selected from a list of two or more before it. That list got its second item after the
        # selection that left the other behind, in a cycle in which no list began.
        m.d.comb += [
            write_head.en.eq(begins | behind),
            write_head.addr.eq(Mux(begins, push_key, behind_key)),
            write_head.data.eq(Mux(begins, place, read_link.data)),
        ]
        with m.If(select & ~last):
            m.d.sync += [behind.eq(1), behind_key.eq(first)]
        with m.Elif(~begins | (select & is_behind)):
            m.d.sync += behind.eq(0)

        # Which list is the first of the next cycle: the same, the second if its last item has been
        # selected, or what is pushed. `last` comes late, so it only chooses between two answers.
        others, _, second = first_set(stored[key] & (first != key) for key in range(self.n_keys))
        second_is_behind = behind & (behind_key == second)
        m.d.comb += [read_head.addr.eq(second), read_tail.addr.eq(second)]

        def next_first(key: Value, head: Value, tail: Value, leads: Value) -> Iterator[Value]:
            joins = push_key == key
            yield Mux(push & leads, push_key, key)
            yield Mux(push & leads, place, head)
            yield Mux(push & (leads | joins), place, tail)

        second_head = Mux(second_is_behind, read_link.data, read_head.data)
        ended = next_first(second, second_head, read_tail.data, ~others | (push_key < second))
        stays = next_first(first, head, self._first_tail, ~any_ | (push_key < first))
        registers = (first, self._first_head, self._first_tail)
        for register, if_ended, if_it_stays in zip(registers, ended, stays, strict=True):
            m.d.sync += register.eq(Mux(select & last, if_ended, if_it_stays))

        with m.If(self.clear):
            m.d.sync += [stored.eq(0), place.eq(0), self.pop.valid.eq(0), behind.eq(0)]
