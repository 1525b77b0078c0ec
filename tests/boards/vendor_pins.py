# SPDX-License-Identifier: BSD-2-Clause
"""The pins of the boards, written down from their makers' constraint files and pages.

An entry is the pin of the FPGA by its name on the board; `-` before the pin stands for active low.
If amaranth-boards has the pin, its resource follows, or its connector and the number there. `clock`
is followed by the oscillator's frequency in MHz.
"""

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

_UP5K_FLASH = {
    "flash select": "-16 spi_flash_1x.cs",
    "flash MOSI": "14 spi_flash_1x.copi",
    "flash MISO": "17 spi_flash_1x.cipo",
    "flash clock": "15 spi_flash_1x.clk",
    "flash write protection": "-12 spi_flash_1x.wp",
    "flash hold": "-13 spi_flash_1x.hold",
}

# constraints/ulx3s_v20.lpf of github.com/emard/ulx3s
_ULX3S = {
    "clock 25": "G2 clk25",
    "RX": "M1 uart.rx",
    "TX": "L4 uart.tx",
    **{
        f"D{number}": f"{pin} led {number}"
        for number, pin in enumerate(["B2", "C2", "C1", "D2", "D1", "E2", "E1", "H3"])
    },
    "FIRE 1": "R1 button_fire 0",
    "FIRE 2": "T1 button_fire 1",
    "UP": "R18 button_up",
    "DOWN": "V1 button_down",
    "GP0": "B11 gpio 0:0+",
    "GP1": "A10 gpio 0:1+",
    "GP2": "A9 gpio 0:2+",
    "GP3": "B9 gpio 0:3+",
}

# README.md, colorlight_i9_v7.2.md and src/i5 of github.com/wuxx/Colorlight-FPGA-Projects; PMODE
# is in platforms/colorlight_i5.py of litex-boards
_COLORLIGHT = {
    "clock 25": "P3",
    "RX": "H18",
    "TX": "J17",
    **{
        f"PMODE, upper row {number}": pin
        for number, pin in {1: "C17", 2: "B18", 3: "B20", 4: "F20"}.items()
    },
    "flash select": "-R2",
    "flash MOSI": "W2",
    "flash MISO": "V2",
    "flash clock": "U3",
}

VENDOR = {
    # icebreaker/icebreaker.pcf of github.com/icebreaker-fpga/icebreaker-verilog-examples
    "icebreaker": {
        "clock 12": "35 clk12",
        "RX": "6 uart.rx",
        "TX": "9 uart.tx",
        "LED1": "26 led 2",
        "LED2": "27 led 3",
        "LED3": "25 led 4",
        "LED4": "23 led 5",
        "LED5": "21 led 6",
        "user button beside the USB socket": "-10 button",
        "PMOD 1A 1": "4 pmod 0:1",
        "PMOD 1A 2": "2 pmod 0:2",
        "PMOD 1A 3": "47 pmod 0:3",
        "PMOD 1A 4": "45 pmod 0:4",
        "PMOD 1A 7": "3 pmod 0:7",
        **_UP5K_FLASH,
    },
    # src/common/io.pcf and src/basic/verilog/flash_icesugar of github.com/wuxx/icesugar
    "icesugar": {
        "clock 12": "35 clk12",
        "RX": "4 uart.rx",
        "TX": "6 uart.tx",
        "red": "-40 led_r",
        "green": "-41 led_g",
        "blue": "-39 led_b",
        "PMOD2 1": "46 pmod 1:1",
        "PMOD2 2": "44 pmod 1:2",
        "PMOD2 3": "42 pmod 1:3",
        "PMOD2 4": "37 pmod 1:4",
        **_UP5K_FLASH,
    },
    # rtl/pico_ice.pcf of github.com/tinyvision-ai-inc/pico-ice-sdk
    "pico-ice": {
        "clock 12": "35",
        "RX": "27",
        "TX": "25",
        "red": "-41",
        "green": "-39",
        "blue": "-40",
        "the FPGA's button": "-10",
        "Pmod 0, upper row 1": "4",
        "Pmod 0, upper row 2": "2",
        "Pmod 0, upper row 3": "47",
        "Pmod 0, upper row 4": "45",
        "memory select": "37",
        **{name: pin.split()[0] for name, pin in _UP5K_FLASH.items()},
    },
    # RTL/common/upduino.pcf of github.com/tinyvision-ai-inc/UPduino-v3.0
    "upduino": {
        "clock 12": "35 j 0:12",
        "RX": "15",
        "TX": "14",
        "red": "-41 rgb_led.r",
        "green": "-39 rgb_led.g",
        "blue": "-40 rgb_led.b",
        "flash select": "-16 spi_flash_1x.cs",
    },
    **{f"ulx3s-{size}": _ULX3S for size in ("12f", "25f", "45f", "85f")},
    "colorlight-i5": {"D2": "-U16", **_COLORLIGHT},
    "colorlight-i9": {"D2": "-L2", **_COLORLIGHT},
    # pages "LEDs" and "PMOD" of docs.lambdaconcept.com/ecpix-5, whose numbers of a Pmod begin at 0
    "ecpix5-85f": {
        "clock 100": "K23 clk100",
        "RX": "R26 uart.rx",
        "TX": "R24 uart.tx",
        "LD5 red": "-T23 rgb_led 0.r",
        "LD5 green": "-R21 rgb_led 0.g",
        "LD6 red": "-U21 rgb_led 1.r",
        "LD6 green": "-W21 rgb_led 1.g",
        "LD7 red": "-K21 rgb_led 2.r",
        "LD7 green": "-K24 rgb_led 2.g",
        "LD8 red": "-P21 rgb_led 3.r",
        "LD8 green": "-R23 rgb_led 3.g",
        "reset button": "-AB1 rst",
        "PMOD 0 1": "T25 pmod 0:1",
        "PMOD 0 2": "U25 pmod 0:2",
        "PMOD 0 3": "U24 pmod 0:3",
        "PMOD 0 4": "V24 pmod 0:4",
    },
    # verilog/orangecrab_r0.2.pcf of github.com/orangecrab-fpga/orangecrab-examples; without SPI
    "orangecrab-85f": {
        "clock 48": "A9 clk",
        "0": "N17 io 0:0",
        "1": "M18 io 0:1",
        "red": "-K4 rgb_led.r",
        "green": "-M3 rgb_led.g",
        "blue": "-J3 rgb_led.b",
        "the button": "-J17 button",
        "10": "B8 io 0:10",
        "MOSI": "N16 io 0:copi",
        "MISO": "N15 io 0:cipo",
        "SCK": "R17 io 0:sck",
    },
    # platforms/sipeed_tang_nano_20k.py of litex-boards; the header has the FPGA's numbers
    "tang-nano-20k": {
        "clock 27": "4",
        "RX": "70",
        "TX": "69",
        **{f"LED{number}": f"-{15 + number}" for number in range(6)},
        "S1": "88",
        "S2": "87",
        **{number: number for number in ("25", "26", "27", "28")},
    },
}

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
