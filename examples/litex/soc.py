# SPDX-License-Identifier: BSD-2-Clause
"""A LiteX system: a VexRiscv, a UART, a timer that counts cycles, and the core as a peripheral."""

import json
import re
import subprocess
from pathlib import Path

from litex.gen import LiteXModule
from litex.soc.integration.builder import Builder
from litex.soc.integration.common import get_mem_data
from litex.soc.integration.soc import SoCRegion
from litex.soc.integration.soc_core import SoCCore
from litex.soc.interconnect.axi import AXILiteInterface
from migen import ClockSignal, Instance, Record, ResetSignal, Signal
from prepare import CORE, prepare

FIRMWARE = Path(__file__).parent / "firmware"
FOLDER = Path("build/litex").absolute()
"""Where all is built."""
FREQUENCY = 50e6
"""Clock of the system, in Hz."""


class FirstSpike(LiteXModule):
    """The core, for LiteX's bus.

    Firmware sends images and takes decisions by registers, so the streams rest.
    """

    def __init__(self, platform):
        self.bus = AXILiteInterface(data_width=32, address_width=32)
        #: Where LiteX looks for a peripheral's interrupt. The core itself enables and holds it.
        self.ev = Record([("irq", 1)])
        # # #
        platform.add_source(str(FOLDER / CORE))
        described = json.loads((FOLDER / CORE).with_suffix(".json").read_text())
        joined = {"i_aclk": ClockSignal(), "i_aresetn": ~ResetSignal(), "o_irq": self.ev.irq}
        for port in described["ports"]:
            if match := re.fullmatch("s_axi_(aw|w|b|ar|r)(.+)", port["name"]):
                channel, signal = match.groups()
                signal = getattr(getattr(self.bus, channel), signal)
                joined[f"{port['direction'][0]}_{port['name']}"] = signal[: port["width"]]
            else:
                joined.setdefault(f"{port['direction'][0]}_{port['name']}", Signal(port["width"]))
        self.specials += Instance(described["module"], **joined)


class DigitsSoC(SoCCore):
    """The system; its memory holds the firmware, and nothing else is run before."""

    def __init__(self, platform, **options):
        super().__init__(
            platform,
            FREQUENCY,
            cpu_type="vexriscv",
            integrated_rom_size=128 << 10,
            integrated_sram_size=4 << 10,
            timer_uptime=True,
            ident="FirstSpike",
            **options,
        )
        self.firstspike = FirstSpike(platform)
        self.irq.add("firstspike")
        self.bus.add_slave("firstspike", self.firstspike.bus, SoCRegion(size=4 << 10, cached=False))

    def init_mems(self, **_):
        """Compile the firmware, for the Builder has just written the headers of this system."""
        software = Path(self.builder.software_dir)
        folder = software / "firmware"
        folder.mkdir(exist_ok=True)
        variables = [f"CORE_DIRECTORY={FOLDER}", f"BUILDINC_DIRECTORY={self.builder.include_dir}"]
        subprocess.run(["make", "-C", folder, "-f", FIRMWARE / "Makefile", *variables], check=True)
        self.init_rom("rom", get_mem_data(str(folder / "firmware.bin"), endianness="little"))


def build(soc_class, name, **options):
    """Prepare the core, and build a system; gives the folder of its gateware.

    `options` are those of LiteX's Builder.build.
    """
    prepare(FOLDER)
    builder = Builder(soc_class(), output_dir=FOLDER / name, compile_software=False)
    builder.build(**options)
    return Path(builder.gateware_dir)
