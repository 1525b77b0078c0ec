# SPDX-License-Identifier: BSD-2-Clause
"""Bench of Frames: means and changes against golden."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from firstspike.golden.motion.front import MotionFrontEnd
from firstspike.hdl.motion.frames import Frames, frame_layout, sample_layout
from firstspike.sim.harness.bench import BlockBench, bench_test
from firstspike.sim.harness.streams import Dut, Payload, at_random

FULL = 1 << 15


@dataclass(frozen=True)
class FrameParameters:
    """What the bench is told: values of each axis in order, and the frames they make."""

    front: MotionFrontEnd
    samples: list[Payload]
    frames: list[Payload]


def simulate(front: MotionFrontEnd, *, frames: int = 20, seed: int = 1, **options: Any) -> None:
    """Put so many frames, a gap inside a frame, and as many again through Frames.

    `options` are `BlockBench.run`'s. Raises SimulationError at the first difference to golden.
    """
    rng = np.random.default_rng(seed)
    samples: list[Payload] = []
    made: list[Payload] = []
    for _ in range(2):
        x = movement(front, frames * front.frame + front.frame // 2, rng)
        samples += sample_payloads(x)
        made += frame_payloads(front, x)
    FrameBench.run(Frames(front), FrameParameters(front, samples, made), seed=seed, **options)


def movement(front: MotionFrontEnd, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return samples int16 [n, axes] of any size, some of them at the limits."""
    loudness = 10 ** rng.uniform(0, 5, (-(-n // front.frame), front.axes))
    x = rng.normal(0, 1, (n, front.axes)) * np.repeat(loudness, front.frame, axis=0)[:n]
    return np.clip(np.rint(x), -FULL, FULL - 1).astype(np.int16)


def sample_payloads(x: np.ndarray) -> list[Payload]:
    """Return the values of samples int16 [n, axes], of which the first follows a gap."""
    return [
        {"x": value & 2 * FULL - 1, "first": int(number == 0)}
        for number, row in enumerate(x.tolist())
        for value in row
    ]


def frame_payloads(front: MotionFrontEnd, x: np.ndarray) -> list[Payload]:
    """Return the frames of samples int16 [n, axes], of which the first follows a gap."""
    means, changes = front.frames_of(x)
    return [
        {"mean": mean, "change": change, "first": int(number == 0)}
        for number, row in enumerate(zip(means.tolist(), changes.tolist(), strict=True))
        for mean, change in zip(*row, strict=True)
    ]


class FrameBench(BlockBench):
    """The streams of Frames."""

    Given = FrameParameters

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.samples = self.source("samples", sample_layout(), at_random(1))
        self.frames = self.sink("frames", frame_layout(self.given.front), at_random(2))


@bench_test(FrameBench)
async def frames(bench):
    """Every mean and change, with random pauses on both sides, after a reset inside a frame."""
    given = bench.given
    await bench.samples.send_all(given.samples[: given.front.axes])
    await bench.domain.reset()
    bench.frames.expect(given.frames)
    await bench.samples.send_all(given.samples)
    await bench.frames.complete(1000)
