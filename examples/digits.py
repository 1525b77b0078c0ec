# SPDX-License-Identifier: BSD-2-Clause
"""Handwritten digits of 8 x 8 pixels with values 0 to 16, which come with scikit-learn."""

from collections.abc import Iterator

from show import Split, accuracies, arguments, on_hardware
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from firstspike import FirstSpikeClassifier


def splits() -> Iterator[Split]:
    """Three quarters to train on, and one to test, as many of each class."""
    X, y = load_digits(return_X_y=True)
    for seed in range(5):
        yield train_test_split(X, y, stratify=y, random_state=seed)


if __name__ == "__main__":
    options = arguments(__doc__, 5).parse_args()
    fitted = accuracies(
        splits(),
        options.splits,
        FirstSpikeClassifier=lambda seed: FirstSpikeClassifier((100,), random_state=seed),
        MLPClassifier=lambda seed: make_pipeline(
            StandardScaler(), MLPClassifier((100,), max_iter=1000, random_state=seed)
        ),
    )
    on_hardware("digits", *fitted)
