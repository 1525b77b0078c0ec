# SPDX-License-Identifier: BSD-2-Clause
"""The references of a board that is taught words, drawn from the training data of its network."""

import numpy as np

from firstspike.golden.front_ends import sound_of
from firstspike.golden.learning.teaching import ReplayContent
from firstspike.golden.network import Network

from .dataset import DataError, Dataset
from .sounds import classes_with_none, with_none

REFERENCES, CAPACITY = 10, 100
"""Number of references of each word, and of taught words, of a board."""


def replay_content(
    data: Dataset, network: Network, references: int, capacity: int
) -> ReplayContent:
    """Return the replay memory of a board for `network`, with references from its training data.

    `references` pictures of each word, and twice as many of `none`, are drawn by `default_rng(1)`;
    of a class with fewer pictures all are taken. Raises `DataError` for data with other classes
    than those of the network.
    """
    extended = with_none(data, sound_of(network))
    if extended.classes != network.classes:
        raise DataError(
            f"the data set has the classes {', '.join(extended.classes)}, and the network "
            f"{', '.join(network.classes)}: give the data set that the network was trained on."
        )
    none = len(network.classes) - 1
    spoken, made = data.x_train, extended.x_train[extended.y_train == none]
    labels = classes_with_none(data)[1][data.y_train]
    rng = np.random.default_rng(1)
    pictures = [rng.permutation(spoken[labels == word])[:references] for word in range(none)]
    pictures.append(rng.permutation(made)[: 2 * references])
    return ReplayContent(
        np.concatenate(pictures).reshape(-1, network.n_features),
        np.repeat(np.arange(none + 1), [len(one) for one in pictures]),
        capacity,
    )
