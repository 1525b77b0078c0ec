# SPDX-License-Identifier: BSD-2-Clause
"""Front ends of sound and motion in files: as JSON, and as a part of a network."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstspike.golden import Features, Network, NetworkError
from firstspike.golden.motion.defaults import DEFAULT_FRONT_END, samples_of
from firstspike.golden.motion.front import MotionFrontEnd
from firstspike.golden.sound.defaults import default_front_end
from firstspike.golden.sound.levels import log2
from firstspike.sim.harness import networks
from tests.support.strategies import seeds

pytestmark = pytest.mark.fast

SOUND = default_front_end()
KINDS = {"motion": DEFAULT_FRONT_END, "sound": SOUND}
OTHERS = {"motion": replace(DEFAULT_FRONT_END, hop=1), "sound": replace(SOUND, drop=SOUND.drop + 1)}
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("motion", {"format": "firstspike-motion-2"}, "format 'firstspike-motion-2':"),
        ("motion", {"format": 1}, "motion['format'] is 1: it must be 'firstspike-motion-1'."),
        ("motion", {"rate": 0}, "rate is 0: it must be an integer in 1..1000."),
        ("motion", {"frame": 12}, "frame is 12: it must be a power of two."),
        ("motion", {"frame": 128}, "frame is 128: it must be an integer in 2..64."),
        ("motion", {"frames": 33}, "frames is 33: it must be an integer in 1..32."),
        ("motion", {"hop": 0}, "hop is 0: it must be an integer in 1..32."),
        ("motion", {"least": 256}, "least is 256: it must be an integer in 0..255."),
        ("motion", {"contrast": 6}, "contrast is 6: it must be an integer in 0..5."),
        ("motion", {"downs": [1.0]}, "motion['downs'][0] is 1.0: it must be int."),
        ("motion", {"downs": []}, "there are 0 axes: give 1 to 16 of them."),
        ("motion", {"downs": [5] * 17}, "there are 17 axes: give 1 to 16 of them."),
        (
            "motion",
            {"downs": [16]},
            "(16,): it must be a list, each entry an integer in 0..15.",
        ),
        ("motion", {"more": 1}, "motion has other fields than format, rate, frame, frames, hop,"),
        ("motion", {"least": None}, "motion['least'] is None: it must be int."),
        ("sound", {"format": "firstspike-sound-2"}, "sound is of the format 'firstspike-sound-2':"),
        ("sound", {"format": 1}, "sound['format'] is 1: it must be 'firstspike-sound-1'."),
        ("sound", {"rate": 44100}, "rate is 44100: it must be 8000 or 16000."),
        ("sound", {"slots": 3}, "slots is 3: it must be a power of two."),
        ("sound", {"slot": 0}, "slot is 0: it must be an integer in 16..256."),
        ("sound", {"slot": 2.0}, "sound['slot'] is 2.0: it must be int."),
        ("sound", {"frames": 65}, "frames is 65: it must be an integer in 1..64."),
        ("sound", {"drop": True}, "sound['drop'] is True: it must be int."),
        ("sound", {"before": 65}, "before is 65: it must be an integer in 0..64."),
        ("sound", {"after": 49}, "after is 49: it must be at most 48, the slots of a window."),
        ("sound", {"filters": []}, "there are 0 filters: give 1 to 64 of them."),
        (
            "sound",
            {"filters": [[0, -8192, 0, 5, 0]] * 65},
            "65 filters: give 1 to 64 of them.",
        ),
        ("sound", {"filters": [[0, -8192, 0, 5]]}, "[0, -8192, 0, 5]: it must be a list of 5"),
        ("sound", {"filters": [[32767, -8192, 0, 5, 0]]}, "a1 = 32767 and a2 = -8192: it must be"),
        ("sound", {"filters": [[0, 8192, 0, 5, 0]]}, "a1 = 0 and a2 = 8192: it must be"),
        ("sound", {"filters": [[0, -16384, 0, 5, 0]]}, "a1 = 0 and a2 = -16384: it must be"),
        ("sound", {"filters": [[0, -16383, 0, 5, 0]]}, "filter 0 can exceed 24 bits: shift its"),
        ("sound", {"filters": [[0, -8192, 8, 5, 0]]}, "filter 0 can exceed 24 bits: shift its"),
        ("sound", {"filters": [[0, -8192, 5, 0, 0]]}, "filter 0 can exceed 24 bits: shift its"),
        ("sound", {"filters": [[0, -8192, -1, 0, 0]]}, "0..23."),
        ("sound", {"more": 1}, "sound has other fields than format, rate, slot, slots, frames,"),
        ("sound", {"least": None}, "sound['least'] is None: it must be int."),
    ],
)
def test_what_no_front_end_can_be_is_refused(kind, change, message):
    front = KINDS[kind]
    with pytest.raises(NetworkError, match=re.escape(message)):
        type(front).from_json(json.dumps(json.loads(front.to_json()) | change))


@each_kind
@pytest.mark.parametrize("text", ["", "[]", "1", '{"format": "firstspike-%s-1"}'])
def test_what_is_no_json_of_a_front_end_is_refused(kind, text):
    with pytest.raises(NetworkError):
        type(KINDS[kind]).from_json(text.replace("%s", kind))


def network_of(kind: str, features: Features | None) -> Network:
    """A network with an input for each pixel of the usual front end of a kind."""
    weights = np.ones((KINDS[kind].n_pixels, 2), int)
    return networks.network_of([weights], [3], encoding="levels-8", features=features)


@each_kind
def test_the_network_file_keeps_the_front_end(kind):
    network = network_of(kind, Features(**{kind: KINDS[kind]}))
    loaded = Network.from_bytes(network.to_bytes())
    assert getattr(loaded.features, kind) == KINDS[kind]
    assert loaded.takes_pixels
    assert loaded.digest() == network.digest()
    for features in (None, Features(**{kind: OTHERS[kind]})):
        assert network_of(kind, features).digest() != network.digest()


@pytest.mark.parametrize(
    ("kind", "features", "message"),
    [
        ("motion", {"motion": replace(DEFAULT_FRONT_END, frames=3)}, "makes 24 pixels"),
        (
            "motion",
            {"motion": DEFAULT_FRONT_END, "edges": np.zeros((DEFAULT_FRONT_END.n_pixels, 7))},
            "there are edges: a network of motion takes pixels, which have none.",
        ),
        ("motion", {"motion": DEFAULT_FRONT_END, "sound": SOUND}, "give one of them"),
        (
            "sound",
            {"sound": replace(SOUND, filters=(*SOUND.filters, SOUND.filters[0]))},
            f"makes {SOUND.n_pixels + 12} pixels",
        ),
        ("sound", {"sound": SOUND, "edges": np.zeros((SOUND.n_pixels, 7))}, "there are edges: a"),
    ],
)
def test_a_network_has_the_pixels_that_its_front_end_makes(kind, features, message):
    with pytest.raises(NetworkError, match=re.escape(message)):
        network_of(kind, Features(**features))


# The front end for motion against DESIGN's section 9, number by number, and at its bounds.


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


def test_a_sensor_at_rest_is_dark_but_for_its_means():
    x = np.tile(np.array([0, 0, 0, 0, 0, 4098], np.int16), (400, 1))
    first, last = DEFAULT_FRONT_END.pictures(x)[[0, -1]]
    assert last[:, -1].tolist() == [0] * 6
    assert last[:, :-1].tolist() == [[128] * 12] * 5 + [[128 + (4098 >> 6)] * 12]
    assert first[5, -1] > 0  # from the zero in front of the first sample


def test_samples_are_those_of_the_part():
    x = samples_of(np.array([[70, -7, 0]]), np.array([[0, 1, 100]]))
    assert x[0].tolist() == [1000, -100, 0, 0, 4098, 2**15 - 1]
