# SPDX-License-Identifier: BSD-2-Clause
"""The Saver with a flash, at a weight port that stalls at random."""

import random
from functools import partial
from math import ceil
from types import SimpleNamespace

import cocotb
import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from cocotb.triggers import FallingEdge, with_timeout

from firstspike.golden.flash import PAGE_BYTES, SECTOR_BYTES, WORD_BYTES, image_of, saved_address
from firstspike.golden.learning.state import MAX_STORED_BITS
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig, weight_chunks
from firstspike.hdl.core.ports import weights_layout
from firstspike.hdl.flash.saver import DESELECT_SECONDS, Saver
from firstspike.hdl.flash.spi import WIRES, Command
from firstspike.hdl.lib.block import Block, join, tap
from firstspike.sim.benches.flash.fill import fill
from firstspike.sim.benches.flash.model import flash_verilog
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import (
    PERIOD,
    BlockBench,
    Dut,
    StreamSink,
    StreamSource,
    at_random,
)
from firstspike.sim.harness.verilog import verilog_of
from tests.support.flash_changes import FlashBus
from tests.support.flash_model import spi_flash, stored
from tests.support.simulators import refused

IDENTITY = b"a pupil."
REGION = 0x3000
CLOCK_HZ = 24_000_000

HEADER_BYTES = 16

PATIENCE = 400
"""Cycles per word in which a save ends: the weight port stalls."""

CHANGE_CYCLES = 1000
"""Cycles of a change: its command, and the time that the flash needs."""


def saved_core(rows: int, classes: int, lanes: int) -> tuple[CoreConfig, list[tuple[int, int]]]:
    """Return a core with a last layer of this size, and the addresses of its chunks."""
    rng = np.random.default_rng(rows)
    network = network_of(random_weights(rng, (5, rows, classes), -40, 60), (60, 40), bits=8)
    folding = Folding.of(network, CoreShape((2, lanes)))
    config = CoreConfig.of(network, folding, stored_bits=MAX_STORED_BITS, last_layer=True)
    return config, [one[:2] for one in weight_chunks(config, network) if one[0] == 1]


class SavingFlash(Block):
    """A Saver with its flash, which is awake."""

    def __init__(self, config: CoreConfig) -> None:
        self._saver = Saver(config, IDENTITY, REGION, CLOCK_HZ)
        members = self._saver.signature.members
        self._names = [name for name in members if name not in WIRES]
        super().__init__(
            **{name: members[name] for name in self._names},
            **{name: Out(1) for name in ("cs", "sck", "mosi")},
            locked=In(1),
            filled=In(tap(address=24, data=8)),
            stored=Out(8),
        )

    def build(self, m: Module) -> None:
        """Put into the module m what is inside."""
        m.submodules.saver = saver = self._saver
        join(m, wiring.flipped(self), saver, *self._names, "cs", "sck", "mosi")
        m.submodules.flash = spi_flash(
            self.filled, saver, rest=0, locked=self.locked, stored=self.stored, awake=True
        )


@pytest.mark.parametrize(
    ("rows", "classes", "lanes", "sectors"),
    [
        (9, 4, 1, 1),
        pytest.param(16, 4, 1, 1, marks=pytest.mark.long),
        pytest.param(20, 9, 5, 1, marks=pytest.mark.long),
        pytest.param(250, 4, 1, 2, marks=pytest.mark.long),
    ],
)
def test_saver(rows, classes, lanes, sectors, seed):
    """Less than a page; only the checksum in a page; words of two chunks; two sectors."""
    config, addresses = saved_core(rows, classes, lanes)
    arguments = SimpleNamespace(config=config, addresses=addresses, sectors=sectors)
    top = f"saving_flash_{rows}_{classes}_{lanes}"
    verilog = verilog_of(SavingFlash(config), top) + flash_verilog()
    Simulation(verilog, top).run(__name__, arguments, seed=seed)


example = partial(test_saver, 16, 4, 1, 1, seed=1)


def test_regions():
    config, _ = saved_core(9, 4, 1)
    refused(lambda: Saver(config, IDENTITY, 0x100, CLOCK_HZ), "multiple of 4096, not 0x100")
    refused(lambda: Saver(config, IDENTITY, 1 << 24, CLOCK_HZ), "1 sectors at 0x1000000 has more")
    assert saved_address(REGION) == REGION + 240


@cocotb.test()
async def saves(dut):
    """Save over other content, and over former images; then forget, and save again."""
    bench = await SaverBench(dut).start()
    await bench.fill(random.randbytes(len(bench.window)))
    for _ in range(4):
        bench.learn()
        await bench.request("save")
        await bench.check(bench.image)
        first, *_, last = bench.bus.changes
        assert (first.address, first.data) == (bench.begin, bytes(HEADER_BYTES))
        assert (last.address, last.data) == (bench.begin, bench.image[:HEADER_BYTES])
        bench.bus.commands.clear()
    await bench.request("forget")
    await bench.check(bytes(HEADER_BYTES) + bench.image[HEADER_BYTES:])
    assert len(bench.bus.changes) == 1
    await bench.request("save")
    await bench.check(bench.image)


@cocotb.test()
async def protected(dut):
    """Without an unprotected flash nothing changes; afterwards the next request does."""
    bench = await SaverBench(dut).start()
    await bench.fill(random.randbytes(len(bench.window)))
    dut.locked.value = 1
    for name in ("save", "forget"):
        await bench.request(name, fails=True)
        assert await stored(dut, bench.domain, bench.window) == bench.content
    assert {command[0] for command in bench.bus.commands} == {Command.STATUS}
    dut.locked.value = 0
    await bench.request("save")
    await bench.check(bench.image)


class WeightPort(StreamSink):
    """The weight port of a core: it answers read requests in order."""

    answers: StreamSource
    chunks: list[tuple[int, int, int]]

    def take(self, cycle: int, payload: int) -> None:
        """Answer a request with the next chunk; a save begins with the first one."""
        layer, address, data = self.chunks[len(self.received) % len(self.chunks)]
        assert self.fields(payload) == {"write": 0, "layer": layer, "address": address, "data": 0}
        super().take(cycle, payload)
        cocotb.start_soon(self.answers.send(data))


class SaverBench(BlockBench):
    """The ports of a SavingFlash."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self._addresses = self.arguments.addresses
        port = self.sink("weights", weights_layout(self.arguments.config), at_random(1), WeightPort)
        port.answers = self.source("weights_read", None, at_random(2))
        self._port = port
        self.bus = FlashBus(dut, self.domain, rest=ceil(DESELECT_SECONDS * CLOCK_HZ))
        self.begin = saved_address(REGION)
        self.learn()
        end = REGION + self.arguments.sectors * SECTOR_BYTES
        assert end - SECTOR_BYTES < self.begin + len(self.image) <= end
        self.window = range(REGION - SECTOR_BYTES, end + SECTOR_BYTES)
        """Addresses of the region, and of a sector on both sides of it."""
        self.content = b""
        self.drive(save=0, forget=0, locked=0, filled__valid=0)

    def learn(self) -> None:
        """Change all weights."""
        chunks = [(*one, random.getrandbits(32)) for one in self._addresses]
        payload = b"".join(data.to_bytes(WORD_BYTES, "big") for _, _, data in chunks)
        self._port.chunks, self.image = chunks, image_of(IDENTITY, payload)

    async def start(self) -> "SaverBench":
        """Start the clock, and record the commands."""
        await super().start()
        self.bus.start()
        return self

    async def fill(self, content: bytes) -> None:
        """Fill the window."""
        self.content = content
        await self.domain.after_rising()
        await fill(self.dut, self.domain, dict(zip(self.window, content, strict=True)))

    async def request(self, name: str, fails: bool = False) -> None:
        """Save or forget; other requests meanwhile are ignored."""
        await self.domain.pulse(self.dut[name])
        count, other = len(self.bus.commands), cocotb.start_soon(self._disturb())
        patience = PATIENCE * len(self._addresses) + CHANGE_CYCLES * len(self.window) // PAGE_BYTES
        await with_timeout(FallingEdge(self.dut.busy), patience * PERIOD, "step")
        await self.domain.falling
        other.cancel()
        self.drive(save=0, forget=0)
        assert not self.dut.busy.value
        assert len(self.bus.commands) > count
        assert self.dut.failed.value == fails
        assert self.dut.forgets.value == (name == "forget")

    async def _disturb(self) -> None:
        while True:
            await self.domain.cycles(random.randint(1, 50))
            busy = self.dut.busy.value
            self.drive(save=busy, forget=busy)
            await self.domain.rising
            self.drive(save=0, forget=0)

    async def check(self, image: bytes) -> None:
        """Compare the window with its content before, whose region is erased, and this image."""
        content = bytearray(self.content)
        size = self.arguments.sectors * SECTOR_BYTES
        content[SECTOR_BYTES : SECTOR_BYTES + size] = b"\xff" * size
        begin = self.begin - self.window.start
        content[begin : begin + len(image)] = image
        assert await stored(self.dut, self.domain, self.window) == content
