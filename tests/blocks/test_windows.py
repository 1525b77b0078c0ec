# SPDX-License-Identifier: BSD-2-Clause
"""The Windows: pictures against golden."""

from functools import partial
from types import SimpleNamespace

import cocotb
import numpy as np
import pytest

from firstspike.hdl.motion.frames import frame_layout
from firstspike.hdl.motion.windows import Windows
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import BlockBench, Dut, at_random
from tests.support.moving import ONE, SMALL, frame_payloads, movement


@pytest.mark.parametrize(
    ("front", "amount"), [(SMALL, 16), pytest.param(ONE, 4, marks=pytest.mark.long)]
)
def test_windows(front, amount, seed):
    """`amount` windows, a gap inside a further one, and as many again.

    In the first window of each part an axis has no change.
    """
    rng = np.random.default_rng(seed)
    arguments = SimpleNamespace(front=front, frames=[], pixels=[])
    count = front.frames + (amount - 1) * front.hop
    for _ in range(2):
        x = movement(front, (count + front.hop // 2) * front.frame, rng)
        x[: front.frames * front.frame, 0] = 0
        arguments.frames += frame_payloads(front, x)
        arguments.pixels += front.pictures(x).ravel().tolist()
    Simulation.of(Windows(front)).run(__name__, arguments, seed=seed)


example = partial(test_windows, SMALL, 16, seed=1)


@cocotb.test()
async def pictures(dut):
    """Every pixel, with random pauses on both sides, after a reset inside a frame."""
    bench = await WindowBench(dut).start()
    arguments = bench.arguments
    await bench.frames.send(*arguments.frames[: arguments.front.axes - 1])
    await bench.domain.reset()
    bench.pixels.expect(arguments.pixels)
    await bench.frames.send(*arguments.frames)
    await bench.pixels.complete(100 * Windows.cycles(arguments.front))


class WindowBench(BlockBench):
    """The streams of Windows."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.frames = self.source("frames", frame_layout(self.arguments.front), at_random(1))
        self.pixels = self.sink("pixels", willing=at_random(2))
