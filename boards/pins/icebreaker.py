# SPDX-License-Identifier: BSD-2-Clause
"""iCEBreaker: an iCE40 UP5K, with the USB bridge's second channel as UART.

The green lights on the part that can be broken off show the class: LED2 is its lowest bit, LED5 its
highest. The red LED1 turns off with the first decision, or, in a design that reads its weights from
the flash, once it has them. The user button next to the USB socket shows the stored digit. SPI is
on PMOD 1A, with the pins of the Pmod standard: pin 1 is chip select, 2 MOSI, 3 MISO, 4 SCK. A
standalone design has a sensor there instead. A microphone has CLK on pin 4 and DATA on pin 3, and
an I2S microphone WS on pin 1. An LSM6DSO is on the pins of SPI, with the board as master.
"""

from amaranth.build import Attrs, Pins, Resource, Subsignal
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.resources import SPIResource

from firstspike.hdl.flow.devices import UP5K
from firstspike.hdl.link.protocol.lines import Line

from .board import (
    Board,
    Flash,
    Standalone,
    connect_flash,
    connect_line,
    connect_uart,
    light_class,
    pin_in,
    pin_out,
    waiting,
)

PMOD = ("pmod", 0)

PULLED_UP = Attrs(IO_STANDARD="SB_LVCMOS", PULLUP=1)
"""A pin with nothing plugged in reads 1: the board is not selected, and all bits are equal."""


def _spi(number: int, role: str) -> Resource:
    """Return the resource of SPI with the pins of the Pmod standard."""
    return SPIResource(
        number, cs_n="1", copi="2", cipo="3", clk="4", conn=PMOD, attrs=PULLED_UP, role=role
    )


HOST, LSM6DSO = _spi(0, "peripheral"), _spi(1, "controller")

MICROPHONE = Resource(
    "microphone",
    0,
    Subsignal("clk", Pins("4", dir="o", conn=PMOD, assert_width=1)),
    Subsignal("data", Pins("3", dir="i", conn=PMOD, assert_width=1)),
    PULLED_UP,
)
SELECT = Resource(
    "microphone_select",
    0,
    Pins("1", dir="o", conn=PMOD, assert_width=1),
    Attrs(IO_STANDARD="SB_LVCMOS"),
)


class _Platform(ICEBreakerPlatform):
    def __init__(self):
        super().__init__()
        self.add_resources(self.break_off_pmod)
        self.add_resources([HOST, LSM6DSO, MICROPHONE, SELECT])


def _light(m, platform, core):
    light_class(m, core, [platform.request("led", number, dir="-") for number in (3, 4, 5, 6)])
    pin_out(m, "waiting", platform.request("led", 2, dir="-"), waiting(core))


def _connect(m, platform, serial_core):
    connect_line(m, platform, serial_core)
    _light(m, platform, serial_core)
    m.d.comb += serial_core.show.eq(pin_in(m, "button", platform.request("button", 0, dir="-")))


def _connect_standalone(m, platform, core):
    connect_flash(m, platform, core)
    connect_uart(m, platform, core)
    _light(m, platform, core)


def _connect_microphone(m, platform, core):
    microphone = platform.request("microphone", dir="-")
    pin_out(m, "microphone_clock", microphone.clk, core.microphone_clock)
    m.d.comb += core.microphone_data.eq(pin_in(m, "microphone_data", microphone.data))
    if "microphone_select" in core.signature.members:
        select = platform.request("microphone_select", dir="-")
        pin_out(m, "microphone_select", select, core.microphone_select)


def _connect_lsm6dso(m, platform, core):
    part = platform.request("spi", 1, dir="-")
    for name, port in {"cs": part.cs, "sck": part.clk, "mosi": part.copi}.items():
        pin_out(m, f"sensor_{name}", port, getattr(core, f"sensor_{name}"))
    m.d.comb += core.sensor_miso.eq(pin_in(m, "sensor_miso", part.cipo))


BOARDS = (
    Board(
        name="icebreaker",
        title="iCEBreaker",
        platform=_Platform,
        device=UP5K,
        clock=27_000_000,
        loaded=True,  # single-port RAM cannot be initialised
        ring_bytes=1 << 14,  # all of a single-port RAM
        connect=_connect,
        lines=(Line.UART, Line.SPI),
        programmers=(("iceprog",), ("openFPGALoader", "-b", "ice40_generic")),
        standalone=Standalone(
            # An I2S microphone has 64 bits in a frame; 24 MHz cannot be divided to 8,000 frames per
            # second.
            clocks={"pdm": 24_000_000, "i2s": 24_375_000, "lsm6dso": 24_000_000},
            connect=_connect_standalone,
            sensors={
                "pdm": _connect_microphone,
                "i2s": _connect_microphone,
                "lsm6dso": _connect_lsm6dso,
            },
        ),
        flash=Flash(
            address=1 << 20,  # a bitstream has some 102 KiB
            writers={
                "iceprog": ("-o",),  # verifies by default
                "openFPGALoader": ("-f", "--verify", "-o"),
            },
        ),
    ),
)
