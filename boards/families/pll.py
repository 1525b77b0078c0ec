# SPDX-License-Identifier: BSD-2-Clause
"""PLLs: dividers for a wanted frequency, within what data sheets allow.

A PLL multiplies the oscillator's frequency, divided by `reference`, up to that of the VCO, and
divides that by `output`. What each family allows is in its own file beside this one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firstspike.hdl.clock import ClockError

Limits = tuple[int, int]
"""The least and the highest frequency in Hz."""

MHZ = 1_000_000

TOLERANCE = 0.01
"""Relative error that the clock may have; the design is built for the clock it gets."""


@dataclass(frozen=True)
class Dividers:
    """Dividers of a PLL: f(VCO) = oscillator / reference * feedback, output = f(VCO) / output."""

    oscillator: int  # Hz
    reference: int
    feedback: int
    output: int

    @property
    def comparison(self) -> float:
        """Frequency at which the phases are compared, in Hz."""
        return self.oscillator / self.reference

    @property
    def vco(self) -> float:
        """Hz."""
        return self.comparison * self.feedback

    @property
    def hz(self) -> float:
        """The output, in Hz."""
        return self.vco / self.output


def nearest(hz: int, candidates: Iterable[Dividers]) -> Dividers:
    """The nearest dividers; among equals those of the fastest comparison, which jitters least."""
    best = min(
        candidates,
        key=lambda dividers: (abs(dividers.hz - hz), -dividers.comparison, dividers.vco),
        default=None,
    )
    if best is None or abs(best.hz / hz - 1) > TOLERANCE:
        raise ClockError(f"the board's PLL cannot make {hz / MHZ:g} MHz of its oscillator's clock.")
    return best


def references(oscillator: int, largest: int, comparison: Limits) -> Iterator[int]:
    """Dividers of the oscillator's frequency that make one within `comparison`."""
    return (
        divider for divider in range(1, largest + 1) if within(oscillator / divider, comparison)
    )


def around(wanted: float, largest: int) -> Iterator[int]:
    """The two whole numbers about `wanted`, of those from 1 to `largest`."""
    return (value for value in (int(wanted), int(wanted) + 1) if 1 <= value <= largest)


def within(value: float, limits: Limits) -> bool:
    """Whether a frequency is within limits."""
    return limits[0] <= value <= limits[1]
