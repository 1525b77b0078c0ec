# SPDX-License-Identifier: BSD-2-Clause
"""Front ends of sound and motion in files: as JSON, and as a part of a network."""

import json
from dataclasses import replace

import numpy as np
import pytest

from firstspike.golden import Features, Network, NetworkError
from firstspike.golden.motion.usual import USUAL
from firstspike.golden.sound.usual import usual_front_end

pytestmark = pytest.mark.fast

SOUND = usual_front_end()
KINDS = {"motion": USUAL, "sound": SOUND}
OTHERS = {"motion": replace(USUAL, hop=1), "sound": replace(SOUND, drop=SOUND.drop + 1)}
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_a_front_end_goes_through_json(kind):
    front = KINDS[kind]
    assert type(front).from_json(front.to_json()) == front


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("motion", {"format": "firstspike-motion-2"}, "format 'firstspike-motion-2'"),
        ("motion", {"format": 1}, "format"),
        ("motion", {"rate": 0}, "rate is 0"),
        ("motion", {"frame": 12}, "frame is 12: it must be a power of two"),
        ("motion", {"frame": 128}, "frame is 128"),
        ("motion", {"frames": 33}, "frames is 33"),
        ("motion", {"hop": 0}, "hop is 0"),
        ("motion", {"least": 256}, "least is 256"),
        ("motion", {"contrast": 6}, "contrast is 6"),
        ("motion", {"downs": [1.0]}, "downs"),
        ("motion", {"downs": []}, "there are 0 axes"),
        ("motion", {"downs": [5] * 17}, "there are 17 axes"),
        ("motion", {"downs": [16]}, "down is 16"),
        ("motion", {"more": 1}, "other fields"),
        ("motion", {"least": None}, "least"),
        ("sound", {"format": "firstspike-sound-2"}, "format 'firstspike-sound-2'"),
        ("sound", {"format": 1}, "format"),
        ("sound", {"rate": 44100}, "rate is 44100"),
        ("sound", {"slots": 3}, "power of two"),
        ("sound", {"slot": 0}, "slot is 0"),
        ("sound", {"slot": 2.0}, "slot"),
        ("sound", {"frames": 65}, "frames is 65"),
        ("sound", {"drop": True}, "drop"),
        ("sound", {"before": 65}, "before is 65"),
        ("sound", {"after": 49}, "after is 49: it must be at most 48"),
        ("sound", {"filters": []}, "there are 0 filters"),
        ("sound", {"filters": [[0, -8192, 0, 5, 0]] * 65}, "more than 64 filters"),
        ("sound", {"filters": [[0, -8192, 0, 5]]}, "list of 5"),
        ("sound", {"filters": [[32767, -8192, 0, 5, 0]]}, "must be stable"),
        ("sound", {"filters": [[0, 8192, 0, 5, 0]]}, "must be stable"),
        ("sound", {"filters": [[0, -16384, 0, 5, 0]]}, "must be stable"),
        ("sound", {"filters": [[0, -16383, 0, 5, 0]]}, "can exceed 24 bits"),
        ("sound", {"filters": [[0, -8192, 8, 5, 0]]}, "can exceed 24 bits"),
        ("sound", {"filters": [[0, -8192, 5, 0, 0]]}, "can exceed 24 bits"),
        ("sound", {"filters": [[0, -8192, -1, 0, 0]]}, "0..23"),
        ("sound", {"more": 1}, "other fields"),
        ("sound", {"least": None}, "least"),
    ],
)
def test_what_no_front_end_can_be_is_refused(kind, change, message):
    front = KINDS[kind]
    with pytest.raises(NetworkError, match=message):
        type(front).from_json(json.dumps(json.loads(front.to_json()) | change))


@each_kind
@pytest.mark.parametrize("text", ["", "[]", "1", '{"format": "firstspike-%s-1"}'])
def test_what_is_no_json_of_a_front_end_is_refused(kind, text):
    with pytest.raises(NetworkError):
        type(KINDS[kind]).from_json(text.replace("%s", kind))


def network_of(kind: str, features: Features | None) -> Network:
    """A network with an input for each pixel of the usual front end of a kind."""
    count = KINDS[kind].n_pixels
    return Network(
        weights=(np.ones((count, 2), int),),
        weight_bits=(4,),
        thresholds=(3,),
        unit=4,
        deadline=30,
        n_inputs=count,
        inputs=np.arange(count),
        encoding="levels-8",
        features=features,
    )


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
        ("motion", {"motion": replace(USUAL, frames=3)}, "motion makes 24 pixels"),
        (
            "motion",
            {"motion": USUAL, "edges": np.zeros((USUAL.n_pixels, 7))},
            "a network of motion takes pixels",
        ),
        ("motion", {"motion": USUAL, "sound": SOUND}, "give one of them"),
        (
            "sound",
            {"sound": replace(SOUND, filters=(*SOUND.filters, SOUND.filters[0]))},
            f"makes {SOUND.n_pixels + 12} pixels",
        ),
        ("sound", {"sound": SOUND, "edges": np.zeros((SOUND.n_pixels, 7))}, "edges"),
    ],
)
def test_a_network_has_the_pixels_that_its_front_end_makes(kind, features, message):
    with pytest.raises(NetworkError, match=message):
        network_of(kind, Features(**features))
