# SPDX-License-Identifier: BSD-2-Clause
"""OrangeCrab 0.2 with an ECP5 85F; its USB is the FPGA's own, so the UART is on its pins.

Pin 0 (RX) is the board's input, pin 1 (TX) its output, at 3.3 V, as on other boards of this form:
connect them with TX and RX of a USB adaptor that supports 3 Mbaud (FT232H, FT231X, CP2102N), and
GND with GND. The only light shows the class: it flashes green once per unit of the class number,
once red for class 0, and is blue before the first decision. The button shows the stored digit.
"""

from amaranth.build import Attrs
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_85FPlatform
from amaranth_boards.resources import UARTResource

from firstspike.hdl.flow.devices import ECP5_85F

from .board import Board, connect_uart, pin_in
from .flasher import light_by_flashes


class _Platform(OrangeCrabR0_2_85FPlatform):
    def __init__(self):
        super().__init__()
        attributes = Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")
        self.add_resources([UARTResource(0, rx="0", tx="1", conn=("io", 0), attrs=attributes)])


def _connect(m, platform, serial_core):
    connect_uart(m, platform, serial_core)
    light = platform.request("rgb_led", dir="-")
    light_by_flashes(m, serial_core, CLOCK // 3, waiting=light.b, flash=light.g, zero=light.r)
    m.d.comb += serial_core.show.eq(pin_in(m, "button", platform.request("button", dir="-")))


CLOCK = 75_000_000

BOARDS = (
    Board(
        name="orangecrab-85f",
        title="OrangeCrab 85F",
        platform=_Platform,
        device=ECP5_85F,
        clock=CLOCK,
        loaded=False,
        connect=_connect,
        programmers=(
            ("dfu-util", "-d", "1209:5af0", "-a", "0", "-D"),
            ("openFPGALoader", "-b", "orangeCrab"),
        ),
        attach="plug the board in with its button held down",
    ),
)
