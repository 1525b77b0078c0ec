# SPDX-License-Identifier: BSD-2-Clause
"""pico-ice: an iCE40 UP5K and an RP2040, which provides the clock and the UART.

The default firmware of the RP2040, from version 1.6.1 on, puts 12 MHz on pin 35. Its second serial
port is the UART, here at 1 Mbaud: each byte is an interrupt. The only light shows the class: it
flashes green once per unit of the class number, once red for class 0, and is blue before the first
decision. The button of the FPGA shows the stored digit.

A memory shares the wires of the flash, and a high pin 37 selects it. A design that reads the flash
keeps that pin low. A sensor is on the upper row of Pmod 0, near the USB socket.

Pins: `rtl/pico_ice.pcf` in github.com/tinyvision-ai-inc/pico-ice-sdk, and the schematic
`Board/Rev3/pico-ice.pdf` with `Firmware/pico-ice-default/README.md` in the repository pico-ice of
the same owner, agree.
"""

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.vendor import LatticeICE40Platform
from amaranth_boards.resources import (
    ButtonResources,
    RGBLEDResource,
    SPIFlashResources,
    UARTResource,
)

from .board import BRIDGE_BAUD, UP5K_FIELDS, Board, Flash, Standalone, connect_uart, pin_in, pin_out
from .flasher import ICE40_PERIOD, light_by_flashes
from .sensors import sensor_resources

_ATTRIBUTES = Attrs(IO_STANDARD="SB_LVCMOS")
_PULLED_UP = Attrs(IO_STANDARD="SB_LVCMOS", PULLUP=1)

_FLASH = {"clk": "15", "copi": "14", "cipo": "17", "wp_n": "12", "hold_n": "13"}


class _Platform(LatticeICE40Platform):
    device = "iCE40UP5K"
    package = "SG48"
    default_clk = "clk12"
    resources = (
        Resource("clk12", 0, Pins("35", dir="i"), Clock(12e6), Attrs(GLOBAL=True), _ATTRIBUTES),
        UARTResource(0, rx="27", tx="25", attrs=_PULLED_UP),
        RGBLEDResource(0, r="41", g="39", b="40", invert=True, attrs=_ATTRIBUTES),
        *ButtonResources(pins="10", invert=True, attrs=_PULLED_UP),
        *SPIFlashResources(0, cs_n="16", **_FLASH, attrs=_ATTRIBUTES),
        Resource("memory_select", 0, Pins("37", dir="o"), _ATTRIBUTES),
        *sensor_resources("4", "2", "47", "45", attrs=_PULLED_UP),
    )
    connectors = ()


def _connect(m, platform, serial_core):
    connect_uart(m, platform, serial_core)
    _light(m, platform, serial_core)
    if "flash" in serial_core.signature.members:
        _deselect_memory(m, platform)
    m.d.comb += serial_core.show.eq(pin_in(m, "button", platform.request("button", dir="-")))


def _connect_standalone(m, platform, core):
    _light(m, platform, core)
    _deselect_memory(m, platform)


def _light(m, platform, core):
    light = platform.request("rgb_led", dir="-")
    light_by_flashes(m, core, ICE40_PERIOD, waiting=light.b, flash=light.g, zero=light.r)


def _deselect_memory(m, platform):
    pin_out(m, "memory_select", platform.request("memory_select", dir="-"), 0)


BOARDS = (
    Board(
        name="pico-ice",
        title="pico-ice",
        platform=_Platform,
        **UP5K_FIELDS,
        baud=BRIDGE_BAUD,
        connect=_connect,
        programmers=(("dfu-util", "-d", "1209:b1c0", "-a", "0", "-R", "-D"),),
        standalone=Standalone(i2s_clock=24_375_000, connect=_connect_standalone),
        flash=Flash(
            address=1 << 17,  # after a bitstream of some 102 KiB, and in the same file
            writers={"dfu-util": None},
        ),
    ),
)
