# SPDX-License-Identifier: BSD-2-Clause
"""Measures how well words are understood through PDM microphones of several clocks.

    python -m docs.measurements.microphone_clocks

Networks of three seeds are trained without recordings 0 to 9 of each speaker and digit, and hear
recordings 5 to 9, so nothing of the official test part is used. The clock of the design is 24 MHz.
"""

import numpy as np

from firstspike.golden import encode, infer
from firstspike.golden.data.sets import SPOKEN_DIGITS, fetch
from firstspike.golden.data.sounds import dataset_of
from firstspike.golden.data.spoken import named, recordings_of
from firstspike.golden.data.wav import samples_of
from firstspike.golden.sound.defaults import default_front_end
from firstspike.golden.sound.pdm import PdmMicrophone

from .stream import Part, trained

HEARD, TRAINED = range(5, 10), range(10, 50)

CLOCK_HZ = 24_000_000
DIVIDERS = (12, 20)

SOFTER = (0, 20)
"""Decibels by which the recordings are softer than they are."""

SILENCE = np.zeros(800)
"""Around each recording, in which a modulator comes to rest."""


def main() -> None:
    """Print the accuracy for each clock and loudness; the mean of all seeds."""
    sound = default_front_end()
    (path,) = fetch(SPOKEN_DIGITS)
    spoken = {
        named(name): samples_of(raw, name, sound.rate)
        for name, raw in sorted(recordings_of(path.read_bytes()).items())
    }
    part = Part(HEARD, TRAINED, (), (), 0)
    networks = [trained(part, spoken, sound, seed) for seed in range(1, 4)]
    chosen = [one for one in spoken if one.number in HEARD]
    digits = np.array([one.digit for one in chosen])
    for softer in SOFTER:
        for divider in DIVIDERS:
            microphone = PdmMicrophone(divider, CLOCK_HZ // divider // sound.rate)
            scale = 10 ** (-softer / 20)
            loud = (np.concatenate([SILENCE, scale * spoken[one], SILENCE]) for one in chosen)
            heard = (microphone.samples(microphone.bits(np.rint(x))) for x in loud)
            named = [(str(one), x) for one, x in zip(chosen, heard, strict=True)]
            tested = np.ones(len(named), bool)
            x = dataset_of(named, digits, tested, microphone.hears(sound)).x_test
            right = [infer(net, encode(net, x)).decision == digits for net in networks]
            print(
                f"{softer} dB softer, {CLOCK_HZ / divider / 1e6:g} MHz: {np.mean(right):.2%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
