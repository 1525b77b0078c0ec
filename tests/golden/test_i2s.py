# SPDX-License-Identifier: BSD-2-Clause
"""The I2S microphone: its words against their definition, and the bits that a model makes."""

import numpy as np
import pytest

from firstspike.golden.sound.i2s import FRAME, I2sMicrophone
from firstspike.golden.sound.microphone import ORDER, loudest
from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.golden.sound.usual import usual_front_end
from tests.support.refused import refused

pytestmark = pytest.mark.fast

RATE = 8000


@pytest.mark.parametrize("microphone", [I2sMicrophone(4, 1, 0), I2sMicrophone(6, 5, 4)])
def test_samples_are_three_sums_over_the_words_of_a_sample(microphone):
    rng, count = np.random.default_rng(1), 20 * microphone.ratio
    words = rng.integers(-(2**23), 2**23, count)
    words[count // 2 :] //= 2**microphone.gain
    frames = rng.integers(0, 2, (count, FRAME), np.uint8)
    for frame, word in zip(frames, words.tolist(), strict=True):
        frame[1:25] = [int(digit) for digit in f"{word & 0xFFFFFF:024b}"]
    sums = words >> 8 - microphone.gain
    for _ in range(ORDER):
        sums = np.convolve(sums, np.ones(microphone.ratio, np.int64))
    sums = sums[microphone.ratio - 1 : count : microphone.ratio]
    down = (microphone.ratio**ORDER).bit_length()
    plain = (sums >> down).tolist()
    limited = [min(max(x, -(2**15)), 2**15 - 1) for x in plain]
    bits = frames.ravel()
    assert microphone.samples(bits).tolist() == limited
    clips = [a != b for a, b in zip(plain, limited, strict=True)]
    assert microphone.clipped(bits).tolist() == clips
    assert any(clips) == (microphone.gain > 0)


def test_constant_samples_have_no_bit_that_differs_from_the_one_before():
    frames = np.zeros((10, FRAME), np.uint8)
    frames[:, 30:] = 1  # nobody looks at it
    frames[5, 3:25] = frames[6:, 1:25] = 1
    constant = I2sMicrophone(4, 2).constant(frames.ravel())
    assert constant.tolist() == [True, True, False, True, True]


def test_a_microphone_in_silence_is_not_stuck():
    microphone = I2sMicrophone(4, 4)
    bits = microphone.bits(np.zeros(100, np.int16))
    assert microphone.constant(bits).mean() < 0.2
    assert np.abs(microphone.samples(bits)).max() <= 1


@pytest.mark.parametrize(
    ("mhz", "rate", "divider", "ratio"),
    [(24.375, 8000, 12, 4), (12.288, 8000, 6, 4), (24.375, 16000, 12, 2), (49.152, 16000, 24, 2)],
)
def test_the_clock_of_a_microphone(mhz, rate, divider, ratio):
    assert I2sMicrophone.of(mhz * 1e6, rate) == I2sMicrophone(divider, ratio)


def test_a_tone_comes_back():
    """What the decimator takes of it is what `hears` makes up for, to half a step."""
    microphone, front = I2sMicrophone.of(24.375e6, RATE), usual_front_end()
    for one, raised in zip(front.filters, microphone.hears(front).filters, strict=True):
        x = (8000 * np.sin(one.theta * np.arange(4000))).astype(np.int16)
        found = microphone.samples(microphone.bits(x))[100:].astype(float)
        scale = microphone.ratio**ORDER / 2**microphone.down
        octaves = np.log2(8000 * scale / (np.sqrt(2) * found.std()))
        assert abs(8 * octaves - (raised.gain - one.gain)) < 0.7


def test_a_wrong_microphone_is_as_loud_as_the_page_says():
    """The table in docs/alone.md: all bits equal, the bits of a PDM microphone, and noise."""
    microphone, bits = I2sMicrophone.of(24.375e6, RATE), PdmMicrophone.of(24e6, RATE)
    n, rng = 200 * microphone.bits_per_sample, np.random.default_rng(2)
    for same in (0, 1):
        assert loudest(microphone.samples(np.full(n, same, np.uint8))) in (0, 1)
    for wrong in (bits.bits(np.zeros(200, np.int16)), rng.integers(0, 2, n).astype(np.uint8)):
        assert loudest(microphone.samples(wrong)) in (0x7FFF, 0x8000)


def test_impossible_microphones_are_refused():
    refused(lambda: I2sMicrophone(5, 4), "5 cycles per period: give an even number, at least 4")
    refused(lambda: I2sMicrophone(4, 17), "17 words: give 1 to 16")
    refused(lambda: I2sMicrophone(4, 4, 9), "gain is 9 bits: give 0 to 8")
    refused(
        lambda: I2sMicrophone.of(24e6, RATE),
        "24 MHz makes no 8000 samples .* near a multiple of 1.024 MHz",
    )
