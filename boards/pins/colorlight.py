# SPDX-License-Identifier: BSD-2-Clause
"""Colorlight i5 7.0 and i9 7.2 on their extension board: an ECP5 of 25 or 45 thousand tables.

The USB bridge of the extension board is an STM32F103 with DAPLink, whose UART supports at most 2.25
Mbaud: the link has 1 Mbaud. The only light, D2 of the module, flashes once more than the number of
the class; it is off before the first decision. The boards have no button. A sensor is on the upper
row of PMODE, P3 of the extension board.

The flash is a GD25Q16CSIG of 2 MiB (i5) or a W25Q64JVSIQ of 8 MiB (i9). New modules come with a
write-protected flash.

Pins of the i5: litex-boards (`platforms/colorlight_i5.py`), and `src/i5/common/io.lpf` with
`src/i5/uart_tx/top.lpf` in github.com/wuxx/Colorlight-FPGA-Projects, agree. Pins of the i9: the
same file of litex-boards, and `colorlight_i9_v7.2.md` of the repository, by which only the light
and the flash differ. PMODE: litex-boards. Flash: the README of the repository and this file; the
protection: github.com/adamgreig/ecpdap, pull request 2.
"""

from amaranth.build import Attrs, Clock, Pins, PinsN, Platform, Resource, Subsignal
from amaranth.vendor import LatticeECP5Platform
from amaranth_boards.resources import LEDResources, UARTResource

from firstspike.hdl.flow.devices import ECP5_25F, ECP5_45F, Device

from .board import BRIDGE_BAUD, SENSOR_CLOCK, Board, Standalone, connect_uart, pin_out
from .flasher import Flasher
from .sensors import sensor_resources

CLOCK = 75_000_000

SAVED_REGION = 3 << 19
"""1.5 MiB: a bitstream has at most 1.2 MiB, and the smaller flash, that of the i5, 2 MiB."""


def _platform(fpga: str, light: str) -> type[Platform]:
    """Return the platform of a module with this FPGA, and with its light on this pin."""
    attributes, pulled_up = Attrs(IO_TYPE="LVCMOS33"), Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")

    class ColorlightPlatform(LatticeECP5Platform):
        device = fpga
        package = "BG381"
        speed = "6"
        default_clk = "clk25"
        resources = (
            Resource("clk25", 0, Pins("P3", dir="i"), Clock(25e6), attributes),
            UARTResource(0, rx="H18", tx="J17", attrs=pulled_up),
            *LEDResources(pins=light, invert=True, attrs=attributes),
            # Not the clock: only a USRMCLK drives its pin.
            Resource(
                "spi_flash_1x",
                0,
                Subsignal("cs", PinsN("R2", dir="o")),
                Subsignal("copi", Pins("W2", dir="o")),
                Subsignal("cipo", Pins("V2", dir="i")),
                pulled_up,
            ),
            *sensor_resources("C17", "B18", "B20", "F20", attrs=pulled_up),
        )
        connectors = ()

    return ColorlightPlatform


def _connect(m, platform, serial_core):
    connect_uart(m, platform, serial_core)
    _light(m, platform, serial_core, CLOCK)


def _light(m, platform, core, clock=SENSOR_CLOCK):
    m.submodules.flasher = flasher = Flasher(len(core.shown) + 1, clock // 3)
    m.d.comb += flasher.number.eq(core.shown + 1)
    light = platform.request("led", dir="-")
    pin_out(m, "flash", light, core.shown_valid & flasher.flash)


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
        standalone=Standalone(i2s_clock=21_500_000, connect=_light),
        saved_region=SAVED_REGION,
    )


BOARDS = (
    _board("i5", "LFE5U-25F", "U16", ECP5_25F),
    _board("i9", "LFE5U-45F", "L2", ECP5_45F),
)
