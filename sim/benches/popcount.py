"""Bench of the PopCount: random words, and the counts that come of them."""

import random

import cocotb
from cocotb.handle import SimHandleBase

from firstspike.hdl.lib.popcount import count_layout, word_layout
from firstspike.sim.harness.bench_io import parameters
from firstspike.sim.harness.streams import (
    CheckedSink,
    ClockDomain,
    Payload,
    StreamSource,
    at_random,
)

PATIENCE = 1000
"""Cycles in which the last counts must have come."""


class PopCountBench:
    """A PopCount's streams, and what is to come out of it."""

    def __init__(self, dut: SimHandleBase, pauses: bool) -> None:
        given = parameters()
        self.width, self.value_width = given["width"], given["value_width"]
        self.amount, self.stages = given["amount"], given["stages"]
        self.domain = domain = ClockDomain(dut)
        sending, taking = (at_random(1), at_random(2)) if pauses else (None, None)
        value = self.value_width
        self.source = StreamSource(dut, "words", domain, word_layout(self.width, value), sending)
        self.board = CheckedSink(dut, "counts", domain, count_layout(self.width, value), taking)

    async def start(self) -> None:
        """Start the clock, and to take counts."""
        await self.domain.start()
        self.board.start()

    def words(self) -> list[Payload]:
        """Random words, from those with no bit to those with all; their counts are expected."""
        words = []
        for _ in range(self.amount):
            density = random.choice((0, 0.05, 0.5, 0.95, 1))
            bits = [random.random() < density for _ in range(self.width)]
            value = random.randrange(1 << self.value_width)
            words.append({"bits": sum(bit << i for i, bit in enumerate(bits)), "value": value})
            self.board.expect([{"count": sum(bits), "value": value}])
        return words

    async def finish(self) -> None:
        """Wait until all counts have come."""
        for _ in range(PATIENCE):
            if not self.board.missing:
                break
            await self.domain.falling
        self.board.finish()


@cocotb.test()
async def counts(dut):
    """Random pauses on both sides."""
    bench = PopCountBench(dut, pauses=True)
    await bench.start()
    await bench.source.send_all(bench.words())
    await bench.finish()


@cocotb.test()
async def without_pauses(dut):
    """A word a cycle, and each count so many stages after its word."""
    bench = PopCountBench(dut, pauses=False)
    await bench.start()
    sent = await bench.source.send_all(bench.words())
    await bench.finish()
    assert sent == list(range(sent[0], sent[0] + bench.amount)), "not a word a cycle"
    received = [cycle for cycle, _ in bench.board.received]
    assert received == [cycle + bench.stages for cycle in sent], "not after so many stages"
