# SPDX-License-Identifier: BSD-2-Clause
"""Plays recordings to the placed netlist of an iCEBreaker that listens, and compares its text.

    python -m tests.support.desk NET BUILD WAV...

BUILD is the folder of `firstspike build NET --board icebreaker --sensor pdm`. The recordings follow
one another, with a window of silence behind each. Every line of text must be golden's.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from firstspike.boards.building.bitstream import NETLIST, WEIGHTS
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network, load_network
from firstspike.golden.data.wav import samples_of
from firstspike.golden.front_ends import sound_of
from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.sim.benches.alone.desk import Desk
from firstspike.sim.benches.netlist.netlist import Netlist

PINS = {
    "clk12_0__io": "clock",
    "spi_flash_1x_0__cs__io": "cs_n",
    "spi_flash_1x_0__clk__io": "sck",
    "spi_flash_1x_0__copi__io": "mosi",
    "spi_flash_1x_0__cipo__io": "miso",
    "microphone_0__clk__io": "microphone_clock",
    "microphone_0__data__io": "microphone_data",
    "uart_0__tx__io": "tx",
    "uart_0__rx__io": "rx",
}
"""Which wire of the desk is at which pin."""


def in_turn(network: Network, recordings: list[np.ndarray]) -> np.ndarray:
    """Return the samples of recordings with a window of silence behind each."""
    front = sound_of(network)
    silence = np.zeros(front.window * front.slot, np.int16)
    return np.concatenate([part for x in recordings for part in (x, silence)])


def netlist_desk(network: Network, folder: Path) -> Desk:
    """Return the desk with the netlist in the folder of a build."""
    report = json.loads((folder / "report.json").read_text())
    netlist = Netlist((folder / f"{NETLIST}.json").read_bytes(), "ice40")
    microphone = PdmMicrophone.of(report["clock"], sound_of(network).rate)
    return Desk.of_netlist(netlist, PINS, network, microphone, report["clock"])


def main() -> None:
    """Print what is said, and end with status 1 where golden says something else."""
    net, folder, *paths = sys.argv[1:]
    network = load_network(net)
    rate = sound_of(network).rate
    x = in_turn(network, [samples_of(Path(path).read_bytes(), path, rate) for path in paths])
    desk = netlist_desk(network, Path(folder))
    image = (Path(folder) / WEIGHTS).read_bytes()
    flash = BOARDS["icebreaker"].flash
    assert flash is not None
    began = time.monotonic()
    said, expected = desk.run(x, image, flash.place).decode(), desk.expected(x).decode()
    print(said, end="")
    print(f"{len(x) / rate:.1f} s of sound in {time.monotonic() - began:.0f} s")
    if said != expected:
        sys.exit(f"golden says\n{expected}")


if __name__ == "__main__":
    main()
