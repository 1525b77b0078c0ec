"""Bench of the link: plays the host's side of the line, byte by byte or bit by bit.

It judges nothing but that answers come at all; `script` says what the steps mean.
"""

import itertools
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import cocotb
import numpy as np
from cocotb.handle import SimHandleBase
from cocotb.triggers import Timer
from cocotbext.uart import UartSink, UartSource

from firstspike.hdl.link.uart import LINE_SPACING
from firstspike.sim.harness import bench_io as exchange
from firstspike.sim.harness.streams import PERIOD, ClockDomain, StreamSink, at_random
from firstspike.sim.harness.taps import Arrivals, SpikeLogs, fail_in_silence

from .link_model import BROKEN


class Received:
    """The bytes that came from the board, the cycles they came in, and who waits for them."""

    def __init__(self, domain: ClockDomain) -> None:
        self._domain = domain
        self.content = bytearray()
        self.cycles: list[int] = []
        self.frames = 0
        self._arrivals = Arrivals()

    def take(self, byte: int, cycle: int) -> None:
        """Be told of a byte."""
        self.content.append(byte)
        self.cycles.append(cycle)
        self.frames += byte == 0
        self._arrivals.came()

    async def answers(self, count: int, patience: int) -> None:
        """Wait for so many frames in all, and at most `patience` cycles for a byte."""
        watch = fail_in_silence(self._domain, patience, lambda: len(self.content), "byte")
        await self._arrivals.until(lambda: self.frames >= count)
        watch.cancel()

    async def room(
        self, costs: Sequence[int], capacity: int, patience: int, most: int | None = None
    ) -> AsyncIterator[tuple[int, int]]:
        """Number after number of frames with these costs, each when it may be sent.

        That is when those without an answer, itself included, fit the capacity and are at most
        `most`. Also yields how many are answered; waits for all answers in the end.
        """
        before = self.frames
        held = list(itertools.accumulate(costs, initial=0))
        for number in range(len(costs)):
            assert costs[number] <= capacity, "a request is larger than the board takes"
            while held[number + 1] - held[
                (answered := self.frames - before)
            ] > capacity or number - answered >= (most or len(costs)):
                await self.answers(self.frames + 1, patience)
            yield number, answered
        await self.answers(before + len(costs), patience)

    def report(self) -> dict[str, np.ndarray]:
        """For `script.answers_of`."""
        return {
            "bytes": np.array(self.content, np.uint8),
            "cycles": np.array(self.cycles, np.int64),
        }


class ByteLine(StreamSink):
    """The streams of bytes of a LinkedCore."""

    def __init__(self, dut: SimHandleBase, domain: ClockDomain, pauses: bool = False) -> None:
        super().__init__(dut, "sent", domain, willing=self._pausing() if pauses else None)
        self.held = False
        self.received = Received(domain)
        self._dut = dut
        dut.received__valid.value = 0
        dut.received__payload.value = 0

    def _pausing(self) -> Iterator[bool]:
        willing = at_random(random.randrange(1 << 30))
        while True:
            yield not self.held and next(willing)

    def take(self, cycle: int, payload: int) -> None:
        """Keep a byte from the board."""
        self.received.take(payload, cycle)

    async def send(self, content: bytes, spacing: int, broken: int = 0) -> None:
        """Send bytes, so many clocks apart."""
        valid, payload = self._dut.received__valid, self._dut.received__payload
        await self._domain.after_rising()
        for byte in content:
            valid.value = 1
            payload.value = byte | broken
            await self._domain.rising
            valid.value = 0
            await self._domain.cycles(spacing - 1)

    async def send_broken(self, content: bytes, spacing: int) -> None:
        """Send bytes that the line has damaged."""
        await self.send(content, spacing, BROKEN)


class BitLine:
    """The two wires of a SerialCore."""

    def __init__(self, dut: SimHandleBase, domain: ClockDomain, bits: int) -> None:
        self.received = Received(domain)
        self._dut, self._domain, self._bits = dut, domain, bits
        baud = 1e9 / (PERIOD * bits)
        self._source = UartSource(dut.rx, baud=baud)
        self._sink = UartSink(dut.tx, baud=baud)

    def start(self) -> None:
        """Begin to listen."""
        cocotb.start_soon(self._listen())

    async def _listen(self) -> None:
        while True:
            byte = await self._sink.read(1)
            self.received.take(byte[0], self._domain.cycle)

    async def send(self, content: bytes, spacing: int = 0) -> None:
        """Send bytes, one right after the other."""
        self._source.write_nowait(content)
        await self._source.wait()

    async def send_broken(self, content: bytes, spacing: int = 0) -> None:
        """Send bytes without their stop bits, and rest for a bit after each."""
        for byte in content:
            for bit in (0, *(byte >> i & 1 for i in range(8)), 0, 1):
                self._dut.rx.value = bit
                await Timer(PERIOD * self._bits, "step")

    async def send_low(self, bits: int) -> None:
        """A glitch, or a break: low for so many bits, and high for one."""
        for level, length in ((0, bits), (1, 1)):
            self._dut.rx.value = level
            await Timer(PERIOD * self._bits * length, "step")


class LinkBench:
    """A board, and a host that follows a script."""

    def __init__(self, dut: SimHandleBase, given: dict[str, Any]) -> None:
        self.dut = dut
        self.domain = ClockDomain(dut)
        bits = given["bits"]
        if bits is None:
            self.line = ByteLine(dut, self.domain, given["pauses"])
        else:
            self.line = BitLine(dut, self.domain, bits)
        self.received = self.line.received
        self.sent: list[int] = []
        # What the images are a script does not know.
        self.logs = SpikeLogs(dut, self.domain, given["hidden"], lambda bits: bits & 1)
        dut.show.value = 0

    async def run(self, steps: list[list]) -> None:
        """Everything, from the first reset on."""
        await self.domain.start()
        self.line.start()
        self.logs.start()
        for name, *arguments in steps:
            await getattr(self, f"_{name}")(*arguments)

    async def _send(self, content: str, spacing: int) -> None:
        await self.line.send(bytes.fromhex(content), spacing)

    async def _broken(self, content: str, spacing: int = LINE_SPACING) -> None:
        await self.line.send_broken(bytes.fromhex(content), spacing)

    async def _pause(self, cycles: int) -> None:
        await self.domain.after_rising()
        await self.domain.cycles(cycles)

    async def _hold(self, held: bool) -> None:
        self.line.held = held

    async def _press(self) -> None:
        for level, cycles in ((1, 10), (0, 10)):
            await self.domain.after_rising()
            self.dut.show.value = level
            await self.domain.cycles(cycles)

    async def _answers(self, count: int, patience: int) -> None:
        await self.received.answers(count, patience)

    async def _stream(self, frames: list[list], capacity: int) -> None:
        costs = [cost for _, cost in frames]
        async for number, _ in self.received.room(costs, capacity, 200_000):
            await self._send(frames[number][0], LINE_SPACING)
            self.sent.append(self.domain.cycle)


@cocotb.test()
async def link(dut):
    """Follow the script of the stimulus file."""
    given = exchange.parameters()
    bench = LinkBench(dut, given)
    await bench.run(given["steps"])
    exchange.report(
        **bench.received.report(),
        **bench.logs.report(),
        sent=np.array(bench.sent, np.int64),
        shown=int(dut.shown.value) if dut.shown_valid.value else -1,
    )
