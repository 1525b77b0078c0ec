# SPDX-License-Identifier: BSD-2-Clause
"""PLLs: dividers for a target frequency, within the limits of data sheets.

A PLL multiplies the oscillator's frequency, divided by `reference`, to that of the VCO, and divides
the latter by `output`. The file of each family has its limits.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firstspike.hdl.clock import ClockError

Limits = tuple[float, float]
"""The lowest and the highest frequency in Hz."""

MHZ = 1_000_000

TOLERANCE = 0.01
"""Largest relative error of the clock; the design is built for the actual clock."""


@dataclass(frozen=True)
class Dividers:
    """Dividers of a PLL: f(VCO) = oscillator / reference * feedback, output = f(VCO) / output."""

    oscillator: int  # Hz
    reference: int
    feedback: int
    output: int

    @property
    def comparison(self) -> float:
        """Frequency of the phase comparison, in Hz."""
        return self.oscillator / self.reference

    @property
    def vco(self) -> float:
        """Frequency of the VCO, in Hz."""
        return self.comparison * self.feedback

    @property
    def hz(self) -> float:
        """Output frequency, in Hz."""
        return self.vco / self.output


def nearest(hz: int, output: Limits, candidates: Iterable[Dividers]) -> Dividers:
    """Return the dividers of a PLL with the nearest output frequency; `output` has its limits.

    Among equals these are the ones with the fastest comparison, which jitters least. Raises
    ClockError if the nearest are off by more than TOLERANCE.
    """
    best = min(
        candidates,
        key=lambda dividers: (abs(dividers.hz - hz), -dividers.comparison, dividers.vco),
        default=None,
    )
    if best is None or abs(best.hz / hz - 1) > TOLERANCE:
        lowest, highest = (limit / MHZ for limit in output)
        raise ClockError(
            f"the board's PLL cannot make {hz / MHZ:g} MHz of its oscillator's clock: take "
            f"{lowest:g} to {highest:g} MHz."
        )
    return best


def references(oscillator: int, largest: int, comparison: Limits) -> Iterator[int]:
    """Yield the dividers of the oscillator's frequency whose result is within `comparison`."""
    return (
        divider for divider in range(1, largest + 1) if within(oscillator / divider, comparison)
    )


def within(value: float, limits: Limits) -> bool:
    """Whether a frequency is within limits."""
    return limits[0] <= value <= limits[1]
