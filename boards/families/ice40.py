# SPDX-License-Identifier: BSD-2-Clause
"""The iCE40: dividers of an SB_PLL40, and figures for estimates of builds."""

from collections.abc import Iterator
from math import log

from amaranth.hdl import Instance
from amaranth.lib import io
from amaranth.vendor import LatticeICE40Platform

from firstspike.boards.readback.ice40.reader import PREAMBLE

from .facts import BoardError, Facts, PllBlock, Rule
from .pll import MHZ, Dividers, references, within

ICE40_COMPARISON, ICE40_VCO = (10 * MHZ, 133 * MHZ), (533 * MHZ, 1066 * MHZ)
ICE40_OUTPUT = (16 * MHZ, 275 * MHZ)
ICE40_FILTERS = (17 * MHZ, 26 * MHZ, 44 * MHZ, 66 * MHZ, 101 * MHZ)
"""Upper limits of the comparison frequency for FILTER_RANGE 1 to 5; above the last one it is 6."""


def ice40_settings(oscillator: int) -> Iterator[Dividers]:
    """Yield the dividers of an SB_PLL40 with simple feedback: DIVR + 1, DIVF + 1 and 2^DIVQ."""
    for reference in references(oscillator, 16, ICE40_COMPARISON):
        for feedback in range(1, 129):
            for q in range(1, 7):
                dividers = Dividers(oscillator, reference, feedback, 1 << q)
                if within(dividers.vco, ICE40_VCO) and within(dividers.hz, ICE40_OUTPUT):
                    yield dividers


def ice40_filter(dividers: Dividers) -> int:
    """Return FILTER_RANGE as icepll does."""
    return 1 + sum(dividers.comparison >= limit for limit in ICE40_FILTERS)


PLL_PADS: dict[str, dict[str, tuple[str, ...]]] = {
    "5K": {"SG48": ("35",), "UWG30": ("B3",)},
    "8K": {
        "BG121": ("L5", "B6"),
        "CB132": ("P7", "A6"),
        "CM81": ("G4", "C4"),
        "CM121": ("L5", "B6"),
        "CM225": ("N7", "D8"),
        "CT256": ("R9", "F7"),
        "TQ144": ("49", "129"),
    },
}
"""Pins that only an SB_PLL40_PAD can use as input, one per PLL, by die and package.

They are the pins (`pinloc_db`) at PLLOUT_A (`pllinfo_db`) in `icebox.py` of Project IceStorm. An
HX4K or LP4K is an 8K die.
"""


def die_of(device: str) -> str:
    """Return the die of a device of Amaranth, such as 8K for an iCE40HX4K."""
    return device[-2:].replace("4K", "8K")


def _pll_pads(platform: LatticeICE40Platform) -> tuple[str, ...]:
    """Return the pins of a platform that are pads of a PLL. Raises BoardError."""
    pads = PLL_PADS.get(die_of(platform.device), {}).get(platform.package.upper())
    if pads is None:
        raise BoardError(
            f"the platform {type(platform).__name__} has the package {platform.package} of the "
            f"{platform.device}, whose PLL pads are unknown: add them to PLL_PADS in "
            "boards/families/ice40.py"
        )
    return pads


class Ice40Pll(PllBlock):
    """SB_PLL40_PAD if the oscillator is at the PLL's own pin, otherwise SB_PLL40_CORE."""

    def build(self, m):
        dividers, port = self._dividers, self._pin.io
        kind, oscillator = "SB_PLL40_PAD", {"i_PACKAGEPIN": port}
        if port.metadata[0].name not in _pll_pads(self._platform):
            # From a global net, nextpnr would route the reference through look-up tables.
            port.metadata[0].attrs.pop("GLOBAL", None)
            m.submodules.buffer = buffer = io.Buffer("i", self._pin)
            kind, oscillator = "SB_PLL40_CORE", {"i_REFERENCECLK": buffer.i}
        m.submodules.pll = Instance(
            kind,
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=dividers.reference - 1,
            p_DIVF=dividers.feedback - 1,
            p_DIVQ=dividers.output.bit_length() - 1,
            p_FILTER_RANGE=ice40_filter(dividers),
            **oscillator,
            i_RESETB=1,
            i_BYPASS=0,
            o_PLLOUTGLOBAL=self.clock,
            o_LOCK=self.locked,
        )


FACTS = Facts(
    preamble=PREAMBLE,
    pll=Ice40Pll,
    settings=ice40_settings,
    output=ICE40_OUTPUT,
    block_cost=64,
    rom_block_cost=64,
    # nextpnr cannot place a design of 0.97 of an iCE40, and an estimate may be 0.05 too low.
    fill=0.92,
    logic=Rule(1400, 550, 250, 330, 40, 2.3, 8.0, 3.8, 3.5, 900, 360, 550, 600, 3.2),
    position_scan=140,
    # 0.2 for a core without bitmaps; 0.84 for the HX8K, from three builds:
    # `python -m docs.measurements.random_builds --hx8k 0 2 7`, at 76.2, 78.4 and 71.9 MHz
    clock=(log(28), 0, 0, 0, 0, 0.2, 0, 0.84),
    # On the iCEBreaker, a toy network with 4 lanes, and `mnist-4bit` with 16 at commit aef0abc5.
    measured=((0, 0), (4073, 67), (4874, 96)),
)
