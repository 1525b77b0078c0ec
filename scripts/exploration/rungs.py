# SPDX-License-Identifier: BSD-2-Clause
"""Trainings in rungs (successive halving): each rung continues from the state of the one before."""

from dataclasses import dataclass
from math import ceil
from typing import Any

from firstspike.golden.data.dataset import Dataset
from firstspike.golden.training.checkpoint import Checkpoint
from firstspike.scripts.training.session import Session, begun_on

from .space import Choice

SHARES = (1 / 8, 1 / 2, 1.0)
"""Share of all epochs at which each rung ends."""


@dataclass(frozen=True, eq=False)
class Rung:
    """A part of a training."""

    images: Dataset
    """The data set without its test part."""
    options: dict[str, Any]
    """Options of all trainings."""
    choice: Choice
    number: int
    """Number of the rung, counted from 0."""
    before: Checkpoint | None
    """Checkpoint of the previous rung, None for the first."""


@dataclass(frozen=True, eq=False)
class Trained:
    """Result of a rung."""

    network: bytes
    """File content of the integer network of the best epoch so far."""
    accuracy: float
    """Accuracy of that network on the held-out samples."""
    checkpoint: Checkpoint | None
    """State from which the next rung continues, None after the last."""


def session_of(images: Dataset, options: dict[str, Any], choice: Choice) -> Session:
    """Return the session of the complete training."""
    session = begun_on(images, choice.run(options))
    session.trainer.sparsity = choice.sparsity
    return session


def train(rung: Rung) -> Trained:
    """Train to the end of a rung."""
    session = session_of(rung.images, rung.options, rung.choice)
    session.checkpoint = rung.before
    trainer, latest = session.trainer, rung.before

    def save(checkpoint: Checkpoint) -> None:
        nonlocal latest
        latest = checkpoint

    epochs = trainer.epochs + trainer.fine_tuning_epochs
    session.fit(None, save, until=ceil(SHARES[rung.number] * epochs))
    held_out = trainer.held_out_
    return Trained(
        network=trainer.network_.to_bytes(),
        accuracy=trainer.score(rung.images.x_train[held_out], rung.images.y_train[held_out]),
        checkpoint=latest if rung.number + 1 < len(SHARES) else None,
    )
