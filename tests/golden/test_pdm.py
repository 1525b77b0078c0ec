# SPDX-License-Identifier: BSD-2-Clause
"""The PDM microphone: the decimator against its definition, and the bits that a model makes."""

import math
from dataclasses import replace

import numpy as np
import pytest

from firstspike.golden.sound.i2s import I2sMicrophone
from firstspike.golden.sound.microphone import GAIN, ORDER, loudest
from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.golden.sound.usual import usual_front_end
from tests.support.refused import refused

pytestmark = pytest.mark.fast

RATE = 8000


@pytest.mark.parametrize("microphone", [PdmMicrophone(4, 8, 0), PdmMicrophone(6, 50, 3)])
def test_samples_are_three_sums_over_the_bits_of_a_sample(microphone):
    """Integrators and differences are a filter of finite length: a box, three times."""
    bits = np.random.default_rng(1).integers(0, 2, 20 * microphone.ratio + 3).astype(np.uint8)
    bits[10 * microphone.ratio : 15 * microphone.ratio] = 1
    box = np.ones(microphone.ratio, np.int64)
    sums = 2 * bits.astype(np.int64) - 1
    for _ in range(ORDER):
        sums = np.convolve(sums, box)
    sums = sums[microphone.ratio - 1 : len(bits) : microphone.ratio]
    down = microphone.down
    plain = [int(s) >> down if down >= 0 else int(s) << -down for s in sums]
    limited = [min(max(x, -(2**15)), 2**15 - 1) for x in plain]
    assert microphone.samples(bits).tolist() == limited
    assert microphone.clipped(bits).tolist() == [
        a != b for a, b in zip(plain, limited, strict=True)
    ]


def test_constant_samples_have_no_bit_that_differs_from_the_one_before():
    bits = np.zeros(50, np.uint8)
    bits[20:] = 1
    assert PdmMicrophone(4, 10).constant(bits).tolist() == [True, True, False, True, True]


@pytest.mark.parametrize(
    ("mhz", "divider", "ratio"),
    [(12, 6, 250), (24, 12, 250), (22.875, 10, 286), (25, 22, 142), (100, 50, 250)],
)
def test_the_clock_of_a_microphone(mhz, divider, ratio):
    assert PdmMicrophone.of(mhz * 1e6, RATE) == PdmMicrophone(divider, ratio, GAIN)


def test_a_sample_has_an_even_number_of_bits():
    """24 MHz make 16,000 samples of 125 bits per second at 2 MHz, and of 150 at 2.4 MHz."""
    assert PdmMicrophone.of(24e6, 16_000) == PdmMicrophone(10, 150, GAIN)
    refused(lambda: PdmMicrophone(12, 125), "125 bits of the microphone: give an even number")


def test_a_tone_comes_back():
    """What the decimator takes of it is what `hears` makes up for, to half a step."""
    microphone, front = PdmMicrophone.of(12e6, RATE), usual_front_end()
    for one, raised in zip(front.filters, microphone.hears(front).filters, strict=True):
        n = np.arange(4000)
        x = (8000 * np.sin(one.theta * n)).astype(np.int16)
        found = microphone.samples(microphone.bits(x))[100:].astype(float)
        scale = microphone.ratio**ORDER / 2 ** (microphone.down + 15 + microphone.gain)
        octaves = np.log2(8000 * scale / (np.sqrt(2) * found.std()))
        assert abs(8 * octaves - (raised.gain - one.gain)) < 0.7


def test_gains_are_raised_as_the_design_says():
    """Section 6: by the response at theta, and to 255 at the most."""
    microphone, front = PdmMicrophone(12, 250), usual_front_end()
    loud = replace(front, filters=tuple(one._replace(gain=254) for one in front.filters))
    for one, raised, capped in zip(
        *(each.filters for each in (front, microphone.hears(front), microphone.hears(loud))),
        strict=True,
    ):
        theta = math.acos(one.a1 / (2 * math.sqrt(-(2**14) * one.a2)))
        w = theta / (2 * microphone.ratio)
        H = (math.sin(250 * w) / (250 * math.sin(w))) ** 3
        assert raised.gain == one.gain + round(-8 * math.log2(abs(H)))
        assert capped.gain == min(254 + raised.gain - one.gain, 255)


def test_a_wrong_microphone_is_as_loud_as_the_page_says():
    """The table in docs/alone.md: all bits equal, the bits of an I2S microphone, and noise."""
    microphone, words = PdmMicrophone.of(24e6, RATE), I2sMicrophone.of(24.375e6, RATE)
    n, rng = 200 * microphone.ratio, np.random.default_rng(2)
    wrong = [np.ones(n), np.zeros(n), words.bits(np.zeros(200, np.int16)), rng.integers(0, 2, n)]
    for bits in wrong:
        assert loudest(microphone.samples(bits.astype(np.uint8))[10:]) in (0x7FFF, 0x8000)
    assert loudest(microphone.samples(np.arange(n) % 2)[10:]) < 0x10
    assert loudest(np.zeros(0, np.int16)) == 0


def test_impossible_microphones_are_refused():
    refused(lambda: PdmMicrophone(3, 64), "3 cycles per period: give an even number, at least 4")
    refused(lambda: PdmMicrophone(4, 7), "7 bits of the microphone: give an even number, 8 to 1024")
    refused(lambda: PdmMicrophone(4, 64, 16), "gain is 16 bits: give 0 to 15")
    refused(lambda: PdmMicrophone.of(3e6, RATE), "3 MHz makes no 8000 samples .* at least 4 MHz")
