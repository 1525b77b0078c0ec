"""What is said of many images: means, as `run`, `train` and `learn` give them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from firstspike.golden import Network, Results


def means(
    network: Network, results: Results, labels: Sequence[int | None] | np.ndarray
) -> dict[str, Any]:
    """Accuracy over the labelled images (None without any), and the mean of each figure.

    `confusion` counts images by [label][decision]; `labels` are None or -1 where unknown.
    """
    known = np.array([label is not None and label >= 0 for label in labels], bool)
    called = np.array([label for label, there in zip(labels, known, strict=True) if there], int)
    counts = np.zeros((network.shape[-1],) * 2, int)
    np.add.at(counts, (called, results.decision[known]), 1)
    of_class = zip(counts.diagonal().tolist(), counts.sum(axis=1).tolist(), strict=True)
    return {
        "accuracy": float(counts.trace() / counts.sum()) if len(called) else None,
        "class_accuracy": [right / count if count else None for right, count in of_class],
        "confusion": counts.tolist() if len(called) else None,
        "tick": float(results.tick.mean()),
        "forced": float(results.forced.mean()),
        "input_spikes": float(results.input_spikes.mean()),
        "hidden_spikes": float(results.hidden_spikes.mean()),
        "lookups": results.lookups(network).mean(axis=0).tolist(),
    }
