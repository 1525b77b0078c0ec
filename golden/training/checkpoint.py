# SPDX-License-Identifier: BSD-2-Clause
"""The state of an unfinished training, from which it continues exactly as without interruption."""

import io
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from firstspike.golden.foreign.fields import TEXT, Fields, Kind
from firstspike.golden.foreign.json_text import check_json
from firstspike.golden.network import LARGEST
from firstspike.golden.system.errors import FirstSpikeError
from firstspike.golden.system.files import read_file, replace_file

from .optimiser import Optimiser

FORMAT = "firstspike-training-1"
MOST_BYTES = 1 << 30
"""Largest size of the file in bytes; it holds several floating-point numbers per weight."""

_TEXTS = dict.fromkeys(("format", "meta", "state"), TEXT)


_ARRAY = Kind("an array of numbers", "biuf", None, MOST_BYTES)


def _described(names: Collection[str]) -> Mapping[str, Kind]:
    """Return the kinds of the file's fields; the optimiser checks the shapes of arrays."""
    return dict.fromkeys(names, _ARRAY) | _TEXTS


class CheckpointError(FirstSpikeError, ValueError):
    """No training can continue from this state; the message gives the reason."""


@dataclass(frozen=True)
class Epoch:
    """Figures of an epoch of a `Trainer`."""

    #: counted from 1, fine-tuning included
    number: int
    #: total number of epochs
    of: int
    #: whether the weights were quantised
    fine_tuning: bool
    #: mean cost of the (varied) training samples
    loss: float
    #: share of correct decisions on them
    training_accuracy: float
    #: accuracy on the held-out samples, None without any
    validation_accuracy: float | None
    #: mean hidden spikes until the decision on the held-out samples
    hidden_spikes: float
    #: since the start of training
    seconds: float

    @property
    def rank(self) -> tuple[bool, float]:
        """Sort key for the best epoch: quantised weights rank above real ones."""
        return self.fine_tuning, self.validation_accuracy or 0.0


_NUMBER = (int, float)
_FIGURES = {int: int, bool: bool, float: _NUMBER, float | None: (None, *_NUMBER)}
"""Descriptions of the figures of an epoch, by their type."""

_STATE = {
    "history": [{name: _FIGURES[kind] for name, kind in get_type_hints(Epoch).items()}],
    "best": [int, (None, [range(1, LARGEST + 1)])],
    "steps": range(1 << 62),
    "thresholds": (None, [range(1, LARGEST + 1)]),
    "generator": {},
}


@dataclass(frozen=True, eq=False)
class Best:
    """The weights of the best epoch so far."""

    epoch: int
    """Number of the epoch, counted from 1; 0 before the first."""
    weights: list[np.ndarray]
    thresholds: tuple[int, ...] | None
    """Thresholds of the quantised weights; None for real weights."""

    @classmethod
    def of(cls, optimiser: Optimiser, epoch: int) -> "Best":
        """Copy the weights and thresholds of the optimiser."""
        return cls(epoch, [W.copy() for W in optimiser.weights], optimiser.thresholds)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of a training between two epochs, as arrays and JSON values."""

    arrays: dict[str, np.ndarray]
    state: dict[str, Any]

    @classmethod
    def of(
        cls, optimiser: Optimiser, rng: np.random.Generator, history: list[Epoch], best: Best
    ) -> "Checkpoint":
        """Capture the state of a training after the epochs in `history`."""
        live, state = optimiser.state()
        arrays = {name: array.copy() for name, array in live.items()}
        arrays |= {f"best_{layer}": W for layer, W in enumerate(best.weights)}
        state |= {
            "generator": rng.bit_generator.state,
            "history": [asdict(epoch) for epoch in history],
            "best": [best.epoch, best.thresholds],
        }
        return cls(arrays, json.loads(json.dumps(state)))

    @property
    def done(self) -> int:
        """Number of finished epochs."""
        return len(self.state["history"])

    def save(self, path: Path, run: dict[str, Any]) -> None:
        """Write the checkpoint with `run`, the data for a continuation (anything JSON can hold)."""
        file = io.BytesIO()
        fields: dict[str, Any] = {**self.arrays, "state": json.dumps(self.state)}
        np.savez(file, format=FORMAT, meta=json.dumps(run), **fields)
        replace_file(path, file.getvalue())

    @classmethod
    def load(cls, path: Path) -> tuple["Checkpoint", dict[str, Any]]:
        """Read a checkpoint and its `run`. Raises `CheckpointError` and `OSError`."""
        try:
            fields = Fields.of(read_file(path, MOST_BYTES), _described, MOST_BYTES)
            fields.check_format(FORMAT)
            state, run = json.loads(fields.take("state", str)), fields.meta()
            check_json(state, _STATE, "state")
        except (ValueError, RecursionError) as error:
            raise CheckpointError(
                f"{path} is no state of a training: {str(error).rstrip('.')}."
            ) from None
        arrays = {name: fields[name] for name in fields.keys() - _TEXTS.keys()}
        return cls(arrays, state), run

    def restore(self, optimiser: Optimiser, rng: np.random.Generator) -> tuple[list[Epoch], Best]:
        """Restore optimiser and generator; return the history and the best epoch.

        Raises `CheckpointError` for the checkpoint of another training.
        """
        try:
            optimiser.restore(self.arrays, self.state)
            rng.bit_generator.state = self.state["generator"]
            epoch, thresholds = self.state["best"]
            weights = [self.arrays[f"best_{layer}"] for layer in range(len(optimiser.weights))]
            layers = len(weights)
            history = [Epoch(**one) for one in self.state["history"]]
            if not 0 <= epoch <= len(history):
                raise ValueError
            if [W.shape for W in weights] != [W.shape for W in optimiser.weights] or any(
                one is not None and len(one) != layers for one in (thresholds, optimiser.thresholds)
            ):
                raise ValueError
        except (KeyError, TypeError, ValueError, OverflowError):
            raise CheckpointError("the saved state is that of another training.") from None
        return history, Best(epoch, weights, thresholds and tuple(thresholds))
