# SPDX-License-Identifier: BSD-2-Clause
"""The I2S microphone, and a model that generates its bits (DESIGN, section 6).

    clock   one period per bit; 64 of them are a frame, and `ratio` frames are a sample
    select  low in the first half of a frame, in which this microphone sends
    data    -, 23, 22, ..., 1, 0, and nothing for the rest: a word, its sign first

The decimator uses only the highest bits of a word, which are its number.
"""

from dataclasses import dataclass

import numpy as np

from .filters import SAMPLE_BITS
from .microphone import Microphone, MicrophoneError

FRAME = 64
"""Bits of a frame."""

DELAY = 1
"""Bits of a frame before the word."""

WORD_BITS = 24
"""Bits of a word."""


@dataclass(frozen=True)
class I2sMicrophone(Microphone):
    """The parameters of an I2S microphone's receiver. Raises `MicrophoneError`."""

    line_bits = FRAME

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.ratio <= 16:
            raise MicrophoneError(f"a sample is made of {self.ratio} words: give 1 to 16.")
        if not 0 <= self.gain <= WORD_BITS - SAMPLE_BITS:
            raise MicrophoneError(f"gain is {self.gain} bits: give 0 to {WORD_BITS - SAMPLE_BITS}.")

    @property
    def number_bits(self) -> int:
        """Highest bits of a word that form a number."""
        return SAMPLE_BITS + self.gain

    def numbers(self, bits: np.ndarray) -> np.ndarray:
        """Return the number of each whole frame, int64 [n]."""
        weights = 1 << np.arange(self.number_bits)[::-1]
        weights[0] *= -1
        return self.looked_at(bits).reshape(-1, self.number_bits) @ weights

    def looked_at(self, bits: np.ndarray) -> np.ndarray:
        """Return the bits that form the numbers."""
        n_frames = len(bits) // FRAME
        frames = np.asarray(bits[: n_frames * FRAME]).reshape(n_frames, FRAME)
        return frames[:, DELAY : DELAY + self.number_bits].ravel()

    def bits(self, x: np.ndarray) -> np.ndarray:
        """Return bits uint8 [n * bits_per_sample] of a microphone for the sound x, int16 [n].

        A polyphase filter makes `ratio` words per sample of x, whose full scale is 2^(15 + gain).
        Noise of one step of a number is added, since a real microphone is never as silent as a
        stuck line.
        """
        from scipy.signal import resample_poly  # slow import

        most = 1 << WORD_BITS - 1
        numbers = resample_poly(np.asarray(x, float), self.ratio, 1)
        numbers += np.random.default_rng(0).integers(-1, 1, len(numbers))
        words = np.rint(numbers * (1 << WORD_BITS - self.number_bits))
        words = words.clip(-most, most - 1).astype(np.int64)
        frames = np.zeros((len(words), FRAME), np.uint8)
        bit_indices = np.arange(WORD_BITS)[::-1]
        frames[:, DELAY : DELAY + WORD_BITS] = (words[:, None] >> bit_indices) & 1
        return frames.ravel()
