# SPDX-License-Identifier: BSD-2-Clause
"""All of a board's design but its pins and its clock."""

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
"""Prefix of the wires that a netlist keeps for its bench: the SerialCore's taps.

`log_0` gives `debug_log_0_valid`, and for each field of a spike `debug_log_0_image`, ...
"""


def kept_wire(layer: int, field: str) -> str:
    """The name of a wire that is kept of a layer's spike log; `field` is dotted if nested."""
    return f"{DEBUG}log_{layer}_{field.replace('.', '_')}"


WIRES = {
    Line.UART: {"rx": In(1, init=1), "tx": Out(1, init=1)},
    Line.SPI: {"sck": In(1), "mosi": In(1), "select": In(1), "miso": Out(1)},
}
"""The ports to the host."""


def clocks_a_bit(line: Line, clock_hz: float, baud: int = BAUD) -> int:
    """Clocks of a bit on a line, of SPI the fewest. Raises ClockError, of a UART alone."""
    return SPI_CLOCKS if line is Line.SPI else divisor_of(clock_hz, baud)


class SerialCore(Block):
    """A core behind its link, behind a UART or an SPI slave.

    Ports: with a UART `rx` and `tx`, the lines from and to the host, high while they rest; with SPI
    `sck`, `mosi`, `select` and `miso`, as of SpiSlave. The rest is as for LinkedCore.

    Parameters: `line`, which of the two it is; `baud`, the rate of the UART; else those of
    LinkedCore. Raises ClockError where `clock_hz` does not make that rate.
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
