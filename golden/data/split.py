# SPDX-License-Identifier: BSD-2-Clause
"""Splits a data set into parts, stratified by class and without splitting groups."""

import math

import numpy as np

from firstspike.golden.system.errors import FirstSpikeError

SEED = 1
"""Seed of every split: equal data are always split equally."""

HELD_OUT = 0.15
"""Default share of the training samples that is held out to choose the best epoch."""


class SplitError(FirstSpikeError, ValueError):
    """A part cannot be split off; the message gives the reason."""


def choose_part(labels: np.ndarray, share: float, groups: np.ndarray | None = None) -> np.ndarray:
    """Choose samples to split off, bool [n]: about `share` of them, stratified by `labels` [n].

    A share of 0 selects none. The samples of a group of `groups` [n] are never split; `share` is
    then rounded to one of several equal parts. Every class keeps samples in the remaining part.
    Raises `SplitError`.
    """
    mask = np.zeros(len(labels), bool)
    if not share:
        return mask
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
        n_groups = len(np.unique(groups))
        if n_groups < 2:
            raise SplitError("all samples are of one group: none can be kept apart.")
        folds = StratifiedGroupKFold(min(_parts(share), n_groups), shuffle=True, random_state=SEED)
    try:
        for rest, chosen in folds.split(labels, labels, groups):
            if len(np.unique(labels[rest])) == len(classes):
                mask[chosen] = True
                return mask
    except ValueError:
        least = len(classes) / len(labels)
        low, high = math.ceil(100 * least) / 100, math.floor(100 * (1 - least)) / 100
        raise SplitError(
            f"a share of {share:g} of {len(labels)} samples has not one of each of {len(classes)} "
            f"classes: give more samples, or a share from {low:g} to {high:g}."
        ) from None
    raise SplitError(
        "whatever groups are kept apart, they have all samples of a class: give each class in "
        "more groups."
    )


def held_out(
    labels: np.ndarray, share: float | None, groups: np.ndarray | None = None
) -> np.ndarray:
    """Choose the held-out samples, bool [n]: training uses them only to choose the best epoch.

    The default share is `HELD_OUT`, or 0 if `HELD_OUT` would hold out no sample of some class or if
    a group is larger. Raises `SplitError` for a `share` that cannot be split off.
    """
    if share is not None:
        return choose_part(labels, share, groups)
    none = np.zeros(len(labels), bool)
    if groups is not None and len(np.unique(groups)) < _parts(HELD_OUT):
        return none
    try:
        return choose_part(labels, HELD_OUT, groups)
    except SplitError:
        return none


def mixed(n: int) -> np.ndarray:
    """Return the indices 0..n-1 in a random but fixed order, int64 [n].

    A file may be sorted by class; the first samples in this order cover all classes.
    """
    return np.random.default_rng(SEED).permutation(n)


def some_of(n: int, count: int) -> np.ndarray:
    """Return the first `count` indices of `mixed` in ascending order, int64 [count]."""
    return np.sort(mixed(n)[:count])


def _parts(share: float) -> int:
    """Return the number of equal parts, at least two, whose size is nearest to a share."""
    return round(1 / min(share, 0.5))
