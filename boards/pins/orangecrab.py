# SPDX-License-Identifier: BSD-2-Clause
"""OrangeCrab 0.2 with an ECP5 85F; its USB is the FPGA's own, so the UART is on its pins.

Pin 0 (RX) is the board's input, pin 1 (TX) its output, at 3.3 V, as on other boards of this form:
connect them with TX and RX of a USB adaptor that supports 3 Mbaud (FT232H, FT231X, CP2102N), and
GND with GND. The only light shows the class: it flashes green once per unit of the class number,
once red for class 0, and is blue before the first decision. The button shows the stored digit. A
sensor is on the pins 10 (chip select, WS), MOSI, MISO (DATA) and SCK (CLK).
"""

from amaranth.build import Attrs
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_85FPlatform
from amaranth_boards.resources import UARTResource

from firstspike.hdl.flow.devices import ECP5_85F

from .board import SENSOR_CLOCK, Board, Standalone, connect_uart, pin_in
from .flasher import light_by_flashes
from .sensors import sensor_resources


class _Platform(OrangeCrabR0_2_85FPlatform):
    def __init__(self):
        super().__init__()
        attributes = Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")
        header = {"attrs": attributes, "conn": ("io", 0)}
        self.add_resources([UARTResource(0, rx="0", tx="1", **header)])
        self.add_resources(sensor_resources("10", "copi", "cipo", "sck", **header))


def _connect(m, platform, serial_core):
    connect_uart(m, platform, serial_core)
    _light(m, platform, serial_core, CLOCK)
    m.d.comb += serial_core.show.eq(pin_in(m, "button", platform.request("button", dir="-")))


def _light(m, platform, core, clock=SENSOR_CLOCK):
    light = platform.request("rgb_led", dir="-")
    light_by_flashes(m, core, clock // 3, waiting=light.b, flash=light.g, zero=light.r)


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
        standalone=Standalone(i2s_clock=25_600_000, connect=_light),
        attach="plug the board in with its button held down",
    ),
)
