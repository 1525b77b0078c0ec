# SPDX-License-Identifier: BSD-2-Clause
"""iCEBreaker: an iCE40 UP5K, with the USB bridge's second channel as UART.

The green lights on the part that can be broken off show the class: LED2 is its lowest bit, LED5 its
highest. The red LED1 turns off with the first decision, or, in a design that reads its weights from
the flash, once it has them. The user button next to the USB socket shows the stored digit. SPI is
on PMOD 1A, with the pins of the Pmod standard: pin 1 is chip select, 2 MOSI, 3 MISO, 4 SCK. A
standalone design has a sensor there instead.
"""

from amaranth.build import Attrs
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.resources import SPIResource

from firstspike.hdl.link.protocol.lines import Line

from .board import (
    UP5K_FIELDS,
    Board,
    Flash,
    Standalone,
    connect_line,
    light_class,
    pin_in,
    pin_out,
    waiting,
)
from .sensors import sensor_resources

PMOD = ("pmod", 0)

PULLED_UP = Attrs(IO_STANDARD="SB_LVCMOS", PULLUP=1)
"""A pin with nothing plugged in reads 1: the board is not selected."""

HOST = SPIResource(
    0, cs_n="1", copi="2", cipo="3", clk="4", conn=PMOD, attrs=PULLED_UP, role="peripheral"
)


class _Platform(ICEBreakerPlatform):
    def __init__(self):
        super().__init__()
        self.add_resources(self.break_off_pmod)
        self.add_resources([HOST, *sensor_resources(*"1234", attrs=PULLED_UP, conn=PMOD)])


def _light(m, platform, core):
    light_class(m, core, [platform.request("led", number, dir="-") for number in (3, 4, 5, 6)])
    pin_out(m, "waiting", platform.request("led", 2, dir="-"), waiting(core))


def _connect(m, platform, serial_core):
    connect_line(m, platform, serial_core)
    _light(m, platform, serial_core)
    m.d.comb += serial_core.show.eq(pin_in(m, "button", platform.request("button", 0, dir="-")))


BOARDS = (
    Board(
        name="icebreaker",
        title="iCEBreaker",
        platform=_Platform,
        **UP5K_FIELDS,
        connect=_connect,
        lines=(Line.UART, Line.SPI),
        programmers=(("iceprog",), ("openFPGALoader", "-b", "ice40_generic")),
        standalone=Standalone(i2s_clock=24_375_000, connect=_light),
        flash=Flash(
            address=1 << 20,  # a bitstream has some 102 KiB
            writers={
                "iceprog": ("-o",),  # verifies by default
                "openFPGALoader": ("-f", "--verify", "-o"),
            },
        ),
    ),
)
