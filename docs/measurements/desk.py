# SPDX-License-Identifier: BSD-2-Clause
"""Plays recordings to the synthesised netlist of a listening board, and compares its text.

    python -m docs.measurements.desk [--bitstream] NET BUILD WAV...

BUILD is the folder of `firstspike build NET --board BOARD --sensor pdm`, or `--sensor i2s`. With
--bitstream the programmed bits of an iCEBreaker are simulated instead of the netlist. The
recordings follow one another, as golden joins them. Every line of text must be golden's.
"""

import json
import sys
import time
from pathlib import Path

from firstspike.boards.building.bitstream import WEIGHTS
from firstspike.golden import load_network
from firstspike.golden.data.wav import read_wav
from firstspike.golden.front_ends import sound_of
from tests.support.desk import netlist_desk


def flash_address(folder: Path) -> int:
    """Return the address of the weights in the flash, or 0 for a board that reads none."""
    return json.loads((folder / "report.json").read_text()).get("flash", {}).get("place", 0)


def main() -> None:
    """Print the text of the design, and end with status 1 if golden's text differs."""
    bits = sys.argv[1:2] == ["--bitstream"]
    net, folder, *paths = sys.argv[1 + bits :]
    network = load_network(net)
    sound = sound_of(network)
    x = sound.joined([read_wav(path, sound.rate) for path in paths])
    desk = netlist_desk(network, Path(folder), bitstream=bits)
    weights, address = Path(folder) / WEIGHTS, flash_address(Path(folder))
    image = weights.read_bytes() if address else b""
    began = time.monotonic()
    said, expected = desk.run(x, image, address).decode(), desk.expected(x).decode()
    print(said, end="")
    print(f"{len(x) / sound.rate:.1f} s of sound in {time.monotonic() - began:.0f} s")
    if said != expected:
        sys.exit(f"golden says\n{expected}")


if __name__ == "__main__":
    main()
