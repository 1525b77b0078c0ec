# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the SpikeQueue: every cycle against the model, and windows as a Layer fills them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Shape

from firstspike.hdl.lib.layouts import pack, unpack
from firstspike.hdl.lib.queue import SpikeQueue, item_layout
from firstspike.sim.harness.bench import BlockBench, bench_test
from firstspike.sim.harness.streams import Dut, at_random

PATIENCE = 10_000
"""Cycles in which a queue must be empty."""

Item = tuple[int, int]
"""(key, value)"""


@dataclass(frozen=True)
class QueueParameters:
    """What the bench is told: the queue's keys, bits of a value and places, and how many cycles."""

    n_keys: int
    width: int
    capacity: int
    amount: int


def simulate(queue: SpikeQueue, amount: int = 5000, **options: Any) -> None:
    """Hold a queue against its model for `amount` cycles; `options` are `BlockBench.run`'s."""
    width = Shape.cast(queue.shape).width
    parameters = QueueParameters(queue.n_keys, width, queue.capacity, amount)
    QueueBench.run(queue, parameters, **options)


def example(**options: Any) -> str:
    """Run what `firstspike check blocks` shows, and return its sentence."""
    simulate(SpikeQueue(8, 6, 20), **options)
    return "8 keys, 20 places: every cycle against the model"


class QueueModel:
    """What a `SpikeQueue` does in each cycle, in plain Python: its docstring in numbers.

    Attributes
    ----------
    ready : the queue's `push.ready`.
    offered : the item at `pop`, None if not valid.
    empty : the queue's `empty`.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._forget()

    def _forget(self) -> None:
        self._stored: list[Item] = []  # in order of arrival
        self._pushed = 0  # since nothing was stored
        self.offered: Item | None = None

    @property
    def ready(self) -> bool:
        """Whether an item is taken if it is pushed."""
        return self._pushed < self._capacity

    @property
    def empty(self) -> bool:
        """Whether nothing is stored or offered."""
        return not self._stored and self.offered is None

    def step(self, push: Item | None, pop_ready: bool, release: bool, clear: bool) -> None:
        """Go on by a cycle in which the inputs were so; `push` is None if nothing was valid."""
        if clear:
            self._forget()
            return
        taken = push is not None and self.ready
        if taken:
            self._pushed += 1
        elif not self._stored:
            self._pushed = 0
        if pop_ready:
            self.offered = None
        if release and self._stored and self.offered is None:
            self.offered = min(self._stored, key=lambda item: item[0])  # the first of equals
            self._stored.remove(self.offered)
        if taken:
            self._stored.append(push)


class QueueBench(BlockBench):
    """A queue's ports, its clock and the layout of its items."""

    Given = QueueParameters

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.layout = item_layout(self.given.n_keys, self.given.width)
        self.drive(push__valid=0, push__payload=0, pop__ready=0, release=0, clear=0)

    def random_item(self, keys: int) -> Item:
        """An item with one of the first so many keys."""
        return random.randrange(keys), random.randrange(1 << self.given.width)

    def item(self, port: Any) -> Item:
        """The item in the payload of a port."""
        said = unpack(self.layout, [int(port.value)])
        return int(said["key"][0]), int(said["value"][0])

    def payload(self, item: Item) -> int:
        """The bits of an item."""
        key, value = item
        return pack(self.layout, {"key": key, "value": value})


@bench_test(QueueBench)
async def lockstep(bench):
    """Random inputs; every output in every cycle is the model's."""
    model, dut, push = QueueModel(bench.given.capacity), bench.dut, None
    for push_now, pop_ready, release, clear, keys in _inputs(bench.given):
        push = push or (bench.random_item(keys) if push_now else None)
        if push:
            dut.push__payload.value = bench.payload(push)
        bench.drive(push__valid=bool(push), pop__ready=pop_ready, release=release, clear=clear)
        await bench.domain.falling
        found = {
            "ready": bool(dut.push__ready.value),
            "offered": bench.item(dut.pop__payload) if dut.pop__valid.value else None,
            "empty": bool(dut.empty.value),
        }
        expected = {name: getattr(model, name) for name in found}
        assert found == expected, f"cycle {bench.domain.cycle}: {found}, expected {expected}"
        taken = model.ready
        model.step(push, pop_ready, release, clear)
        push = None if taken else push
        await bench.domain.rising


def _inputs(what: QueueParameters) -> Iterator[tuple[bool, bool, bool, bool, int]]:
    """Yield push, pop.ready, release, clear, and the number of keys to choose from, per cycle.

    The probabilities change every few cycles, so that the queue fills, runs empty and idles.
    """
    cycles = what.amount
    while cycles > 0:
        push, pop, release = (random.choice((0, 0.2, 0.5, 0.9, 1)) for _ in range(3))
        clear = random.choice((0, 0, 0, 0.1))
        keys = random.randint(1, what.n_keys)
        length = min(random.randrange(1, 50), cycles)
        cycles -= length
        for _ in range(length):
            chosen = [random.random() < p for p in (push, pop, release, clear)]
            yield *chosen, keys


@bench_test(QueueBench)
async def windows(bench):
    """Windows of random items, pushed before they are released, with pauses on both sides."""
    source = bench.source("push", bench.layout, at_random(1))
    board = bench.sink("pop", bench.layout, at_random(2))
    board.start()
    for _ in range(bench.given.amount // 50):
        count = random.randint(0, bench.given.capacity)
        items = [bench.random_item(bench.given.n_keys) for _ in range(count)]
        board.expect(bench.payload(item) for item in sorted(items, key=lambda item: item[0]))
        await source.send_all(bench.payload(item) for item in items)
        bench.drive(release=1)
        emptied = await bench.domain.until(lambda: bench.dut.empty.value, PATIENCE)
        assert emptied, "does not run empty"
        board.finish()
        await bench.domain.rising
        bench.drive(release=0)
