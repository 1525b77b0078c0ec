# SPDX-License-Identifier: BSD-2-Clause
"""Builds the system for a ULX3S-85F: ends with an error if its clock is not met."""

import os
import shutil

from litex.gen import LiteXModule
from litex.soc.cores.clock import ECP5PLL
from litex_boards.platforms.radiona_ulx3s import Platform
from migen import ClockDomain, Signal
from soc import FOLDER, FREQUENCY, DigitsSoC, build

SEED = 1


class Clock(LiteXModule):
    """The system clock, made of the board's 25 MHz."""

    def __init__(self, platform):
        self.rst = Signal()
        self.cd_sys = ClockDomain()
        # # #
        self.pll = ECP5PLL()
        self.comb += self.pll.reset.eq(self.rst)
        self.pll.register_clkin(platform.request("clk25"), 25e6)
        self.pll.create_clkout(self.cd_sys, FREQUENCY)
        # Low it would let the ESP32 take the board over.
        self.comb += platform.request("wifi_gpio0").eq(1)


class BoardSoC(DigitsSoC):
    """The system with the board's UART, at 115200 baud."""

    def __init__(self):
        platform = Platform(device="LFE5U-85F")
        super().__init__(platform)
        self.crg = Clock(platform)


def name_tools():
    """Let LiteX find the tools of YoWASP, by the names that it calls them."""
    folder = FOLDER / "tools"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("yosys", "nextpnr-ecp5", "ecppack"):
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(shutil.which(f"yowasp-{name}"))
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"


if __name__ == "__main__":
    name_tools()
    build(BoardSoC, "ulx3s", seed=SEED, timingstrict=True)
