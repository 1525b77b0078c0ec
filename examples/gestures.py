# SPDX-License-Identifier: BSD-2-Clause
"""Seven shoulder exercises, told by a watch: three axes of acceleration, and three of rotation.

The recordings of ten people come with seglearn (`pip install seglearn`, BSD licence); the study is
D. M. Burns et al., "Shoulder physiotherapy exercise recognition", arXiv:1802.01489. Each person in
turn is left out, and the network tested on them. It fits the smallest board.
"""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from show import Split, accuracies, arguments, on_hardware
from sklearn.ensemble import RandomForestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from firstspike import FirstSpikeClassifier

PEOPLE = 10
WINDOW, STEP = 200, 100  # samples of 20 ms


def recordings() -> dict:
    """What seglearn's `load_watch` gives; the package itself would need pandas."""
    package = importlib.util.find_spec("seglearn")
    if package is None or package.origin is None:
        sys.exit("The recordings come with seglearn: pip install seglearn.")
    file = Path(package.origin).parent / "data" / "watch_dataset.npy"
    return np.load(file, allow_pickle=True).item()  # a pickle, as trustworthy as the package


def features(windows: np.ndarray) -> np.ndarray:
    """Return eight figures per axis, float64 [n, 48], of windows [n, WINDOW, 6]."""
    quantiles = np.quantile(windows, [0.05, 0.25, 0.5, 0.75, 0.95], axis=1)
    change = np.abs(np.diff(windows, axis=1)).mean(axis=1)
    return np.hstack([windows.mean(axis=1), windows.std(axis=1), *quantiles, change])


def splits() -> Iterator[Split]:
    """Each person left out; labels are names."""
    data = recordings()
    names = np.array(data["y_labels"])
    windows, labels, people = [], [], []
    for series, label, person in zip(data["X"], data["y"], data["subject"], strict=True):
        for start in range(0, len(series) - WINDOW + 1, STEP):
            windows.append(series[start : start + WINDOW])
            labels.append(names[label])
            people.append(person)
    X, y, person = features(np.array(windows)), np.array(labels), np.array(people)
    for one in np.unique(person):
        rest = person != one
        yield X[rest], X[~rest], y[rest], y[~rest]


if __name__ == "__main__":
    options = arguments(__doc__, PEOPLE).parse_args()
    fitted = accuracies(
        splits(),
        options.splits,
        FirstSpikeClassifier=lambda seed: FirstSpikeClassifier(random_state=seed),
        MLPClassifier=lambda seed: make_pipeline(
            StandardScaler(), MLPClassifier(max_iter=1000, random_state=seed)
        ),
        RandomForestClassifier=lambda seed: RandomForestClassifier(200, random_state=seed),
    )
    on_hardware("gestures", *fitted)
