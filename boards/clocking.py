# SPDX-License-Identifier: BSD-2-Clause
"""The clock of a design: the board's oscillator, the PLL, and a reset until it is stable."""

import re
from math import ceil

from amaranth.build import ResourceError
from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal, Signal
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from firstspike.golden.system.errors import convert_errors
from firstspike.hdl.flow.devices import Family
from firstspike.hdl.lib.block import Block

from .families.facts import BoardError
from .families.pll import Dividers
from .families.registry import facts_of
from .pins.board import Board

RESET_SECONDS = 15e-6
"""Seconds in reset after the PLL's lock.

Block RAM of an iCE40 reads zero for some 3 us after configuration.
"""


def oscillator_of(board: Board) -> int:
    """Return the frequency of a board's oscillator in whole Hz.

    Raises BoardError if the board and its platform contradict each other.
    """
    platform = board.platform()
    name = f"the platform {type(platform).__name__} of the board {board.name}"
    *series, size = re.split("[ -]", board.device.name)
    part = str(getattr(platform, "device", None) or getattr(platform, "part", ""))
    if size not in part or ("5G" in series) != ("5G" in part):
        raise BoardError(
            f"{name} has the {part}, but the board's `device` is {board.device.name}: name the one "
            "of hdl/flow/devices.py that the board has"
        )
    if platform.default_clk is None:
        raise BoardError(f"{name} has no `default_clk`: name the resource of the oscillator there")
    with convert_errors(BoardError, f"{name} has a wrong `default_clk`: ", ResourceError):
        clock = platform.lookup(platform.default_clk).clock
    if clock is None:
        raise BoardError(
            f"the resource {platform.default_clk} in {name} has no frequency: add one, such as "
            "Clock(12e6)"
        )
    return round(clock.frequency)


def dividers_for(family: Family, oscillator: int, hz: int) -> Dividers:
    """Return the PLL's dividers. Raises ClockError."""
    return facts_of(family).dividers(oscillator, hz)


def clocks_for(family: Family, oscillator: int) -> set[float]:
    """Return all frequencies in Hz that the PLL can generate."""
    return facts_of(family).clocks(oscillator)


def add_clock(m: Module, platform, family: Family, dividers: Dividers) -> None:
    """Create the clock domain `sync` from the platform's oscillator."""
    pin = platform.request(platform.default_clk, dir="-")
    m.submodules.pll = pll = facts_of(family).pll(dividers, pin, platform)
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
    """Holds the design in reset until the PLL has been locked for `cycles`; has no reset itself.

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
