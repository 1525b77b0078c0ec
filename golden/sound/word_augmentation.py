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

FOREIGN = 1
"""Pictures of each kind of foreign word, per word, before those near a word are dropped."""

NEAR = 0.98
"""Share of the words whose nearest other word is within the distance that counts as near."""

_LOUD, _LOUDEST = 160, 250
"""Levels of the brightest pixel: of a loud frame at least, and of a picture that is combined."""

_SEED = 31


class ExtendedWords(NamedTuple):
    """Pictures to train on."""

    pictures: np.ndarray
    """uint8 [n, frames, filters]"""
    labels: np.ndarray
    """Class of each picture [n]; the last class is `NONE`."""
    origins: np.ndarray
    """Index of the word, or of one of the words, from which each picture [n] was made."""


def extend_words(
    words: np.ndarray, labels: np.ndarray, none: int, sound: FrontEnd, strict: bool = False
) -> ExtendedWords:
    """Return words, copies of them in noise, and pictures of the class `NONE`.

    With `strict`, there are also pictures of the class `NONE` like those of foreign words.

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
    origins = [np.tile(np.arange(n), 1 + COPIES), made_of.ravel()]
    if strict:
        foreign, foreign_origins = _foreign_words(words[spoken], step, rng)
        none_pictures = np.concatenate([none_pictures, foreign])
        origins.append(spoken[foreign_origins])
    return ExtendedWords(
        np.concatenate([words, *copies, none_pictures]),
        np.concatenate([np.tile(labels, 1 + COPIES), np.full(len(none_pictures), none)]),
        np.concatenate(origins),
    )


def _foreign_words(
    words: np.ndarray, step: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures like those of other words, and the index of a word in each.

    A picture is a word plus a part of the difference of two others, or spliced from two words with
    moved formants, or the low filters of a word and the high ones of another, or the mean of two
    words. Pictures near a word are dropped, since the network would learn to reject that word.
    """
    from sklearn.neighbors import NearestNeighbors  # slow import

    count, filters = FOREIGN * len(words), words.shape[2]
    drawn = rng.integers(len(words), size=(9, count))
    one, other, less, head, tail, low, high, half, rest = (
        _varied(words[indices], step, rng).astype(float) for indices in drawn
    )
    border = rng.uniform(0.25, 0.75, (count, 1, 1)) * filters
    pictures = np.concatenate(
        [
            np.clip(one + rng.uniform(0.3, 1, (count, 1, 1)) * (other - less), 0, MOST_LEVEL),
            _spliced(_with_moved_formants(head, rng), _with_moved_formants(tail, rng), rng),
            np.where(np.arange(filters) < border, low, high),
            (half + rest) / 2,
        ]
    )
    top = pictures.max(axis=(1, 2), keepdims=True)
    pictures = np.where(pictures > 0, pictures + _LOUDEST - top, 0)
    pictures = _shift_to_onset(_as_pixels(pictures))
    neighbours = NearestNeighbors(n_neighbors=1).fit(words.reshape(len(words), -1))
    far = np.zeros(len(pictures), bool)
    if len(words) > 1:
        near = np.quantile(neighbours.kneighbors()[0], NEAR)
        far = neighbours.kneighbors(pictures.reshape(len(pictures), -1))[0][:, 0] > near
    pictures = pictures[far]
    pictures[::2] = _in_noise(pictures[::2], step, rng)
    return pictures, drawn[[0, 3, 5, 7]].ravel()[far]


def _with_moved_formants(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return pictures with one filter's sound moved by an eighth to a quarter of the filters.

    The other filters are stretched or compressed between it and the ends.
    """
    n, _, filters = pictures.shape
    b, last = np.arange(filters), filters - 1
    moved = np.empty(pictures.shape)
    centres = filters * rng.uniform(0.25, 0.7, n)
    by = filters * rng.uniform(1 / 8, 1 / 4, n) * rng.choice((-1, 1), n)
    targets = np.clip(centres + by, 0.1 * filters, 0.9 * last)
    for picture, centre, target, to in zip(pictures, centres, targets, moved, strict=True):
        source = np.interp(b, (0, target, last), (0, centre, last))
        to[:] = [np.interp(source, b, frame) for frame in picture]
    return _shift_to_onset(_as_pixels(moved))


def _spliced(heads: np.ndarray, tails: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the first part of each head, followed by the last part of a tail."""
    frames = heads.shape[1]
    spliced = np.zeros_like(heads)
    ends = np.maximum(np.rint(_lengths(heads) * rng.uniform(0.3, 0.7, len(heads))), 1).astype(int)
    begins = np.rint(_lengths(tails) * rng.uniform(0, 0.7, len(tails))).astype(int)
    for head, tail, end, begin, to in zip(heads, tails, ends, begins, spliced, strict=True):
        to[:] = np.concatenate([head[:end], tail[begin:], np.zeros_like(tail)])[:frames]
    return spliced


def _lengths(pictures: np.ndarray) -> np.ndarray:
    """Return the frames of each picture until its last loud one."""
    loud = pictures.max(axis=2) >= _LOUD
    return pictures.shape[1] - loud[:, ::-1].argmax(axis=1)


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
    loud = pictures.max(axis=2) >= _LOUD
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
