# SPDX-License-Identifier: BSD-2-Clause
"""Further training pictures for networks of sound: words in noise, and sounds that are not words.

All pictures are derived from those of words, so no other recordings are needed. The constants were
chosen on held-out recordings (docs/figures/sound.md).
"""

from typing import NamedTuple

import numpy as np

from .filters import LEVEL_FRACTION, MOST_LEVEL
from .front import FrontEnd

NONE = "none"
"""Name of the last class, for all sounds that are not one of the words."""

COPIES = 6
"""Further pictures of each word, varied and in noise."""

SHARE = 0.25
"""Pictures of each kind that is not a word, per word; of bursts `BURSTS` times as many."""

BURSTS = 4

_SEED = 31


class ExtendedWords(NamedTuple):
    """Pictures to train on."""

    pictures: np.ndarray
    """uint8 [n, frames, filters]"""
    labels: np.ndarray
    """Class of each picture [n]; the last class is `NONE`."""
    origins: np.ndarray
    """Index of the word from which each picture [n] was made."""


def extend_words(
    words: np.ndarray, labels: np.ndarray, none: int, sound: FrontEnd
) -> ExtendedWords:
    """Return words, copies of them in noise, and pictures of the class `NONE`.

    `words`: uint8 [n, frames, filters], with `labels` [n] up to `none`, the number of the last
    class. Pictures with the label `none` get copies, but no other pictures are made from them.
    """
    rng = np.random.default_rng(_SEED)
    n, step = len(words), 1 << sound.contrast
    spoken = np.flatnonzero(labels != none)
    count = max(1, round(SHARE * len(spoken)))
    made_of = rng.choice(spoken, (4 + BURSTS, count))
    backwards, upside, slow, shifted = (
        _varied(words[indices], step, rng) for indices in made_of[:4]
    )
    none_pictures = np.concatenate(
        [
            _shift_to_onset(backwards[:, ::-1]),
            upside[:, :, ::-1],
            slow.repeat(2, axis=1)[:, : sound.frames],
            _shifted(shifted, rng),
            _bursts(BURSTS * count, sound, rng),
        ]
    )
    none_pictures[::2] = _in_noise(none_pictures[::2], step, rng)
    copies = [_in_noise(_varied(words, step, rng), step, rng) for _ in range(COPIES)]
    return ExtendedWords(
        np.concatenate([words, *copies, none_pictures]),
        np.concatenate([np.tile(labels, 1 + COPIES), np.full(len(none_pictures), none)]),
        np.concatenate([np.tile(np.arange(n), 1 + COPIES), made_of.ravel()]),
    )


def _varied(pictures: np.ndarray, step: int, rng: np.random.Generator) -> np.ndarray:
    """Return words varied in speed, pitch and microphone.

    A step of level is `step` in a pixel.
    """
    from scipy.ndimage import affine_transform  # slow import

    n, _, filters = pictures.shape
    varied = np.empty(pictures.shape)
    changes = rng.uniform((0.85, -0.3, -0.8), (1.15, 0.3, 0.8), (n, 3)).tolist()
    for picture, (pace, begin, pitch), to in zip(pictures, changes, varied, strict=True):
        # Pixel [f, b] is that of [pace f + begin, b + pitch].
        affine_transform(
            picture.astype(float),
            (pace, 1),
            (begin, pitch),
            output=to,
            order=1,
            mode="nearest",
        )
    top = varied.max(axis=(1, 2), keepdims=True)
    tilt = step * rng.uniform(-12, 12, (n, 1, 1)) * np.linspace(-0.5, 0.5, filters)
    varied = np.where(varied > 0, varied + tilt, 0)
    varied += np.where(varied > 0, top - varied.max(axis=(1, 2), keepdims=True), 0)
    return _as_pixels(varied)


def _in_noise(pictures: np.ndarray, step: int, rng: np.random.Generator) -> np.ndarray:
    """Return pictures in steady noise of random loudness and tilt; a pixel has `step` per level.

    Powers add up: noise adds 4 log2(1 + 2^(-d/4)) steps to a sound that is d steps louder.
    """
    n, _, filters = pictures.shape
    tilt = rng.uniform(-16, 12, (n, 1, 1)) * np.linspace(0, 1, filters)
    below = rng.uniform(28, 90, (n, 1, 1)) + tilt.max(axis=2, keepdims=True) - tilt
    noise = MOST_LEVEL - step * (below + rng.normal(0, 1.6, pictures.shape))
    d = np.abs(pictures - noise) / step
    half = LEVEL_FRACTION + 1
    louder = step * half * np.log2(1 + 2 ** (-d / half))
    return _as_pixels(np.maximum(pictures, noise) + louder)


def _shift_to_onset(pictures: np.ndarray) -> np.ndarray:
    """Shift each picture in time, so that it begins with its first loud frame."""
    loud = pictures.max(axis=2) >= 160
    moved = np.zeros_like(pictures)
    for picture, onset, to in zip(pictures, loud.argmax(axis=1), moved, strict=True):
        to[: len(to) - onset] = picture[onset:]
    return moved


def _shifted(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return words shifted in pitch by a fifth to a third of the filters, up or down."""
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
    """Return tones, sweeps, knocks and noise bursts: a peak, or a tilted or rough spectrum."""
    f = np.arange(sound.frames)[:, np.newaxis]
    b = np.arange(len(sound.filters))

    def drawn(low: float, high: float, share: float = 1) -> np.ndarray:
        """Return a random value per picture, 0 for all but a share of the pictures."""
        return rng.uniform(low, high, (n, 1, 1)) * (rng.random((n, 1, 1)) < share)

    centre = drawn(0, len(b) - 1) + drawn(-1.5, 1.5, 0.4) * f
    rough = rng.normal(0, 1, (n, 1, len(b) + 2))
    rough = (rough[:, :, :-2] + rough[:, :, 1:-1] + rough[:, :, 2:]) * drawn(0, 12, 0.5)
    below = drawn(2, 20, 0.5) * np.abs(b - centre) + rough
    below += drawn(-12, 20, 0.7) * b / len(b) + drawn(0, 20, 0.4) * f
    # Some grow and decay: 8 log2 of a half-wave of sine.
    wave = np.abs(np.sin(np.pi * (drawn(0.03, 0.4) * (f + 0.5))))
    below -= (rng.random((n, 1, 1)) < 0.5) * 8 * np.log2(wave + 0.05)
    below += rng.normal(0, 1.6, below.shape)
    lasts = f < drawn(1, sound.frames + 1)
    below -= np.where(lasts, below, np.inf).min(axis=(1, 2), keepdims=True)
    pixels = MOST_LEVEL - below * (1 << sound.contrast)
    return _shift_to_onset(_as_pixels(np.where(lasts, pixels, 0)))


def _as_pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, MOST_LEVEL).astype(np.uint8)
