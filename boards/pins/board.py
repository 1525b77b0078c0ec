# SPDX-License-Identifier: BSD-2-Clause
"""The description of a board, and the connections between its pins and the design."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from amaranth.build import Platform
from amaranth.hdl import Const, Instance, Module, Value, ValueLike
from amaranth.lib import io

from firstspike.boards.families.facts import BoardError
from firstspike.hdl.flow.devices import UP5K, Device
from firstspike.hdl.link.protocol.formats import BAUD
from firstspike.hdl.link.protocol.identity import RING_BYTES
from firstspike.hdl.link.protocol.lines import Line

BRIDGE_BAUD = 1_000_000
"""Bits per second of a UART whose USB bridge is a microcontroller."""

UP5K_FIELDS: dict[str, Any] = {
    "device": UP5K,
    "clock": 27_000_000,
    "loaded": True,  # single-port RAM cannot be initialised
    "ring_bytes": 1 << 14,  # all of a single-port RAM
}
"""The fields that all boards with an iCE40 UP5K share."""

SENSOR_CLOCK = 24_000_000
"""Default clock in Hz of a design with a PDM microphone or an LSM6DSO."""


@dataclass(frozen=True, kw_only=True)
class Flash:
    """The use of a board's flash besides the bitstream, and how it is written."""

    address: int
    """Address of the weights' image in the flash, after every bitstream."""
    writers: Mapping[str, tuple[str, ...] | None]
    """The options with which a programmer writes a file at an address of the flash, by the name of
    the programmer. Address and file name follow the options. A programmer with None can only write
    at the beginning: it receives bitstream and image as one file."""
    readers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The options with which a programmer that does not verify reads bytes from an address, by the
    name of the programmer. The address, `-l`, the number of bytes, and a file name follow the
    options."""


@dataclass(frozen=True, kw_only=True)
class Standalone:
    """How a board works standalone, without a computer."""

    i2s_clock: int
    """Default clock in Hz with an I2S microphone, which has 64 bits in a frame: `SENSOR_CLOCK`
    cannot be divided to 8,000 frames per second."""
    connect: Callable[[Module, Platform, Any], None]
    """Function that connects the lights with a StandaloneCore. Flash, text and sensor are connected
    for every board, whose platform has the `sensor_resources`."""

    def clock(self, sensor: str) -> int:
        """Return the default clock in Hz with the sensor of this name."""
        return self.i2s_clock if sensor == "i2s" else SENSOR_CLOCK


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board, and the implementation of a design on it."""

    name: str
    """Name in options."""
    title: str
    """Name in messages."""
    platform: type[Platform]
    """Amaranth's platform, with pins and constraints; every build creates a new instance."""
    device: Device
    """The FPGA with its resources; must be that of the platform, in any package."""
    clock: int
    """Default clock in Hz, which the PLL generates."""
    loaded: bool
    """Whether the weights are written over the link after power-up, into single-port RAM, so only
    for an iCE40 UP5K; otherwise they are part of the bitstream."""
    connect: Callable[[Module, Platform, object], None]
    """Function that connects the pins with a LinkedCore: line, lights, and the button for a
    digit."""
    programmers: tuple[tuple[str, ...], ...]
    """Commands that program the board, the best one first; the bitstream's name follows."""
    attach: str = "plug the board in"
    """Action of the user before the board can be programmed."""
    ring_bytes: int = RING_BYTES
    """Bytes of requests that the link stores, if the weights leave enough room
    (`ring_bytes_of`)."""
    baud: int = BAUD
    """Bits per second of the UART."""
    lines: tuple[Line, ...] = (Line.UART,)
    """Lines for which the board has pins; a board with SPI connects them with `connect_line`."""
    standalone: Standalone | None = None
    """Standalone operation, or None for a board that needs a computer."""
    flash: Flash | None = None
    """Use of the flash, or None for a board whose designs do not read it; required with
    `standalone` if the board is `loaded`."""
    saved_region: int | None = None
    """Address in the flash of an ECP5 at which the region of saved words begins, after every
    bitstream; None for a board whose designs do not write its flash."""

    def __post_init__(self) -> None:
        if self.loaded and not self.device.holds.get("SPRAM"):
            raise BoardError(
                f"the board {self.name} has loaded=True, and its {self.device.name} has no "
                "single-port RAM, which only the UP5K has: write loaded=False."
            )

    @property
    def speed(self) -> str:
        """Speed grade of the FPGA; an UP5K has only one."""
        return getattr(self.platform, "speed", "-")


def pin_in(m: Module, name: str, port) -> Value:
    """Return the level of a pin, or of several."""
    m.submodules[name] = buffer = io.Buffer("i", port)
    return buffer.i


def pin_out(m: Module, name: str, port, value: ValueLike) -> None:
    """Drive a pin, or several."""
    m.submodules[name] = buffer = io.Buffer("o", port)
    m.d.comb += buffer.o.eq(value)


def connect_uart(m: Module, platform: Platform, core) -> None:
    """Connect the two lines of the platform's UART with `rx` and `tx` of `core`."""
    uart = platform.request("uart", dir="-")
    m.d.comb += core.rx.eq(pin_in(m, "rx", uart.rx))
    pin_out(m, "tx", uart.tx, core.tx)


def connect_spi(m: Module, platform: Platform, serial_core) -> None:
    """Connect the four wires of the platform's SPI, on which the board is the slave.

    MISO is driven only while the master selects the board: other slaves may share the wires.
    """
    spi = platform.request("spi", dir="-")
    chosen = pin_in(m, "select", spi.cs)
    m.d.comb += [
        serial_core.select.eq(chosen),
        serial_core.sck.eq(pin_in(m, "sck", spi.clk)),
        serial_core.mosi.eq(pin_in(m, "mosi", spi.copi)),
    ]
    m.submodules.miso = buffer = io.Buffer("o", spi.cipo)
    m.d.comb += [buffer.o.eq(serial_core.miso), buffer.oe.eq(chosen)]


def connect_flash(m: Module, platform: Platform, core) -> None:
    """Connect the wires of the configuration flash, of which the FPGA is now the master.

    `core` has the ports of a Loader.
    """
    flash = platform.request("spi_flash_1x", dir="-")
    for name, port in {"cs": flash.cs, "sck": flash.clk, "mosi": flash.copi}.items():
        pin_out(m, f"flash_{name}", port, getattr(core, name))
    m.d.comb += core.miso.eq(pin_in(m, "flash_miso", flash.cipo))
    # A flash with these pins allows writes, and does not pause, while they are deasserted.
    for name in ("wp", "hold"):
        pin_out(m, f"flash_{name}", getattr(flash, name), 0)


def connect_configuration_flash(m: Module, platform: Platform, core) -> None:
    """Connect the wires of the flash of an ECP5, whose clock has no pin but a primitive.

    `core` has the ports of a Saver.
    """
    flash = platform.request("spi_flash_1x", dir="-")
    m.submodules.flash_sck = Instance(
        "USRMCLK",
        a_keep=1,  # else Yosys removes it, for it has no output
        i_USRMCLKI=core.sck,
        i_USRMCLKTS=Const(0),
    )
    pin_out(m, "flash_cs", flash.cs, core.cs)
    pin_out(m, "flash_mosi", flash.copi, core.mosi)
    m.d.comb += core.miso.eq(pin_in(m, "flash_miso", flash.cipo))


def connect_line(m: Module, platform: Platform, serial_core) -> None:
    """Connect the line of the serial core."""
    {Line.UART: connect_uart, Line.SPI: connect_spi}[serial_core.line](m, platform, serial_core)


def waiting(core) -> Value:
    """Return whether there is no decision yet, or no weights from the flash."""
    flashed = "waiting" in core.signature.members
    return core.waiting if flashed else ~core.shown_valid


def light_class(m: Module, serial_core, lights: Sequence[object]) -> None:
    """Show the class in binary, lowest bit in the first light; off before the first decision."""
    for number, light in enumerate(lights):
        bit = serial_core.shown[number] if number < len(serial_core.shown) else 0
        pin_out(m, f"light_{number}", light, bit & serial_core.shown_valid)
