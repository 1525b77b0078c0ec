# SPDX-License-Identifier: BSD-2-Clause
"""The Frames: means and changes against golden."""

from functools import partial
from types import SimpleNamespace

import cocotb
import numpy as np
import pytest

from firstspike.hdl.motion.frames import Frames, frame_layout, sample_layout
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import BlockBench, Dut, Payload, at_random
from tests.support.moving import FULL, ONE, SMALL, frame_payloads, movement
from tests.support.simulators import sampled


@pytest.mark.parametrize(("front", "amount"), sampled([(SMALL, 60), (ONE, 20)], 2))
def test_frames(front, amount, seed):
    """`amount` frames, a gap inside a frame, and as many again."""
    rng = np.random.default_rng(seed)
    arguments = SimpleNamespace(front=front, samples=[], frames=[])
    for _ in range(2):
        x = movement(front, amount * front.frame + front.frame // 2, rng)
        arguments.samples += sample_payloads(x)
        arguments.frames += frame_payloads(front, x)
    Simulation.of(Frames(front)).run(__name__, arguments, seed=seed)


example = partial(test_frames, SMALL, 60, seed=1)


def sample_payloads(x: np.ndarray) -> list[Payload]:
    """Return the values of samples int16 [n, axes], of which the first follows a gap."""
    return [
        {"x": value & 2 * FULL - 1, "first": int(number == 0)}
        for number, row in enumerate(x.tolist())
        for value in row
    ]


@cocotb.test()
async def frames(dut):
    """Every mean and change, with random pauses on both sides, after a reset inside a frame."""
    bench = await FrameBench(dut).start()
    arguments = bench.arguments
    await bench.samples.send(*arguments.samples[: arguments.front.axes])
    await bench.domain.reset()
    bench.frames.expect(arguments.frames)
    await bench.samples.send(*arguments.samples)
    await bench.frames.complete(1000)


class FrameBench(BlockBench):
    """The streams of Frames."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.samples = self.source("samples", sample_layout(), at_random(1))
        self.frames = self.sink("frames", frame_layout(self.arguments.front), at_random(2))
