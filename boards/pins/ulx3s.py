# SPDX-License-Identifier: BSD-2-Clause
"""ULX3S: an ECP5 of 12, 25, 45 or 85 thousand look-up tables, with an FT231X as UART.

The class is in the lights D0 (its lowest bit) to D3; D7 is on when there is one. The button FIRE 1
shows the stored digit.
"""

from amaranth_boards import ulx3s

from firstspike.hdl.flow.devices import ECP5_12F, ECP5_25F, ECP5_45F, ECP5_85F

from .board import Board, connect_uart, light_class, pin_in, pin_out


def _connect(m, platform, serial_core):
    connect_uart(m, platform, serial_core)
    light_class(m, serial_core, [platform.request("led", number, dir="-") for number in range(4)])
    pin_out(m, "known", platform.request("led", 7, dir="-"), serial_core.shown_valid)
    m.d.comb += serial_core.show.eq(
        pin_in(m, "button", platform.request("button_fire", 0, dir="-"))
    )


BOARDS = tuple(
    Board(
        name=f"ulx3s-{size.lower()}",
        title=f"ULX3S {size}",
        platform=getattr(ulx3s, f"ULX3S_{size}_Platform"),
        device=device,
        clock=75_000_000,
        loaded=False,
        connect=_connect,
        programmers=(("openFPGALoader", "-b", "ulx3s", "-m"),),
    )
    for size, device in (("12F", ECP5_12F), ("25F", ECP5_25F), ("45F", ECP5_45F), ("85F", ECP5_85F))
)
