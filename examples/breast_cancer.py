# SPDX-License-Identifier: BSD-2-Clause
"""A table: 30 measured features of 569 tumours, benign or malignant, as scikit-learn has it.

Or another of its tables. Nothing is scaled: each feature has its own levels.
"""

from collections.abc import Iterator

from show import Split, accuracies, arguments, on_hardware
from sklearn import datasets
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from firstspike import FirstSpikeClassifier

TABLES = {
    "breast_cancer": datasets.load_breast_cancer,
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
}


def splits(table: str) -> Iterator[Split]:
    """Those of cross-validation with five folds; labels are names."""
    data = TABLES[table]()
    X, y = data.data, data.target_names[data.target]
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
        yield X[train], X[test], y[train], y[test]


if __name__ == "__main__":
    parser = arguments(__doc__, 5)
    parser.add_argument("--table", choices=TABLES, default="breast_cancer")
    options = parser.parse_args()
    fitted = accuracies(
        splits(options.table),
        options.splits,
        FirstSpikeClassifier=lambda seed: FirstSpikeClassifier(random_state=seed),
        LogisticRegression=lambda _: make_pipeline(StandardScaler(), LogisticRegression()),
    )
    on_hardware(options.table, *fitted)
