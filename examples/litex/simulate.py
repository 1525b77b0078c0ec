# SPDX-License-Identifier: BSD-2-Clause
"""Runs the system in LiteX's simulation: status 0 if all digits were decided as golden does."""

import re
import subprocess
import sys

from litex.build.generic_platform import Pins, Subsignal
from litex.build.io import CRG
from litex.build.sim import SimPlatform
from litex.build.sim.config import SimConfig
from soc import FREQUENCY, DigitsSoC, build

PADS = [
    ("sys_clk", 0, Pins(1)),
    (
        "serial",
        0,
        Subsignal("source_valid", Pins(1)),
        Subsignal("source_ready", Pins(1)),
        Subsignal("source_data", Pins(8)),
        Subsignal("sink_valid", Pins(1)),
        Subsignal("sink_ready", Pins(1)),
        Subsignal("sink_data", Pins(8)),
    ),
]


class SimulatedSoC(DigitsSoC):
    """The system with a console, which its firmware can end."""

    def __init__(self):
        platform = SimPlatform("SIM", PADS)
        super().__init__(platform, uart_name="sim")
        self.crg = CRG(platform.request("sys_clk"))
        platform.add_debug(self)


if __name__ == "__main__":
    simulation = SimConfig()
    simulation.add_clocker("sys_clk", freq_hz=int(FREQUENCY))
    simulation.add_module("serial2console", "serial")
    folder = build(SimulatedSoC, "sim", sim_config=simulation, opt_level="O3", run=False)
    subprocess.run(["bash", "build_sim.sh"], cwd=folder, stdout=subprocess.DEVNULL, check=True)
    # The console must be able to wait for its input, so it gets a pipe.
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(["obj_dir/Vsim"], cwd=folder, text=True, **pipes) as running:
        printed = ""
        for line in running.stdout:
            print(line, end="", flush=True)
            printed += line
    sys.exit(not re.search(r"^\d+ digits, 0 differences", printed, re.MULTILINE))
