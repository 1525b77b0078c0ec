# SPDX-License-Identifier: BSD-2-Clause
"""iCESugar 1.5: an iCE40 UP5K, whose USB bridge gives the clock and is the UART.

The bridge is an STM32F103 with DAPLink, whose UART does 2.25 Mbaud at most: the link has 1 Mbaud.
The class is told by the one light: it flashes green as many times as the class says, once red for
class 0; blue is before the first decision. The board has no button.

Pins: amaranth-boards (`icesugar.py`), litex-boards (`platforms/muselab_icesugar.py`) and the
board's own `src/common/io.pcf` in github.com/wuxx/icesugar name the same ones. For the flash
amaranth-boards and `src/basic/verilog/flash_icesugar/common/io.pcf` there do.
"""

from amaranth_boards.icesugar import ICESugarPlatform

from firstspike.hdl.flow.devices import UP5K

from .board import BRIDGE_BAUD, Board, Flash, connect_uart
from .flasher import ICE40_PERIOD, light_by_flashes


def _connect(m, platform, serial_core):
    connect_uart(m, platform, serial_core)
    light_by_flashes(
        m,
        serial_core,
        ICE40_PERIOD,
        waiting=platform.request("led_b", dir="-"),
        flash=platform.request("led_g", dir="-"),
        zero=platform.request("led_r", dir="-"),
    )


BOARDS = (
    Board(
        name="icesugar",
        title="iCESugar",
        platform=ICESugarPlatform,
        device=UP5K,
        clock=27_000_000,
        loaded=True,  # single-port RAM cannot be initialised
        ring_bytes=1 << 14,  # all of a single-port RAM
        baud=BRIDGE_BAUD,
        connect=_connect,
        programmers=(("icesprog",),),
        flash=Flash(
            place=1 << 20,  # a bitstream has some 102 KiB
            writers={"icesprog": ("-o",)},
            readers={"icesprog": ("-r", "-o")},
        ),
    ),
)
