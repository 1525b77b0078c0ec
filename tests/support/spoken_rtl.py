# SPDX-License-Identifier: BSD-2-Clause
"""Plays recordings to the microphone's pins of simulated hardware, and compares with golden.

    python -m tests.support.spoken_rtl digits.npz 20 recordings/*_[0-4].wav

It plays the first 20 of the files, one after the other, and wants the words, their decisions and
their spikes to be those of golden. The clock is 12 MHz, and the core has two lanes. It prints how
long each decision took from the end of the word's last frame on.
"""

import sys
from itertools import islice
from pathlib import Path

import numpy as np

from firstspike.golden import Network
from firstspike.golden.data.wav import read_wav
from firstspike.golden.sound.pdm import Microphone
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.sound.listener import front_of
from firstspike.sim.benches.sound import listener

CLOCK_HZ, LANES = 12_000_000, 2

SILENCE = 2
"""Slots of silence behind the window of a word that begins at the end of a recording."""


def main(path: str, count: int, files: list[str]) -> None:
    """Play `count` of the files; raises SimulationError at the first difference."""
    network = Network.load(path)
    front = front_of(network)
    folding = Folding.of(network, CoreShape(lanes=LANES))
    microphone = Microphone.of(CLOCK_HZ, front.rate)
    silence = np.zeros((front.window + SILENCE) * front.slot, np.int16)
    waits: list[float] = []
    for name in islice(sorted(files), count):
        x = np.concatenate([read_wav(Path(name), front.rate), silence])
        heard = listener.simulate(network, folding, microphone, microphone.bits(x))
        said = [network.class_name(output) for output in heard.results.decision.tolist()]
        waits += (heard.waits * 1000 / CLOCK_HZ).tolist()
        print(f"{Path(name).name}: {' '.join(said)}; longest wait {max(waits):.2f} ms", flush=True)
    print(f"{len(waits)} words: none differs; mean wait {np.mean(waits):.2f} ms")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
