# SPDX-License-Identifier: BSD-2-Clause
"""The spike-time priority queue: a calendar queue with a linked list of items for every key."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from amaranth.hdl import Module, Mux, Shape, ShapeLike, Signal, Value
from amaranth.lib import data, memory, stream
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from .block import Block, struct
from .find import first_set
from .memories import Memory


def item_layout(n_keys: int, shape: ShapeLike) -> data.StructLayout:
    """Return the layout of an item of a queue: `key`, 0 .. n_keys - 1, and `value`."""
    return struct(key=range(n_keys), value=shape)


class SpikeQueue(Block):
    """Return items in ascending order of their keys, and items of one key in order of arrival.

    The bitmap `stored` marks the keys that have items. The items of a key form a linked list with a
    head and a tail. A register holds the first key with items one cycle ahead of its use. Pushed
    items occupy ascending addresses of a memory of `capacity` words. The address restarts at 0 when
    no item is stored, so the queue needs no list of free addresses.

        push -> values[address], links[tail of key]        pop <- values[head of the first key]

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
    n_keys : number of keys, at least 1.
    shape : shape of an item's value.
    capacity : number of items that can be pushed before the queue must run empty, at least 1.

    Ports
    -----
    push : stream of `item_layout`, with keys below `n_keys`. `push.ready` falls after `capacity`
        transfers and rises when no item is stored any more. If all pushes precede the first pop,
        as within a window of ticks, the queue is ready while fewer than `capacity` items are
        stored.
    pop : stream of `item_layout`.
    release : enables the selection of items for `pop`. A valid `pop` stays valid without it.
    clear : discards all items, including an item pushed or selected in this cycle. `pop.valid`
        falls even if `pop` is not ready, so the receiver must be ready or must discard the item,
        too.
    empty : no item is stored, and `pop` is not valid.

    Timing
    ------
    Latency: 2 cycles from a push into an empty queue until `pop` is valid. Throughput: one push and
    one pop per cycle, for any number of stored items. In each cycle with `release` high and `pop`
    free (not valid, or transferring) the queue selects its first item, and `pop` is valid in the
    next cycle. An item counts as stored from the cycle after its push. (`golden.timing.latencies`:
    QUEUE_STORE, QUEUE_SELECT.) For an item pushed into an empty queue:

        cycle        0        1          2
        push         accepted
        stored                selected
        pop                              valid

    Raises ValueError for parameters below 1.
    """

    def __init__(self, n_keys: int, shape: ShapeLike, capacity: int) -> None:
        if n_keys < 1 or capacity < 1:
            raise ValueError(
                f"a queue needs at least 1 key and 1 entry, but has {n_keys} and {capacity}."
            )
        self.n_keys = n_keys
        self.shape = shape
        self.capacity = capacity
        item = stream.Signature(item_layout(n_keys, shape))
        super().__init__(push=In(item), pop=Out(item), release=In(1), clear=In(1), empty=Out(1))

        addresses = range(max(capacity, 2))  # at least 2, so that an address has a bit

        # The state besides the memories; the formal proof of the queue reads it.
        self._stored = Signal(n_keys, name="stored")  # the keys that have items
        # The first key with items, and the head and tail of its list.
        self._first = Signal(range(n_keys), name="first", reset_less=True)
        self._first_head = Signal(addresses, name="first_head", reset_less=True)
        self._first_tail = Signal(addresses, name="first_tail", reset_less=True)
        # The address of the next item, or `capacity` if all addresses are in use.
        self._next_address = Signal(range(capacity + 1), name="next_address")
        # After the selection of an item that is not the last of its list, the read data of `links`
        # is the new head of this list; its head in `heads` or `first_head` is outdated.
        self._outdated = Signal(name="outdated")
        self._outdated_key = Signal(range(n_keys), name="outdated_key", reset_less=True)

    @staticmethod
    def memories(n_keys: int, shape: ShapeLike, capacity: int) -> tuple[Memory, ...]:
        """Return the memories: heads, tails, values and links.

        The head and tail of each list are in distributed RAM or registers. They are valid for the
        keys whose bit of `stored` is set. Of `values` and `links`, a word that is read while it is
        written is never used.
        """
        addresses = max(capacity, 2)
        link = bits_for(addresses - 1)
        ends = Memory("", link, n_keys, asynchronous_read=True)
        values = Memory("", Shape.cast(shape).width, addresses, no_collisions=True)
        return ends, ends, values, replace(values, width=link)

    def build(self, m: Module) -> None:
        stored, outdated, first = self._stored, self._outdated, self._first
        ports = self._memory_ports(m)
        any_, select, head, last = self._select_head(m, ports)
        pushed, begins = self._append(m, ports, any_, select & last)

        # `heads` has one write port. The head of a new list has priority. The list with an outdated
        # head can wait, because its new head stays at the read port of `links` until the queue
        # selects an item of a list of two or more items in front of it. This other list got its
        # second item after the selection that outdated the head, in a cycle in which no list
        # started, so the outdated head was written then.
        m.d.comb += [
            ports.write_head.en.eq(begins | outdated),
            ports.write_head.addr.eq(Mux(begins, self.push.payload.key, self._outdated_key)),
            ports.write_head.data.eq(Mux(begins, self._next_address, ports.read_link.data)),
        ]
        with m.If(select & ~last):
            m.d.sync += [outdated.eq(1), self._outdated_key.eq(first)]
        with m.Elif(~begins | (select & self._is_outdated(first))):
            m.d.sync += outdated.eq(0)

        self._update_first(m, ports, any_, pushed, head, select & last)
        with m.If(self.clear):
            m.d.sync += [
                stored.eq(0),
                self._next_address.eq(0),
                self.pop.valid.eq(0),
                outdated.eq(0),
            ]

    def _is_outdated(self, key: Value) -> Value:
        """Return whether the stored head of the list of `key` is outdated."""
        return self._outdated & (self._outdated_key == key)

    def _memory_ports(self, m: Module) -> "_Ports":
        """Build the memories of the lists and of the items."""
        addresses = self._first_head.shape()
        listed = self.memories(self.n_keys, self.shape, self.capacity)
        shapes = addresses, addresses, self.shape, addresses
        heads, tails, values, links = (
            one.create(shape=shape) for one, shape in zip(listed, shapes, strict=True)
        )
        m.submodules.heads, m.submodules.tails = heads, tails
        m.submodules.values, m.submodules.links = values, links

        # The ports have the names of these variables in the netlist.
        write_head, read_head = heads.write_port(), heads.read_port(domain="comb")
        write_tail, read_tail = tails.write_port(), tails.read_port(domain="comb")
        push_tail = tails.read_port(domain="comb")
        write_value, read_value = values.write_port(), values.read_port()
        write_link, read_link = links.write_port(), links.read_port()
        return _Ports(
            write_head,
            read_head,
            write_tail,
            read_tail,
            push_tail,
            write_value,
            read_value,
            write_link,
            read_link,
        )

    def _select_head(self, m: Module, ports: "_Ports") -> tuple[Value, Signal, Signal, Signal]:
        """Select the head of the first list.

        Returns whether an item is stored, whether the queue selects one in this cycle, its address,
        and whether it is the last one of its list.
        """
        read_value, read_link = ports.read_value, ports.read_link
        any_ = self._stored.any()
        select = Signal()
        head = Signal.like(self._first_head)
        last = Signal()
        is_outdated = self._is_outdated(self._first)
        m.d.comb += [
            select.eq(self.release & any_ & (~self.pop.valid | self.pop.ready)),
            head.eq(Mux(is_outdated, read_link.data, self._first_head)),
            # Two comparators, because the read data of `links` settles late in the cycle.
            last.eq(
                Mux(
                    is_outdated,
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
            m.d.sync += [self.pop.valid.eq(1), self.pop.payload.key.eq(self._first)]
            with m.If(last):
                m.d.sync += self._stored.bit_select(self._first, 1).eq(0)
        return any_, select, head, last

    def _append(
        self, m: Module, ports: "_Ports", any_: Value, ended: Value
    ) -> tuple[Signal, Signal]:
        """Append the pushed item to a list, or start a list with it.

        `ended` is whether the last item of the first list is selected. Returns whether an item is
        pushed, and whether it starts a list.
        """
        push = Signal()
        begins = Signal()
        key, address = self.push.payload.key, self._next_address
        has_items = self._stored.bit_select(key, 1)
        m.d.comb += [
            self.push.ready.eq(address != self.capacity),
            push.eq(self.push.valid & self.push.ready),
            begins.eq(push & (~has_items | (ended & (self._first == key)))),
            ports.write_value.addr.eq(address),
            ports.write_value.data.eq(self.push.payload.value),
            ports.write_value.en.eq(push),
            ports.push_tail.addr.eq(key),
            ports.write_link.addr.eq(ports.push_tail.data),
            ports.write_link.data.eq(address),
            ports.write_link.en.eq(push & has_items),
            ports.write_tail.addr.eq(key),
            ports.write_tail.data.eq(address),
            ports.write_tail.en.eq(push),
        ]
        with m.If(push):
            m.d.sync += [address.eq(address + 1), self._stored.bit_select(key, 1).eq(1)]
        with m.Elif(~any_):
            m.d.sync += address.eq(0)
        return push, begins

    def _update_first(
        self, m: Module, ports: "_Ports", any_: Value, pushed: Value, head: Value, ended: Value
    ) -> None:
        """Update the first list: the current one, the second one if the last item of the first one
        is selected, or the list of the pushed item.

        `head` is that of the first list. `ended` settles late, so it only selects between two
        precomputed results.
        """
        first, push_key = self._first, self.push.payload.key
        any_other, _, second = first_set(
            self._stored[key] & (first != key) for key in range(self.n_keys)
        )
        m.d.comb += [ports.read_head.addr.eq(second), ports.read_tail.addr.eq(second)]

        def next_first(key: Value, head: Value, tail: Value, leads: Value) -> Iterator[Value]:
            joins = push_key == key
            yield Mux(pushed & leads, push_key, key)
            yield Mux(pushed & leads, self._next_address, head)
            yield Mux(pushed & (leads | joins), self._next_address, tail)

        second_head = Mux(self._is_outdated(second), ports.read_link.data, ports.read_head.data)
        leads = ~any_other | (push_key < second)
        if_ended = next_first(second, second_head, ports.read_tail.data, leads)
        leads = ~any_ | (push_key < first)
        if_it_stays = next_first(first, head, self._first_tail, leads)
        registers = (first, self._first_head, self._first_tail)
        for register, *values in zip(registers, if_ended, if_it_stays, strict=True):
            m.d.sync += register.eq(Mux(ended, *values))


class _Ports(NamedTuple):
    """The ports of the memories of a queue."""

    write_head: memory.WritePort
    read_head: memory.ReadPort
    write_tail: memory.WritePort
    read_tail: memory.ReadPort
    push_tail: memory.ReadPort
    write_value: memory.WritePort
    read_value: memory.ReadPort
    write_link: memory.WritePort
    read_link: memory.ReadPort
