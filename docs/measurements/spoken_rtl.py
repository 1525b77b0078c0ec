# SPDX-License-Identifier: BSD-2-Clause
"""Plays recordings to the microphone's pins of simulated hardware, and compares with golden.

    python -m docs.measurements.spoken_rtl digits.npz 20 recordings/*_[0-4].wav

It plays the first 20 of the files, one after the other, and wants the words, their decisions and
their spikes to be those of golden. It takes some ten seconds per recording. The clock is that of an
iCEBreaker that listens, and so are the lanes if none are given. It prints how long each decision
took from the end of the word's last frame on.
"""

from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np

from firstspike.boards.building.sound import SoundDesign
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network
from firstspike.golden.data.wav import read_wav
from firstspike.golden.front_ends import sound_of
from firstspike.golden.system.temporary import temporary_folder
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import decision_layout
from firstspike.scripts.options import Lanes
from firstspike.sim.benches.standalone.tape import CHUNK, chunks_of
from firstspike.sim.harness.verilog import verilog_of
from tests.blocks.test_listener import Ear, compared
from tests.support.plain_bench import printed

BENCH = Path(__file__).with_name("ear_bench.v")

SILENCE = 2
"""Slots of silence behind the window of a word that begins at the end of a recording."""


@click.command(help=__doc__)
@click.argument("network_file")
@click.argument("count", type=int)
@click.argument("files", nargs=-1)
@click.option("--lanes", type=Lanes())
def main(network_file: str, count: int, files: tuple[str, ...], lanes: Any) -> None:
    """Print the words of each recording and the longest wait; raise an error at a difference."""
    network = Network.load(network_file)
    front = sound_of(network)
    design = SoundDesign.of_sound(network, BOARDS["icebreaker"], CoreShape(lanes))
    folding, clock_hz = design.config.folding, design.hz
    microphone = design.microphone
    silence = np.zeros((front.window + SILENCE) * front.slot, np.int16)
    waits: list[float] = []
    with temporary_folder() as folder:
        defined = {
            "PAYLOAD_BITS": decision_layout(CoreConfig.of(network, folding).layers[-1]).size,
            "TAIL": CHUNK * microphone.divider + microphone.cycles,
        }
        defines = "".join(f"`define {name} {value}\n" for name, value in defined.items())
        (folder / "bench.v").write_text(defines + BENCH.read_text())
        (folder / "ear.v").write_text(verilog_of(Ear(network, folding, microphone), "ear"))
        for name in islice(sorted(files), count):
            x = np.concatenate([read_wav(Path(name), front.rate), silence])
            bits = microphone.bits(x)
            chunks = (chunk.to_bytes(CHUNK // 8, "big") for chunk in chunks_of(bits))
            (folder / "bits.bin").write_bytes(b"".join(chunks))
            (start,), *lines = (line.split() for line in printed(folder, fast=True))
            received = [(int(cycle), int(payload, 16)) for cycle, payload in lines]
            heard = compared(network, folding, microphone, bits, int(start), received)
            waits += (heard.waits * 1000 / clock_hz).tolist()
            said = " ".join(map(network.class_name, heard.results.decision.tolist()))
            print(f"{Path(name).name}: {said}; longest wait {max(waits):.2f} ms", flush=True)
    print(f"{len(waits)} words: none differs; mean wait {np.mean(waits):.2f} ms")


if __name__ == "__main__":
    main()
