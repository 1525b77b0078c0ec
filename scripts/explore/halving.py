# SPDX-License-Identifier: BSD-2-Clause
"""Trainings in rungs (successive halving): each rung continues from the state of the one before."""

from dataclasses import dataclass, replace
from math import ceil

from firstspike.golden.data.dataset import Dataset
from firstspike.golden.system.specification import Changes
from firstspike.golden.training.checkpoint import Checkpoint
from firstspike.golden.training.specification import Training
from firstspike.scripts.training.session import Request, Session, new_session

SHARES = (1 / 8, 1 / 2, 1.0)
"""Share of all epochs at which each rung ends."""


@dataclass(frozen=True, eq=False)
class Rung:
    """A part of a training."""

    images: Dataset
    """The data set without its test part."""
    request: Request
    """The request that all trainings share."""
    choice: Changes[Training]
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


def session_of(images: Dataset, request: Request, choice: Changes[Training]) -> Session:
    """Return the session of the complete training."""
    return new_session(replace(request, changes=request.changes | choice), images)


def train(rung: Rung) -> Trained:
    """Train to the end of a rung."""
    session = session_of(rung.images, rung.request, rung.choice)
    session.checkpoint = rung.before
    trainer = session.trainer
    until = ceil(SHARES[rung.number] * trainer.training.all_epochs)
    session.fit(until=until)
    held_out = trainer.held_out_
    return Trained(
        network=trainer.network_.to_bytes(),
        accuracy=trainer.score(rung.images.x_train[held_out], rung.images.y_train[held_out]),
        checkpoint=session.checkpoint if rung.number + 1 < len(SHARES) else None,
    )
