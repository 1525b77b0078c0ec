# SPDX-License-Identifier: BSD-2-Clause
"""Bench of Windows: pictures against golden."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from firstspike.golden.motion.front import MotionFrontEnd
from firstspike.hdl.motion.frames import frame_layout
from firstspike.hdl.motion.windows import Windows
from firstspike.sim.harness.bench import BlockBench, bench_test
from firstspike.sim.harness.streams import Dut, Payload, at_random

from .frames import frame_payloads, movement


@dataclass(frozen=True)
class WindowParameters:
    """What the bench is told: the axes of each frame in order, and the pixels of all pictures."""

    front: MotionFrontEnd
    frames: list[Payload]
    pixels: list[int]


def simulate(front: MotionFrontEnd, *, windows: int = 4, seed: int = 1, **options: Any) -> None:
    """Put so many windows, a gap inside a further one, and as many again through Windows.

    `options` are `BlockBench.run`'s. Raises SimulationError at the first difference to golden.
    """
    rng = np.random.default_rng(seed)
    frames: list[Payload] = []
    pixels: list[int] = []
    count = front.frames + (windows - 1) * front.hop
    for _ in range(2):
        x = movement(front, (count + front.hop // 2) * front.frame, rng)
        frames += frame_payloads(front, x)
        pixels += front.pictures(x).ravel().tolist()
    WindowBench.run(Windows(front), WindowParameters(front, frames, pixels), seed=seed, **options)


def example(**options: Any) -> str:
    """Run what `firstspike check blocks` shows, and return its sentence."""
    front = MotionFrontEnd(rate=52, frame=4, frames=5, hop=2, least=40, contrast=2, downs=(5, 3, 6))
    simulate(front, **options)
    return "3 axes, 5 frames: 8 pictures against golden"


class WindowBench(BlockBench):
    """The streams of Windows."""

    Given = WindowParameters

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.frames = self.source("frames", frame_layout(self.given.front), at_random(1))
        self.pixels = self.sink("pixels", willing=at_random(2))


@bench_test(WindowBench)
async def pictures(bench):
    """Every pixel, with random pauses on both sides, after a reset inside a frame."""
    given = bench.given
    await bench.frames.send_all(given.frames[: given.front.axes - 1])
    await bench.domain.reset()
    bench.pixels.expect(given.pixels)
    await bench.frames.send_all(given.frames)
    await bench.pixels.complete(100 * Windows.cycles(given.front))
