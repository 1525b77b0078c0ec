# SPDX-License-Identifier: BSD-2-Clause
"""The PDM microphone, and a model that generates its bits (DESIGN, section 6).

A PDM microphone sends one bit per period of its clock; the density of ones is the air pressure. A
one is the number 1, and a zero is -1.
"""

from dataclasses import dataclass

import numpy as np

from .filters import SAMPLE_BITS
from .microphone import Microphone, MicrophoneError

SMOOTHED = 8
"""Numbers per sample between which the model of a microphone interpolates linearly."""


@dataclass(frozen=True)
class PdmMicrophone(Microphone):
    """The parameters of a PDM microphone's receiver. Raises `MicrophoneError`."""

    line_bits = 1
    at_once = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 8 <= self.ratio <= 1024 or self.ratio % self.at_once:
            raise MicrophoneError(
                f"a sample is made of {self.ratio} bits of the microphone: give an even number, "
                "8 to 1024."
            )
        if not 0 <= self.gain < SAMPLE_BITS:
            raise MicrophoneError(f"gain is {self.gain} bits: give 0 to {SAMPLE_BITS - 1}.")

    @property
    def number_bits(self) -> int:
        """Bits that form a number, which is -1 or 1."""
        return 1

    def numbers(self, bits: np.ndarray) -> np.ndarray:
        """Return 1 for each bit 1, and -1 for each bit 0, int64 [n]."""
        return 2 * np.asarray(bits, np.int64) - 1

    def looked_at(self, bits: np.ndarray) -> np.ndarray:
        """Return all bits."""
        return bits

    def bits(self, x: np.ndarray) -> np.ndarray:
        """Return bits uint8 [n * ratio] of a microphone for the sound x, int16 [n].

        The full scale of x is 2^(15 + gain). A polyphase filter makes `SMOOTHED` numbers per
        sample, linear interpolation follows, and a second-order sigma-delta modulator makes the
        bits.
        """
        # importing scipy and numba is slow
        from scipy.signal import resample_poly

        from .modulator import modulated

        smooth = np.rint(resample_poly(np.asarray(x, float), SMOOTHED, 1)).astype(np.int64)
        return modulated(smooth, SMOOTHED, self.ratio, SAMPLE_BITS - 1 + self.gain)
