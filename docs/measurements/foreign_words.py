# SPDX-License-Identifier: BSD-2-Clause
"""Measures how many isolated foreign words a network of spoken digits reports.

    python -m docs.measurements.foreign_words NET.npz [NET.npz ...]
    python -m docs.measurements.foreign_words

The words are spoken by voices of two synthesisers: apt-get install espeak-ng flite. Each word is a
recording of its own in weak noise, with silence around it. Without a network, it trains networks of
seeds 1 to 3, as `firstspike train --recipe strict --validation-share 0` does, on spoken digits and
90 recordings of `none`: other words by other voices.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from docs.measurements.stream import FINAL, as_loud, speak
from firstspike.golden import Network, encode, infer, load_dataset, load_network
from firstspike.golden.data.sounds import dataset_of, with_none
from firstspike.golden.data.wav import read_wav
from firstspike.golden.front_ends import sound_of
from firstspike.golden.reporting import is_reported
from firstspike.golden.results import Results
from firstspike.golden.sound.word_augmentation import NONE
from firstspike.golden.system.temporary import temporary_folder
from firstspike.golden.training.general_recipe import sound_training
from firstspike.golden.training.trainer import Names, Trainer

WORDS = (
    *("apple", "river", "garden", "purple", "window", "coffee", "monday", "table", "orange"),
    *("yellow", "music", "paper", "hello", "market", "dragon", "summer", "bottle", "kitchen"),
    *("stop", "green", "house", "dog", "light", "bread", "water", "left", "start", "up", "off"),
    "no",
)
NONE_WORDS = (
    *("sugar", "basket", "copper", "forest", "garlic", "velvet", "pillow", "singer", "thunder"),
    *("turtle", "bridge", "clock", "stone", "glass", "plant", "horse", "lamp", "sheep", "bird"),
    *("knife", "spoon", "snow", "wind", "door", "book", "ring", "pen", "mouse", "truck", "leaf"),
)
NONE_VOICES = (("flite", "kal"), ("espeak-ng", "en-us+m6"), ("espeak-ng", "en-gb+f4"))

NOISE = 5.0
"""Standard deviation of the noise, in steps of 16 bits."""


def main() -> None:
    """Print the share of the words that each network reports."""
    named = [(file, load_network(file)) for file in sys.argv[1:]]
    for name, network in named or ((f"seed {seed}", trained(seed)) for seed in range(1, 4)):
        isolated, results = heard(network, spoken(FINAL.voices, WORDS, sound_of(network).rate))
        told = is_reported(network, results, isolated)
        print(f"{name}: {told.sum()} of {isolated.sum()} isolated foreign words are reported")


def trained(seed: int) -> Network:
    """Train strictly on spoken digits and the recordings of `none`; print the test accuracy."""
    data = load_dataset("spoken-digits")
    sound, count = data.sound, data.n_classes
    recordings = [(NONE, x) for x in spoken(NONE_VOICES, NONE_WORDS, sound.rate)]
    labels = np.full(len(recordings), count)
    others = dataset_of(recordings, labels, np.zeros(len(labels), bool), sound)
    data = replace(
        data,
        x_train=np.concatenate([data.x_train, others.x_train]),
        y_train=np.concatenate([data.y_train, others.y_train]),
        classes=(*map(str, range(count)), NONE),
    )
    data = with_none(data, sound, strict=True)
    trainer = Trainer(sound_training(len(data.x_train), seed=seed, held_out=0))
    names = Names(None, data.classes, sound)
    trainer.fit(data.x_train, data.y_train, n_classes=data.n_classes, names=names)
    print(f"seed {seed}: test accuracy {trainer.score(data.x_test, data.y_test):.2%}", flush=True)
    return trainer.network_


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
