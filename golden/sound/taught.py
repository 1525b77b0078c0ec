# SPDX-License-Identifier: BSD-2-Clause
"""What a network of sound is taught beside its words: words in noise, and what is none of them.

All of it is made of the pictures of words, so it needs no other recordings. The constants were
chosen on held-out recordings (docs/sound.md).
"""

from typing import NamedTuple

import numpy as np

from .filters import LEVEL_FRACTION, MOST_LEVEL
from .front import FrontEnd

NONE = "none"
"""Name of the last class: none of the words."""

COPIES = 4
"""Pictures of each word in noise, beside the one without."""

KINDS = 4
"""Kinds of pictures that are none of the words: backwards, running, shifted, and bursts."""

SHARE = 0.25
"""Pictures of each kind, per word."""

_SEED = 31


class Taught(NamedTuple):
    """Pictures to train on."""

    pictures: np.ndarray
    """uint8 [n, frames, filters]"""
    labels: np.ndarray
    """Class of each [n]; the last one is none of the words."""
    origins: np.ndarray
    """Number of the word that each [n] is made of."""


def taught(words: np.ndarray, labels: np.ndarray, none: int, sound: FrontEnd) -> Taught:
    """Return words with copies in noise, and as many pictures that are none of the words.

    `words`: uint8 [n, frames, filters], with `labels` [n] up to `none`, the number of the last
    class. Pictures that are labelled `none` have copies in noise, and nothing else is made of them.
    """
    rng = np.random.default_rng(_SEED)
    n, step = len(words), 1 << sound.contrast
    spoken = np.flatnonzero(labels != none)
    count = max(1, round(SHARE * len(spoken)))
    made_of = rng.choice(spoken, (KINDS, count))
    one, followed, higher, _ = words[made_of]
    others = np.concatenate(
        [
            _begun(one[:, ::-1]),
            _begun(_running(followed, words[rng.choice(spoken, count)], rng)),
            _shifted(higher, rng),
            _bursts(count, sound, rng),
        ]
    )
    others[::2] = _in_noise(others[::2], step, rng)
    copies = [_in_noise(words, step, rng) for _ in range(COPIES)]
    return Taught(
        np.concatenate([words, *copies, others]),
        np.concatenate([np.tile(labels, 1 + COPIES), np.full(len(others), none)]),
        np.concatenate([np.tile(np.arange(n), 1 + COPIES), made_of.ravel()]),
    )


def _in_noise(pictures: np.ndarray, step: int, rng: np.random.Generator) -> np.ndarray:
    """Return pictures in steady noise of any loudness and tilt; a step of level has `step` pixels.

    Powers add up: to what is d steps louder, noise adds 4 log2(1 + 2^(-d/4)) steps.
    """
    n, _, filters = pictures.shape
    tilt = rng.uniform(-16, 12, (n, 1, 1)) * np.linspace(0, 1, filters)
    below = rng.uniform(20, 90, (n, 1, 1)) + tilt.max(axis=2, keepdims=True) - tilt
    noise = MOST_LEVEL - step * (below + rng.normal(0, 1.6, pictures.shape))
    d = np.abs(pictures - noise) / step
    half = LEVEL_FRACTION + 1
    louder = step * half * np.log2(1 + 2 ** (-d / half))
    return _as_pixels(np.maximum(pictures, noise) + louder)


def _begun(pictures: np.ndarray) -> np.ndarray:
    """Move each picture in time, so that it begins with its first loud frame."""
    loud = pictures.max(axis=2) >= 160
    moved = np.zeros_like(pictures)
    for picture, onset, to in zip(pictures, loud.argmax(axis=1), moved, strict=True):
        to[: len(to) - onset] = picture[onset:]
    return moved


def _running(one: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return running speech: a word, maybe without its beginning, and the one that follows it."""
    frames = one.shape[1]
    joined = np.zeros_like(one)
    for at in range(len(one)):
        cut, begin = rng.integers(0, frames // 2), rng.integers(2, 3 * frames // 4)
        joined[at, : frames - cut] = one[at, cut:]
        joined[at, begin:] = np.maximum(joined[at, begin:], other[at, : frames - begin])
    return joined


def _shifted(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return words of another pitch: by a fifth to a third of the filters higher or lower."""
    filters = pictures.shape[2]
    shifted = np.zeros_like(pictures)
    for picture, to in zip(pictures, shifted, strict=True):
        by = rng.integers(max(filters // 5, 1), filters // 3 + 2)
        if rng.random() < 0.5:
            to[:, by:] = picture[:, : filters - by]
        else:
            to[:, : filters - by] = picture[:, by:]
    return shifted


def _bursts(n: int, sound: FrontEnd, rng: np.random.Generator) -> np.ndarray:
    """Return tones, sweeps, knocks and bursts of noise: a peak or a rough spectrum that decays."""
    f = np.arange(sound.frames)[:, np.newaxis]
    b = np.arange(len(sound.filters))

    def drawn(low: float, high: float, share: float = 1) -> np.ndarray:
        """Return a value per picture, 0 for all but a share of them."""
        return rng.uniform(low, high, (n, 1, 1)) * (rng.random((n, 1, 1)) < share)

    centre = drawn(0, len(b) - 1) + drawn(-1, 1, 0.4) * f
    rough = rng.normal(0, 1, (n, 1, len(b) + 2))
    rough = (rough[:, :, :-2] + rough[:, :, 1:-1] + rough[:, :, 2:]) * drawn(0, 15)
    below = drawn(2, 15, 0.5) * np.abs(b - centre) + rough + drawn(0, 20, 0.6) * f
    below += rng.normal(0, 1.6, below.shape)
    below -= below.min(axis=(1, 2), keepdims=True)
    pixels = MOST_LEVEL - (below * (1 << sound.contrast))
    return _as_pixels(np.where(f < drawn(1, sound.frames + 1), pixels, 0))


def _as_pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, MOST_LEVEL).astype(np.uint8)
