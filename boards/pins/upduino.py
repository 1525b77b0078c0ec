# SPDX-License-Identifier: BSD-2-Clause
"""UPduino 3.1: an iCE40 UP5K, with an FT232H as UART on the wires of the flash.

Its oscillator is not connected with a pin of the PLL: put a wire between the header's pin for 12
MHz and gpio_35. The design deselects the flash on the wires that it shares with the UART. After
programming, unplug the board and plug it in again: only then the FT232H is a serial port. The only
light shows the class: it flashes green once per unit of the class number, once red for class 0, and
is blue before the first decision. The board has no button.

Pins: amaranth-boards (`upduino_v3.py`) has the light and the flash. `upduino_v3.pcf` in
github.com/XarkLabs/upduino-example has these, too, and the UART on 14 and 15. `upduino_v2.pcf` of
github.com/osresearch/up5k has the same UART, found by trials. `docs/source/features/specs.rst` of
github.com/tinyvision-ai-inc/UPduino-v3.0 documents 35 as the PLL's pin.
"""

from amaranth.build import Attrs, Clock, Pins, PinsN, Resource
from amaranth_boards.resources import UARTResource
from amaranth_boards.upduino_v3 import UpduinoV3Platform

from .board import UP5K_FIELDS, Board, connect_uart, pin_out
from .flasher import ICE40_PERIOD, light_by_flashes

_ATTRIBUTES = Attrs(IO_STANDARD="SB_LVCMOS")


class _Platform(UpduinoV3Platform):
    default_clk = "clk12"
    resources = (
        *(one for one in UpduinoV3Platform.resources if one.name == "rgb_led"),
        Resource("clk12", 0, Pins("35", dir="i"), Clock(12e6), Attrs(GLOBAL=True), _ATTRIBUTES),
        UARTResource(0, rx="15", tx="14", attrs=_ATTRIBUTES),
        Resource("flash_select", 0, PinsN("16", dir="o"), _ATTRIBUTES),
    )


def _connect(m, platform, serial_core):
    connect_uart(m, platform, serial_core)
    pin_out(m, "flash_select", platform.request("flash_select", dir="-"), 0)
    light = platform.request("rgb_led", dir="-")
    light_by_flashes(m, serial_core, ICE40_PERIOD, waiting=light.b, flash=light.g, zero=light.r)


BOARDS = (
    Board(
        name="upduino",
        title="UPduino 3.1",
        platform=_Platform,
        **UP5K_FIELDS,
        connect=_connect,
        programmers=(("iceprog",),),
    ),
)
