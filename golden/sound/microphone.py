# SPDX-License-Identifier: BSD-2-Clause
"""A microphone: converts the bits on its line to samples (DESIGN, section 6).

Each kind of microphone defines the numbers that its bits represent. A cascade of three integrators,
and three differences at the sample rate, converts them to samples.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar, Self

import numpy as np

from firstspike.golden.system.errors import FirstSpikeError

from .filters import LEVEL_FRACTION, MOST_LEVEL, SAMPLE_BITS
from .front import FrontEnd

ORDER = 3
"""Number of integrators, and of differences, of the decimator."""

LEAST_DIVIDER = 4
"""Fewest clock cycles per bit: the hardware needs them for a sample."""

SLOWEST_HZ, FASTEST_HZ, BEST_HZ = 1_000_000, 3_200_000, 2_000_000
"""Range of the microphone clocks, and the preferred clock among equal candidates."""

TOLERANCE = 0.01
"""Largest relative error of the sample rate."""

GAIN = 4
"""Bits of gain of the default decimator.

A MEMS microphone reaches full scale at 120 dB of sound pressure; speech has 60 to 80 dB. With 24 dB
of gain, loud speech nearby uses most of the 16 bits.
"""


class MicrophoneError(FirstSpikeError, ValueError):
    """A clock from which no microphone clock and sample rate can be derived."""


@dataclass(frozen=True)
class Microphone(ABC):
    """The parameters of a microphone's receiver. Raises `MicrophoneError`."""

    line_bits: ClassVar[int]
    """Bits on the line per number."""
    at_once: ClassVar[int] = 1
    """Numbers that the hardware adds per step; `ratio` is a multiple of it."""

    divider: int
    """Clock cycles per period of the microphone's clock: even, for equal halves, and at least 4."""
    ratio: int
    """Numbers per sample."""
    gain: int = GAIN
    """Bits of gain: 2^-gain of full scale fills a sample of 16 bits."""

    def __post_init__(self) -> None:
        if self.divider < LEAST_DIVIDER or self.divider % 2:
            raise MicrophoneError(
                f"the microphone's clock has {self.divider} cycles per period: give an even "
                f"number, at least {LEAST_DIVIDER}."
            )

    @classmethod
    def of(cls, clock_hz: float, rate: int) -> Self:
        """Return the receiver that makes `rate` samples per second with a clock of `clock_hz`.

        The receiver has the smallest rate error among all whose microphone clock is allowed; among
        equals the microphone clock nearest to `BEST_HZ`, and then the smallest divider. Errors are
        compared as fractions. Raises `MicrophoneError` if the error exceeds `TOLERANCE`.
        """
        candidates = []
        clock = Fraction(clock_hz)
        for divider in range(LEAST_DIVIDER, clock // SLOWEST_HZ + 1, 2):
            hz = clock / divider
            numbers = hz / (cls.line_bits * rate)  # per sample; `ratio` is one of its neighbours
            below = numbers // cls.at_once * cls.at_once
            for ratio in (below, below + cls.at_once):
                if ratio > 0 and hz <= FASTEST_HZ:
                    error = abs(numbers / ratio - 1)
                    candidates.append((error, abs(hz - BEST_HZ), divider, ratio))
        if not candidates or min(candidates)[0] > TOLERANCE:
            raise MicrophoneError(
                f"a clock of {clock_hz / 1e6:g} MHz makes no {rate} samples per second of a "
                f"microphone at {SLOWEST_HZ / 1e6:g} to {FASTEST_HZ / 1e6:g} MHz: take a clock of "
                f"at least {LEAST_DIVIDER * SLOWEST_HZ / 1e6:g} MHz, near a multiple of "
                f"{2 * cls.line_bits * rate / 1e6:g} MHz."
            )
        *_, divider, ratio = min(candidates)
        return cls(divider, ratio)

    @property
    @abstractmethod
    def number_bits(self) -> int:
        """Bits that form a number, which is in -2^(n-1) .. 2^(n-1)."""

    @abstractmethod
    def numbers(self, bits: np.ndarray) -> np.ndarray:
        """Return the numbers int64 [n] of bits on the line, 0 or 1 [m]."""

    @abstractmethod
    def looked_at(self, bits: np.ndarray) -> np.ndarray:
        """Return the bits that form the numbers, uint8 [n * number_bits]."""

    @abstractmethod
    def bits(self, x: np.ndarray) -> np.ndarray:
        """Return bits uint8 [m] on the line of a microphone for the sound x, int16 [n]."""

    @property
    def bits_per_sample(self) -> int:
        """Bits on the line per sample."""
        return self.line_bits * self.ratio

    @property
    def cycles(self) -> int:
        """Clock cycles per sample."""
        return self.divider * self.bits_per_sample

    @property
    def sum_bits(self) -> int:
        """Width of an integrator, signed: it holds every sum of a sample, and otherwise wraps."""
        return self.number_bits + (self.ratio**ORDER).bit_length()

    @property
    def down(self) -> int:
        """Right shift of a sum in bits; a negative value shifts left."""
        return self.sum_bits - SAMPLE_BITS - self.gain

    def samples(self, bits: np.ndarray) -> np.ndarray:
        """Return the samples int16 [n] of the bits on the line, 0 or 1 [n * bits_per_sample].

        All integrators start at 0.
        """
        return saturated(self._shifted(bits)).astype(np.int16)

    def clipped(self, bits: np.ndarray) -> np.ndarray:
        """Return whether each sample is out of range and therefore saturated, bool [n]."""
        shifted = self._shifted(bits)
        return saturated(shifted) != shifted

    def constant(self, bits: np.ndarray) -> np.ndarray:
        """Return whether all bits of each sample equal the bit before them, bool [n].

        A 0 precedes the first bit.
        """
        same = np.diff(self.looked_at(bits), prepend=0) == 0
        each = self.ratio * self.number_bits
        n_samples = len(same) // each
        return same[: n_samples * each].reshape(n_samples, each).all(axis=1)

    def _shifted(self, bits: np.ndarray) -> np.ndarray:
        sums = self.numbers(bits)
        for _ in range(ORDER):
            sums = np.cumsum(sums)  # wraps at 2^64; the differences cancel that
        sums = sums[self.ratio - 1 :: self.ratio]
        for _ in range(ORDER):
            sums = np.diff(sums, prepend=0)
        return sums >> self.down if self.down >= 0 else sums << -self.down

    def hears(self, front: FrontEnd) -> FrontEnd:
        """Return the front end with gains that compensate for the response of the decimator.

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


def loudest(x: np.ndarray) -> int:
    """Return the largest magnitude of samples x, int16 [n]; 0 for none (DESIGN, section 10)."""
    return int(np.abs(x.astype(np.int64)).max(initial=0))


def saturated(x: np.ndarray) -> np.ndarray:
    """Return numbers limited to the range of a sample."""
    most = 1 << SAMPLE_BITS - 1
    return np.clip(x, -most, most - 1)
