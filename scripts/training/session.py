# SPDX-License-Identifier: BSD-2-Clause
"""A run of `firstspike train`: its data, its trainer, and its continuation."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firstspike.golden.data.dataset import Dataset
from firstspike.golden.data.sets import DATASETS, SOUNDS
from firstspike.golden.data.sounds import with_none
from firstspike.golden.encodings.registry import encoding_of
from firstspike.golden.encodings.samples import is_pixels
from firstspike.golden.foreign.json_text import JsonError, check_json
from firstspike.golden.system.errors import told_as
from firstspike.golden.system.files import beside
from firstspike.golden.training.checkpoint import Checkpoint, CheckpointError, Epoch
from firstspike.golden.training.recipes import recipe
from firstspike.golden.training.suited import suited, suited_to_sound
from firstspike.golden.training.trainer import Continuation, Names, Trainer
from firstspike.scripts.datasets import FRONT_END, fills, training_data
from firstspike.scripts.errors import VerbError


@dataclass
class Session:
    """A training, ready for `fit`."""

    run: dict[str, Any]
    """The options of the command that started the training."""
    recipe: str
    """Name of the recipe."""
    images: Dataset
    trainer: Trainer
    checkpoint: Checkpoint | None = None
    """State from which the training continues."""

    def fit(
        self,
        progress: Callable[[Epoch], None] | None,
        save: Callable[[Checkpoint], None] | None,
        until: int | None = None,
    ) -> None:
        """Train, up to `until` epochs if given; the trainer stores the result."""
        images = self.images
        self.trainer.fit(
            images.x_train,
            images.y_train,
            progress,
            n_classes=images.n_classes,
            groups=images.groups_train,
            names=Names(images.features, images.classes, images.sound),
            continuation=Continuation(self.checkpoint, save, until),
        )


_COUNT = (None, range(1, 1 << 24))
_FLAG = (None, bool)
_TEXT = (None, str)
_RUN = {
    "command": str,
    "digest": str,
    "dataset": str,
    **dict.fromkeys(("label", "group", "test", "recipe", "encoding"), _TEXT),
    "test_share": (None, float),
    "validation_share?": (None, float),
    "missing?": _TEXT,
    **{f"{name}?": (None, range(1 << 8)) for name in FRONT_END},
    "hidden": (None, [(range(1, 1 << 24), str)]),
    **dict.fromkeys(("weight_bits", "n_connected", "epochs", "patience"), _COUNT),
    "seed": range(1 << 128),
    **dict.fromkeys(("complement", "constant"), _FLAG),
    "compact": bool,
    "threshold": (None, float),
}
"""The options of a command in the state file."""


CHOICES = (
    *("hidden", "weight_bits", "n_connected", "patience"),
    *("complement", "constant", "threshold"),
)
"""Options of a training that the recipe decides by default, like the encoding."""


def state_path(output: str | Path) -> Path:
    """Return the state file of a network file."""
    return beside(output, "training")


def check_new(output: str) -> None:
    """Raise `VerbError` if the network file has the state of an interrupted training."""
    path = state_path(output)
    if path.exists():
        raise VerbError(
            f"{path} holds a training that was interrupted: continue it by --resume -o "
            f"{output}, or begin anew by --fresh."
        )


def begun(run: dict[str, Any], data: str | None) -> Session:
    """Return a new training with the command's options; `data` is the folder of named data sets.

    Raises FirstSpike errors before the training starts.
    """
    return begun_on(images_of(run, data), run)


def images_of(run: dict[str, Any], data: str | None) -> Dataset:
    """Return the data to train on and to test; raises as `begun` does."""
    if run["encoding"] is not None:
        encoding_of(run["encoding"])  # before a download
    images = training_data(run | {"data": data})
    return images if images.sound is None else with_none(images, images.sound)


def begun_on(images: Dataset, run: dict[str, Any]) -> Session:
    """Return a new training on loaded images."""
    name, parameters = _parameters(run, images)
    run = run | {"digest": _digest(images)}
    return Session(run, name, images, Trainer(**parameters))


def resumed(output: str, data: str | None) -> Session:
    """Return the training whose state belongs to the network file `output`, existing or not."""
    path = state_path(output)
    if not path.exists():
        raise CheckpointError(f"there is no state {path} to resume: begin without --resume.")
    checkpoint, run = Checkpoint.load(path)
    wrong = f"{path} does not say what was being trained: "
    with told_as(CheckpointError, wrong, JsonError, after="."):
        check_json(run, _RUN, "meta")
    session = begun(run, data)
    if session.run["digest"] != run["digest"]:
        raise CheckpointError(f"{run['dataset']} is not what it was when the training began.")
    session.checkpoint = checkpoint
    return session


def _parameters(run: dict[str, Any], images: Dataset) -> tuple[str, dict[str, Any]]:
    """Return the name of the recipe, and the parameters of the trainer."""
    changes = {name: run[name] for name in ("seed", "epochs", *CHOICES)}
    changes["compact"] = run["compact"] or None
    changes["medians"] = fills(run) or None
    named = run["dataset"] in DATASETS and run["dataset"] not in SOUNDS
    if run["recipe"] and images.sound is not None:
        raise VerbError(f"the recipe {run['recipe']} is for images: leave --recipe out.")
    if named or run["recipe"]:
        name = run["recipe"] or "sparse"
        if not is_pixels(images.x_train):
            raise VerbError(f"the recipe {name} is for pixels: leave --recipe out.")
        parameters = recipe(name, run["encoding"], **changes)
        if not named:
            parameters |= {"held_out": None, "batch": None}
            wanted, there = parameters["n_connected"], images.x_train[0].size
            parameters["n_connected"] = wanted and min(wanted, there)
    else:
        name = "suited"
        last_tick = int(images.x_train.max()) if images.ticks else None
        n, encoding = len(images.x_train), run["encoding"]
        if images.sound is not None:
            parameters = suited_to_sound(n, encoding, **changes)
        else:
            parameters = suited(n, encoding, last_tick, **changes)
    if run.get("validation_share") is not None:
        parameters["held_out"] = run["validation_share"]
    if changes["epochs"]:
        parameters["fine_tuning_epochs"] = min(changes["epochs"], parameters["fine_tuning_epochs"])
    return name, parameters


def _digest(images: Dataset) -> str:
    """Return a digest that identifies the data."""
    sha = hashlib.sha256()
    for array in (images.x_train, images.y_train):
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()
