# SPDX-License-Identifier: BSD-2-Clause
"""Tang Nano 20K: a Gowin GW2AR-18, with a BL616 as USB bridge.

The six lights next to the buttons show the class: LED0 is its lowest bit, LED3 its highest, and
LED5 is on after the first decision. Button S1 shows the stored digit. The second serial port of the
bridge is the UART.

A sensor is on the header's pins 27 (chip select, WS), 28 (MOSI), 25 (MISO, DATA) and 26 (SCK, CLK),
which the socket for a display shares.

The programmer writes the bitstream to the FPGA's own memory, which loses it at power-off.

Pins: litex-boards (`platforms/sipeed_tang_nano_20k.py`), and `examples/tangnano20k.cst` in
github.com/YosysHQ/apicula, agree. In both, pressed buttons are high, too: LiteX does not declare
them active low, and the Makefile of apicula inverts them (INV_BTN).
"""

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.vendor import GowinPlatform
from amaranth_boards.resources import ButtonResources, LEDResources, UARTResource

from firstspike.hdl.flow.devices import GW2AR_18

from .board import BRIDGE_BAUD, Board, Standalone, connect_uart, light_class, pin_in, pin_out
from .sensors import sensor_resources

CHIP = "GW2A-18C"
"""Name of the die in the tools' data."""


class _Platform(GowinPlatform):
    part = "GW2AR-LV18QN88C8/I7"
    family = "GW2AR-18C"
    speed = "C8/I7"
    default_clk = "clk27"
    _attributes = Attrs(IO_TYPE="LVCMOS33")
    _pulled_up = Attrs(IO_TYPE="LVCMOS33", PULL_MODE="UP")
    resources = (
        Resource("clk27", 0, Pins("4", dir="i"), Clock(27e6), _attributes),
        UARTResource(0, rx="70", tx="69", attrs=_pulled_up),
        *LEDResources(pins="15 16 17 18 19 20", invert=True, attrs=_attributes),
        *ButtonResources(pins="88 87", attrs=Attrs(IO_TYPE="LVCMOS33", PULL_MODE="DOWN")),
        *sensor_resources("27", "28", "25", "26", attrs=_pulled_up),
    )
    connectors = ()

    # Amaranth's own commands are for nextpnr without Himbaechel.
    _apicula_required_tools = ("yosys", "nextpnr-himbaechel-gowin", "gowin_pack")
    _apicula_command_templates = (
        GowinPlatform._apicula_command_templates[0],
        r"""
        {{invoke_tool("nextpnr-himbaechel-gowin")}}
            {{quiet("--quiet")}}
            --log {{name}}.tim
            --device {{platform.part}}
            --vopt family={{platform.die}}
            --vopt cst={{name}}.cst
            {% for signal, frequency in platform.iter_signal_clock_constraints() -%}
                --freq {{frequency / 1000000}}
            {% endfor %}
            --json {{name}}.json
            --write {{name}}.pnr.json
        """,
        r"""
        {{invoke_tool("gowin_pack")}}
            -d {{platform.die}}
            -o {{name}}.fs
            {{name}}.pnr.json
        """,
    )
    die = CHIP


def _connect(m, platform, serial_core):
    connect_uart(m, platform, serial_core)
    _light(m, platform, serial_core)
    m.d.comb += serial_core.show.eq(pin_in(m, "button", platform.request("button", 0, dir="-")))


def _light(m, platform, core):
    lights = [platform.request("led", number, dir="-") for number in range(6)]
    light_class(m, core, lights[:4])
    pin_out(m, "unused", lights[4], 0)
    pin_out(m, "decided", lights[5], core.shown_valid)


BOARDS = (
    Board(
        name="tang-nano-20k",
        title="Tang Nano 20K",
        platform=_Platform,
        device=GW2AR_18,
        clock=60_000_000,  # far below nextpnr's figure, which is too optimistic
        loaded=False,
        baud=BRIDGE_BAUD,
        connect=_connect,
        programmers=(("openFPGALoader", "-b", "tangnano20k"),),
        standalone=Standalone(i2s_clock=22_500_000, connect=_light),
    ),
)
