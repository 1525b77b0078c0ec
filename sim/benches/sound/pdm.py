# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the PdmReceiver: each sample against the model of the decimator."""

from dataclasses import dataclass
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge

from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.hdl.sound.decimator import heard_layout
from firstspike.hdl.sound.pdm import PdmReceiver
from firstspike.sim.harness.bench import BlockBench, bench_test
from firstspike.sim.harness.streams import Dut

PATIENCE = 40
"""Cycles after the last bit in which the last sample must have come."""


@dataclass(frozen=True)
class PdmParameters:
    """What the bench is told: bits, and what is heard of each sample by the fields' names."""

    microphone: PdmMicrophone
    bits: np.ndarray
    heard: list[dict[str, int]]


def simulate(
    microphone: PdmMicrophone, *, samples: int = 60, seed: int = 1, **options: Any
) -> None:
    """Hold a receiver against `PdmMicrophone`: noise, tones that clip, and bits that are constant.

    `options` are `BlockBench.run`'s. Raises SimulationError at the first difference.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(0, rng.choice([100, 8000, 60000], samples)).clip(-(2**15), 2**15 - 1)
    bits = microphone.bits(x.astype(np.int16))
    for value in (0, 1):
        at = rng.integers(len(bits) - 8 * microphone.ratio)
        bits[at : at + 8 * microphone.ratio] = value
    model = microphone.samples(bits), microphone.constant(bits), microphone.clipped(bits)
    heard = [
        {"x": int(x) & 0xFFFF, "constant": int(constant), "clipped": int(clipped)}
        for x, constant, clipped in zip(*model, strict=True)
    ]
    parameters = PdmParameters(microphone, bits, heard)
    PdmBench.run(PdmReceiver(microphone), parameters, seed=seed, **options)


class PdmBench(BlockBench):
    """A receiver's pins and its samples."""

    Given = PdmParameters

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.drive(data=int(self.given.bits[0]), samples__ready=0)
        self.falls = FallingEdge(dut.clock)

    async def play(self, bits: np.ndarray) -> None:
        """Send bits, the first of which is there."""
        for bit in bits[1:].tolist():
            await self.falls
            self.drive(data=bit)
        await self.falls


@bench_test(PdmBench)
async def samples(bench):
    """Every sample, with a taker that is always ready."""
    board = bench.sink("samples", heard_layout())
    board.start()
    board.expect(bench.given.heard)
    await bench.play(bench.given.bits)
    await bench.domain.cycles(PATIENCE)
    board.finish()
    assert not bench.dut.lost.value


@bench_test(PdmBench)
async def lost_samples(bench):
    """A sample that is not taken stays, and those that come meanwhile are lost, and told."""
    microphone, heard = bench.given.microphone, bench.given.heard
    lost = 0

    async def count() -> None:
        nonlocal lost
        while True:
            await bench.domain.falling
            lost += int(bench.dut.lost.value)

    counting = cocotb.start_soon(count())
    await bench.play(bench.given.bits[: 4 * microphone.ratio])
    await bench.domain.cycles(PATIENCE)
    counting.cancel()
    assert lost == 3
    board = bench.sink("samples", heard_layout())
    board.start()
    board.expect(heard[:1])
    await bench.domain.cycles(2)
    board.finish()
