# SPDX-License-Identifier: BSD-2-Clause
"""A microphone: how the bits on its line become samples (DESIGN, section 6).

Each kind of microphone says which numbers its bits are. A cascade of three integrators, and three
differences at the rate of the samples, makes samples of them.
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
"""Integrators, and differences, of the decimator."""

LEAST_DIVIDER = 4
"""Fewest clock cycles per bit, in which the hardware makes a sample."""

SLOWEST_HZ, FASTEST_HZ, BEST_HZ = 1_000_000, 3_200_000, 2_000_000
"""Clocks that microphones take, and the one that is preferred among equals."""

TOLERANCE = 0.01
"""How far, at most, the rate of the samples may be off."""

GAIN = 4
"""Bits of gain of the usual decimator.

A MEMS microphone is at full scale with 120 dB of sound pressure; speech has 60 to 80 dB. 24 dB of
gain let loud speech near by use most of the 16 bits.
"""


class MicrophoneError(FirstSpikeError, ValueError):
    """A clock of which no microphone's clock and rate of samples can be made."""


@dataclass(frozen=True)
class Microphone(ABC):
    """The parameters of a microphone's receiver. Raises `MicrophoneError`."""

    line_bits: ClassVar[int]
    """Bits on the line per number."""
    at_once: ClassVar[int] = 1
    """Numbers that the hardware adds at once; `ratio` is a multiple of it."""

    divider: int
    """Clock cycles per period of the microphone's clock: even, for equal halves; at least 4."""
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
        """Return the receiver that makes `rate` samples per second of a clock.

        It has the smallest error of the rate of all receivers whose microphone's clock is allowed.
        Of several it has the microphone's clock that is nearest to `BEST_HZ`, and of these the
        smallest divider. Errors are compared as fractions. Raises `MicrophoneError` where the rate
        is off by more than `TOLERANCE`.
        """
        found = []
        clock = Fraction(clock_hz)
        for divider in range(LEAST_DIVIDER, clock // SLOWEST_HZ + 1, 2):
            hz = clock / divider
            numbers = hz / (cls.line_bits * rate)  # per sample; `ratio` is one of its neighbours
            below = numbers // cls.at_once * cls.at_once
            for ratio in (below, below + cls.at_once):
                if ratio > 0 and hz <= FASTEST_HZ:
                    error = abs(numbers / ratio - 1)
                    found.append((error, abs(hz - BEST_HZ), divider, ratio))
        if not found or min(found)[0] > TOLERANCE:
            raise MicrophoneError(
                f"a clock of {clock_hz / 1e6:g} MHz makes no {rate} samples per second of a "
                f"microphone at {SLOWEST_HZ / 1e6:g} to {FASTEST_HZ / 1e6:g} MHz: take a clock of "
                f"at least {LEAST_DIVIDER * SLOWEST_HZ / 1e6:g} MHz, near a multiple of "
                f"{2 * cls.line_bits * rate / 1e6:g} MHz."
            )
        *_, divider, ratio = min(found)
        return cls(divider, ratio)

    @property
    @abstractmethod
    def number_bits(self) -> int:
        """Bits of which a number is made: it is in -2^(n-1) .. 2^(n-1)."""

    @abstractmethod
    def numbers(self, bits: np.ndarray) -> np.ndarray:
        """Return the numbers int64 [n] of bits on the line, 0 or 1 [m]."""

    @abstractmethod
    def looked_at(self, bits: np.ndarray) -> np.ndarray:
        """Return the bits of which the numbers are made, uint8 [n * number_bits]."""

    @abstractmethod
    def bits(self, x: np.ndarray) -> np.ndarray:
        """Return bits uint8 [m] on the line of a microphone that hears samples x, int16 [n]."""

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
        """Bits of an integrator, signed: it holds every sum of a sample, and else wraps."""
        return self.number_bits + (self.ratio**ORDER).bit_length()

    @property
    def down(self) -> int:
        """Bits by which a sum is shifted to the right; to the left below 0."""
        return self.sum_bits - SAMPLE_BITS - self.gain

    def samples(self, bits: np.ndarray) -> np.ndarray:
        """Return the samples int16 [n] of the bits on the line, 0 or 1 [n * bits_per_sample].

        All integrators begin at 0.
        """
        return saturated(self._shifted(bits)).astype(np.int16)

    def clipped(self, bits: np.ndarray) -> np.ndarray:
        """Return whether each sample does not fit, and is saturated, bool [n]."""
        shifted = self._shifted(bits)
        return saturated(shifted) != shifted

    def constant(self, bits: np.ndarray) -> np.ndarray:
        """Return of each sample whether no bit of it differs from the bit before it, bool [n].

        In front of the first bit is a 0.
        """
        same = np.diff(self.looked_at(bits), prepend=0) == 0
        each = self.ratio * self.number_bits
        whole = len(same) // each
        return same[: whole * each].reshape(whole, each).all(axis=1)

    def _shifted(self, bits: np.ndarray) -> np.ndarray:
        sums = self.numbers(bits)
        for _ in range(ORDER):
            sums = np.cumsum(sums)  # wraps at 2^64, which the differences undo
        sums = sums[self.ratio - 1 :: self.ratio]
        for _ in range(ORDER):
            sums = np.diff(sums, prepend=0)
        return sums >> self.down if self.down >= 0 else sums << -self.down

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


def loudest(x: np.ndarray) -> int:
    """Return the largest magnitude of samples x, int16 [n]; 0 without any (DESIGN, section 10)."""
    return int(np.abs(x.astype(np.int64)).max(initial=0))


def saturated(x: np.ndarray) -> np.ndarray:
    """Return integers in the range of a sample."""
    most = 1 << SAMPLE_BITS - 1
    return np.clip(x, -most, most - 1)
