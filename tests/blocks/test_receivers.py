# SPDX-License-Identifier: BSD-2-Clause
"""The PdmReceiver and the I2sReceiver: each sample against the model of the microphone."""

import random
from types import SimpleNamespace

import cocotb
import numpy as np
import pytest
from cocotb.triggers import FallingEdge, RisingEdge, ValueChange

from firstspike.golden.sound.i2s import FRAME, WORD_BITS, I2sMicrophone
from firstspike.golden.sound.microphone import Microphone
from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.hdl.sound.decimator import received_layout
from firstspike.hdl.sound.i2s import I2sReceiver
from firstspike.hdl.sound.pdm import PdmReceiver
from firstspike.sim.harness.bench_io import arguments
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import BlockBench, Dut

PATIENCE = 40
"""Cycles after the last bit in which the last sample must have come."""


@pytest.mark.parametrize(
    "microphone",
    [
        PdmMicrophone(4, 10, 2),
        pytest.param(PdmMicrophone(6, 64, 1), marks=pytest.mark.long),
        pytest.param(PdmMicrophone(6, 250, 4), marks=pytest.mark.long),
    ],
)
def test_pdm_receiver(microphone, seed):
    """Noise, tones that clip, and bits that are constant."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, rng.choice([100, 8000, 60000], 60)).clip(-(2**15), 2**15 - 1)
    bits = microphone.bits(x.astype(np.int16))
    for value in (0, 1):
        at = rng.integers(len(bits) - 8 * microphone.ratio)
        bits[at : at + 8 * microphone.ratio] = value
    arguments = recording(microphone, bits)
    Simulation.of(PdmReceiver(microphone)).run(__name__, arguments, seed=seed)


@pytest.mark.parametrize(
    "microphone",
    [I2sMicrophone(4, 3, 2), pytest.param(I2sMicrophone(12, 1), marks=pytest.mark.long)],
)
def test_i2s_receiver(microphone, seed):
    """Noise, what clips, and a line that is constant."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, rng.choice([1, 100, 8000, 60000], 40)).clip(-(2**15), 2**15 - 1)
    bits = microphone.bits(x.astype(np.int16))
    # Between the words of the microphone other devices drive the line.
    junk = rng.integers(0, 2, bits.shape, np.uint8).reshape(-1, FRAME)
    words = slice(1, 1 + WORD_BITS)
    junk[:, words] = bits.reshape(-1, FRAME)[:, words]
    for value in (0, 1):
        at = rng.integers(len(junk) - 8 * microphone.ratio)
        junk[at : at + 8 * microphone.ratio, words] = value
    arguments = recording(microphone, junk.ravel())
    Simulation.of(I2sReceiver(microphone)).run(__name__, arguments, seed=seed)


def example(seed: int = 1) -> None:
    """Run a small receiver of each kind."""
    test_pdm_receiver(PdmMicrophone(4, 10, 2), seed)
    test_i2s_receiver(I2sMicrophone(4, 3, 2), seed)


@cocotb.test()
async def samples(dut):
    """Every sample, with a taker that is always ready."""
    bench = await bench_of(dut).start()
    board = bench.sink("samples", received_layout())
    board.start()
    board.expect(bench.arguments.heard)
    await bench.play(bench.arguments.bits)
    board.finish()
    assert not dut.lost.value


@cocotb.test()
async def lost_samples(dut):
    """A sample that is not taken stays, and the three that come meanwhile are reported as lost."""
    bench, lost = await bench_of(dut).start(), 0

    async def count() -> None:
        nonlocal lost
        while True:
            await bench.domain.falling
            lost += int(dut.lost.value)

    counting = cocotb.start_soon(count())
    await bench.play(bench.arguments.bits[: 4 * bench.arguments.microphone.bits_per_sample])
    counting.cancel()
    assert lost == 3
    board = bench.sink("samples", received_layout())
    board.start()
    board.expect(bench.arguments.heard[:1])
    await bench.domain.cycles(2)
    board.finish()


def recording(microphone: Microphone, bits: np.ndarray) -> SimpleNamespace:
    """Return bits on the line, and the fields of each sample according to the model."""
    model = microphone.samples(bits), microphone.constant(bits), microphone.clipped(bits)
    heard = [
        {"x": int(x) & 0xFFFF, "constant": int(constant), "clipped": int(clipped)}
        for x, constant, clipped in zip(*model, strict=True)
    ]
    return SimpleNamespace(microphone=microphone, bits=bits, heard=heard)


class MicrophoneBench(BlockBench):
    """A receiver's pins and its samples."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.drive(data=int(self.arguments.bits[0]), samples__ready=0)
        self.falls, self.rises = FallingEdge(dut.clock), RisingEdge(dut.clock)

    async def play(self, bits: np.ndarray) -> None:
        """Send bits, until the last sample has come."""
        raise NotImplementedError


class PdmBench(MicrophoneBench):
    """Two microphones on a line: the other one, with L/R high, sends while the clock is high."""

    async def play(self, bits: np.ndarray) -> None:
        """Send bits while the clock is low, the first of which is there."""
        for bit in bits[1:].tolist():
            await self.rises
            self.drive(data=random.getrandbits(1))
            await self.falls
            self.drive(data=bit)
        await self.falls
        await self.domain.cycles(PATIENCE)


class I2sBench(MicrophoneBench):
    """A microphone that follows the receiver's clocks."""

    async def play(self, bits: np.ndarray) -> None:
        """Send frames of bits as a microphone: its word begins a bit after `select` has fallen.

        It looks at `select` where the clock rises, and sends where it falls.
        """
        cocotb.start_soon(self._check_select())
        before, frames = 1, bits.reshape(-1, FRAME)[:, 1:].tolist()
        rest = iter(())
        while True:
            await self.rises
            select = int(self.dut.select.value)
            if before and not select:
                if not frames:
                    return
                rest = iter(frames.pop(0))
            before = select
            await self.falls
            self.drive(data=next(rest, 0))

    async def _check_select(self) -> None:
        while True:
            await ValueChange(self.dut.select)
            await self.domain.falling
            assert not self.dut.clock.value, "select changes where the clock rises"


def bench_of(dut: Dut) -> MicrophoneBench:
    """Return the bench with the microphone that is given."""
    kinds = {PdmMicrophone: PdmBench, I2sMicrophone: I2sBench}
    return kinds[type(arguments(SimpleNamespace).microphone)](dut)
