# SPDX-License-Identifier: BSD-2-Clause
"""Measures the recognition of a stream: spoken digits in noise, and an hour of other sounds.

    python -m docs.measurements.stream [--choosing]

Networks of three seeds are trained as `firstspike train --dataset spoken-digits` does, without the
recordings that are streamed. It needs two speech synthesisers: apt-get install espeak-ng flite.
With --choosing the recordings, voices and texts are those on which the constants were chosen.
"""

import argparse
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from firstspike.golden import Network, encode, infer
from firstspike.golden.data.sets import SPOKEN_DIGITS, fetch
from firstspike.golden.data.sounds import dataset_of, with_none
from firstspike.golden.data.spoken import Recording, named, recordings_of
from firstspike.golden.data.wav import read_wav, samples_of
from firstspike.golden.reporting import is_reported
from firstspike.golden.sound.defaults import default_front_end
from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.system.temporary import temporary_folder
from firstspike.golden.training.general_recipe import sound_training
from firstspike.golden.training.trainer import Names, Trainer

LOUDNESS = 2000
"""Root of the mean square of each recording and utterance."""

NOISE_BELOW = 20
"""Decibels from speech to noise."""

PAUSES = (1.0, 4.0)
"""Shortest and longest pause between recordings, in seconds."""

SPEECH_SECONDS, NOISE_SECONDS = 45 * 60, 15 * 60
TEXTS = Path("/usr/share/common-licenses")
LIKE_DIGITS = (
    *("zero", "oh", "one", "won", "two", "to", "too", "three", "four", "for", "fore", "five"),
    *("six", "seven", "eight", "ate", "nine", "ten"),
)
"""Words that are left out of the texts."""
UTTERANCES = 80
"""Utterances of each voice."""


class Part(NamedTuple):
    """The recordings of the stream, and those that train the network."""

    streamed: Sequence[int]
    """Numbers of the recordings of each speaker and digit."""
    trained: Sequence[int]
    voices: Sequence[tuple[str, str]]
    """Synthesiser and name of each voice."""
    texts: Sequence[str]
    """Names of licences of Debian."""
    seed: int


CHOOSING = Part(
    range(5, 15),
    range(15, 50),
    [
        *(("flite", voice) for voice in ("kal16", "awb")),
        *(("espeak-ng", voice) for voice in ("en-us+m1", "en-us+f2", "en-gb+m3", "en-us+Alex")),
    ],
    ("GFDL-1.3", "GPL-1"),
    1,
)
FINAL = Part(
    [*range(5), *range(45, 50)],
    range(15, 45),
    [
        *(("flite", voice) for voice in ("rms", "slt")),
        *(("espeak-ng", f"en-{voice}") for voice in ("gb-scotland+f4", "gb-x-rp+m7")),
        *(("espeak-ng", f"en-{voice}") for voice in ("us+Michael", "gb+Andrea")),
    ],
    ("Apache-2.0", "GPL-3", "MPL-2.0"),
    2,
)


def main() -> None:
    """Print the share of right words, and the words reported for other sounds."""
    parser = argparse.ArgumentParser(prog="python -m docs.measurements.stream")
    parser.add_argument("--choosing", action="store_true")
    part = CHOOSING if parser.parse_args().choosing else FINAL
    rng, sound = np.random.default_rng(part.seed), default_front_end()
    (path,) = fetch(SPOKEN_DIGITS)
    spoken = {
        named(name): samples_of(raw, name, sound.rate)
        for name, raw in sorted(recordings_of(path.read_bytes()).items())
    }
    streams = [stream(part, spoken, kind, sound, rng) for kind in COLOURS[:2]]
    with temporary_folder() as folder:
        speech = other_speech(part, folder, sound, rng)
    half = len(speech) // 2
    others = [in_noise(speech[:half], "white", rng), in_noise(speech[half:], "pink", rng)]
    others.append(in_noise(made_noises(sound, rng), "white", rng))
    for seed in range(1, 4):
        network = trained(part, spoken, sound, seed)
        right = [rightly_said(network, sound, *one) for one in streams]
        false = [sum(1 for _ in words_said(network, sound, x)) for x in others]
        minutes = sum(map(len, others)) / sound.rate / 60
        print(
            f"seed {seed}: said right {right[0]:.2%} in white, {right[1]:.2%} in pink noise; "
            f"{sum(false)} false words in {minutes:.0f} minutes of other sounds "
            f"({sum(false[:2])} in speech, {false[2]} in noise)",
            flush=True,
        )


def trained(part: Part, spoken: dict[Recording, np.ndarray], sound: FrontEnd, seed: int) -> Network:
    """Train a network on a part's recordings."""
    chosen = [one for one in spoken if one.number in part.trained]
    named = [(str(one), spoken[one]) for one in chosen]
    digits = np.array([one.digit for one in chosen])
    data = with_none(dataset_of(named, digits, np.zeros(len(named), bool), sound), sound)
    n = len(data.x_train)
    trainer = Trainer(sound_training(n, seed=seed, held_out=0))
    trainer.fit(data.x_train, data.y_train, n_classes=data.n_classes, names=Names(sound=sound))
    return trainer.network_


class Placed(NamedTuple):
    """A recording in a stream."""

    begin: int
    """Its first sample."""
    end: int
    digit: int


def stream(
    part: Part,
    spoken: dict[Recording, np.ndarray],
    noise: str,
    sound: FrontEnd,
    rng: np.random.Generator,
) -> tuple[np.ndarray, list[Placed]]:
    """Return a stream of a part's recordings in noise, int16 [n], and where each is."""
    chosen = [one for one in spoken if one.number in part.streamed]
    pieces, placed, n = [np.zeros(sound.rate)], [], sound.rate
    for at in rng.permutation(len(chosen)):
        x = as_loud(spoken[chosen[at]])
        pause = np.zeros(int(sound.rate * rng.uniform(*PAUSES)))
        placed.append(Placed(n, n + len(x), chosen[at].digit))
        pieces += [x, pause]
        n += len(x) + len(pause)
    return in_noise(np.concatenate(pieces), noise, rng), placed


def rightly_said(network: Network, sound: FrontEnd, x: np.ndarray, placed: list[Placed]) -> float:
    """Return the share of recordings in a stream with exactly the right word reported."""
    heard = list(words_said(network, sound, x))
    early = sound.rate // 5
    right = 0
    for one in placed:
        here = [digit for begin, digit in heard if one.begin - early <= begin < one.end]
        right += here == [one.digit]
    return right / len(placed)


def words_said(network: Network, sound: FrontEnd, x: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield the first sample and the class of each reported word."""
    levels = sound.levels(x)
    words = list(sound.words(levels))
    pictures = np.stack([sound.picture(levels, word) for word in words])
    results = infer(network, encode(network, pictures))
    told = is_reported(network, results, np.array([word.isolated for word in words]))
    for word, decision, one in zip(words, results.decision.tolist(), told, strict=True):
        if one:
            yield word.slot * sound.slot, decision


COLOURS = ("white", "pink", "brown")


def noise_of(colour: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return noise of mean square 1, float64 [n]."""
    spectrum = np.fft.rfft(rng.normal(0, 1, n))
    f = np.maximum(np.arange(len(spectrum)), 1)
    x = np.fft.irfft(spectrum * f ** (-COLOURS.index(colour) / 2), n)
    return x / x.std()


def in_noise(x: np.ndarray, colour: str, rng: np.random.Generator) -> np.ndarray:
    """Return speech of `LOUDNESS` in noise, int16 [n]."""
    noise = LOUDNESS * 10 ** (-NOISE_BELOW / 20) * noise_of(colour, len(x), rng)
    return np.clip(np.rint(x + noise), -(1 << 15), (1 << 15) - 1).astype(np.int16)


def as_loud(x: np.ndarray) -> np.ndarray:
    """Return samples at `LOUDNESS`, float64 [n]."""
    return x * (LOUDNESS / np.sqrt((x.astype(float) ** 2).mean()))


def sentences(names: Sequence[str]) -> list[str]:
    """Return sentences of licences, without words that sound like a digit."""
    found = []
    for name in names:
        text = re.sub(r"[^A-Za-z.,;'\n ]", " ", (TEXTS / name).read_text(errors="replace"))
        for sentence in re.split(r"[.;]\s+|\n\n", text):
            words = [
                one for one in sentence.split() if one.lower().strip(".,;'") not in LIKE_DIGITS
            ]
            if 4 <= len(words) <= 25:
                found.append(" ".join(words))
    return found


def other_speech(
    part: Part,
    folder: Path,
    sound: FrontEnd,
    rng: np.random.Generator,
    seconds: int = SPEECH_SECONDS,
) -> np.ndarray:
    """Return synthetic speech that holds none of the digits, float64 [n]."""
    texts, file = sentences(part.texts), folder / "said.wav"
    pieces: list[np.ndarray] = []
    order = rng.permutation(len(part.voices) * UTTERANCES)
    for at in order:
        synthesiser, voice = part.voices[at % len(part.voices)]
        text = texts[at % len(texts)]
        speak(synthesiser, voice, text, file)
        pause = np.zeros(int(sound.rate * rng.uniform(0.3, 1.5)))
        pieces += [as_loud(read_wav(file, sound.rate)), pause]
        if sum(map(len, pieces)) >= seconds * sound.rate:
            break
    return np.concatenate(pieces)


def speak(synthesiser: str, voice: str, text: str, file: Path) -> None:
    """Write a WAV file of a text."""
    commands = {
        "flite": ["flite", "-voice", voice, "-t", text, str(file)],
        "espeak-ng": ["espeak-ng", "-v", voice, "-s", "150", "-w", str(file), text],
    }
    subprocess.run(commands[synthesiser], check=True)


def made_noises(sound: FrontEnd, rng: np.random.Generator) -> np.ndarray:
    """Return bursts of noise, tones, sweeps and knocks of any loudness, float64 [n]."""
    pieces: list[np.ndarray] = []
    while sum(map(len, pieces)) < NOISE_SECONDS * sound.rate:
        n = int(sound.rate * rng.uniform(0.05, 4))
        t = np.arange(n) / sound.rate
        kind = rng.integers(6)
        if kind < len(COLOURS):
            x = noise_of(COLOURS[kind], n, rng)
        elif kind == 3:
            x = np.sin(2 * np.pi * rng.uniform(80, 3500) * t)
        elif kind == 4:
            x = np.sin(2 * np.pi * (rng.uniform(80, 3500) * t + rng.uniform(-1500, 1500) * t**2))
        else:
            x = noise_of("white", n, rng) * np.exp(-t * rng.uniform(5, 100))
        if rng.random() < 0.5:
            x = x * np.abs(np.sin(np.pi * rng.uniform(0.5, 6) * t))
        pieces += [x * 10 ** rng.uniform(2, 3.9), np.zeros(int(sound.rate * rng.uniform(0, 2)))]
    return np.concatenate(pieces)


if __name__ == "__main__":
    main()
