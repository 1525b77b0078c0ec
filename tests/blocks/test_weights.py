# SPDX-License-Identifier: BSD-2-Clause
"""The weight store: the lanes read, the host reads and writes, words are updated.

A list knows what the words should be.
"""

import random
from collections import Counter, deque
from functools import partial
from types import SimpleNamespace

import cocotb
import numpy as np
import pytest
from amaranth.lib import data

from firstspike.golden.layers.dense import Dense
from firstspike.golden.layers.kind import weight_range
from firstspike.golden.timing.layer import LayerFolding
from firstspike.golden.widths import StateWidths
from firstspike.hdl.layer.config import LayerConfig, Learning
from firstspike.hdl.layer.operations import operation_layout, read_layout
from firstspike.hdl.layer.update_pipeline import STEP_BITS
from firstspike.hdl.layer.weight_store import host_request, store_class, update_layout
from firstspike.hdl.layer.words import CHUNK_BITS, chunks_of, pack_words
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import BlockBench, Dut, at_random
from tests.support.simulators import one_simulator, sampled

PATIENCE = 2000
"""Cycles in which everything asked for must have been answered."""


@one_simulator
@pytest.mark.parametrize(
    ("n_in", "n_out", "lanes", "weight_bits", "stored_bits", "rows"),
    sampled(
        [
            (7, 11, 6, 8, None, 1),
            (3, 5, 5, 4, None, 1),
            (1, 4, 1, 2, None, 1),
            (7, 11, 6, 8, 10, 1),
            (3, 5, 5, 4, 8, 1),
            (300, 80, 20, 2, None, 1),  # two pages
            (300, 80, 20, 1, 3, 1),
            (600, 80, 20, 2, None, 2),  # two pages each
            (7, 11, 6, 8, None, 4),
        ],
        4,
    ),
)
def test_weights(simulator, n_in, n_out, lanes, weight_bits, stored_bits, rows, seed):
    """Lanes and host read and write; with `stored_bits` the store learns, and is updated."""
    rng = np.random.default_rng(seed)
    half = 1 << (stored_bits or weight_bits) - 1
    weights = rng.integers(-half, half, (n_in, n_out))
    shape = {"kind": Dense(n_in, n_out), "lanes": lanes, "window": 0}
    config = LayerConfig(  # what the store does not look at is arbitrary
        folding=LayerFolding(**shape, last=False, rows=rows),
        weight_bits=weight_bits,
        threshold=1,
        deadline=30,
        widths=StateWidths(S=8, M=12),
        counted=(n_in,),
        learning=Learning(stored_bits=stored_bits, unit=1) if stored_bits else None,
    )
    arguments = SimpleNamespace(config=config, weights=weights)
    test = None if config.learns else "accesses"  # and no updates
    simulation = Simulation.of(store_class(config)(config, weights), simulator)
    simulation.run(__name__, arguments, test, seed)


example = partial(test_weights, "verilator", 7, 11, 6, 8, 10, 1, seed=1)


@cocotb.test()
async def accesses(dut):
    """Reads of both sides at the same time, with writes in between."""
    bench = await WeightsBench(dut).start()
    everything = list(range(len(bench.words)))
    await bench.host_reads(everything)
    for _ in range(5):
        requested = random.choices(everything, k=random.randrange(6))
        hosting = cocotb.start_soon(bench.host_reads(requested))
        await bench.lanes_read(20, everything)
        await hosting
        await bench.settled()
        for _ in range(random.randrange(3)):
            await bench.host_writes(
                random.choice(everything), random.randrange(1 << bench.config.word_bits)
            )
    await bench.host_reads(everything)
    await bench.settled()


@cocotb.test()
async def updates(dut):
    """Updates at the rate of the clock, while the host and the lanes ask for words.

    Only a store whose words are learned takes them.
    """
    bench = await WeightsBench(dut).start()
    cocotb.start_soon(bench.watch_updated())
    everything = list(range(len(bench.words)))
    low, high = weight_range(bench.bits)
    for _ in range(5):
        random.shuffle(everything)
        for number, address in enumerate(everything):
            await bench.host_writes(address, bench.word_of([(low, high)[number % 2]] * bench.lanes))
        half = len(everything) // 2
        changing, steady = everything[half:], everything[:half]
        bench.updating = True
        await bench.domain.cycles(1)
        reading = cocotb.start_soon(bench.lanes_read(random.randrange(20), steady))
        updating = cocotb.start_soon(bench.update(20, changing))
        await bench.host_reads(random.choices(everything, k=2))
        ends = random.choices([low, high], k=bench.lanes)
        await bench.host_writes(random.choice(changing), bench.word_of(ends))
        await bench.host_reads(random.choices(everything, k=2))
        await updating
        await reading
        await bench.domain.cycles(bench.update_cycles)  # the latest word is being written
        bench.updating = False
        await bench.lanes_read(5, everything)
        await bench.settled()
    assert bench.saturated[low]
    assert bench.saturated[high]


class WeightsBench(BlockBench):
    """A store's ports, and the words it should hold."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.config = config = self.arguments.config
        self.update_cycles = config.folding.update_cycles
        self.lanes, self.bits = config.folding.lanes, config.stored_bits
        self.chunks = chunks_of(config)
        self.words = pack_words(config, self.arguments.weights)
        self.rows = config.folding.rows
        layout = data.StructLayout(
            {
                "operation": operation_layout(config),
                "words": data.ArrayLayout(config.word_bits, self.rows),
            }
        )
        self.reads = self.source("reads", read_layout(config), at_random(1))
        self.out = self.sink("words", layout, at_random(2, self._none_may_wait))
        self.host = self.source("host", host_request(config), at_random(3))
        self.answers = self.sink("answers", None, at_random(4))
        self.updating = False
        if config.learns:
            self.updates = self.source("updates", update_layout(config.folding))
            self.updated = dut["updated__valid"], dut["updated__negative"]
            self.written: dict[int, int] = {}
            """By the cycle in which an updated word is written, the signs of its lanes."""
            self.saturated: Counter[int] = Counter()
            """How many weights were kept at each end of the range."""

    def _none_may_wait(self) -> bool:
        """Whether words are to be taken at once, as while there are updates."""
        return self.updating or self.rows > 1 or self.config.folding.pages > 1

    def word_of(self, weights: list[int]) -> int:
        """A word as an integer."""
        return sum((w % (1 << self.bits)) << self.bits * lane for lane, w in enumerate(weights))

    def weights_of(self, word: int) -> list[int]:
        """The weights of a word's lanes."""
        half = 1 << self.bits - 1
        fields = [word >> self.bits * lane & (2 * half - 1) for lane in range(self.lanes)]
        return [(field ^ half) - half for field in fields]

    async def lanes_read(self, count: int, addresses: list[int]) -> None:
        """Read some of these words; what belongs to the read travels with the word."""
        for _ in range(count):
            requested = {address % self.rows: address for address in random.choices(addresses, k=3)}
            operation = {
                "operation.tick": random.randrange(31),
                "operation.row": sum(1 << bank for bank in requested),
            }
            words = {f"words.{bank}": self.words[address] for bank, address in requested.items()}
            self.out.expect([operation | words])
            await self.reads.send(
                operation
                | {f"addresses.{bank}": address // self.rows for bank, address in requested.items()}
            )

    async def host_reads(self, addresses: list[int]) -> None:
        """Read whole words over the host port."""
        for address in addresses:
            for chunk in range(self.chunks):
                await self.host.send({"write": 0, "address": address})
                if chunk == 0:
                    word = self.words[address]
                part = word >> chunk * CHUNK_BITS
                self.answers.expect([part & ((1 << CHUNK_BITS) - 1)])

    async def host_writes(self, address: int, word: int) -> None:
        """Write a whole word over the host port."""
        for chunk in range(self.chunks):
            part = word >> chunk * CHUNK_BITS & ((1 << CHUNK_BITS) - 1)
            await self.host.send({"write": 1, "address": address, "data": part})
        self.words[address] = word

    async def update(self, count: int, addresses: list[int]) -> None:
        """Update some of these words, one a cycle, but none twice before it is written."""
        low, high = weight_range(self.bits)
        latest: deque[int | None] = deque(maxlen=self.update_cycles)
        while count:
            free = [address for address in addresses if address not in latest]
            if not free or random.random() < 0.1:
                await self.domain.rising
                latest.append(None)
                continue
            address, step = random.choice(free), random.randrange(1 << STEP_BITS)
            plus, minus = random.getrandbits(self.lanes), random.getrandbits(self.lanes)
            cycle = await self.updates.send(
                {"address": address, "plus": plus, "minus": minus, "step": step}
            )
            after = []
            for lane, weight in enumerate(self.weights_of(self.words[address])):
                total = weight + step * ((plus >> lane & 1) - (minus >> lane & 1))
                after.append(min(max(total, low), high))
                self.saturated[after[-1]] += after[-1] != total
            self.words[address] = self.word_of(after)
            self.written[cycle + self.update_cycles] = sum(
                (w < 0) << lane for lane, w in enumerate(after)
            )
            latest.append(address)
            count -= 1

    async def watch_updated(self) -> None:
        """The store announces each updated word, with its signs, when it is written."""
        valid, negative = self.updated
        while True:
            await self.domain.falling
            signs = self.written.pop(self.domain.cycle, None)
            assert (int(negative.value) if valid.value else None) == signs, self.domain.cycle

    async def settled(self) -> None:
        """Wait until all that is expected has come."""
        await self.out.complete(PATIENCE)
        await self.answers.complete(PATIENCE)
        await self.domain.rising
