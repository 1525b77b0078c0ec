# SPDX-License-Identifier: BSD-2-Clause
"""The facts that a file of this folder tells of a family."""

from collections.abc import Callable
from dataclasses import dataclass

from amaranth.build import Platform
from amaranth.lib.wiring import Out

from firstspike.golden.system.errors import FirstSpikeError
from firstspike.hdl.lib.block import Block

from .pll import Dividers


class BoardError(FirstSpikeError):
    """A board file from which no design can be built; the message names what is wrong in it."""


class PllBlock(Block):
    """A PLL behind the oscillator's pin on an Amaranth platform; `locked` is asynchronous."""

    def __init__(self, dividers: Dividers, pin, platform: Platform):
        self._dividers, self._pin, self._platform = dividers, pin, platform
        super().__init__(clock=Out(1), locked=Out(1))


@dataclass(frozen=True)
class Rule:
    """Logic that each of the features (`features_of`) takes in a family."""

    design: float
    """One of no lanes, no hidden layer and no bitmaps."""
    bitmap: float
    """One that takes bitmaps."""
    events: float
    """One that does not, and lists its events for more than 4 groups of the first layer."""
    hidden: float
    """A hidden layer, of no lanes and ticks of no bits."""
    tick: float
    """A bit of a tick in each hidden layer."""
    registers: float
    """A bit of S or M in a layer of one group."""
    shallow: float
    """Likewise in a layer of 2 to 4, which an iCE40 keeps in flip-flops, group by group."""
    memory: float
    """Likewise in a layer of more, whose state is in memory."""
    window: float
    """More for it, where time advances by windows."""
    windows: float
    """A layer of these, of no lanes."""
    player: float
    """A design that holds images to play."""
    banks: float
    """A first layer that adds several rows per cycle."""
    sends: float
    """A first layer that sends several spikes per cycle."""
    bank_bit: float
    """A bit of a word of weights, for each further row."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a family."""

    pll: type[PllBlock]
    dividers: Callable[[int, int], Dividers]
    """Dividers of the PLL for an oscillator and a clock in Hz. Raises ClockError."""
    clocks: Callable[[int], set[float]]
    """All frequencies in Hz that the PLL makes of an oscillator's."""
    block_cost: int
    """Cost of a block RAM in bits of logic, as Yosys counts it, by its library."""
    rom_block_cost: int
    """Cost of a block RAM that is only read, by trials."""
    narrow_tables: bool = False
    """Yosys counts narrow tables that are memory by their bits, not by their cells."""
    fill: float
    """Share of the logic that may be used: nextpnr needs some room, and a full device is slow."""
    logic: Rule
    """Found by hand, of the shipped networks and of small ones that were synthesised."""
    position_walk: int
    """Logic of a walk over positions, by a build or two: no fit knows such layers yet."""
    clock: tuple[float, ...]
    """Coefficients of the rule for the clock, found by hand from what shipped networks reach."""
    measured: tuple[tuple[float, float], ...]
    """Look-up tables, or logic cells, and seconds of builds with one seed."""
