# SPDX-License-Identifier: BSD-2-Clause
"""A run of `firstspike train`: its data, its trainer, and its continuation."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from firstspike.golden import Network
from firstspike.golden.data.dataset import Dataset
from firstspike.golden.data.sets import DATASETS
from firstspike.golden.data.sounds import with_none
from firstspike.golden.encodings.registry import encoding_of
from firstspike.golden.encodings.samples import is_pixels
from firstspike.golden.foreign.json_text import JsonError, check_json
from firstspike.golden.system.errors import convert_errors
from firstspike.golden.system.specification import Changes, description
from firstspike.golden.training.checkpoint import Checkpoint, CheckpointError, Epoch
from firstspike.golden.training.general_recipe import general_training, sound_training
from firstspike.golden.training.recipes import STRICT, recipe
from firstspike.golden.training.specification import Training
from firstspike.golden.training.trainer import Continuation, Names, Trainer
from firstspike.scripts.datasets import Data, training_data
from firstspike.scripts.errors import VerbError
from firstspike.scripts.paths import Named
from firstspike.scripts.resumable import Run, Step


@dataclass(frozen=True)
class Request:
    """The parameters of a training on the command line."""

    data: Data
    recipe: str | None
    """Name of the recipe; None for what suits the data."""
    changes: Changes[Training]
    """The fields that differ from the recipe's."""
    command: str = ""
    """The command that began the training."""

    def stored(self, digest: str) -> dict[str, Any]:
        """Return the request for a state file; `digest` identifies the data."""
        own = {"command": self.command, "digest": digest, "recipe": self.recipe}
        return {**own, **asdict(self.data), **self.changes}

    @classmethod
    def read(cls, stored: dict[str, Any]) -> Self:
        """Return the request of a state file."""
        changes = Changes.read(Training, stored)
        return cls(Data.read(stored), stored["recipe"], changes, stored["command"])


_STORED = {
    **description(Data),
    **description(Training),
    "command": str,
    "digest": str,
    "recipe": (None, str),
    "dataset": str,
}
"""The description of a request in a state file."""


@dataclass
class Session(Run):
    """A training, ready for `fit`."""

    VERB = "train"
    STATE = WHAT = "training"
    UNIT = "epoch"
    FIGURE = "firstspike.scripts.training.figure"
    KEEPS_STATE = False

    request: Request
    recipe: str
    """Name of the recipe."""
    images: Dataset
    trainer: Trainer
    checkpoint: Checkpoint | None = None
    """State from which the training continues."""

    @property
    def sources(self) -> Iterator[Named]:
        """The files and folders of the data set."""
        return self.request.data.files

    @cached_property
    def stored(self) -> dict[str, Any]:
        """The request for a state file."""
        return self.request.stored(_digest(self.images))

    def progress(self) -> tuple[int, int]:
        """Return the epochs before the checkpoint, and all epochs."""
        done = 0 if self.checkpoint is None else self.checkpoint.done
        return done, self.trainer.training.all_epochs

    def proceed(self, step: Step) -> bool:
        """Train."""

        def progress(epoch: Epoch) -> None:
            figures = f"loss {epoch.loss:.3f}"
            if epoch.validation_accuracy is not None:
                figures += f", validation {epoch.validation_accuracy:.2%}"
                figures += f", hidden spikes {epoch.hidden_spikes:.1f}"
            step(1, figures)

        self.fit(progress)
        return self.trainer.interrupted_

    def save(self, path: Path, before: Network | None = None) -> None:
        """Write the latest checkpoint, if any."""
        if self.checkpoint is not None:
            self.checkpoint.save(path, self.stored)

    def fit(
        self, progress: Callable[[Epoch], None] | None = None, until: int | None = None
    ) -> None:
        """Train, up to `until` epochs if given; the trainer stores the result.

        `checkpoint` becomes that of the last epoch.
        """
        images = self.images
        self.trainer.fit(
            images.x_train,
            images.y_train,
            progress,
            n_classes=images.n_classes,
            groups=images.groups_train,
            names=Names(images.features, images.classes, images.sound),
            continuation=Continuation(self.checkpoint, self._keep, until),
        )

    def _keep(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint


def images_of(request: Request) -> Dataset:
    """Return the data to train on and to test.

    Raises FirstSpike errors, before a download if the encoding is wrong.
    """
    if "encoding" in request.changes:
        encoding_of(request.changes["encoding"])
    images = training_data(request.data)
    if images.sound is None:
        if request.recipe == STRICT:
            raise VerbError(f"the recipe {STRICT} is for recordings: leave --recipe out.")
        return images
    if request.recipe not in (None, STRICT):
        raise VerbError(f"the recipe {request.recipe} is for images: leave --recipe out.")
    return with_none(images, images.sound, strict=request.recipe == STRICT)


def new_session(request: Request, images: Dataset) -> Session:
    """Return a new training. Raises FirstSpike errors before the training starts."""
    name, training = _training(request, images)
    return Session(request, name, images, Trainer(training))


def resumed(output: str) -> Session:
    """Return the training whose state belongs to the network file `output`, existing or not."""
    path = Session.state_path(output)
    if not path.exists():
        raise CheckpointError(f"there is no state {path} to resume: begin without --resume.")
    checkpoint, run = Checkpoint.load(path)
    wrong = f"{path} does not say what was being trained: "
    with convert_errors(CheckpointError, wrong, JsonError, after="."):
        check_json(run, _STORED, "meta")
    request = Request.read(run)
    session = new_session(request, images_of(request))
    if session.stored["digest"] != run["digest"]:
        raise CheckpointError(f"{run['dataset']} is not what it was when the training began.")
    session.checkpoint = checkpoint
    return session


def _training(request: Request, images: Dataset) -> tuple[str, Training]:
    """Return the name of the recipe, and the training."""
    changes, dataset = request.changes, request.data.dataset
    if request.data.fills:
        changes |= {"medians": True}
    fields = {name: value for name, value in changes.items() if name != "encoding"}
    encoding = changes.get("encoding")
    named, n = dataset in DATASETS, len(images.x_train)
    if images.sound is not None:
        name, training = request.recipe or "suited", sound_training(n, encoding, **fields)
    elif named or request.recipe:
        name = request.recipe or "sparse"
        if not is_pixels(images.x_train):
            raise VerbError(f"the recipe {name} is for pixels: leave --recipe out.")
        training = recipe(name, encoding, **fields)
        if not named:
            n_connected, n_inputs = training.n_connected, images.x_train[0].size
            training = replace(
                training,
                held_out=changes.get("held_out"),
                batch=None,
                n_connected=n_connected and min(n_connected, n_inputs),
            )
    else:
        last_tick = None
        if images.ticks:
            last_tick = max(
                int(part.max()) for part in (images.x_train, images.x_test) if part.size
            )
        name, training = "suited", general_training(n, encoding, last_tick, **fields)
    if "epochs" in changes:
        tuning = min(changes["epochs"], training.fine_tuning_epochs)
        training = replace(training, fine_tuning_epochs=tuning)
    return name, training


def _digest(images: Dataset) -> str:
    """Return a digest that identifies the data."""
    sha = hashlib.sha256()
    for array in (images.x_train, images.y_train):
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()
