# SPDX-License-Identifier: BSD-2-Clause
"""The front end for motion against DESIGN's section 9, number by number, and at its bounds."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstspike.golden import Features, Network, NetworkError
from firstspike.golden.motion.front import MotionFrontEnd
from firstspike.golden.motion.usual import USUAL, samples_of
from firstspike.golden.sound.levels import log2
from firstspike.golden.sound.usual import usual_front_end
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


def test_a_front_end_goes_through_json():
    assert MotionFrontEnd.from_json(USUAL.to_json()) == USUAL


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "firstspike-motion-2"}, "format 'firstspike-motion-2'"),
        ({"format": 1}, "format"),
        ({"rate": 0}, "rate is 0"),
        ({"frame": 12}, "frame is 12: it must be a power of two"),
        ({"frame": 128}, "frame is 128"),
        ({"frames": 33}, "frames is 33"),
        ({"hop": 0}, "hop is 0"),
        ({"least": 256}, "least is 256"),
        ({"contrast": 6}, "contrast is 6"),
        ({"downs": [1.0]}, "downs"),
        ({"downs": []}, "there are 0 axes"),
        ({"downs": [5] * 17}, "there are 17 axes"),
        ({"downs": [16]}, "down is 16"),
        ({"more": 1}, "other fields"),
        ({"least": None}, "least"),
    ],
)
def test_what_no_front_end_can_be_is_refused(change, message):
    fields = json.loads(USUAL.to_json()) | change
    with pytest.raises(NetworkError, match=message):
        MotionFrontEnd.from_json(json.dumps(fields))


@pytest.mark.parametrize("text", ["", "[]", "1", '{"format": "firstspike-motion-1"}'])
def test_what_is_no_json_of_a_front_end_is_refused(text):
    with pytest.raises(NetworkError):
        MotionFrontEnd.from_json(text)


def network_of_motion(front: MotionFrontEnd, **features) -> Network:
    """A network with so many inputs as the usual front end has pixels."""
    count = USUAL.n_pixels
    return Network(
        weights=(np.ones((count, 2), int),),
        weight_bits=(4,),
        thresholds=(3,),
        unit=4,
        deadline=30,
        n_inputs=count,
        inputs=np.arange(count),
        encoding="levels-8",
        features=Features(motion=front, **features),
    )


def test_the_network_file_keeps_the_front_end():
    network = network_of_motion(USUAL)
    loaded = Network.from_bytes(network.to_bytes())
    assert loaded.features.motion == USUAL
    assert loaded.takes_pixels
    assert loaded.digest() == network.digest()
    assert network_of_motion(replace(USUAL, hop=1)).digest() != network.digest()


def test_a_network_of_motion_has_the_pixels_that_the_front_end_makes():
    with pytest.raises(NetworkError, match="motion makes 24 pixels"):
        network_of_motion(replace(USUAL, frames=3))
    with pytest.raises(NetworkError, match="a network of motion takes pixels"):
        network_of_motion(USUAL, edges=np.zeros((USUAL.n_pixels, 7)))
    with pytest.raises(NetworkError, match="give one of them"):
        network_of_motion(USUAL, sound=usual_front_end())
