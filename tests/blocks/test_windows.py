# SPDX-License-Identifier: BSD-2-Clause
"""The Windows: pictures against golden."""

from functools import partial

import numpy as np
import pytest

from firstspike.hdl.motion.frames import frame_layout
from firstspike.hdl.motion.windows import Windows
from tests.support.moving import ONE, SMALL, frame_payloads, movement
from tests.support.transfers import Stream, Transfers, check_transfers


@pytest.mark.parametrize(
    ("front", "amount"), [(SMALL, 16), pytest.param(ONE, 4, marks=pytest.mark.long)]
)
def test_windows(front, amount, seed):
    """`amount` windows, a gap inside a further one, and as many again.

    In the first window of each part an axis has no change.
    """
    rng = np.random.default_rng(seed)
    frames, pixels = [], []
    count = front.frames + (amount - 1) * front.hop
    for _ in range(2):
        x = movement(front, (count + front.hop // 2) * front.frame, rng)
        x[: front.frames * front.frame, 0] = 0
        frames += frame_payloads(front, x)
        pixels += front.pictures(x).ravel().tolist()
    transfers = Transfers(
        inputs=Stream("frames", frames, frame_layout(front)),
        outputs=Stream("pixels", pixels),
        early=front.axes - 1,
        patience=100 * Windows.cycles(front),
    )
    check_transfers(Windows(front), transfers, seed)


example = partial(test_windows, SMALL, 16, seed=1)
