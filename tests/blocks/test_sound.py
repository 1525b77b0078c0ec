# SPDX-License-Identifier: BSD-2-Clause
"""The blocks of the front end for sound, and the encoder of levels, each against golden."""

import pytest

from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.sound.pdm import Microphone
from firstspike.golden.sound.usual import resonant
from firstspike.sim.benches import levels_encoder
from firstspike.sim.benches.sound import filters, levels, pdm, words


def front_end(resonances, **fields):
    """A small front end whose filters have these resonances, in Hz."""
    sizes = {"slot": 16, "slots": 2, "frames": 3, "drop": 20, "least": 20, "contrast": 2}
    sizes |= {"before": 0, "after": 0}
    bank = tuple(resonant(f, 200, 8000, 3 * number) for number, f in enumerate(resonances))
    return FrontEnd(rate=8000, filters=bank, **(sizes | fields))


@pytest.mark.parametrize(
    "microphone", [Microphone(4, 10, 2), Microphone(6, 64, 1), Microphone(4, 250, 4)]
)
def test_receiver(microphone):
    pdm.simulate(microphone)


@pytest.mark.parametrize("resonances", [(1000,), (150, 1900, 3700)])
def test_filters(resonances):
    filters.simulate(front_end(resonances).filters)


@pytest.mark.parametrize(("resonances", "slot"), [((1000,), 16), ((300, 900, 2500), 19)])
def test_levels(resonances, slot):
    levels.simulate(front_end(resonances, slot=slot))


@pytest.mark.parametrize(
    ("resonances", "slots", "frames", "contrast", "before", "after"),
    [
        ((1000,), 1, 1, 0, 0, 1),
        ((300, 900, 2500), 2, 3, 2, 4, 2),
        ((300, 2500), 4, 2, 5, 1, 0),
    ],
)
def test_words(resonances, slots, frames, contrast, before, after):
    sizes = {"slots": slots, "frames": frames, "before": before, "after": after}
    words.simulate(front_end(resonances, contrast=contrast, **sizes))


@pytest.mark.parametrize(
    ("encoding", "pixels", "connected", "more"),
    [
        ("levels-32", 12, 1, {"complement": True, "constant": True}),
        ("levels-5", 7, 0.6, {"complement": True, "late": 20}),
        ("levels-256", 3, 1, {"constant": True, "late": 56}),
        ("levels-4", 9, 1, {"rows": 2}),
        ("binary", 9, 0.5, {}),
    ],
)
def test_levels_encoder(encoding, pixels, connected, more):
    levels_encoder.simulate(encoding, pixels, connected, **more)
