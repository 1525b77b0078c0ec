# SPDX-License-Identifier: BSD-2-Clause
"""iCESugar 1.5: an iCE40 UP5K, whose USB bridge provides the clock and the UART.

The bridge is an STM32F103 with DAPLink, whose UART supports at most 2.25 Mbaud: the link has 1
Mbaud. The only light shows the class: it flashes green once per unit of the class number, once red
for class 0, and is blue before the first decision. The board has no button. A sensor is on PMOD2.

Pins: amaranth-boards (`icesugar.py`), litex-boards (`platforms/muselab_icesugar.py`) and the
board's own `src/common/io.pcf` in github.com/wuxx/icesugar agree; for the flash, amaranth-boards
and `src/basic/verilog/flash_icesugar/common/io.pcf` of the latter do.
"""

from amaranth.build import Attrs
from amaranth_boards.icesugar import ICESugarPlatform

from .board import BRIDGE_BAUD, UP5K_FIELDS, Board, Flash, Standalone, connect_uart
from .flasher import ICE40_PERIOD, light_by_flashes
from .sensors import sensor_resources

SENSOR = sensor_resources(*"1234", attrs=Attrs(IO_STANDARD="SB_LVCMOS", PULLUP=1), conn=("pmod", 1))


class _Platform(ICESugarPlatform):
    def __init__(self):
        super().__init__()
        self.add_resources(SENSOR)


def _connect(m, platform, serial_core):
    connect_uart(m, platform, serial_core)
    _light(m, platform, serial_core)


def _light(m, platform, core):
    light_by_flashes(
        m,
        core,
        ICE40_PERIOD,
        waiting=platform.request("led_b", dir="-"),
        flash=platform.request("led_g", dir="-"),
        zero=platform.request("led_r", dir="-"),
    )


BOARDS = (
    Board(
        name="icesugar",
        title="iCESugar",
        platform=_Platform,
        **UP5K_FIELDS,
        baud=BRIDGE_BAUD,
        connect=_connect,
        programmers=(("icesprog",),),
        standalone=Standalone(i2s_clock=24_375_000, connect=_light),
        flash=Flash(
            address=1 << 20,  # a bitstream has some 102 KiB
            writers={"icesprog": ("-o",)},
            readers={"icesprog": ("-r", "-o")},
        ),
    ),
)
