# SPDX-License-Identifier: BSD-2-Clause
"""Parts of a data set that are kept apart: as many of each class, and no group on both sides."""

import numpy as np

SEED = 1
"""Of every split: the same data are always divided alike."""


class SplitError(ValueError):
    """A part that cannot be kept apart; the message says why."""


def apart(labels: np.ndarray, share: float, groups: np.ndarray | None = None) -> np.ndarray:
    """Which samples are kept apart, bool [n]: about `share` of them, stratified by `labels` [n].

    Samples of one group, `groups` [n], stay on one side; then the share is one of so many equal
    parts. Raises `SplitError`.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedShuffleSplit

    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < 2:
        raise SplitError(
            f"{int((counts < 2).sum())} of {len(classes)} classes have one sample alone: each "
            "needs two, one to train on and one to keep apart."
        )
    folds: StratifiedGroupKFold | StratifiedShuffleSplit
    if groups is None:
        folds = StratifiedShuffleSplit(1, test_size=share, random_state=SEED)
    else:
        parts, there = round(1 / min(share, 0.5)), len(np.unique(groups))
        if there < 2:
            raise SplitError("all samples are of one group: none can be kept apart.")
        folds = StratifiedGroupKFold(min(parts, there), shuffle=True, random_state=SEED)
    try:
        _, kept = next(folds.split(labels, labels, groups))
    except ValueError:
        raise SplitError(
            f"a share of {share:g} of {len(labels)} samples has not one of each of {len(classes)} "
            "classes: give more samples, or another share."
        ) from None
    mask = np.zeros(len(labels), bool)
    mask[kept] = True
    return mask
