# SPDX-License-Identifier: BSD-2-Clause
"""The front end for motion against DESIGN's section 9, number by number, and at its bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstspike.golden.motion.front import MotionFrontEnd
from firstspike.golden.motion.usual import USUAL, samples_of
from firstspike.golden.sound.levels import log2
from tests.support.strategies import seeds

pytestmark = pytest.mark.fast


@st.composite
def front_ends(draw: st.DrawFn) -> MotionFrontEnd:
    """Small front ends with any parameters."""
    return MotionFrontEnd(
        rate=52,
        frame=draw(st.sampled_from([2, 4, 8])),
        frames=draw(st.integers(1, 5)),
        hop=draw(st.integers(1, 6)),
        least=draw(st.integers(0, 100)),
        contrast=draw(st.integers(0, 5)),
        downs=tuple(draw(st.lists(st.integers(0, 9), min_size=1, max_size=3))),
    )


def plain_pictures(front: MotionFrontEnd, x: list[list[int]]) -> list[list[int]]:
    """The pixels of each picture, as DESIGN has them."""
    frames: list[list[tuple[int, int]]] = []
    for f in range(len(x) // front.frame):
        row = []
        for axis, down in enumerate(front.downs):
            s = c = 0
            for n in range(f * front.frame, (f + 1) * front.frame):
                s += x[n][axis]
                c += abs(x[n][axis] - (x[n - 1][axis] if n else 0))
            row.append((min(max(s // (front.frame * 2**down) + 128, 0), 255), c))
        frames.append(row)
    pictures = []
    for end in range(front.frames, len(frames) + 1, front.hop):
        pixels = []
        for window in zip(*frames[end - front.frames : end], strict=True):
            level = (log2(sum(c for _, c in window)) - front.least) * 2**front.contrast
            pixels += [*sorted(mean for mean, _ in window), min(max(level, 0), 255)]
        pictures.append(pixels)
    return pictures


@settings(max_examples=60)
@given(front_ends(), seeds, st.integers(0, 90))
def test_every_pixel_by_the_definition(front, seed, n):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 10 ** rng.uniform(0, 5), (n, front.axes)).clip(-(2**15), 2**15 - 1)
    x = x.astype(np.int16)
    pictures = front.pictures(x)
    assert pictures.dtype == np.uint8
    assert pictures.shape[1:] == (front.axes, front.frames + 1)
    assert [one.ravel().tolist() for one in pictures] == plain_pictures(front, x.tolist())


def test_the_order_of_frames_does_not_matter():
    frames = np.random.default_rng(3).normal(0, 3000, (12, 16, 6)).astype(np.int16)
    frames[:, [0, -1]] = 0  # so that no change depends on the frame before
    pictures = [USUAL.pictures(one.reshape(-1, 6)) for one in (frames, frames[::-1])]
    assert len(pictures[0]) == 1
    assert np.array_equal(*pictures)


def test_a_sensor_at_rest_is_dark_but_for_its_means():
    x = np.tile(np.array([0, 0, 0, 0, 0, 4098], np.int16), (400, 1))
    first, last = USUAL.pictures(x)[[0, -1]]
    assert last[:, -1].tolist() == [0] * 6
    assert last[:, :-1].tolist() == [[128] * 12] * 5 + [[128 + (4098 >> 6)] * 12]
    assert first[5, -1] > 0  # from the zero in front of the first sample


def test_samples_are_those_of_the_part():
    x = samples_of(np.array([[70, -7, 0]]), np.array([[0, 1, 100]]))
    assert x[0].tolist() == [1000, -100, 0, 0, 4098, 2**15 - 1]
