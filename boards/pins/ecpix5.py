# SPDX-License-Identifier: BSD-2-Clause
"""ECPIX-5: an ECP5-5G 85F, with the USB bridge's second channel as UART.

The green of the four lights shows the class, with LD0 as the lowest bit; all are red before the
first decision. The only button, for resets, shows the stored digit.
"""

from amaranth_boards.ecpix5 import ECPIX585Platform

from firstspike.hdl.flow.devices import ECP5_5G_85F

from .board import Board, connect_uart, light_class, pin_in, pin_out


def _connect(m, platform, serial_core):
    connect_uart(m, platform, serial_core)
    lights = [platform.request("rgb_led", number, dir="-") for number in range(4)]
    light_class(m, serial_core, [light.g for light in lights])
    for number, light in enumerate(lights):
        pin_out(m, f"waiting_{number}", light.r, ~serial_core.shown_valid)
    m.d.comb += serial_core.show.eq(pin_in(m, "button", platform.request("rst", dir="-")))


BOARDS = (
    Board(
        name="ecpix5-85f",
        title="ECPIX-5 85F",
        platform=ECPIX585Platform,
        device=ECP5_5G_85F,
        clock=75_000_000,
        loaded=False,
        connect=_connect,
        programmers=(("openFPGALoader", "-b", "ecpix5", "-m"),),
    ),
)
