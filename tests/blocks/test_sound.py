# SPDX-License-Identifier: BSD-2-Clause
"""The blocks of the front end for sound, and the encoder of levels, each against golden."""

import re
from dataclasses import replace

import numpy as np
import pytest
from amaranth.back import rtlil

from firstspike.golden.sound.filters import Filter
from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.sound.i2s import I2sMicrophone
from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.golden.sound.usual import resonant, usual_front_end
from firstspike.hdl.core.levels_encoder import LevelsEncoder
from firstspike.hdl.sound.listener import Listener, cycles_per_sample
from firstspike.sim.benches import levels_encoder
from firstspike.sim.benches.sound import filters, i2s, levels, pdm, samples, words
from firstspike.sim.benches.sound.example import hears_tones, small_network, tones
from firstspike.sim.harness.networks import network_of
from tests.support.refused import refused

CLOCK_HZ = 12_000_000


def front_end(resonances, **fields):
    """A small front end whose filters have these resonances, in Hz."""
    sizes = {"slot": 16, "slots": 2, "frames": 3, "drop": 20, "least": 20, "contrast": 2}
    sizes |= {"before": 0, "after": 0}
    bank = tuple(resonant(f, 200, 8000, 3 * number) for number, f in enumerate(resonances))
    return FrontEnd(rate=8000, filters=bank, **(sizes | fields))


LONG = pytest.mark.long


@pytest.mark.parametrize(
    "microphone",
    [
        PdmMicrophone(4, 10, 2),
        PdmMicrophone(6, 64, 1),
        pytest.param(PdmMicrophone(6, 250, 4), marks=LONG),
    ],
)
def test_receiver(microphone):
    pdm.simulate(microphone)


@pytest.mark.parametrize(
    "microphone", [I2sMicrophone(4, 3, 2), pytest.param(I2sMicrophone(12, 1), marks=LONG)]
)
def test_i2s_receiver(microphone):
    i2s.simulate(microphone)


@pytest.mark.parametrize("resonances", [pytest.param((), marks=LONG), (150, 1900, 3700)])
def test_filters(resonances):
    usual = [resonant(f, 200, 8000) for f in resonances]
    waits = Filter(a1=12000, a2=-9000, up=0, down=23, gain=0)  # for its D
    filters.simulate([*usual, waits])


@pytest.mark.parametrize(
    ("resonances", "slot"), [pytest.param((1000,), 16, marks=LONG), ((300, 900, 2500), 19)]
)
def test_levels(resonances, slot):
    levels.simulate(front_end(resonances, slot=slot))


@pytest.mark.parametrize(
    ("resonances", "slots", "frames", "contrast", "before", "after"),
    [
        ((1000,), 1, 1, 0, 0, 1),
        ((300, 900, 2500), 2, 3, 2, 4, 2),
        pytest.param((300, 2500), 4, 2, 5, 1, 0, marks=LONG),
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
        pytest.param("levels-256", 3, 1, {"constant": True, "late": 56}, marks=LONG),
        ("levels-4", 9, 1, {"rows": 2}),
        pytest.param("binary", 9, 0.5, {}, marks=LONG),
    ],
)
def test_levels_encoder(encoding, pixels, connected, more):
    levels_encoder.simulate(encoding, pixels, connected, **more)


def test_listener_of_a_small_front_end():
    front = front_end((300, 1000, 3000))
    heard = hears_tones(front, PdmMicrophone(4, 64, 2))
    assert len(heard.words) >= 4
    assert heard.waits.max() <= Listener.latency(small_network(front)) + 200  # of the core


def test_listener_with_an_i2s_microphone():
    front = front_end((300, 1000, 3000))
    heard = hears_tones(front, I2sMicrophone(4, 2, 2))
    assert len(heard.words) >= 4


def test_listener_that_takes_samples():
    front = front_end((300, 2000))
    assert samples.simulate(small_network(front), tones(front)) >= 4


def test_listener_of_the_usual_filters():
    """The iCEBreaker's clock and filters are used, with short words."""
    front = replace(usual_front_end(), slot=16, slots=1, frames=3, least=60, after=1)
    heard = hears_tones(front, PdmMicrophone.of(CLOCK_HZ, front.rate))
    assert len(heard.words) >= 3


def test_the_memories_of_a_listener_are_those_of_the_design():
    front = front_end((300, 1000, 3000))
    network = small_network(front)
    text = rtlil.convert(Listener(network, PdmMicrophone(4, 64)), name="listener", emit_src=False)
    found = re.findall(r"  memory width (\d+) size (\d+)", text)
    said = [(memory.width, memory.depth) for memory in Listener.memories(network)]
    assert sorted((int(width), int(depth)) for width, depth in found) == sorted(said)


def test_impossible_listeners_are_refused():
    usual = usual_front_end()
    plain = network_of([np.ones((4, 2), np.int32)], [1])
    refused(
        lambda: Listener(plain, None),
        "the network does not listen to sound: train one on recordings",
    )
    few = PdmMicrophone(4, 100)
    needed = cycles_per_sample(usual)
    refused(
        lambda: Listener(small_network(usual), few),
        rf"400 clock cycles: 16 filters need {needed}. Take a clock of at least 5\.\d\d MHz",
    )
    long = replace(usual, slot=16, slots=16, frames=64)
    refused(
        lambda: Listener(small_network(long), PdmMicrophone(4, 376)),
        "a picture needs .* longer slots",
    )


def test_other_encodings_are_refused():
    ticks = network_of([np.ones((4, 2), np.int32)], [1], encoding="ticks")
    refused(lambda: LevelsEncoder(ticks), "pixels with levels, not of ticks")
