# SPDX-License-Identifier: BSD-2-Clause
"""The Yin-Yang data set: which part of the sign a point is in, yin, yang or one of the dots.

L. Kriener, J. Göltz, M. A. Petrovici, "The Yin-Yang dataset", NICE 2022, arXiv:2102.08211. Few
numbers in, and no straight lines between the classes: made for networks that code by spike times.
"""

from collections.abc import Iterator

import numpy as np
from show import Split, accuracies, arguments, on_hardware
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from firstspike import FirstSpikeClassifier

BIG, SMALL = 0.5, 0.1  # radii of the sign and of the dots


def classes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Class of points [n] in the sign, int [n]: 0 and 1 are its halves, 2 is a dot."""
    right = np.hypot(x - 1.5 * BIG, y - BIG)
    left = np.hypot(x - 0.5 * BIG, y - BIG)
    yin = (right <= SMALL) | ((left > SMALL) & (left <= BIG / 2)) | ((y > BIG) & (right > BIG / 2))
    return np.where((right < SMALL) | (left < SMALL), 2, yin)


def yin_yang(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points x, y [n, 2] of classes [n] that are drawn first; the place is uniform in the class.

    The set's further values 1 - x and 1 - y are what `complement` makes of these.
    """
    rng = np.random.default_rng(seed)
    goals = rng.integers(0, 3, n)
    points = rng.random((50 * n, 2)) * 2 * BIG  # the dots have a 25th part of the area
    points = points[np.hypot(*(points - BIG).T) <= BIG]
    class_of_point = classes(*points.T)
    X = np.empty((n, 2))
    for goal in range(3):
        (which,) = np.nonzero(goals == goal)
        X[which] = points[class_of_point == goal][: len(which)]
    return X, goals


def splits() -> Iterator[Split]:
    """Yield the same 5,000 and 1,000 points five times; each network starts from another seed."""
    X, y = yin_yang(5000, 42)
    X_test, y_test = yin_yang(1000, 40)
    for _ in range(5):
        yield X, X_test, y, y_test


if __name__ == "__main__":
    options = arguments(__doc__, 5).parse_args()
    fitted = accuracies(
        splits(),
        options.splits,
        FirstSpikeClassifier=lambda seed: FirstSpikeClassifier((120,), random_state=seed),
        MLPClassifier=lambda seed: make_pipeline(
            StandardScaler(), MLPClassifier((120,), max_iter=1000, random_state=seed)
        ),
    )
    on_hardware("yin_yang", *fitted)
