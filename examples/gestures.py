# SPDX-License-Identifier: BSD-2-Clause
"""Seven shoulder exercises, told by a watch: three axes of acceleration, and three of rotation.

The recordings of ten people come with seglearn (`pip install seglearn`, BSD licence); the study is
D. M. Burns et al., "Shoulder physiotherapy exercise recognition", arXiv:1802.01489. Each person in
turn is left out, and the network tested on them. The features are those of the front end for
motion, so a board with a sensor makes them itself. It fits the smallest board.
"""

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from show import Split, accuracies, arguments, on_hardware
from sklearn.ensemble import RandomForestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from firstspike.golden import Trainer, encode, infer
from firstspike.golden.motion.defaults import DEFAULT_FRONT_END, samples_of
from firstspike.golden.training.general_recipe import general_training
from firstspike.golden.training.trainer import Names

PEOPLE = 10


def recordings() -> dict:
    """What seglearn's `load_watch` gives; the package itself would need pandas."""
    package = importlib.util.find_spec("seglearn")
    if package is None or package.origin is None:
        sys.exit("The recordings come with seglearn: pip install seglearn.")
    file = Path(package.origin).parent / "data" / "watch_dataset.npy"
    return np.load(file, allow_pickle=True).item()  # a pickle, as trustworthy as the package


def sensed(series: np.ndarray) -> np.ndarray:
    """Return what the sensor gives of a recording [n, 6], int16 [n, 6].

    The watch has 50 samples per second, and the sensor 52.
    """
    acceleration, rotation = series[:, :3], series[:, 3:]
    return samples_of(np.degrees(rotation), acceleration)


def splits() -> Iterator[Split]:
    """Each person left out; labels are names, and samples pictures uint8 [n, pixels]."""
    data = recordings()
    names = np.array(data["y_labels"])
    pictures = [DEFAULT_FRONT_END.pictures(sensed(series)) for series in data["X"]]
    counts = [len(series_pictures) for series_pictures in pictures]
    X = np.concatenate(pictures).reshape(-1, DEFAULT_FRONT_END.n_pixels)
    y, person = (np.repeat(of, counts) for of in (names[data["y"]], data["subject"]))
    for one in np.unique(person):
        rest = person != one
        yield X[rest], X[~rest], y[rest], y[~rest]


class MotionClassifier:
    """A network of motion, trained as `FirstSpikeClassifier` trains one on features."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> Self:
        """Train on pictures, and give the network the front end that makes them."""
        self.classes_, codes = np.unique(y, return_inverse=True)
        trainer = Trainer(general_training(len(X), seed=self.seed))
        network = trainer.fit(X, codes, names=Names(classes=tuple(self.classes_))).network_
        self.network_ = replace(
            network, features=replace(network.features, motion=DEFAULT_FRONT_END)
        )
        return self

    def score(self, X: np.ndarray, y: np.ndarray) -> float:
        """Return the share of the pictures that the integer network decides rightly."""
        decided = infer(self.network_, encode(self.network_, X)).decision
        return float(np.mean(self.classes_[decided] == y))


if __name__ == "__main__":
    options = arguments(__doc__, PEOPLE).parse_args()
    fitted = accuracies(
        splits(),
        options.splits,
        MotionClassifier=MotionClassifier,
        MLPClassifier=lambda seed: make_pipeline(
            StandardScaler(), MLPClassifier(max_iter=1000, random_state=seed)
        ),
        RandomForestClassifier=lambda seed: RandomForestClassifier(200, random_state=seed),
    )
    on_hardware("gestures", *fitted)
