# SPDX-License-Identifier: BSD-2-Clause
"""What there is to know of a board, and the wires between its pins and the design."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from amaranth.build import Platform
from amaranth.hdl import Module, Value, ValueLike
from amaranth.lib import io

from firstspike.hdl.flow.devices import Device
from firstspike.hdl.link.protocol.formats import BAUD
from firstspike.hdl.link.protocol.identity import RING_BYTES
from firstspike.hdl.link.protocol.lines import Line

BRIDGE_BAUD = 1_000_000
"""Bits per second of a UART whose bridge to USB is a microcontroller."""


@dataclass(frozen=True, kw_only=True)
class Flash:
    """What a board's flash holds besides the bitstream, and how it gets there."""

    place: int
    """Where in the flash the image of the weights begins, behind every bitstream."""
    writers: Mapping[str, tuple[str, ...] | None]
    """By the name of a programmer the options with which it writes a file to a place in the flash.
    The place and the file's name are to be added. None for a programmer that writes to the begin
    alone: it gets bitstream and image as one file."""
    readers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By the name of a programmer that does not verify the options with which it reads some bytes
    from a place. The place, `-l`, the number of bytes, and a file's name are to be added."""


@dataclass(frozen=True, kw_only=True)
class Alone:
    """How a board works without a computer."""

    clocks: Mapping[str, int]
    """Default clock in Hz by the name of a sensor."""
    connect: Callable[[Module, Platform, Any], None]
    """Joins the pins with an AloneCore: flash, text and lights."""
    sensors: Mapping[str, Callable[[Module, Platform, Any], None]]
    """By the name of a sensor, what joins its pins with the AloneCore."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board, and how our design is put on it."""

    name: str
    """Name on the command line."""
    title: str
    platform: type[Platform]
    """Amaranth's platform; every build makes a new one."""
    device: Device
    clock: int
    """Default clock in Hz."""
    loaded: bool
    """The weights are written over the link after power-up; else they are in the bitstream."""
    connect: Callable[[Module, Platform, object], None]
    """Joins the pins with a SerialCore: line, lights, and the button for a digit."""
    programmers: tuple[tuple[str, ...], ...]
    """Commands that program it, the best one first; the bitstream's name is to be added."""
    attach: str = "plug the board in"
    """What the user does before the board can be programmed."""
    ring_bytes: int = RING_BYTES
    """Bytes of requests that the link holds, if weights leave them room (`ring_bytes_of`)."""
    baud: int = BAUD
    """Bits per second of the UART."""
    lines: tuple[Line, ...] = (Line.UART,)
    """Lines for which the board has pins; one with SPI connects by `connect_line`."""
    alone: Alone | None = None
    """None for a board that needs a computer."""
    flash: Flash | None = None
    """None for a board whose designs do not read it; one with `alone` has it."""

    @property
    def speed(self) -> str:
        """Speed grade of the FPGA; an UP5K comes in one."""
        return getattr(self.platform, "speed", "-")


def pin_in(m: Module, name: str, port) -> Value:
    """The level of a pin, or of several."""
    m.submodules[name] = buffer = io.Buffer("i", port)
    return buffer.i


def pin_out(m: Module, name: str, port, value: ValueLike) -> None:
    """Drive a pin, or several."""
    m.submodules[name] = buffer = io.Buffer("o", port)
    m.d.comb += buffer.o.eq(value)


def connect_uart(m: Module, platform: Platform, core) -> None:
    """The two lines of the platform's UART; `core` has `rx` and `tx`."""
    uart = platform.request("uart", dir="-")
    m.d.comb += core.rx.eq(pin_in(m, "rx", uart.rx))
    pin_out(m, "tx", uart.tx, core.tx)


def connect_spi(m: Module, platform: Platform, serial_core) -> None:
    """The four wires of the platform's SPI, on which the board is the slave.

    MISO is driven while the master has chosen the board: others may be on the same wires.
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
    """The wires of the flash that the FPGA is configured from, of which it is now the master.

    `core` has those of a Loader.
    """
    flash = platform.request("spi_flash_1x", dir="-")
    for name, port in {"cs": flash.cs, "sck": flash.clk, "mosi": flash.copi}.items():
        pin_out(m, f"flash_{name}", port, getattr(core, name))
    m.d.comb += core.miso.eq(pin_in(m, "flash_miso", flash.cipo))
    # A flash that knows these pins writes, and goes on, while they are not asserted.
    for name in ("wp", "hold"):
        pin_out(m, f"flash_{name}", getattr(flash, name), 0)


def connect_line(m: Module, platform: Platform, serial_core) -> None:
    """The line that the serial core has."""
    {Line.UART: connect_uart, Line.SPI: connect_spi}[serial_core.line](m, platform, serial_core)


def waiting(core) -> Value:
    """Whether there is no decision yet, or no weights of those that should be in the flash."""
    flashed = "waiting" in core.signature.members
    return core.waiting if flashed else ~core.shown_valid


def light_class(m: Module, serial_core, lights: Sequence[object]) -> None:
    """The class in binary, its lowest bit in the first light; off until there is one."""
    for number, light in enumerate(lights):
        bit = serial_core.shown[number] if number < len(serial_core.shown) else 0
        pin_out(m, f"light_{number}", light, bit & serial_core.shown_valid)
