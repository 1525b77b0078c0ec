"""Bench of the weight store: the lanes read, the host reads and writes, a list knows the words."""

import random

import cocotb
from amaranth.lib import data
from cocotb.handle import SimHandleBase

from firstspike.hdl.weights import CHUNK_BITS, chunks_of, host_request

from ..exchange import parameters
from ..streams import ClockDomain, Scoreboard, StreamSource, at_random
from ..weights import store_shape

PATIENCE = 2000
"""Cycles in which everything asked for must have been answered."""


class WeightsBench:
    """A store's ports, and the words it should hold."""

    def __init__(self, dut: SimHandleBase) -> None:
        given = parameters()
        weights, bits = given["weights"], given["weight_bits"]
        self.amount = given["amount"]
        self.shape = shape = store_shape(*weights.shape, given["lanes"], bits)
        self.domain = domain = ClockDomain(dut)
        self.chunks = chunks_of(shape)
        self.words = []
        for group in range(shape.schedule.groups):
            for row in weights.tolist():
                part = row[group * given["lanes"] :][: given["lanes"]]
                self.words.append(sum((w % (1 << bits)) << bits * i for i, w in enumerate(part)))
        operation = shape.operation
        self.reading = data.StructLayout(
            {"operation": operation, "address": range(len(self.words))}
        )
        self.told = data.StructLayout({"operation": operation, "word": shape.word.size})
        self.reads = StreamSource(dut, "reads", domain, self.reading, at_random(1))
        self.out = Scoreboard(dut, "words", domain, self.told, at_random(2))
        self.host = StreamSource(dut, "host", domain, host_request(shape), at_random(3))
        self.answers = Scoreboard(dut, "answers", domain, None, at_random(4))

    async def lanes_read(self, count: int) -> None:
        """Read random words; what belongs to the read travels with the word."""
        for _ in range(count):
            address = random.randrange(len(self.words))
            tick = random.randrange(31)
            self.out.expect([{"operation.tick": tick, "word": self.words[address]}])
            await self.reads.send({"operation.tick": tick, "address": address})

    async def host_reads(self, addresses: list[int]) -> None:
        """Read whole words over the host port."""
        for address in addresses:
            for chunk in range(self.chunks):
                part = self.words[address] >> chunk * CHUNK_BITS
                self.answers.expect([part & ((1 << CHUNK_BITS) - 1)])
                await self.host.send({"write": 0, "address": address})

    async def host_writes(self, address: int, word: int) -> None:
        """Write a whole word over the host port."""
        self.words[address] = word
        for chunk in range(self.chunks):
            part = word >> chunk * CHUNK_BITS & ((1 << CHUNK_BITS) - 1)
            await self.host.send({"write": 1, "address": address, "data": part})

    async def settled(self) -> None:
        """Wait until all that is expected has come."""
        for _ in range(PATIENCE):
            if self.out.missing == 0 == self.answers.missing:
                break
            await self.domain.falling
        self.out.finish()
        self.answers.finish()
        await self.domain.rising


@cocotb.test()
async def weights(dut):
    """Reads of both sides at the same time, with writes in between."""
    bench = WeightsBench(dut)
    await bench.domain.start()
    bench.out.start()
    bench.answers.start()
    everything = list(range(len(bench.words)))
    await bench.host_reads(everything)
    for _ in range(bench.amount // 20):
        asked = random.choices(everything, k=random.randrange(6))
        hosting = cocotb.start_soon(bench.host_reads(asked))
        await bench.lanes_read(20)
        await hosting
        await bench.settled()
        for _ in range(random.randrange(3)):
            await bench.host_writes(
                random.choice(everything), random.randrange(1 << bench.shape.word.size)
            )
    await bench.host_reads(everything)
    await bench.settled()
