# SPDX-License-Identifier: BSD-2-Clause
"""Measures a listener for the wake words: words reported right, and false words in speech.

    python -m docs.measurements.wake_words NET.npz [NET.npz ...]

Each network is trained by `firstspike train --dataset wake-words`. A recording of the test part is
right if the listener reports its word once, and no other word. The other speech is that of
`docs.measurements.stream`, by two synthesisers: apt-get install espeak-ng flite.
"""

import sys
from collections import defaultdict

import numpy as np

from docs.measurements.stream import FINAL, in_noise, other_speech, words_said
from firstspike.golden import Network, load_network
from firstspike.golden.data.archives import files_of
from firstspike.golden.data.sets import WAKE_WORDS, fetch
from firstspike.golden.data.wake_words import TESTED, recording_name
from firstspike.golden.data.wav import samples_of
from firstspike.golden.front_ends import sound_of
from firstspike.golden.system.temporary import temporary_folder

MINUTES = 20
"""Length of the other speech."""


def main() -> None:
    """Print the shares of recordings that are reported right, and the false words."""
    (path,) = fetch(WAKE_WORDS)
    files = files_of(path.read_bytes(), recording_name)
    by_word = defaultdict(list)
    for name in sorted(files):
        by_word[name.partition("/")[0]].append(name)
    tested = {word: names[::TESTED] for word, names in by_word.items()}
    for file in sys.argv[1:]:
        network = load_network(file)
        rate = sound_of(network).rate
        right = {
            word: [
                said_in(network, samples_of(files[name], name, rate)) == [label] for name in names
            ]
            for label, (word, names) in enumerate(tested.items())
        }
        total = np.mean([one for several in right.values() for one in several])
        words = ", ".join(f"{word} {np.mean(several):.1%}" for word, several in right.items())
        print(f"{file}: right {total:.1%}; {words}", flush=True)
        false = len(said_in(network, speech_of(network)))
        print(f"{file}: {false} false words in {MINUTES} minutes of other speech", flush=True)


def said_in(network: Network, x: np.ndarray) -> list[int]:
    """Return the classes that the listener reports in samples int16 [n], a second of silence
    before them."""
    sound = sound_of(network)
    x = np.concatenate([np.zeros(sound.rate, np.int16), x])
    return [label for _, label in words_said(network, sound, x)]


def speech_of(network: Network) -> np.ndarray:
    """Return other speech in white noise, int16 [n]."""
    rng, sound = np.random.default_rng(FINAL.seed), sound_of(network)
    with temporary_folder() as folder:
        speech = other_speech(FINAL, folder, sound, rng, 60 * MINUTES)
    return in_noise(speech, "white", rng)


if __name__ == "__main__":
    main()
