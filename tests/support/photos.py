# SPDX-License-Identifier: BSD-2-Clause
"""Pictures as a camera or a screen gives them, made from digits of MNIST."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

KINDS = ("PNG", "JPEG", "WEBP")
SEED = 17


@dataclass(frozen=True)
class Photo:
    """A picture of one digit."""

    image: Image.Image
    kind: str

    def file(self) -> bytes:
        """The picture as a file."""
        content = io.BytesIO()
        options = {} if self.kind == "PNG" else {"quality": 80}
        self.image.save(content, self.kind, **options)
        return content.getvalue()


def rendered(digit: np.ndarray, rng: np.random.Generator) -> Photo:
    """A digit, uint8 [28, 28], drawn large on paper or a screen, as `rng` has it.

    The ink, rotated by up to 10 degrees, has from 60 to 200 pixels. It lies anywhere on a picture
    of any proportions, and fills from a third of its length to nearly all.
    """
    ink = large(digit, int(rng.integers(60, 200)), rng.uniform(-10, 10))
    room = np.array(ink.shape) * rng.uniform(1.05, 3, 2)
    height, width = room.astype(int)
    top, left = (int(rng.integers(0, free + 1)) for free in room.astype(int) - ink.shape)
    mask = np.zeros((height, width))
    mask[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    paper, pen = colours(rng)
    screen = rng.random() < 0.3
    light = np.ones((height, width)) if screen else uneven(height, width, rng)
    mixed = paper + (pen - paper) * mask[:, :, None]
    noise = rng.normal(0, 0 if screen else rng.uniform(0, 8), mixed.shape)
    seen = mixed * light[:, :, None] + noise
    image = Image.fromarray(np.clip(np.rint(seen), 0, 255).astype(np.uint8))
    return Photo(image, KINDS[rng.integers(len(KINDS))])


def large(digit: np.ndarray, longer: int, degrees: float) -> np.ndarray:
    """The ink of a digit, 0..1, cut out, with `longer` pixels on its longer side."""
    square = Image.fromarray(digit).resize((28 * 10, 28 * 10), Image.Resampling.BICUBIC)
    turned = np.asarray(square.rotate(degrees, Image.Resampling.BICUBIC), float)
    soft = np.clip((turned - 127.5) / 64 + 0.5, 0, 1)
    rows, columns = (np.flatnonzero((soft > 0).any(axis)) for axis in (1, 0))
    part = soft[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = longer / max(part.shape)
    size = tuple(max(1, round(side * scale)) for side in part.shape[::-1])
    shown = Image.fromarray((part * 255).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(shown, float) / 255


def colours(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw colours of paper and pen, float [3]; in some channel they differ by 80 or more."""
    while True:
        one, other = rng.uniform(0, 256, (2, 3))
        if rng.random() < 0.3:
            one, other = (np.full(3, colour[0]) for colour in (one, other))
        if np.abs(one - other).max() >= 80:
            return one, other


def uneven(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Light on paper, [height, width]: falling off to one side, blotches, and a shadow's edge."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 + rng.uniform(0, 0.25) * (np.cos(angle) * x + np.sin(angle) * y)
    blotches = Image.fromarray(rng.normal(0, 0.05, (5, 5)).astype(np.float32))
    light += np.asarray(blotches.resize((width, height), Image.Resampling.BICUBIC))
    if rng.random() < 0.3:
        angle = rng.uniform(0, 2 * np.pi)
        edge = np.cos(angle) * x + np.sin(angle) * y - rng.uniform(-0.7, 0.7)
        light *= 1 - rng.uniform(0.1, 0.4) / (1 + np.exp(-edge / rng.uniform(0.02, 0.2)))
    return light


def rgba_of(grey: np.ndarray) -> np.ndarray:
    """A picture uint8 [height, width] as colours, uint8 [height, width, 4]."""
    return np.asarray(Image.fromarray(grey).convert("RGBA"))


def photo_of(digits: np.ndarray, at: int) -> Photo:
    """The picture of a digit, uint8 [n, 28, 28]; it depends only on its number."""
    return rendered(digits[at], np.random.default_rng([SEED, at]))
