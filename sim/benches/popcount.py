# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the PopCount: random words, and the counts that come of them."""

import random
from dataclasses import dataclass
from typing import Any

import cocotb
from amaranth.hdl import Shape

from firstspike.hdl.lib.popcount import PopCount, count_layout, word_layout
from firstspike.sim.harness.bench_io import given
from firstspike.sim.harness.block import run_bench
from firstspike.sim.harness.streams import (
    CheckedSink,
    ClockDomain,
    Dut,
    Payload,
    StreamSource,
    at_random,
)

PATIENCE = 1000
"""Cycles in which the last counts must have come."""


@dataclass(frozen=True)
class Parameters:
    """What the bench is told: bits of a word and of its value, stages, and how many words."""

    width: int
    value_width: int
    stages: int
    amount: int


def simulate(counter: PopCount, amount: int = 500, **options: Any) -> None:
    """Count `amount` random words, against Python's own count; `options` are `run_bench`'s."""
    value_width = Shape.cast(counter.value).width
    parameters = Parameters(counter.width, value_width, counter.stages, amount)
    run_bench(__name__, counter, parameters, **options)


def example(**options: Any) -> str:
    """What `firstspike check blocks` runs and says."""
    simulate(PopCount(100, 6), **options)
    return "100 bits: 500 words with pauses and 500 without"


class PopCountBench:
    """A PopCount's streams, and what is to come out of it."""

    def __init__(self, dut: Dut, pauses: bool) -> None:
        self.given = given(Parameters)
        width, value = self.given.width, self.given.value_width
        self.domain = domain = ClockDomain(dut)
        sending, taking = (at_random(1), at_random(2)) if pauses else (None, None)
        self.source = StreamSource(dut, "words", domain, word_layout(width, value), sending)
        self.board = CheckedSink(dut, "counts", domain, count_layout(width, value), taking)

    def words(self) -> list[Payload]:
        """Random words, from those with no bit to those with all; their counts are expected."""
        words = []
        for _ in range(self.given.amount):
            density = random.choice((0, 0.05, 0.5, 0.95, 1))
            bits = [random.random() < density for _ in range(self.given.width)]
            value = random.randrange(1 << self.given.value_width)
            words.append({"bits": sum(bit << i for i, bit in enumerate(bits)), "value": value})
            self.board.expect([{"count": sum(bits), "value": value}])
        return words


@cocotb.test()
async def counts(dut):
    """Random pauses on both sides."""
    bench = PopCountBench(dut, pauses=True)
    await bench.domain.start()
    bench.board.start()
    await bench.source.send_all(bench.words())
    await bench.board.complete(PATIENCE)


@cocotb.test()
async def without_pauses(dut):
    """A word a cycle, and each count so many stages after its word."""
    bench = PopCountBench(dut, pauses=False)
    await bench.domain.start()
    bench.board.start()
    sent = [await bench.source.send(word) for word in bench.words()]
    await bench.board.complete(PATIENCE)
    assert sent == list(range(sent[0], sent[0] + bench.given.amount)), "not a word a cycle"
    received = [cycle for cycle, _ in bench.board.received]
    assert received == [cycle + bench.given.stages for cycle in sent], "not after so many stages"
