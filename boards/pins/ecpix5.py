# SPDX-License-Identifier: BSD-2-Clause
"""ECPIX-5: an ECP5-5G 85F, with the USB bridge's second channel as UART.

The green of the four lights shows the class, with LD5 as the lowest bit; all are red before the
first decision. The only button, for resets, shows the stored digit. A sensor is on PMOD 0.
"""

from amaranth.build import Attrs
from amaranth_boards.ecpix5 import ECPIX585Platform

from firstspike.hdl.flow.devices import ECP5_5G_85F

from .board import Board, Standalone, connect_uart, light_class, pin_in, pin_out
from .sensors import sensor_resources

SENSOR = sensor_resources(*"1234", attrs=Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP"), conn=("pmod", 0))


class _Platform(ECPIX585Platform):
    def __init__(self):
        super().__init__()
        self.add_resources(SENSOR)


def _light(m, platform, core):
    lights = [platform.request("rgb_led", number, dir="-") for number in range(4)]
    light_class(m, core, [light.g for light in lights])
    for number, light in enumerate(lights):
        pin_out(m, f"waiting_{number}", light.r, ~core.shown_valid)


def _connect(m, platform, serial_core):
    connect_uart(m, platform, serial_core)
    _light(m, platform, serial_core)
    m.d.comb += serial_core.show.eq(pin_in(m, "button", platform.request("rst", dir="-")))


BOARDS = (
    Board(
        name="ecpix5-85f",
        title="ECPIX-5 85F",
        platform=_Platform,
        device=ECP5_5G_85F,
        clock=75_000_000,
        loaded=False,
        connect=_connect,
        programmers=(("openFPGALoader", "-b", "ecpix5", "-m"),),
        standalone=Standalone(i2s_clock=25_600_000, connect=_light),
    ),
)
