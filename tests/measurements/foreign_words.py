# SPDX-License-Identifier: BSD-2-Clause
"""Measures how many isolated foreign words a network of spoken digits reports.

    python -m tests.measurements.foreign_words NET.npz [NET.npz ...]

The words are spoken by voices of two synthesisers: apt-get install espeak-ng flite. Each word is a
recording of its own in weak noise, with silence around it.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from firstspike.golden import Network, encode, infer, load_network
from firstspike.golden.data.wav import read_wav
from firstspike.golden.front_ends import sound_of
from firstspike.golden.reporting import is_reported
from firstspike.golden.results import Results
from firstspike.golden.system.temporary import temporary_folder
from tests.measurements.stream import FINAL, as_loud

WORDS = (
    *("apple", "river", "garden", "purple", "window", "coffee", "monday", "table", "orange"),
    *("yellow", "music", "paper", "hello", "market", "dragon", "summer", "bottle", "kitchen"),
    *("stop", "green", "house", "dog", "light", "bread", "water", "left", "start", "up", "off"),
    "no",
)
NOISE = 5.0
"""Standard deviation of the noise, in steps of 16 bits."""


def main() -> None:
    """Print the share of the words that each network reports."""
    for file in sys.argv[1:]:
        network = load_network(file)
        isolated, results = heard(network, spoken(FINAL.voices, WORDS, sound_of(network).rate))
        told = is_reported(network, results, isolated)
        print(f"{file}: {told.sum()} of {isolated.sum()} isolated foreign words are reported")


def spoken(voices: Sequence[tuple[str, str]], words: Sequence[str], rate: int) -> list[np.ndarray]:
    """Return a recording of each word by each voice, int16 [n], with silence around it."""
    rng, recordings = np.random.default_rng(FINAL.seed), []
    with temporary_folder() as folder:
        file = folder / "word.wav"
        for synthesiser, voice in voices:
            for word in words:
                speak(synthesiser, voice, word, file)
                x = np.pad(as_loud(read_wav(file, rate)), rate)
                recordings.append(np.rint(x + rng.normal(0, NOISE, len(x))).astype(np.int16))
    return recordings


def speak(synthesiser: str, voice: str, text: str, file: Path) -> None:
    """Write a WAV file of a text."""
    commands = {
        "flite": ["flite", "-voice", voice, "-t", text, str(file)],
        "espeak-ng": ["espeak-ng", "-v", voice, "-s", "150", "-w", str(file), text],
    }
    subprocess.run(commands[synthesiser], check=True)


def heard(network: Network, recordings: Sequence[np.ndarray]) -> tuple[np.ndarray, Results]:
    """Return whether the loudest word of each recording is isolated, and the decisions on them."""
    sound = sound_of(network)
    isolated, pictures = [], []
    for x in recordings:
        levels = sound.levels(x)
        word = max(sound.words(levels), key=lambda one: one.top)
        isolated.append(word.isolated)
        pictures.append(sound.picture(levels, word))
    return np.array(isolated), infer(network, encode(network, np.stack(pictures)))


if __name__ == "__main__":
    main()
