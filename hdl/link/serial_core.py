# SPDX-License-Identifier: BSD-2-Clause
"""The design of a board except pins and clock: a core behind a UART or an SPI slave."""

from typing import Any

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.lib.block import Block, join

from .framing.spi import SpiSlave
from .framing.uart import UartReceiver, UartTransmitter, divisor_of
from .linked_core import LinkedCore
from .protocol.formats import BAUD
from .protocol.lines import SPI_CLOCKS, Line

DEBUG = "debug_"
"""Prefix of the wires that a netlist keeps for its testbench: the SerialCore's taps.

`log_0` becomes `debug_log_0_valid` and, for the fields of a spike, `debug_log_0_image`, ...
"""


def kept_wire(layer: int, field: str) -> str:
    """Return the name of the kept wire for a field of a layer's spike log (dotted if nested)."""
    return f"{DEBUG}log_{layer}_{field.replace('.', '_')}"


WIRES = {
    Line.UART: {"rx": In(1, init=1), "tx": Out(1, init=1)},
    Line.SPI: {"sck": In(1), "mosi": In(1), "select": In(1), "miso": Out(1)},
}
"""The ports to the host, for each kind of line."""


def clocks_a_bit(line: Line, clock_hz: float, baud: int = BAUD) -> int:
    """Return the clock cycles per bit on a line, for SPI the minimum.

    Raises ClockError if a UART cannot work at `clock_hz`.
    """
    return SPI_CLOCKS if line is Line.SPI else divisor_of(clock_hz, baud)


class SerialCore(Block):
    """A LinkedCore with a UART or an SPI slave.

    Ports: for a UART `rx` and `tx`, the lines from and to the host, high while idle; for SPI `sck`,
    `mosi`, `select` and `miso`, as in SpiSlave. The other ports are those of LinkedCore.

    Parameters: `line`, UART or SPI; `baud`, the rate of the UART; the others are those of
    LinkedCore. Raises ClockError if `clock_hz` does not permit this rate.
    """

    def __init__(
        self,
        config: CoreConfig,
        network: Network,
        *,
        clock_hz: int,
        line: Line = Line.UART,
        baud: int = BAUD,
        **rest: Any,
    ) -> None:
        self.line = line
        self._clocks = clocks_a_bit(line, clock_hz, baud)
        self._core = LinkedCore(
            config, network, clock_hz=clock_hz, gapless=line is Line.SPI, **rest
        )
        self._passed = dict(self._core.signature.members)
        del self._passed["received"], self._passed["sent"]
        super().__init__(**WIRES[line], **self._passed)

    def build(self, m: Module) -> None:
        outside = wiring.flipped(self)
        if self.line is Line.UART:
            m.submodules.receiver = receiver = UartReceiver(self._clocks)
            m.submodules.transmitter = transmitter = UartTransmitter(self._clocks)
            wires = {"rx": receiver, "tx": transmitter}
        else:
            m.submodules.slave = receiver = transmitter = SpiSlave()
            wires = dict.fromkeys(WIRES[self.line], receiver)
        m.submodules.linked_core = core = self._core
        join(m, receiver, core, "received")
        join(m, core, transmitter, "sent")
        for wire, end in wires.items():
            join(m, outside, end, wire)
        join(m, outside, core, *self._passed)
