# SPDX-License-Identifier: BSD-2-Clause
"""Bench of a board on a desk: fills its flash, plays to its microphone, asks, keeps its text."""

from contextlib import ExitStack
from typing import BinaryIO

import cocotb
from cocotb.triggers import First, Timer

from firstspike.sim.benches.flash.fill import fill
from firstspike.sim.harness.bench_io import report, tell
from firstspike.sim.harness.streams import PERIOD, BlockBench, Dut, StreamSink
from firstspike.sim.harness.terminal import Terminal

LOOK = 10_000
"""Cycles between two looks at the terminal: some five bytes of text."""

STEP = 100_000
"""Cycles between two looks at whether anything happens."""

PATIENCE, LOADING_CYCLES = 200_000, 20
"""Cycles without a bit of the microphone after which none is taken any more, and those that are
added per byte of the flash: until its bytes are loaded."""

POWER_UP = 1_000
"""Cycles in front of a question. An iCE40 is in reset for 15 us after power-up, and hears none."""


class Text(StreamSink):
    """Keeps the text, and writes it to a file and a terminal as it comes."""

    content = b""
    file: BinaryIO | None = None
    terminal: Terminal | None = None

    def take(self, cycle: int, payload: int) -> None:
        """Keep a byte."""
        self.content += bytes([payload])
        if self.file is not None:
            self.file.write(bytes([payload]))
            self.file.flush()
        if self.terminal is not None:
            self.terminal.write(bytes([payload]))


class BoardBench(BlockBench):
    """The ports of a desk but for those of what the board senses; it is `arguments` a `flash`."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.requests = self.source("requests")
        self.text = self.sink("text", kind=Text)
        self.drive(held=1, filled__valid=0)

    async def fill(self) -> None:
        """Write the flash, and let the board's clock run."""
        await self.domain.after_rising()
        await fill(self.dut, self.domain, self.arguments.flash)
        await self.domain.cycles(1)
        self.dut.rst.value = 1
        self.drive(held=0)
        await self.domain.cycles(1)
        self.dut.rst.value = 0


class DeskBench(BoardBench):
    """The ports of a desk with a microphone."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.chunks = self.source("chunks")
        self.played = 0

    async def _play(self) -> None:
        for number, chunk in enumerate(self.arguments.chunks):
            await self.chunks.send(chunk)
            self.played += 1
            if number in self.arguments.requests:
                cocotb.start_soon(self._ask(self.arguments.requests[number]))

    async def _ask(self, content: bytes) -> None:
        await self.domain.cycles(POWER_UP)
        await self.requests.send(*content)

    async def play(self) -> None:
        """Let the microphone play all bits, or give up: a design with a fault takes none."""
        playing, quiet = cocotb.start_soon(self._play()), 0
        patience = PATIENCE + LOADING_CYCLES * len(self.arguments.flash)
        while not playing.done() and quiet < patience:
            before = self.played
            await First(playing.complete, Timer(STEP * PERIOD, "step"))
            tell(self.played)
            quiet = 0 if self.played > before else quiet + STEP
        playing.cancel()

    async def talk(self, terminal: Terminal) -> None:
        """Join a terminal with the board's UART until it is closed."""
        self.text.terminal = terminal
        while (content := terminal.read()) is not None:
            await self.requests.send(*content)
            await self.domain.cycles(LOOK)


@cocotb.test()
async def desk(dut):
    """From power-up to the last bit of the microphone, and some time beyond."""
    bench = await DeskBench(dut).start()
    parameters = bench.arguments
    with ExitStack() as stack:
        if parameters.text is not None:
            bench.text.file = stack.enter_context(open(parameters.text, "wb"))
        terminal = None if parameters.terminal is None else Terminal(parameters.terminal)
        await bench.fill()
        working = [cocotb.start_soon(bench.play())]
        if terminal is not None:
            working.append(cocotb.start_soon(bench.talk(terminal)))
        await First(*(task.complete for task in working))
    report(bench.text.content)
