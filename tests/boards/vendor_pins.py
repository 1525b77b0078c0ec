# SPDX-License-Identifier: BSD-2-Clause
"""The pins of the boards, written down from their makers' constraint files and pages.

A row of `vendor_pins.csv` has boards, the name of a pin on them, the pin of the FPGA, and the
resource of amaranth-boards, or its connector and the number there, if it has the pin; `-` before
the pin stands for active low. `clock` is followed by the oscillator's frequency in MHz. Sources:

icebreaker       icebreaker/icebreaker.pcf of
                 github.com/icebreaker-fpga/icebreaker-verilog-examples
icesugar         src/common/io.pcf and src/basic/verilog/flash_icesugar of github.com/wuxx/icesugar
pico-ice         rtl/pico_ice.pcf of github.com/tinyvision-ai-inc/pico-ice-sdk
upduino          RTL/common/upduino.pcf of github.com/tinyvision-ai-inc/UPduino-v3.0
ulx3s-*          constraints/ulx3s_v20.lpf of github.com/emard/ulx3s
colorlight-*     README.md, colorlight_i9_v7.2.md and src/i5 of
                 github.com/wuxx/Colorlight-FPGA-Projects; PMODE is in
                 platforms/colorlight_i5.py of litex-boards
ecpix5-85f       pages "LEDs" and "PMOD" of docs.lambdaconcept.com/ecpix-5, whose numbers of a Pmod
                 begin at 0
orangecrab-85f   verilog/orangecrab_r0.2.pcf of github.com/orangecrab-fpga/orangecrab-examples;
                 without SPI
tang-nano-20k    platforms/sipeed_tang_nano_20k.py of litex-boards; the header has the FPGA's
                 numbers
"""

import csv
from pathlib import Path

from amaranth_boards.ecpix5 import ECPIX585Platform
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.icesugar import ICESugarPlatform
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_85FPlatform
from amaranth_boards.ulx3s import (
    ULX3S_12F_Platform,
    ULX3S_25F_Platform,
    ULX3S_45F_Platform,
    ULX3S_85F_Platform,
)
from amaranth_boards.upduino_v3 import UpduinoV3Platform

VENDOR: dict[str, dict[str, str]] = {}
"""By board and name of a pin: the pin of the FPGA and, after a blank, its resource."""

with Path(__file__).with_suffix(".csv").open() as _file:
    for _boards, _name, *_pin in list(csv.reader(_file))[1:]:
        for _board in _boards.split():
            VENDOR.setdefault(_board, {})[_name] = " ".join(_pin).rstrip()

AMARANTH = {
    "icebreaker": ICEBreakerPlatform,
    "icesugar": ICESugarPlatform,
    "upduino": UpduinoV3Platform,
    "ulx3s-12f": ULX3S_12F_Platform,
    "ulx3s-25f": ULX3S_25F_Platform,
    "ulx3s-45f": ULX3S_45F_Platform,
    "ulx3s-85f": ULX3S_85F_Platform,
    "ecpix5-85f": ECPIX585Platform,
    "orangecrab-85f": OrangeCrabR0_2_85FPlatform,
}
"""The platforms of amaranth-boards, which has no other board of ours."""
