# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the FlashedCore: fills its flash, starts it, sends images, asks, and keeps its text."""

from collections.abc import Mapping

import cocotb

from firstspike.sim.benches.flash.fill import fill
from firstspike.sim.harness.bench_io import report
from firstspike.sim.harness.streams import BlockBench, Dut, StreamSink
from tests.support.flash_model import FLASH_ADDRESS

from .flashed_run import Start

STEP = 500
"""Cycles between two looks at the text."""


class TextSink(StreamSink):
    """Keeps the text since the last start."""

    content = b""
    cycle = 0

    def take(self, cycle: int, payload: int) -> None:
        """Keep a byte; a missing stop bit fails the bench."""
        assert payload < 256, "a byte of text has no stop bit"
        self.content += bytes([payload])
        self.cycle = cycle


class StandaloneBench(BlockBench):
    """The design's ports; given are images, starts, and cycles without text."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.images, self.starts, self._patience = self.arguments
        self.items, self.requests = self.source("items"), self.source("requests")
        self.text = self.sink("text", kind=TextSink)
        self.drive(broken=0, telling=1, filled__valid=0)

    async def fill(self, content: dict[int, int]) -> None:
        """Write bytes into the flash, by their addresses."""
        await self.domain.after_rising()
        await fill(self.dut, self.domain, content)

    async def once(self, start: Start) -> bytes:
        """Start the design, offer it the images, and return what it says."""
        domain, dut = self.domain, self.dut
        await domain.after_rising()
        dut.rst.value = 1
        self.drive(broken=0, telling=start.telling)
        self.items.idle()
        self.requests.idle()
        await domain.rising
        await self.fill({FLASH_ADDRESS + address: byte for address, byte in start.bytes.items()})
        dut.rst.value = 0
        self.text.content, self.text.cycle = b"", domain.cycle
        sending = cocotb.start_soon(self._send(start.broken))
        asking = cocotb.start_soon(self._ask(start.requests))
        while not asking.done() or domain.cycle < self.text.cycle + self._patience:
            await domain.cycles(STEP)
        sending.cancel()
        return self.text.content

    async def _ask(self, requests: Mapping[int, bytes]) -> None:
        begin = self.domain.cycle
        for cycle, sent in requests.items():
            await self.domain.cycles(max(begin + cycle - self.domain.cycle, 0))
            await self.requests.send(*sent)
            self.text.cycle = self.domain.cycle

    async def _send(self, broken: bool) -> None:
        for image in self.images:
            await self.items.send(*image)
        await self.domain.cycles(self._patience // 2)
        self.drive(broken=broken)


@cocotb.test()
async def standalone(dut):
    """Start by start."""
    bench = await StandaloneBench(dut).start()
    report([await bench.once(start) for start in bench.starts])
