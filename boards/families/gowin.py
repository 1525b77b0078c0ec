# SPDX-License-Identifier: BSD-2-Clause
"""Gowin's GW2A: dividers of an rPLL, and figures for estimates of builds."""

from collections.abc import Iterator
from math import log

from amaranth.hdl import Const, Instance
from amaranth.lib import io

from .facts import Facts, PllBlock, Rule
from .pll import MHZ, Dividers, references, within

_COMPARISON, _VCO = (3 * MHZ, 500 * MHZ), (500 * MHZ, 1250 * MHZ)
"""Limits of a GW2A or GW2AR of the speed grade C8/I7, from its data sheet DS226."""

_OUTPUTS = (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)
_OUTPUT = (_VCO[0] / _OUTPUTS[-1], _VCO[1] / _OUTPUTS[0])


def gowin_settings(oscillator: int) -> Iterator[Dividers]:
    """Yield the dividers of an rPLL: IDIV, FBDIV times ODIV, and ODIV.

    The output divider is inside the loop, since the output is the feedback.
    """
    for reference in references(oscillator, 64, _COMPARISON):
        for output in _OUTPUTS:
            for feedback in range(1, 65):
                dividers = Dividers(oscillator, reference, feedback * output, output)
                if within(dividers.vco, _VCO):
                    yield dividers


class GowinPll(PllBlock):
    """rPLL with its output, CLKOUT, as feedback."""

    def build(self, m):
        dividers = self._dividers
        m.submodules.buffer = buffer = io.Buffer("i", self._pin)
        m.submodules.pll = Instance(
            "rPLL",
            p_DEVICE="GW2A-18C",
            p_FCLKIN=f"{dividers.oscillator / MHZ:g}",
            p_IDIV_SEL=dividers.reference - 1,
            p_FBDIV_SEL=dividers.feedback // dividers.output - 1,
            p_ODIV_SEL=dividers.output,
            i_CLKIN=buffer.i,
            i_CLKFB=0,
            i_RESET=0,
            i_RESET_P=0,
            i_FBDSEL=Const(0, 6),
            i_IDSEL=Const(0, 6),
            i_ODSEL=Const(0, 6),
            i_PSDA=Const(0, 4),
            i_DUTYDA=Const(0, 4),
            i_FDLY=Const(0, 4),
            o_CLKOUT=self.clock,
            o_LOCK=self.locked,
        )


FACTS = Facts(
    preamble=f"{0xA5C3:016b}".encode(),  # the bitstream is text, a digit per bit
    pll=GowinPll,
    settings=gowin_settings,
    output=_OUTPUT,
    block_cost=128,
    rom_block_cost=131,
    narrow_tables=True,
    # A flip-flop without a table in front takes a table, and a table used as memory blocks its
    # neighbours: a design of 9,425 takes 13,868. So 0.58 of the tables fill 0.85 of the device.
    fill=0.58,
    logic=Rule(1380, 250, 50, 266, 34, 1.95, 3.9, 3.5, 3.7, 220, 360, 550, 600, 3.2),
    position_scan=500,
    clock=(log(130), *[0] * 7),
    # On the Tang Nano 20K, a toy network with 4 lanes, and `mnist-4bit` with 38.
    measured=((0, 0), (2729, 120), (9425, 760)),
)
