# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the link: plays the host's side of the line, byte by byte or bit by bit.

It only checks that answers come at all; `script` says what the steps mean.
"""

import random
from collections.abc import Iterator, Sequence

import cocotb
from cocotb.triggers import Timer
from cocotbext.uart import UartSink, UartSource

from firstspike.hdl.link.framing.uart import LINE_SPACING
from firstspike.hdl.link.protocol.lines import Line
from firstspike.sim.benches.flash.fill import fill
from firstspike.sim.harness.bench_io import arguments, report
from firstspike.sim.harness.streams import PERIOD, ClockDomain, Dut, StreamSink, at_random, drive

from .link_model import BROKEN
from .received import Received
from .script import PATIENCE, LinkOutcome, LinkParameters, answers_of
from .spi_line import SpiLine


class ByteLine(StreamSink):
    """The streams of bytes of a LinkedCore."""

    def __init__(self, dut: Dut, domain: ClockDomain, pauses: bool = False) -> None:
        super().__init__(dut, "sent", domain, willing=self._pausing() if pauses else None)
        self.held = False
        self.arrived = Received(domain)
        self._dut = dut
        drive(dut, received__valid=0, received__payload=0)

    def _pausing(self) -> Iterator[bool]:
        willing = at_random(random.randrange(1 << 30))
        while True:
            yield not self.held and next(willing)

    def take(self, cycle: int, payload: int) -> None:
        """Keep a byte from the board."""
        self.arrived.take(payload, cycle)

    async def send(self, content: bytes, spacing: int, broken: bool = False) -> None:
        """Send bytes at intervals of `spacing` clocks; the line has damaged them if `broken`."""
        valid, payload = self._dut.received__valid, self._dut.received__payload
        await self._domain.after_rising()
        for byte in content:
            valid.value = 1
            payload.value = byte | BROKEN if broken else byte
            await self._domain.rising
            valid.value = 0
            await self._domain.cycles(spacing - 1)


class BitLine:
    """The two wires of a LinkedCore with a UART."""

    def __init__(self, dut: Dut, domain: ClockDomain, bits: int) -> None:
        self.arrived = Received(domain)
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
            self.arrived.take(byte[0], self._domain.cycle)

    async def send(self, content: bytes, spacing: int, broken: bool = False) -> None:
        """Send bytes, one right after the other; for a stop bit `broken` ones have a rest."""
        if not broken:
            self._source.write_nowait(content)
            await self._source.wait()
            return
        for byte in content:
            for bit in (0, *(byte >> i & 1 for i in range(8)), 0, 1):
                await self._level(bit, 1)

    async def send_low(self, bits: int) -> None:
        """Send a glitch or a break: `bits` bits low, and one bit high."""
        await self._level(0, bits)
        await self._level(1, 1)

    async def _level(self, level: int, bits: int) -> None:
        self._dut.rx.value = level
        await Timer(PERIOD * self._bits * bits, "step")


def line_to(
    dut: Dut, domain: ClockDomain, bits: int | None, pauses: bool = False, line: Line = Line.UART
) -> ByteLine | BitLine | SpiLine:
    """The line of a LinkedCore, or with `bits` clocks a bit one with wires."""
    if bits is None:
        return ByteLine(dut, domain, pauses)
    return SpiLine(dut, domain, bits, pauses) if line is Line.SPI else BitLine(dut, domain, bits)


class LinkBench:
    """A board, and a host that follows a script; a step is a method."""

    def __init__(self, dut: Dut, parameters: LinkParameters) -> None:
        self.dut = dut
        self.domain = ClockDomain(dut)
        self.line = line_to(dut, self.domain, parameters.bits, parameters.pauses, parameters.line)
        self._steps = parameters.steps
        dut.show.value = 0

    async def run(self) -> None:
        """Everything, from the first reset on."""
        await self.domain.start()
        self.line.start()
        for step, values in self._steps:
            await getattr(self, f"_{step}")(*values)

    async def _send(self, content: bytes, spacing: int) -> None:
        await self.line.send(content, spacing)

    async def _broken(self, content: bytes, spacing: int) -> None:
        assert not isinstance(self.line, SpiLine), "there are no stop bits to lose"
        await self.line.send(content, spacing, broken=True)

    async def _pause(self, cycles: int) -> None:
        await self.domain.cycles(cycles)

    async def _start(self, content: dict[int, int]) -> None:
        await self.domain.after_rising()
        self.dut.rst.value = 1
        await self.domain.rising
        await fill(self.dut, self.domain, content)
        self.dut.rst.value = 0

    async def _hold(self, held: bool) -> None:
        assert isinstance(self.line, ByteLine), "bits are taken as they come"
        self.line.held = held

    async def _press(self) -> None:
        for level in (1, 0):
            await self.domain.after_rising()
            self.dut.show.value = level
            await self.domain.cycles(10)

    async def _answers(self, count: int, patience: int) -> None:
        await self.line.arrived.answers(count, patience)

    async def _stream(self, frames: Sequence[tuple[bytes, int]], capacity: int) -> None:
        costs = [cost for _, cost in frames]
        async for number, _ in self.line.arrived.room(costs, capacity, PATIENCE):
            await self.line.send(frames[number][0], LINE_SPACING)


@cocotb.test()
async def link(dut):
    """Follow the script it is given."""
    bench = LinkBench(dut, arguments(LinkParameters))
    await bench.run()
    shown = int(dut.shown.value) if dut.shown_valid.value else -1
    arrived = bench.line.arrived
    report(LinkOutcome(answers_of(bytes(arrived.content), arrived.cycles), shown))
