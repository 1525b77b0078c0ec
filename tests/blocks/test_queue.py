# SPDX-License-Identifier: BSD-2-Clause
"""The SpikeQueue: every cycle against its model; and four faults, which its proof refutes.

The command `firstspike check proofs queue` proves small queues.
"""

import random
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import cocotb
import pytest
from amaranth.hdl import Shape

from firstspike.hdl.lib.layouts import pack, unpack
from firstspike.hdl.lib.queue import SpikeQueue, item_layout
from firstspike.sim.formal.circuit import compile_circuit
from firstspike.sim.formal.queue import QueueProof
from firstspike.sim.formal.sat import RefutedError, check_bounded
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import BlockBench, Dut
from tests.support.simulators import one_simulator, sampled

Item = tuple[int, int]
"""(key, value)"""


def _broken(fault):
    """The class of queues into which `fault(queue, module)` puts a fault, by a last assignment."""

    class Broken(SpikeQueue):
        def elaborate(self, platform):
            m = super().elaborate(platform)
            fault(self, m)
            return m

    Broken.__name__ = fault.__name__
    return Broken


@_broken
def forgetful(queue, m):
    """Store the tail of a list only if nothing is stored."""
    push = queue.push.valid & queue.push.ready
    m.d.comb += m.submodules.tails.write_ports[0].en.eq(push & ~queue._stored.any())


@_broken
def unsorted(queue, m):
    """Takes the head of the first key's list, whichever list comes next."""
    m.d.comb += m.submodules.heads.read_ports[0].addr.eq(0)


@_broken
def hasty(queue, m):
    """Reuses all addresses when all are in use."""
    with m.If(queue._next_address == queue.capacity):
        m.d.sync += queue._next_address.eq(0)


@_broken
def interrupted(queue, m):
    """Leaves a list that a smaller key has interrupted without its new head."""
    with m.If(queue._outdated & ~queue.push.valid):
        m.d.comb += m.submodules.heads.write_ports[0].en.eq(0)


BROKEN = [forgetful, unsorted, hasty, interrupted]


def parameters(queue, cycles):
    width = Shape.cast(queue.shape).width
    return SimpleNamespace(n_keys=queue.n_keys, width=width, capacity=queue.capacity, amount=cycles)


@one_simulator
@pytest.mark.parametrize(
    "shape", sampled([((3, 5, 7),), ((1, 1, 1),), ((1, 3, 4),), ((2, 8, 1),), ((16, 10, 40),)], 3)
)
def test_queue(simulator, shape, seed):
    queue = SpikeQueue(*shape)
    Simulation.of(queue, simulator).run(__name__, parameters(queue, 2000), seed=seed)


example = partial(test_queue, "verilator", (8, 6, 20), seed=1)


@pytest.mark.parametrize("broken", BROKEN)
def test_proof_fails_for_a_broken_queue(broken):
    proof = type("BrokenProof", (QueueProof, broken), {})
    with pytest.raises(RefutedError, match="failed assertion"):
        check_bounded(compile_circuit(proof(2, 1, 3)), 8)


class QueueModel:
    """A cycle-exact model of `SpikeQueue` in plain Python, after its docstring.

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
        """Advance by a cycle with these inputs; `push` is None without a valid item."""
        if clear:
            self._forget()
            return
        is_accepted = push is not None and self.ready
        if is_accepted:
            self._pushed += 1
        elif not self._stored:
            self._pushed = 0
        if pop_ready:
            self.offered = None
        if release and self._stored and self.offered is None:
            self.offered = min(self._stored, key=lambda item: item[0])  # the first of equals
            self._stored.remove(self.offered)
        if is_accepted:
            self._stored.append(push)


class QueueBench(BlockBench):
    """A queue's ports, its clock and the layout of its items."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.layout = item_layout(self.arguments.n_keys, self.arguments.width)
        self.drive(push__valid=0, push__payload=0, pop__ready=0, release=0, clear=0)

    def random_item(self, keys: list[int]) -> Item:
        """Return a random item with one of the keys."""
        return random.choice(keys), random.randrange(1 << self.arguments.width)

    def item(self, port: Any) -> Item:
        """The item in the payload of a port."""
        fields = unpack(self.layout, [int(port.value)])
        return int(fields["key"][0]), int(fields["value"][0])

    def payload(self, item: Item) -> int:
        """The bits of an item."""
        key, value = item
        return pack(self.layout, {"key": key, "value": value})


@cocotb.test()
async def lockstep(dut):
    """Random inputs; every output in every cycle is the model's."""
    bench = await QueueBench(dut).start()
    model, dut, push = QueueModel(bench.arguments.capacity), bench.dut, None
    for push_now, pop_ready, release, clear, keys in _inputs(bench.arguments):
        push = push or (bench.random_item(keys) if push_now else None)
        if push:
            dut.push__payload.value = bench.payload(push)
        bench.drive(push__valid=bool(push), pop__ready=pop_ready, release=release, clear=clear)
        await bench.domain.falling
        actual = {
            "ready": bool(dut.push__ready.value),
            "offered": bench.item(dut.pop__payload) if dut.pop__valid.value else None,
            "empty": bool(dut.empty.value),
        }
        expected = {name: getattr(model, name) for name in actual}
        assert actual == expected, f"cycle {bench.domain.cycle}: {actual}, expected {expected}"
        is_accepted = model.ready
        model.step(push, pop_ready, release, clear)
        push = None if is_accepted else push
        await bench.domain.rising


def _inputs(what: SimpleNamespace) -> Iterator[tuple[bool, bool, bool, bool, list[int]]]:
    """Yield push, pop.ready, release, clear, and the keys to choose from, per cycle.

    The probabilities change every few cycles, so that the queue fills, runs empty and idles. Few
    keys are more frequent than many, so that lists begin, end and overtake each other.
    """
    cycles = what.amount
    while cycles > 0:
        push, pop, release = (random.choice((0, 0.2, 0.5, 0.9, 1)) for _ in range(3))
        clear = random.choice((0, 0, 0, 0.1))
        most = random.randint(1, what.n_keys)
        keys = random.sample(range(what.n_keys), random.randint(1, most))
        length = min(random.randrange(1, 50), cycles)
        cycles -= length
        for _ in range(length):
            chosen = [random.random() < p for p in (push, pop, release, clear)]
            yield *chosen, keys
