# SPDX-License-Identifier: BSD-2-Clause
"""The microphone: how its bits become samples, and a model that makes such bits (DESIGN, 6).

A PDM microphone sends one bit per period of its clock; the density of ones is the pressure of the
air. A cascade of three integrators, and three differences at the rate of the samples, makes
numbers of them.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from firstspike.golden.system.errors import FirstSpikeError

from .filters import LEVEL_FRACTION, MOST_LEVEL, SAMPLE_BITS
from .front import FrontEnd

ORDER = 3
"""Integrators, and differences, of the decimator."""

SLOWEST_HZ, FASTEST_HZ, BEST_HZ = 1_000_000, 3_200_000, 2_000_000
"""Clocks that a PDM microphone takes, and the one that is preferred among equals."""

LEAST_DIVIDER = 4
"""Fewest clock cycles per bit, in which the hardware makes a sample."""

TOLERANCE = 0.01
"""How far, at most, the rate of the samples may be off."""

GAIN = 4
"""Bits of gain of the usual decimator.

A MEMS microphone is at full scale with 120 dB of sound pressure; speech has 60 to 80 dB. 24 dB of
gain let loud speech near by use most of the 16 bits.
"""


SMOOTHED = 8
"""Numbers per sample that the model of a microphone joins by straight lines."""


class MicrophoneError(FirstSpikeError, ValueError):
    """A clock of which no microphone's clock and rate of samples can be made."""


@dataclass(frozen=True)
class Microphone:
    """The parameters of a PDM microphone's receiver. Raises `MicrophoneError`."""

    divider: int
    """Clock cycles per period of the microphone's clock: even, for equal halves; at least 4."""
    ratio: int
    """Bits per sample."""
    gain: int = GAIN
    """Bits of gain: a density of 2^-gain of full scale fills a sample of 16 bits."""

    def __post_init__(self) -> None:
        if self.divider < LEAST_DIVIDER or self.divider % 2:
            raise MicrophoneError(
                f"the microphone's clock has {self.divider} cycles per period: give an even "
                f"number, at least {LEAST_DIVIDER}."
            )
        if not 8 <= self.ratio <= 1024:
            raise MicrophoneError(
                f"a sample is made of {self.ratio} bits of the microphone: give 8 to 1024."
            )
        if not 0 <= self.gain < SAMPLE_BITS:
            raise MicrophoneError(f"gain is {self.gain} bits: give 0 to {SAMPLE_BITS - 1}.")

    @classmethod
    def of(cls, clock_hz: float, rate: int, gain: int = GAIN) -> Self:
        """Return the receiver that makes `rate` samples per second of a clock.

        Of all whose microphone's clock is allowed it is the one with the smallest error of the
        rate, and of equals the one whose microphone's clock is nearest to `BEST_HZ`. Raises
        `MicrophoneError` where the rate is off by more than `TOLERANCE`.
        """
        found = []
        for divider in range(LEAST_DIVIDER, int(clock_hz / SLOWEST_HZ) + 1, 2):
            ratio = round(clock_hz / (divider * rate))
            if clock_hz / divider <= FASTEST_HZ:
                error = abs(clock_hz / (divider * ratio) - rate) / rate
                found.append((error, abs(clock_hz / divider - BEST_HZ), divider, ratio))
        if not found or min(found)[0] > TOLERANCE:
            raise MicrophoneError(
                f"a clock of {clock_hz / 1e6:g} MHz makes no {rate} samples per second of a "
                f"microphone at {SLOWEST_HZ / 1e6:g} to {FASTEST_HZ / 1e6:g} MHz: take a clock of "
                f"at least {LEAST_DIVIDER * SLOWEST_HZ / 1e6:g} MHz."
            )
        *_, divider, ratio = min(found)
        return cls(divider, ratio, gain)

    @property
    def cycles(self) -> int:
        """Clock cycles per sample."""
        return self.divider * self.ratio

    @property
    def sum_bits(self) -> int:
        """Bits of an integrator, signed: it holds -ratio^3 .. ratio^3, and else wraps."""
        return (self.ratio**ORDER).bit_length() + 1

    @property
    def down(self) -> int:
        """Bits by which a sum is shifted to the right; to the left below 0."""
        return self.sum_bits - SAMPLE_BITS - self.gain

    def samples(self, bits: np.ndarray) -> np.ndarray:
        """Return the samples int16 [n // ratio] of the microphone's bits, 0 or 1 [n].

        All integrators begin at 0.
        """
        return saturated(self._shifted(bits)).astype(np.int16)

    def clipped(self, bits: np.ndarray) -> np.ndarray:
        """Return whether each sample does not fit, and is saturated, bool [n // ratio]."""
        shifted = self._shifted(bits)
        return saturated(shifted) != shifted

    def constant(self, bits: np.ndarray) -> np.ndarray:
        """Return of each sample whether no bit of it differs from the bit before it.

        In front of the first bit is a 0.
        """
        same = np.diff(bits, prepend=0) == 0
        whole = len(bits) // self.ratio
        return same[: whole * self.ratio].reshape(whole, self.ratio).all(axis=1)

    def _shifted(self, bits: np.ndarray) -> np.ndarray:
        sums = 2 * np.asarray(bits, np.int64) - 1
        for _ in range(ORDER):
            sums = np.cumsum(sums)  # wraps at 2^64, which the differences undo
        sums = sums[self.ratio - 1 :: self.ratio]
        for _ in range(ORDER):
            sums = np.diff(sums, prepend=0)
        return sums >> self.down if self.down >= 0 else sums << -self.down

    def bits(self, x: np.ndarray) -> np.ndarray:
        """Return bits uint8 [n * ratio] of a microphone that hears samples x, int16 [n].

        A sigma-delta modulator of the second order makes them of x, whose full scale is
        2^(15 + gain). A polyphase filter makes `SMOOTHED` numbers per sample of x, and straight
        lines join them.
        """
        # scipy and numba take a while to import
        from scipy.signal import resample_poly

        from .modulator import modulated

        smooth = np.rint(resample_poly(np.asarray(x, float), SMOOTHED, 1)).astype(np.int64)
        return modulated(smooth, SMOOTHED, self.ratio, SAMPLE_BITS - 1 + self.gain)

    def hears(self, front: FrontEnd) -> FrontEnd:
        """Return the front end whose gains make up for what the decimator takes of high sounds.

        The gain of a filter is raised by -8 log2 |H| steps, rounded, at its resonance, where H is
        the response of the decimator: (sin(ratio w) / (ratio sin(w)))^3 with w = theta / (2 ratio).
        """
        filters = []
        for one in front.filters:
            w = one.theta / (2 * self.ratio)
            H = (np.sin(self.ratio * w) / (self.ratio * np.sin(w))) ** ORDER
            steps = -round(np.log2(H) * (1 << LEVEL_FRACTION))
            filters.append(one._replace(gain=min(one.gain + steps, MOST_LEVEL)))
        return replace(front, filters=tuple(filters))


def saturated(x: np.ndarray) -> np.ndarray:
    """Return integers in the range of a sample."""
    most = 1 << SAMPLE_BITS - 1
    return np.clip(x, -most, most - 1)
