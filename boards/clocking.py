# SPDX-License-Identifier: BSD-2-Clause
"""The design's clock: from the board's oscillator through the PLL, in reset until it is steady."""

from math import ceil

from amaranth.hdl import ClockDomain, ClockSignal, Const, Instance, Module, ResetSignal, Signal
from amaranth.lib import io
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from firstspike.hdl.flow.devices import ECP5, GOWIN, ICE40, Family
from firstspike.hdl.lib.block import Block

from .pll import (
    MHZ,
    Dividers,
    ecp5_clocks,
    ecp5_dividers,
    ecp5_feedback,
    gowin_clocks,
    gowin_dividers,
    ice40_clocks,
    ice40_dividers,
    ice40_filter,
)

RESET_SECONDS = 15e-6
"""Time in reset after the PLL's lock.

Block RAM of an iCE40 reads zero for some 3 us after configuration, by its own oscillator."""


def dividers_for(family: Family, oscillator: int, hz: int) -> Dividers:
    """The PLL's dividers. Raises ClockError."""
    return {ICE40: ice40_dividers, ECP5: ecp5_dividers, GOWIN: gowin_dividers}[family](
        oscillator, hz
    )


def clocks_for(family: Family, oscillator: int) -> set[float]:
    """All frequencies in Hz that the PLL makes."""
    return {ICE40: ice40_clocks, ECP5: ecp5_clocks, GOWIN: gowin_clocks}[family](oscillator)


def add_clock(m: Module, platform, family: Family, dividers: Dividers) -> None:
    """Make the domain `sync` of the platform's oscillator."""
    pin = platform.request(platform.default_clk, dir="-")
    m.submodules.pll = pll = {ICE40: Ice40Pll, ECP5: Ecp5Pll, GOWIN: GowinPll}[family](
        dividers, pin
    )
    m.submodules.power_up = power_up = PowerUp(ceil(RESET_SECONDS * dividers.hz))
    m.domains.sync = ClockDomain()
    m.domains.power_up = ClockDomain(reset_less=True)
    m.d.comb += [
        ClockSignal().eq(pll.clock),
        ClockSignal("power_up").eq(pll.clock),
        power_up.locked.eq(pll.locked),
        ResetSignal().eq(power_up.reset),
    ]
    platform.add_clock_constraint(pll.clock, dividers.hz)


class PowerUp(Block):
    """Holds the design in reset until the PLL has been locked for `cycles`, in a domain without.

    Ports: `locked`, asynchronous; `reset`, high from the first cycle on.
    """

    def __init__(self, cycles: int):
        self._cycles = cycles
        super().__init__(locked=In(1), reset=Out(1, init=1))

    def build(self, m):
        locked = Signal()
        m.submodules.locked = FFSynchronizer(self.locked, locked, o_domain="power_up")
        count = Signal(range(self._cycles + 1))
        with m.If(~locked):
            m.d.power_up += count.eq(0)
        with m.Elif(count != self._cycles):
            m.d.power_up += count.eq(count + 1)
        m.d.power_up += self.reset.eq(~locked | (count != self._cycles))


class _Pll(Block):
    """A PLL at the oscillator's pin; `locked` is asynchronous."""

    def __init__(self, dividers: Dividers, pin):
        self._dividers, self._pin = dividers, pin
        super().__init__(clock=Out(1), locked=Out(1))


class Ice40Pll(_Pll):
    """SB_PLL40_PAD: the oscillator's pin is the PLL's own."""

    def build(self, m):
        dividers = self._dividers
        m.submodules.pll = Instance(
            "SB_PLL40_PAD",
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=dividers.reference - 1,
            p_DIVF=dividers.feedback - 1,
            p_DIVQ=dividers.output.bit_length() - 1,
            p_FILTER_RANGE=ice40_filter(dividers),
            i_PACKAGEPIN=self._pin.io,
            i_RESETB=1,
            i_BYPASS=0,
            o_PLLOUTGLOBAL=self.clock,
            o_LOCK=self.locked,
        )


class Ecp5Pll(_Pll):
    """EHXPLLL: CLKOP is fed back, CLKOS is the output."""

    def build(self, m):
        dividers = self._dividers
        clkfb, clkop = ecp5_feedback(dividers)
        feedback = Signal()
        m.submodules.buffer = buffer = io.Buffer("i", self._pin)
        m.submodules.pll = Instance(
            "EHXPLLL",
            # of the loop's filter, as ecppll and Diamond have them
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


class GowinPll(_Pll):
    """rPLL: what is fed back is CLKOUT, the output."""

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
