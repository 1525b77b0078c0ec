# SPDX-License-Identifier: BSD-2-Clause
"""The Frames: means and changes against golden."""

from functools import partial

import numpy as np
import pytest

from firstspike.hdl.motion.frames import Frames, frame_layout, sample_layout
from firstspike.sim.harness.streams import Payload
from tests.support.moving import FULL, ONE, SMALL, frame_payloads, movement
from tests.support.simulators import sampled
from tests.support.transfers import Stream, Transfers, check_transfers


@pytest.mark.parametrize(("front", "amount"), sampled([(SMALL, 60), (ONE, 20)], 2))
def test_frames(front, amount, seed):
    """`amount` frames, a gap inside a frame, and as many again."""
    rng = np.random.default_rng(seed)
    samples, frames = [], []
    for _ in range(2):
        x = movement(front, amount * front.frame + front.frame // 2, rng)
        samples += sample_payloads(x)
        frames += frame_payloads(front, x)
    transfers = Transfers(
        inputs=Stream("samples", samples, sample_layout()),
        outputs=Stream("frames", frames, frame_layout(front)),
        early=front.axes,
        patience=1000,
    )
    check_transfers(Frames(front), transfers, seed)


example = partial(test_frames, SMALL, 60, seed=1)


def sample_payloads(x: np.ndarray) -> list[Payload]:
    """Return the values of samples int16 [n, axes], of which the first follows a gap."""
    return [
        {"x": value & 2 * FULL - 1, "first": int(number == 0)}
        for number, row in enumerate(x.tolist())
        for value in row
    ]
