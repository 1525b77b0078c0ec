# SPDX-License-Identifier: BSD-2-Clause
"""The wires, the commands and the shift register of an SPI master for a flash, in mode 0."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.flash import WORD_BYTES

WIRES = {"cs": Out(1), "sck": Out(1), "mosi": Out(1), "miso": In(1)}
"""The wires to the flash. `cs` is high while the flash is selected."""

COMMAND_BITS, WORD_BITS = 8, 8 * WORD_BYTES


class Command(enum.IntEnum):
    """Commands of SPI flashes."""

    PROGRAM = 0x02
    """Clear bits of a page; an address and the bytes follow."""
    READ = 0x03
    """Read from the address that follows."""
    STATUS = 0x05
    """Read the status register, again and again."""
    ENABLE = 0x06
    """Enable the next command that changes content."""
    ERASE = 0x20
    """Set all bits of a sector; an address in the sector follows."""
    WAKE = 0xAB
    """Release from power-down."""


def shift_register(m: Module, wires: wiring.PureInterface) -> tuple[Signal, Signal, Signal]:
    """Add the shift register of a master with these `WIRES`; return (word, bits_left, sample).

    `mosi` is the highest bit of `word`, received bits enter at its lowest bit, and `bits_left`
    counts the remaining bits. SCK runs at half the clock frequency while bits are left. `sample` is
    the received bit while `sck` is high.
    """
    word, bits_left = Signal(WORD_BITS), Signal(range(WORD_BITS + 1))
    sample = Signal()
    m.d.comb += wires.mosi.eq(word[-1])
    with m.If(bits_left != 0):
        m.d.sync += wires.sck.eq(~wires.sck)
        with m.If(~wires.sck):
            m.d.sync += sample.eq(wires.miso)
        with m.Else():
            m.d.sync += [word.eq(Cat(sample, word[:-1])), bits_left.eq(bits_left - 1)]
    return word, bits_left, sample
