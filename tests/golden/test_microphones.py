# SPDX-License-Identifier: BSD-2-Clause
"""Microphones: the samples against their definition, and the bits that a model makes."""

import math
from dataclasses import replace

import numpy as np
import pytest

from firstspike.golden.sound.defaults import default_front_end
from firstspike.golden.sound.i2s import FRAME, I2sMicrophone
from firstspike.golden.sound.microphone import GAIN, ORDER, Microphone, loudest
from firstspike.golden.sound.pdm import PdmMicrophone
from tests.support.simulators import refused

pytestmark = pytest.mark.fast

RATE = 8000
PDM, I2S = PdmMicrophone.of(24e6, RATE), I2sMicrophone.of(24.375e6, RATE)


def decimated(values: np.ndarray, ratio: int) -> np.ndarray:
    """Integrators and differences are a filter of finite length: a box, three times."""
    sums = values.astype(np.int64)
    for _ in range(ORDER):
        sums = np.convolve(sums, np.ones(ratio, np.int64))
    return sums[ratio - 1 : len(values) : ratio]


def check_samples(microphone: Microphone, bits: np.ndarray, plain: list[int]) -> list[bool]:
    """Compare the samples of some bits with the sums before they are limited; return the clips."""
    limited = [min(max(x, -(2**15)), 2**15 - 1) for x in plain]
    assert microphone.samples(bits).tolist() == limited
    clips = [a != b for a, b in zip(plain, limited, strict=True)]
    assert microphone.clipped(bits).tolist() == clips
    return clips


@pytest.mark.parametrize("microphone", [PdmMicrophone(4, 8, 0), PdmMicrophone(6, 50, 3)])
def test_samples_are_three_sums_over_the_bits_of_a_sample(microphone):
    bits = np.random.default_rng(1).integers(0, 2, 20 * microphone.ratio + 3).astype(np.uint8)
    bits[10 * microphone.ratio : 15 * microphone.ratio] = 1
    sums, down = decimated(2 * bits.astype(int) - 1, microphone.ratio), microphone.down
    check_samples(
        microphone, bits, [int(s) >> down if down >= 0 else int(s) << -down for s in sums]
    )


@pytest.mark.parametrize("microphone", [I2sMicrophone(4, 1, 0), I2sMicrophone(6, 5, 4)])
def test_samples_are_three_sums_over_the_words_of_a_sample(microphone):
    rng, count = np.random.default_rng(1), 20 * microphone.ratio
    words = rng.integers(-(2**23), 2**23, count)
    words[count // 2 :] //= 2**microphone.gain
    frames = rng.integers(0, 2, (count, FRAME), np.uint8)
    for frame, word in zip(frames, words.tolist(), strict=True):
        frame[1:25] = [int(digit) for digit in f"{word & 0xFFFFFF:024b}"]
    sums = decimated(words >> 8 - microphone.gain, microphone.ratio)
    down = (microphone.ratio**ORDER).bit_length()
    clips = check_samples(microphone, frames.ravel(), (sums >> down).tolist())
    assert any(clips) == (microphone.gain > 0)


def test_constant_samples_have_no_bit_that_differs_from_the_one_before():
    bits = np.zeros(50, np.uint8)
    bits[20:] = 1
    frames = np.zeros((10, FRAME), np.uint8)
    frames[:, 30:] = 1  # behind the word
    frames[5, 3:25] = frames[6:, 1:25] = 1
    expected = [True, True, False, True, True]
    assert PdmMicrophone(4, 10).constant(bits).tolist() == expected
    assert I2sMicrophone(4, 2).constant(frames.ravel()).tolist() == expected


def test_a_microphone_in_silence_is_not_stuck():
    microphone = I2sMicrophone(4, 4)
    bits = microphone.bits(np.zeros(100, np.int16))
    assert microphone.constant(bits).mean() < 0.2
    assert np.abs(microphone.samples(bits)).max() <= 1


@pytest.mark.parametrize(
    ("kind", "mhz", "rate", "divider", "ratio"),
    [
        (PdmMicrophone, 12, 8000, 6, 250),
        (PdmMicrophone, 24, 8000, 12, 250),
        (PdmMicrophone, 22.875, 8000, 10, 286),
        (PdmMicrophone, 25, 8000, 22, 142),
        (PdmMicrophone, 100, 8000, 50, 250),
        # 24 MHz make 16,000 samples of 125 bits per second at 2 MHz, and of 150 at 2.4 MHz.
        (PdmMicrophone, 24, 16_000, 10, 150),
        (I2sMicrophone, 24.375, 8000, 12, 4),
        (I2sMicrophone, 12.288, 8000, 6, 4),
        (I2sMicrophone, 24.375, 16_000, 12, 2),
        (I2sMicrophone, 49.152, 16_000, 24, 2),
    ],
)
def test_the_clock_of_a_microphone(kind, mhz, rate, divider, ratio):
    actual = kind.of(mhz * 1e6, rate)
    assert actual == kind(divider, ratio, *[GAIN] * (kind is PdmMicrophone))


@pytest.mark.parametrize("microphone", [PdmMicrophone.of(12e6, RATE), I2S], ids=["PDM", "I2S"])
def test_a_tone_comes_back(microphone):
    """`hears` compensates what the decimator takes of a tone, to half a step."""
    front, full = default_front_end(), 15 + microphone.gain if microphone is not I2S else 0
    for one, raised in zip(front.filters, microphone.hears(front).filters, strict=True):
        x = (8000 * np.sin(one.theta * np.arange(4000))).astype(np.int16)
        actual = microphone.samples(microphone.bits(x))[100:].astype(float)
        scale = microphone.ratio**ORDER / 2 ** (microphone.down + full)
        octaves = np.log2(8000 * scale / (np.sqrt(2) * actual.std()))
        assert abs(8 * octaves - (raised.gain - one.gain)) < 0.7


def test_gains_are_raised_as_the_design_says():
    """Section 6: by the response at theta, and to 255 at the most."""
    microphone, front = PdmMicrophone(12, 250), default_front_end()
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
    """The tables in docs/standalone.md: all bits equal, bits of the other microphone, and noise."""
    n, rng, silence = 200 * PDM.ratio, np.random.default_rng(2), np.zeros(200, np.int16)
    for bits in (np.ones(n), np.zeros(n), I2S.bits(silence), rng.integers(0, 2, n)):
        assert loudest(PDM.samples(bits.astype(np.uint8))[10:]) in (0x7FFF, 0x8000)
    assert loudest(PDM.samples(np.arange(n) % 2)[10:]) < 0x10
    assert loudest(np.zeros(0, np.int16)) == 0
    n = 200 * I2S.bits_per_sample
    for same in (0, 1):
        assert loudest(I2S.samples(np.full(n, same, np.uint8))) in (0, 1)
    for bits in (PDM.bits(silence), rng.integers(0, 2, n).astype(np.uint8)):
        assert loudest(I2S.samples(bits)) in (0x7FFF, 0x8000)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PdmMicrophone(3, 64), "3 cycles per period: give an even number, at least 4"),
        (lambda: PdmMicrophone(4, 7), "7 bits of the microphone: give an even number, 8 to 1024"),
        (lambda: PdmMicrophone(12, 125), "125 bits of the microphone: give an even number"),
        (lambda: PdmMicrophone(4, 64, 16), "gain is 16 bits: give 0 to 15"),
        (lambda: PdmMicrophone.of(3e6, RATE), "3 MHz makes no 8000 samples .* at least 4 MHz"),
        (lambda: I2sMicrophone(5, 4), "5 cycles per period: give an even number, at least 4"),
        (lambda: I2sMicrophone(4, 17), "17 words: give 1 to 16"),
        (lambda: I2sMicrophone(4, 4, 9), "gain is 9 bits: give 0 to 8"),
        (lambda: I2sMicrophone.of(24e6, RATE), "24 MHz makes no .* near a multiple of 1.024 MHz"),
    ],
)
def test_impossible_microphones_are_refused(make, message):
    refused(make, message)
