# SPDX-License-Identifier: BSD-2-Clause
"""The PLLs of iCE40, ECP5 and GW2A: dividers for a frequency, within what the data sheets allow.

All multiply the oscillator's frequency, divided by `reference`, up to that of the VCO, and
divide that by `output`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from firstspike.hdl.clock import ClockError

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


ICE40_COMPARISON, ICE40_VCO = (10 * MHZ, 133 * MHZ), (533 * MHZ, 1066 * MHZ)
ICE40_FILTERS = (17 * MHZ, 26 * MHZ, 44 * MHZ, 66 * MHZ, 101 * MHZ)
"""Up to which comparison frequency each FILTER_RANGE goes, from 1 on; 6 beyond."""

ECP5_COMPARISON, ECP5_VCO = (10 * MHZ, 400 * MHZ), (400 * MHZ, 800 * MHZ)
ECP5_FEEDBACK = (8 * MHZ, 400 * MHZ)
"""Limits of CLKOP, the output that is fed back."""

GOWIN_COMPARISON, GOWIN_VCO = (3 * MHZ, 500 * MHZ), (500 * MHZ, 1250 * MHZ)
"""Limits of a GW2A or GW2AR of the speed C8/I7."""

GOWIN_OUTPUTS = (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)


def ice40_dividers(oscillator: int, hz: int) -> Dividers:
    """Dividers of an SB_PLL40 with simple feedback: DIVR + 1, DIVF + 1 and 2^DIVQ."""
    return _nearest(
        hz,
        (
            Dividers(oscillator, reference, feedback, 1 << q)
            for reference in _references(oscillator, 16, ICE40_COMPARISON)
            for q in range(1, 7)
            for feedback in _around(hz * reference * (1 << q) / oscillator, 128)
            if _within(oscillator / reference * feedback, ICE40_VCO)
        ),
    )


def ice40_clocks(oscillator: int) -> set[float]:
    """All frequencies in Hz that an SB_PLL40 makes of the oscillator's."""
    return {
        Dividers(oscillator, reference, feedback, 1 << q).hz
        for reference in _references(oscillator, 16, ICE40_COMPARISON)
        for feedback in range(1, 129)
        for q in range(1, 7)
        if _within(oscillator / reference * feedback, ICE40_VCO)
    }


def ice40_filter(dividers: Dividers) -> int:
    """FILTER_RANGE, as icepll has it."""
    return 1 + sum(dividers.comparison >= limit for limit in ICE40_FILTERS)


def ecp5_dividers(oscillator: int, hz: int) -> Dividers:
    """Dividers of an EHXPLLL: CLKI_DIV, the product of `ecp5_feedback`, and CLKOS_DIV."""
    return _nearest(
        hz,
        (
            dividers
            for reference in _references(oscillator, 128, ECP5_COMPARISON)
            for output in range(1, 129)
            for feedback in _around(hz * reference * output / oscillator, 128 * 80)
            if _within(oscillator / reference * feedback, ECP5_VCO)
            and ecp5_feedback(dividers := Dividers(oscillator, reference, feedback, output))
        ),
    )


def ecp5_clocks(oscillator: int) -> set[float]:
    """All frequencies in Hz that an EHXPLLL makes of the oscillator's."""
    return {
        loop.hz / output
        for reference in _references(oscillator, 128, ECP5_COMPARISON)
        for feedback in range(1, ECP5_VCO[1] * reference // oscillator + 1)
        if _within((loop := Dividers(oscillator, reference, feedback, 1)).vco, ECP5_VCO)
        and ecp5_feedback(loop)
        for output in range(1, 129)
    }


def ecp5_feedback(dividers: Dividers) -> tuple[int, int] | None:
    """(CLKFB_DIV, CLKOP_DIV), whose product is the feedback divider; None without such a pair."""
    for clkfb in range(1, 81):
        clkop, rest = divmod(dividers.feedback, clkfb)
        if not rest and clkop <= 128 and _within(dividers.vco / clkop, ECP5_FEEDBACK):
            return clkfb, clkop
    return None


def gowin_dividers(oscillator: int, hz: int) -> Dividers:
    """Dividers of an rPLL: IDIV, FBDIV times ODIV, and ODIV."""
    return _nearest(
        hz,
        (
            dividers
            for reference in _references(oscillator, 64, GOWIN_COMPARISON)
            for output in GOWIN_OUTPUTS
            for feedback in _around(hz * reference / oscillator, 64)
            if _within((dividers := _gowin(oscillator, reference, feedback, output)).vco, GOWIN_VCO)
        ),
    )


def gowin_clocks(oscillator: int) -> set[float]:
    """All frequencies in Hz that an rPLL makes of the oscillator's."""
    return {
        dividers.hz
        for reference in _references(oscillator, 64, GOWIN_COMPARISON)
        for output in GOWIN_OUTPUTS
        for feedback in range(1, 65)
        if _within((dividers := _gowin(oscillator, reference, feedback, output)).vco, GOWIN_VCO)
    }


def _gowin(oscillator: int, reference: int, feedback: int, output: int) -> Dividers:
    """The output is what is fed back, so its divider is in the loop."""
    return Dividers(oscillator, reference, feedback * output, output)


def _nearest(hz: int, candidates: Iterable[Dividers]) -> Dividers:
    """The nearest dividers; among equals those of the fastest comparison, which jitters least."""
    best = min(
        candidates,
        key=lambda dividers: (abs(dividers.hz - hz), -dividers.comparison, dividers.vco),
        default=None,
    )
    if best is None or abs(best.hz / hz - 1) > TOLERANCE:
        raise ClockError(f"the board's PLL cannot make {hz / MHZ:g} MHz of its oscillator's clock.")
    return best


def _references(oscillator, largest, comparison):
    return (
        divider for divider in range(1, largest + 1) if _within(oscillator / divider, comparison)
    )


def _around(wanted, largest):
    return (value for value in (int(wanted), int(wanted) + 1) if 1 <= value <= largest)


def _within(value, limits):
    return limits[0] <= value <= limits[1]
