# SPDX-License-Identifier: BSD-2-Clause
"""Colorlight i5 7.0 and i9 7.2 on their extension board: an ECP5 of 25 or 45 thousand tables.

The USB bridge of the extension board is an STM32F103 with DAPLink, whose UART supports at most 2.25
Mbaud: the link has 1 Mbaud. The only light, D2 of the module, flashes once more than the number of
the class; it is off before the first decision. The boards have no button.

Pins of the i5: litex-boards (`platforms/colorlight_i5.py`), and `src/i5/common/io.lpf` with
`src/i5/uart_tx/top.lpf` in github.com/wuxx/Colorlight-FPGA-Projects, agree. Pins of the i9: the
same file of litex-boards, and `colorlight_i9_v7.2.md` of the repository.
"""

from amaranth.build import Attrs, Clock, Pins, Platform, Resource
from amaranth.vendor import LatticeECP5Platform
from amaranth_boards.resources import LEDResources, UARTResource

from firstspike.hdl.flow.devices import ECP5_25F, ECP5_45F, Device

from .board import BRIDGE_BAUD, Board, connect_uart, pin_out
from .flasher import Flasher

CLOCK = 75_000_000


def _platform(fpga: str, light: str) -> type[Platform]:
    """Return the platform of a module with this FPGA, and with its light on this pin."""
    attributes = Attrs(IO_TYPE="LVCMOS33")

    class ColorlightPlatform(LatticeECP5Platform):
        device = fpga
        package = "BG381"
        speed = "6"
        default_clk = "clk25"
        resources = (
            Resource("clk25", 0, Pins("P3", dir="i"), Clock(25e6), attributes),
            UARTResource(0, rx="H18", tx="J17", attrs=Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")),
            *LEDResources(pins=light, invert=True, attrs=attributes),
        )
        connectors = ()

    return ColorlightPlatform


def _connect(m, platform, serial_core):
    connect_uart(m, platform, serial_core)
    m.submodules.flasher = flasher = Flasher(len(serial_core.shown) + 1, CLOCK // 3)
    m.d.comb += flasher.number.eq(serial_core.shown + 1)
    light = platform.request("led", dir="-")
    pin_out(m, "flash", light, serial_core.shown_valid & flasher.flash)


def _board(module: str, fpga: str, light: str, device: Device) -> Board:
    return Board(
        name=f"colorlight-{module}",
        title=f"Colorlight {module}",
        platform=_platform(fpga, light),
        device=device,
        clock=CLOCK,
        loaded=False,
        baud=BRIDGE_BAUD,
        connect=_connect,
        programmers=(("openFPGALoader", "-b", f"colorlight-{module}", "-m"),),
    )


BOARDS = (
    _board("i5", "LFE5U-25F", "U16", ECP5_25F),
    _board("i9", "LFE5U-45F", "L2", ECP5_45F),
)
