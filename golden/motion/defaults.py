# SPDX-License-Identifier: BSD-2-Clause
"""The default front end for motion, and the scale of its sensor.

The constants were chosen for the gestures (docs/standalone.md).
"""

import numpy as np

from firstspike.golden.sound.microphone import saturated

from .front import MotionFrontEnd

DEGREES = 0.070
"""Degrees per second per step of rotation, for an LSM6DSO with a range of 2,000 degrees per
second."""

G = 0.000244
"""Multiples of g per step of acceleration, for an LSM6DSO with a range of 8 g."""

DEFAULT_FRONT_END = MotionFrontEnd(
    rate=52,
    frame=16,
    frames=12,
    hop=6,
    least=80,
    contrast=2,
    downs=(5, 5, 5, 6, 6, 6),
)
"""The front end for samples of an LSM6DSO: rotation about three axes, then acceleration along
them."""


def samples_of(rotation: np.ndarray, acceleration: np.ndarray) -> np.ndarray:
    """Return the samples of an LSM6DSO, int16 [n, 6].

    `rotation` [n, 3] is in degrees per second, `acceleration` [n, 3] in g.
    """
    steps = np.rint(np.hstack([rotation / DEGREES, acceleration / G]))
    return saturated(steps).astype(np.int16)
