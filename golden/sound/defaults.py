# SPDX-License-Identifier: BSD-2-Clause
"""The default front end: filters across the range of speech, with integer coefficients.

The constants were chosen on held-out training recordings of spoken digits (docs/figures/sound.md).
"""

from functools import cache

import numpy as np

from .filters import FRACTION, STATE_BITS, Filter
from .front import FrontEnd

RATE = 8000
FILTERS = 16
LOWEST, HIGHEST = 120.0, 3600.0
"""Frequency range in Hz over which the filters are evenly distributed on the mel scale."""

WIDTH = 1.0
"""Bandwidth of one resonator as a multiple of the distance between neighbours."""

SLOT_SECONDS = 0.016

SLOTS = 4
"""Slots per frame: 64 ms."""

FRAMES = 12
BEFORE, AFTER = 36, 16
"""Quiet slots before a word, and at the end of its window."""

TILT = 8
"""Steps of level added per octave above the lowest filter: high frequencies of speech are
weaker."""


@cache
def default_front_end(
    frames: int = FRAMES, before: int = BEFORE, after: int = AFTER, n_filters: int = FILTERS
) -> FrontEnd:
    """Return the default front end, for use without that of a network.

    `frames` per word, quiet slots `before` and `after` an isolated word, and the number of filters
    may differ. Raises `NetworkError` for a value out of range.
    """
    marks = _hertz(np.linspace(_mel(LOWEST), _mel(HIGHEST), n_filters + 2))
    widths = WIDTH * (marks[2:] - marks[:-2]) / 2
    pairs = zip(marks[1:-1], widths, strict=True)
    filters = tuple(
        resonant(f, width, RATE, round(TILT * np.log2(f / marks[1]))) for f, width in pairs
    )
    return FrontEnd(
        rate=RATE,
        slot=round(SLOT_SECONDS * RATE),
        slots=SLOTS,
        frames=frames,
        drop=20,
        least=128,
        before=before,
        after=after,
        contrast=2,
        filters=filters,
    )


def resonant(f: float, width: float, rate: int, louder: int = 0) -> Filter:
    """Return the filter with resonance `f` and bandwidth `width`, in Hz, and the best scaling.

    r = exp(-pi width / rate), theta = 2 pi f / rate. `up` is the largest, and `down` the smallest
    shift with which no state can overflow. `gain` compensates for their effect on the level, and
    adds `louder` steps.
    """
    r, theta = np.exp(-np.pi * width / rate), 2 * np.pi * f / rate
    a1, a2 = round(2 * r * np.cos(theta) * 2**FRACTION), -round(r * r * 2**FRACTION)
    most = 1 << STATE_BITS - 1

    def fits(up: int, down: int, state: int) -> bool:
        return Filter(a1, a2, up, down, 0).largest_states()[state] < most

    up = max(bits for bits in range(STATE_BITS) if fits(bits, 0, 0))
    down = min(bits for bits in range(STATE_BITS) if fits(up, bits, 1))
    return Filter(a1, a2, up, down, 8 * (down - up) + louder)


def _mel(f: float) -> float:
    """Return the pitch in mel of f in Hz (D. O'Shaughnessy, "Speech Communication", 1987)."""
    return float(2595 * np.log10(1 + f / 700))


def _hertz(mel: np.ndarray) -> np.ndarray:
    return 700 * (10 ** (mel / 2595) - 1)
