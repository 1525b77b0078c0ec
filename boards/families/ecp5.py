# SPDX-License-Identifier: BSD-2-Clause
"""The ECP5: dividers of an EHXPLLL, and figures for estimates of builds."""

from collections.abc import Iterator
from math import log

from amaranth.hdl import Instance, Signal
from amaranth.lib import io

from firstspike.boards.readback.ecp5.reader import PREAMBLE

from .facts import Facts, PllBlock, Rule
from .pll import MHZ, Dividers, references, within

ECP5_COMPARISON, ECP5_VCO = (10 * MHZ, 400 * MHZ), (400 * MHZ, 800 * MHZ)
ECP5_FEEDBACK = (8 * MHZ, 400 * MHZ)
"""Limits of CLKOP, the feedback output, in Hz."""
ECP5_OUTPUT = (3.125 * MHZ, 400 * MHZ)
"""Limits of CLKOS, the clock of the design, in Hz."""


def ecp5_settings(oscillator: int) -> Iterator[Dividers]:
    """Yield the dividers of an EHXPLLL: CLKI_DIV, the product of `ecp5_feedback`, and CLKOS_DIV."""
    for reference in references(oscillator, 128, ECP5_COMPARISON):
        for feedback in range(1, int(ECP5_VCO[1] * reference / oscillator) + 1):
            loop = Dividers(oscillator, reference, feedback, 1)
            if within(loop.vco, ECP5_VCO) and ecp5_feedback(loop):
                for output in range(1, 129):
                    if within(loop.vco / output, ECP5_OUTPUT):
                        yield Dividers(oscillator, reference, feedback, output)


def ecp5_feedback(dividers: Dividers) -> tuple[int, int] | None:
    """Return (CLKFB_DIV, CLKOP_DIV), whose product is the feedback divider; None without a pair."""
    for clkfb in range(1, 81):
        clkop, rest = divmod(dividers.feedback, clkfb)
        if not rest and clkop <= 128 and within(dividers.vco / clkop, ECP5_FEEDBACK):
            return clkfb, clkop
    return None


class Ecp5Pll(PllBlock):
    """EHXPLLL with CLKOP as feedback and CLKOS as output."""

    def build(self, m):
        dividers = self._dividers
        clkfb, clkop = ecp5_feedback(dividers)
        feedback = Signal()
        m.submodules.buffer = buffer = io.Buffer("i", self._pin)
        m.submodules.pll = Instance(
            "EHXPLLL",
            # loop filter values of ecppll and Diamond
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            p_CLKI_DIV=dividers.reference,
            p_CLKFB_DIV=clkfb,
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_DIV=clkop,
            p_CLKOP_CPHASE=clkop - 1,
            p_CLKOS_ENABLE="ENABLED",
            p_CLKOS_DIV=dividers.output,
            p_CLKOS_CPHASE=dividers.output - 1,
            p_FEEDBK_PATH="CLKOP",
            i_CLKI=buffer.i,
            i_CLKFB=feedback,
            i_RST=0,
            i_STDBY=0,
            i_PHASESEL0=0,
            i_PHASESEL1=0,
            i_PHASEDIR=1,
            i_PHASESTEP=1,
            i_PHASELOADREG=1,
            i_PLLWAKESYNC=0,
            i_ENCLKOP=0,
            i_ENCLKOS=0,
            o_CLKOP=feedback,
            o_CLKOS=self.clock,
            o_LOCK=self.locked,
        )


FACTS = Facts(
    preamble=PREAMBLE,
    pll=Ecp5Pll,
    settings=ecp5_settings,
    output=ECP5_OUTPUT,
    block_cost=128,
    rom_block_cost=131,
    fill=0.85,
    logic=Rule(1150, 250, 50, 330, 34, 1.95, 3.9, 3.5, 3.7, 220, 360, 550, 600, 3.2),
    position_scan=500,
    clock=(log(80), *[0] * 6, 0.2),  # 0.2 for the highest speed grade, twice for the 5G
    # `mnist-8bit` with 75 lanes on the ULX3S 85F; on the ECPIX-5 `mnist-4bit` with 379 and
    # --overlap.
    measured=((0, 0), (18413, 679), (41996, 1414)),
)
