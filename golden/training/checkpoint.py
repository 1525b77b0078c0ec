"""A training on its way: all that it takes to go on as if it had not stopped."""

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .epoch import Epoch
from .optimiser import Optimiser


@dataclass(frozen=True, eq=False)
class Best:
    """The weights of the best epoch so far."""

    epoch: int
    """Counted from 1, 0 if there is none yet."""
    weights: list[np.ndarray]
    thresholds: tuple[int, ...] | None
    """None where they were not quantised."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Between two epochs; made of arrays and of what JSON can hold."""

    arrays: dict[str, np.ndarray]
    state: dict[str, Any]

    @staticmethod
    def best_of(optimiser: Optimiser, epoch: int) -> Best:
        """What the optimiser holds, as the best."""
        return Best(epoch, [W.copy() for W in optimiser.weights], optimiser.thresholds)

    @classmethod
    def of(
        cls, optimiser: Optimiser, rng: np.random.Generator, history: list[Epoch], best: Best
    ) -> "Checkpoint":
        """Of a training that has come as far as its `history`."""
        arrays, state = optimiser.state()
        arrays |= {f"best_{layer}": W for layer, W in enumerate(best.weights)}
        state |= {
            "generator": rng.bit_generator.state,
            "history": [asdict(epoch) for epoch in history],
            "best": [best.epoch, best.thresholds],
        }
        return cls(arrays, json.loads(json.dumps(state)))

    def restore(self, optimiser: Optimiser, rng: np.random.Generator) -> tuple[list[Epoch], Best]:
        """Bring optimiser and generator to where they were; gives the history and the best.

        Raises KeyError or ValueError where it is of another training.
        """
        optimiser.restore(self.arrays, self.state)
        rng.bit_generator.state = self.state["generator"]
        epoch, thresholds = self.state["best"]
        weights = [self.arrays[f"best_{layer}"] for layer in range(len(optimiser.weights))]
        history = [Epoch(**epoch) for epoch in self.state["history"]]
        return history, Best(epoch, weights, thresholds and tuple(thresholds))
