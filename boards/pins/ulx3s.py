# SPDX-License-Identifier: BSD-2-Clause
"""ULX3S: an ECP5 of 12, 25, 45 or 85 thousand look-up tables, with an FT231X as UART.

The lights D0 (its lowest bit) to D3 show the class; D7 is on after the first decision. The button
FIRE 1 shows the stored digit. SPI is on the header J1: GP0 is chip select, GP1 MOSI, GP2 MISO, GP3
SCK. A standalone design has a sensor on these pins instead.
"""

from amaranth.build import Attrs, Platform
from amaranth_boards import ulx3s
from amaranth_boards.resources import SPIResource

from firstspike.hdl.flow.devices import ECP5_12F, ECP5_25F, ECP5_45F, ECP5_85F
from firstspike.hdl.link.protocol.lines import Line

from .board import Board, Standalone, connect_line, light_class, pin_in, pin_out
from .sensors import sensor_resources

HEADER = ("gpio", 0)

PULLED_UP = Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")
"""A pin with nothing plugged in reads 1: the board is not selected."""

SPI = SPIResource(
    0, cs_n="0+", copi="1+", cipo="2+", clk="3+", conn=HEADER, attrs=PULLED_UP, role="peripheral"
)
SENSOR = sensor_resources("0+", "1+", "2+", "3+", attrs=PULLED_UP, conn=HEADER)


def _platform(size: str) -> type[Platform]:
    """Return the platform of a board of this size, with the wires of SPI and of a sensor."""
    plain = getattr(ulx3s, f"ULX3S_{size}_Platform")
    return type(plain.__name__, (plain,), {"resources": [*plain.resources, SPI, *SENSOR]})


def _connect(m, platform, serial_core):
    connect_line(m, platform, serial_core)
    _light(m, platform, serial_core)
    m.d.comb += serial_core.show.eq(
        pin_in(m, "button", platform.request("button_fire", 0, dir="-"))
    )


def _light(m, platform, core):
    light_class(m, core, [platform.request("led", number, dir="-") for number in range(4)])
    pin_out(m, "known", platform.request("led", 7, dir="-"), core.shown_valid)


BOARDS = tuple(
    Board(
        name=f"ulx3s-{size.lower()}",
        title=f"ULX3S {size}",
        platform=_platform(size),
        device=device,
        clock=75_000_000,
        loaded=False,
        connect=_connect,
        lines=(Line.UART, Line.SPI),
        programmers=(("openFPGALoader", "-b", "ulx3s", "-m"),),
        standalone=Standalone(i2s_clock=21_500_000, connect=_light),
    )
    for size, device in (("12F", ECP5_12F), ("25F", ECP5_25F), ("45F", ECP5_45F), ("85F", ECP5_85F))
)
