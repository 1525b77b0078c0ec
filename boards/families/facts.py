# SPDX-License-Identifier: BSD-2-Clause
"""The facts that each family defines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from amaranth.build import Platform
from amaranth.lib.wiring import Out

from firstspike.golden.system.errors import FirstSpikeError
from firstspike.hdl.lib.block import Block

from .pll import Dividers, Limits, nearest


class BoardError(FirstSpikeError):
    """No design can be built from a board file; the message names the error in the file."""


class PllBlock(Block):
    """A PLL after the oscillator's pin on an Amaranth platform; `locked` is asynchronous."""

    def __init__(self, dividers: Dividers, pin, platform: Platform):
        self._dividers, self._pin, self._platform = dividers, pin, platform
        super().__init__(clock=Out(1), locked=Out(1))


@dataclass(frozen=True)
class Rule:
    """Logic that each of the features (`features_of`) takes in a family."""

    design: float
    """A design without lanes, hidden layers and bitmaps."""
    bitmap: float
    """Support of bitmaps."""
    events: float
    """A design without bitmaps that lists its events for more than 4 groups of the first layer."""
    hidden: float
    """A hidden layer, without its lanes and the bits of its ticks."""
    tick: float
    """A bit of a tick in each hidden layer."""
    registers: float
    """A bit of S or M in a layer of one group."""
    shallow: float
    """A bit of S or M in a layer of 2 to 4 groups; an iCE40 stores them in flip-flops, group by
    group."""
    memory: float
    """A bit of S or M in a layer of more groups, whose state is in memory."""
    window: float
    """Addition to `memory` in a layer with windows."""
    windows: float
    """A layer with windows, without its lanes."""
    player: float
    """A design that stores images to play."""
    banks: float
    """A first layer that adds several rows per cycle."""
    sends: float
    """A first layer that sends several spikes per cycle."""
    bank_bit: float
    """A bit of a word of weights, for each further row."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts of a family."""

    pll: type[PllBlock]
    settings: Callable[[int], Iterator[Dividers]]
    """Function that yields all dividers of the PLL for an oscillator's frequency in Hz."""
    output: Limits
    """Limits of the PLL's output."""
    block_cost: int
    """Cost of a block RAM in bits of logic, from the library of Yosys."""
    rom_block_cost: int
    """Cost of a read-only block RAM, found by trials."""
    narrow_tables: bool = False
    """Whether Yosys counts narrow tables used as memory by their bits, not by their cells."""
    fill: float
    """Usable share of the logic: nextpnr needs some room, and a full device is slow."""
    logic: Rule
    """The rule for logic, found by hand from shipped networks and small synthesised ones."""
    position_scan: int
    """Logic of a scan of positions, from one or two builds: no fit covers such layers yet."""
    clock: tuple[float, ...]
    """Coefficients of the rule for the clock, found by hand from the clocks of shipped networks."""
    preamble: bytes
    """The first constant of a bitstream, after a comment."""
    measured: tuple[tuple[float, float], ...]
    """Look-up tables, or logic cells, and seconds of builds with one seed."""

    def dividers(self, oscillator: int, hz: int) -> Dividers:
        """Return the PLL's dividers for an oscillator and a clock in Hz. Raises ClockError."""
        return nearest(hz, self.output, self.settings(oscillator))

    def clocks(self, oscillator: int) -> set[float]:
        """Return the frequencies in Hz that the PLL can generate from an oscillator's."""
        return {dividers.hz for dividers in self.settings(oscillator)}
