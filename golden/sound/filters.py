# SPDX-License-Identifier: BSD-2-Clause
"""The filters of the front end (DESIGN, section 6); `levels` computes their levels.

A filter is a cascade of two equal resonators. All values are integers and cannot overflow:
`largest_states` bounds them for every possible input.
"""

from typing import NamedTuple

import numpy as np

SAMPLE_BITS = 16
"""Bits of a sample x."""

FRACTION = 14
"""Fractional bits of the coefficients a1 and a2, which are signed integers of 16 bits."""

STATE_BITS = 24
"""Bits of the states y and z."""

LEVEL_FRACTION = 3
"""Fractional bits of a level: 8 steps of it are one octave, or a factor of two."""

MOST_LEVEL = 255
"""The highest level: a level is a byte."""

DECAY = 16384
"""Samples after which the response of an accepted filter has decayed."""

_UNIT = 1 << FRACTION
_NEGLIGIBLE = 1e-9


class Filter(NamedTuple):
    """One filter: its resonance, and the scaling of its states."""

    a1: int
    """2 r cos(theta) * 2^14: theta is the resonance in radians per sample, r the decay."""
    a2: int
    """-r^2 * 2^14."""
    up: int
    """Left shift of the input of the first resonator, in bits."""
    down: int
    """Right shift of the input of the second resonator, in bits."""
    gain: int
    """Steps added to the level, signed."""

    @property
    def rings(self) -> bool:
        """Whether the resonator is stable and has a resonance: its poles are a complex pair."""
        return -_UNIT < self.a2 < 0 and self.a1**2 < -4 * _UNIT * self.a2

    def resonance(self, rate: int) -> float:
        """Return the resonance in Hz for `rate` samples per second."""
        return float(rate * self.theta / (2 * np.pi))

    @property
    def theta(self) -> float:
        """Resonance in radians per sample."""
        return float(np.arccos(self.a1 / (2 * np.sqrt(-self.a2 * _UNIT))))

    def largest_states(self) -> tuple[float, float]:
        """Return bounds of |y| and |z|: sums of |impulse response| times the largest input.

        Each rounding adds at most 1/2 to y or z, and the right shift at most 1, like a further
        input. The bounds are infinite if the response does not decay within `DECAY` samples.
        """
        poles = self._poles()
        if poles is None:
            return np.inf, np.inf
        both = np.convolve(poles, [1, 0, -1])
        through = np.convolve(both, both)
        x, up, down = 1 << SAMPLE_BITS - 1, 2.0**self.up, 2.0**-self.down
        rounding = np.abs(poles).sum() / 2
        y = np.abs(both).sum() * up * x + rounding
        z = np.abs(through).sum() * up * down * x
        z += np.abs(np.convolve(poles, both)).sum() * down / 2 + 3 * rounding
        return float(y), float(z)

    def _poles(self) -> np.ndarray | None:
        """Return the impulse response of 1 / (1 - a1/z - a2/z^2), float64, without its tail."""
        if not self.rings:
            return None
        r = np.sqrt(-self.a2 / _UNIT)
        theta = self.theta
        n = np.ceil(np.log(_NEGLIGIBLE * (1 - r) * np.sin(theta)) / np.log(r))
        if n > DECAY:
            return None
        k = np.arange(int(n) + 1)
        return r**k * np.sin((k + 1) * theta) / np.sin(theta)
