# SPDX-License-Identifier: BSD-2-Clause
"""The Lsm6dso: a part that comes, gives samples, stops, loses its power and goes."""

import random
import struct
from collections.abc import Iterator
from functools import partial
from math import ceil
from typing import Any, Self

import cocotb
import pytest
from cocotb.simtime import get_sim_time
from cocotb.triggers import Event, FallingEdge, First, RisingEdge, Timer

from firstspike.hdl.motion.frames import sample_layout
from firstspike.hdl.motion.lsm6dso import (
    AXES,
    BYTE,
    CONFIGURATION,
    DATA,
    IDENTITY,
    READ,
    READY,
    REST_SECONDS,
    SILENT_SECONDS,
    STATUS,
    WHO_AM_I,
    Lsm6dso,
)
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import PERIOD, BlockBench, Dut, at_random

CLOCK_HZ = 100_000
"""A slow clock makes few cycles of the times that the part takes."""

SECOND = CLOCK_HZ * PERIOD
"""A second, in steps of the simulation."""

SILENT_CYCLES = 1 << ceil(SILENT_SECONDS * CLOCK_HZ).bit_length()
"""The time without a sample in cycles, as the next larger power of two."""

ABSENT = 0xFF
"""A byte read without a part: the wire is pulled up."""


@pytest.mark.long
def test_lsm6dso(seed):
    Simulation.of(Lsm6dso(CLOCK_HZ)).run(__name__, seed=seed)


example = partial(test_lsm6dso, seed=1)


@cocotb.test()
async def at_once(dut):
    """Samples are taken at once."""
    await check_all(await Lsm6dsoBench(dut).start())


@cocotb.test()
async def with_pauses(dut):
    """Samples are taken with random pauses."""
    await check_all(await Lsm6dsoBench(dut, at_random(3)).start())


@cocotb.test()
async def taken_late(dut):
    """A value waits for longer than a part may be silent: only the next sample follows a gap."""
    willing = True
    bench = await Lsm6dsoBench(dut, iter(lambda: willing, None)).start()
    bench.part.begin()
    await bench.give(1, silent=0)
    willing = False
    bench.samples.expect({"x": x, "first": 0} for x in range(AXES))
    bench.part.offer([*range(AXES)])
    await bench.until(lambda: dut.samples__valid.value, SILENT_SECONDS)
    await bench.until(lambda: dut.stopped.value, SILENT_SECONDS)
    willing = True
    await bench.samples.complete(1000)
    await bench.give(2)


class Lsm6dsoBench(BlockBench):
    """A part, and the samples that come of it."""

    def __init__(self, dut: Dut, willing: Iterator[bool] | None = None) -> None:
        super().__init__(dut)
        self.part = Part(dut.cs, dut.sck, dut.mosi, dut.miso)
        self.samples = self.sink("samples", sample_layout(), willing)

    async def start(self) -> Self:
        """Start the clock, the sink and the part."""
        await super().start()
        self.part.start()
        return self

    async def comes(self, met, seconds: float) -> bool:
        """Wait until `met` holds, for at most 2.5 times `seconds`; return whether it did."""
        return await self.domain.until(met, round(2.5 * seconds * CLOCK_HZ))

    async def until(self, met, seconds: float) -> None:
        """Wait until `met` holds, and fail if it does not come."""
        assert await self.comes(met, seconds), "it does not happen"

    async def stop(self) -> None:
        """Wait until `stopped` is high, `SILENT_CYCLES` after the latest sample."""
        await self.until(lambda: self.dut.stopped.value, SILENT_SECONDS)
        sampled, _ = self.samples.received[-1]
        assert self.domain.cycle == sampled + 1 + SILENT_CYCLES

    async def give(self, count: int, silent: float = SILENT_SECONDS) -> None:
        """Let the part be configured, and give samples, of which the first follows a gap.

        A part that was absent is configured at once, another one after `silent` seconds.
        """
        await self.until(lambda: self.part.configured, silent + 10 * REST_SECONDS)
        for number in range(count):
            values = [random.randrange(-(1 << 15), 1 << 15) for _ in range(AXES)]
            first = int(number == 0)
            self.samples.expect({"x": value & 0xFFFF, "first": first} for value in values)
            await self.part.give(values, round(SILENT_SECONDS * CLOCK_HZ))
        await self.samples.complete(1000)
        assert not self.dut.absent.value
        assert not self.dut.stopped.value


async def check_all(bench: Lsm6dsoBench) -> None:
    """A part comes, stops, loses its power, goes, and gives samples each time."""
    dut, part, count = bench.dut, bench.part, 6
    await bench.until(lambda: dut.absent.value, 10 * REST_SECONDS)
    part.begin()
    await bench.give(count, silent=0)
    await bench.stop()  # the part goes on without a sample
    await bench.give(count)
    part.begin()  # its power was away for a moment
    await bench.stop()
    await bench.give(count)
    part.present = False
    await bench.until(lambda: dut.absent.value, 10 * REST_SECONDS)
    assert not dut.stopped.value
    part.begin()
    await bench.give(count, silent=0)
    part.present = False
    await bench.until(lambda: dut.absent.value, 10 * REST_SECONDS)
    assert not await bench.comes(lambda: dut.stopped.value, SILENT_SECONDS)


class Part:
    """Registers behind SPI in mode 3: it samples at the rising edge, and sends at the falling one.

    Parameters: handles of the wires.
    """

    def __init__(self, cs: Any, sck: Any, mosi: Any, miso: Any) -> None:
        self._cs, self._sck, self._mosi, self._miso = cs, sck, mosi, miso
        self.present = False
        self.registers: dict[int, int] = {}
        self.sample_count = 0
        """How many samples have been read as a whole."""
        self._read = Event()
        miso.value = 1

    def begin(self) -> None:
        """Power it up, without a configuration."""
        self.present = True
        self.registers = {WHO_AM_I: IDENTITY, STATUS: 0}

    @property
    def configured(self) -> bool:
        """Whether the registers hold the whole configuration for giving samples."""
        return all(self.registers.get(key) == value for key, value in CONFIGURATION.items())

    def offer(self, values: list[int]) -> None:
        """Have a sample ready, the signed values of all axes."""
        assert self.configured, "the part was not configured"
        content = struct.pack(f"<{AXES}h", *values)
        self.registers |= {DATA + address: byte for address, byte in enumerate(content)}
        self.registers[STATUS] = READY

    async def give(self, values: list[int], patience: int) -> None:
        """Offer a sample, which the design must read within `patience` cycles."""
        before = self.sample_count
        self._read.clear()
        self.offer(values)
        await First(self._read.wait(), Timer(patience * PERIOD, "step"))
        assert self.sample_count > before, f"a sample was not read in {patience} cycles"

    def start(self) -> None:
        """Begin to listen."""
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        deselected = -SECOND
        while True:
            await RisingEdge(self._cs)
            assert get_sim_time("step") - deselected >= REST_SECONDS * SECOND, "selected too early"
            listening = cocotb.start_soon(self._selected())
            await FallingEdge(self._cs)
            deselected = get_sim_time("step")
            listening.cancel()
            self._miso.value = 1

    async def _byte(self, sent: int | None) -> int:
        """Exchange a byte; with None the line to the master stays high."""
        value = 0
        for bit in reversed(range(BYTE)):
            await FallingEdge(self._sck)
            self._miso.value = 1 if sent is None else sent >> bit & 1
            await Timer(PERIOD // 2, "step")
            received = int(self._mosi.value)
            await RisingEdge(self._sck)
            await Timer(PERIOD // 2, "step")
            assert self._mosi.value == received, "MOSI changes at the rising edge of SCK"
            value = value << 1 | received
        return value

    async def _selected(self) -> None:
        assert self._sck.value == 1, "SCK rests high"
        command = await self._byte(None)
        address = command & ~READ
        while True:
            if command & READ:
                await self._byte(self.registers.get(address, 0) if self.present else ABSENT)
                if address == DATA + 2 * AXES - 1:
                    self.registers[STATUS] = 0
                    self.sample_count += 1
                    self._read.set()
            else:
                self.registers[address] = await self._byte(None)
            address += 1
