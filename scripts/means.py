"""What is said of many images: means, as `run`, `train` and `learn` give them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from firstspike.golden import Network, Results


def means(
    network: Network, results: Results, labels: Sequence[int | None] | np.ndarray
) -> dict[str, Any]:
    """Accuracy over the labelled images (None without any), and the mean of each figure."""
    decided = zip(results.decision.tolist(), labels, strict=True)
    right = [decision == label for decision, label in decided if label is not None]
    return {
        "accuracy": float(np.mean(right)) if right else None,
        "tick": float(results.tick.mean()),
        "forced": float(results.forced.mean()),
        "input_spikes": float(results.input_spikes.mean()),
        "hidden_spikes": float(results.hidden_spikes.mean()),
        "lookups": results.lookups(network).mean(axis=0).tolist(),
    }
