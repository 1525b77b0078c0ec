# SPDX-License-Identifier: BSD-2-Clause
"""Training of networks whose first output spike decides.

Every step uses the exact derivative of the spike times (DESIGN, section 1), with a few terms that
keep training stable or the network sparse; `Training` describes each. optimiser.py computes the
steps.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from firstspike.golden.encoding import encode
from firstspike.golden.encodings.samples import checked_samples, sample_array
from firstspike.golden.foreign.fields import integer, texts
from firstspike.golden.layers.registry import geometry_of, layers_of
from firstspike.golden.network import LARGEST, MOST_EXAMPLES
from firstspike.golden.shipped import load_network
from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.system.errors import quoted
from firstspike.golden.system.specification import Changes

from .checkpoint import Best, Checkpoint, Epoch
from .optimiser import Optimiser
from .quantise import compact, quantised
from .samples import TrainingSamples, prepare_samples
from .specification import Training, TrainingError

_WARM_UP = 200  # steps over which the rate rises to its highest
_JUDGES = 1000  # samples used to choose thresholds
_FEW, _EXAMPLE_TICKS = 8, 8192  # least examples in a network, and ticks of more examples together


class Names(NamedTuple):
    """Information on the samples that a network stores: names, and the front end."""

    features: tuple[str, ...] = ()
    """Names of the features."""
    classes: tuple[str, ...] = ()
    """Names of the classes."""
    sound: FrontEnd | None = None
    """The front end that made the samples, if they are pictures of words."""


class Continuation(NamedTuple):
    """The start, the saving and the end of a training."""

    resumed: Checkpoint | None = None
    """Checkpoint of a training with the same parameters and data, from which to continue."""
    save: Callable[[Checkpoint], None] | None = None
    """Called after every epoch, before `progress`."""
    until: int | None = None
    """Epochs after which training ends as by Ctrl-C; None for all."""


UNNAMED, COMPLETE, DEFAULT = Names(), Continuation(), Training()
"""No names, a complete training without checkpoints, and a training with all defaults."""


class Trainer:
    """Trains a network and quantises it; the names of results end in `_`.

    Parameters
    ----------
    training : Training
        The parameters.
    changes
        Fields of `Training` that differ from it, such as hidden=(100,).

    Attributes
    ----------
    network_ : the integer `Network`
    uncompacted_ : the network before compaction
    weights_ : its real weights before rounding, float32[n_in, n_out] per layer
    held_out_ : bool[n], the samples that were not trained on
    history_ : the `Epoch` of each pass
    best_ : the `Epoch` of the network
    interrupted_ : whether Ctrl-C ended `fit` early
    """

    def __init__(self, training: Training = DEFAULT, /, **changes: Any) -> None:
        if not isinstance(training, Training):
            raise TrainingError(
                f"training is {quoted(training)}: give a Training, or its fields by their names."
            )
        self.training = Changes(Training, **changes).applied(training)

    def fit(
        self,
        samples: np.ndarray,
        labels: np.ndarray,
        progress: Callable[[Epoch], None] | None = None,
        *,
        n_classes: int | None = None,
        groups: np.ndarray | None = None,
        names: Names = UNNAMED,
        continuation: Continuation = COMPLETE,
    ) -> "Trainer":
        """Train on samples [n, ...] (pixels uint8, other features, series or ticks), labels int[n].

        The samples of a group of `groups` [n] are held out together. The network stores `names`.
        `progress` is called after every epoch. Ctrl-C ends training and keeps the best network so
        far, if any. Raises `TrainingError`, `EncodingError`, `SplitError`, and `NetworkError` for
        an impossible network.
        """
        samples, labels = self._checked(samples, labels, n_classes)
        texts("classes", names.classes)  # before the epochs, not after them
        rng = np.random.default_rng(self.training.seed)
        data = prepare_samples(self.training, samples, labels, groups, names.features, names.sound)
        self.held_out_ = data.held_out
        n_rows, n_out = len(data.network.inputs), n_classes or int(labels.max()) + 1
        layers = layers_of(self.training.hidden, n_rows, n_out, data.size)
        optimiser = Optimiser(self.training, layers, data.network.n_inputs, data.table, rng)
        self.history_: list[Epoch] = []
        self.interrupted_ = False
        best = Best.of(optimiser, 0)
        if continuation.resumed is not None:
            self.history_, best = continuation.resumed.restore(optimiser, rng)
        try:
            for epoch in self._epochs(optimiser, data, labels, rng):
                self.history_.append(epoch)
                if not best.epoch or epoch.rank >= self.history_[best.epoch - 1].rank:
                    best = Best.of(optimiser, len(self.history_))
                if continuation.save:
                    continuation.save(Checkpoint.of(optimiser, rng, self.history_, best))
                if progress:
                    progress(epoch)
                if len(self.history_) == continuation.until:
                    break
        except KeyboardInterrupt:
            if not best.epoch:
                raise
            self.interrupted_ = True
        self.best_ = self.history_[best.epoch - 1]
        self.weights_ = best.weights
        thresholds = best.thresholds
        if thresholds is None:
            thresholds = optimiser.useful_thresholds(
                self.weights_, *_calibration_samples(data, labels)
            )
        self.uncompacted_ = quantised(
            data.network,
            self.weights_,
            self.training.weight_bits,
            thresholds,
            geometry=geometry_of(layers),
            classes=tuple(names.classes),
            examples=_examples(data, samples),
        )
        self.network_ = self.uncompacted_
        if self.training.compact:
            # A quarter of a unit keeps neurons that nearly take part: other images need some of
            # them.
            trained = samples[~data.held_out]
            self.network_ = compact(self.uncompacted_, trained, margin=self.training.unit // 4)
        return self

    def predict(self, samples: np.ndarray) -> np.ndarray:
        """Return classes int32[n] of samples, the decisions of the integer network."""
        return load_network(self).predict(samples)

    def score(self, samples: np.ndarray, labels: np.ndarray) -> float:
        """Return the accuracy of the integer network on samples [n, ...], labels int[n].

        Labels are class numbers, as for `fit`. Raises as `Network.score` does.
        """
        return replace(load_network(self), classes=()).score(samples, labels)

    def _checked(
        self, samples: np.ndarray, labels: np.ndarray, n_classes: int | None
    ) -> tuple[np.ndarray, np.ndarray]:
        training = self.training
        if n_classes is not None:
            integer("n_classes", n_classes, 1, LARGEST)
        samples, labels = checked_samples(samples, training.medians), sample_array(labels)
        if training.convolves and training.compact:
            raise TrainingError("neurons that share weights cannot be dropped: leave compact out.")
        if training.convolves and training.n_connected is not None:
            raise TrainingError(
                f"{training.n_connected} inputs are to be connected: a layer that convolves needs "
                "all inputs, so leave their number out."
            )
        if labels.shape != (len(samples),) or labels.dtype.kind not in "iu" or not labels.size:
            raise TrainingError(
                f"the labels are {labels.dtype} {list(labels.shape)} for {len(samples)} samples: "
                "give one integer for each sample, and samples of two classes or more."
            )
        highest = (n_classes or LARGEST) - 1
        if labels.min() < 0 or labels.max() > highest:
            raise TrainingError(
                f"the labels are in {labels.min()}..{labels.max()}: they must be in 0..{highest}."
            )
        if len(np.unique(labels)) < 2:
            raise TrainingError("all samples are of one class: give two classes or more.")
        return samples, labels.astype(np.int64)

    def _epochs(
        self,
        optimiser: Optimiser,
        data: TrainingSamples,
        labels: np.ndarray,
        rng: np.random.Generator,
    ) -> Iterator[Epoch]:
        """Continue training after `history_`; yield after every pass over the training samples."""
        before = self.history_[-1].seconds if self.history_ else 0.0
        started = time.perf_counter() - before
        training, augmentation = self.training, self.training.augmentation
        trained = np.flatnonzero(~data.held_out)
        batch = min(training.batch or sensible_batch(len(trained)), len(trained))
        batches = len(trained) // batch
        held_out = data.rows(data.values[data.held_out]), labels[data.held_out]
        for tuning, epochs, highest in (
            (False, training.epochs, training.rate),
            (True, training.fine_tuning_epochs, training.fine_tuning_rate),
        ):
            done = sum(epoch.fine_tuning == tuning for epoch in self.history_)
            if tuning and not done:
                optimiser.start_fine_tuning(*_calibration_samples(data, labels))
            for epoch in range(done, epochs):
                if not tuning and self._has_stopped():
                    break
                loss = right = 0.0
                fields = None
                if augmentation and augmentation.geometric:
                    side = math.isqrt(data.values.shape[1])
                    fields = augmentation.fields(side, rng)
                shuffled = rng.permutation(trained)
                for part in range(batches):
                    chosen = shuffled[part * batch : (part + 1) * batch]
                    values = data.values[chosen]
                    if augmentation:
                        values = augmentation.apply(values, fields, rng)
                    step = epoch * batches + part
                    cosine = (1 + math.cos(math.pi * step / (epochs * batches))) / 2
                    rise = min(1, (step + 1) / min(_WARM_UP, 1 + epochs * batches // 10))
                    rate = highest * rise * (0.01 + 0.99 * cosine)
                    cost, correct = optimiser.step(data.rows(values), labels[chosen], rate)
                    loss += cost
                    right += correct
                accuracy, spikes = optimiser.evaluate(*held_out) if len(held_out[1]) else (None, 0)
                yield Epoch(
                    number=len(self.history_) + 1,
                    of=training.all_epochs,
                    fine_tuning=tuning,
                    loss=loss / (batches * batch),
                    training_accuracy=right / (batches * batch),
                    validation_accuracy=accuracy,
                    hidden_spikes=spikes,
                    seconds=time.perf_counter() - started,
                )

    def _has_stopped(self) -> bool:
        """Whether the last `patience` epochs before fine-tuning brought no improvement."""
        ranks = [epoch.rank for epoch in self.history_ if not epoch.fine_tuning]
        patience = self.training.patience
        return patience is not None and max(ranks[-patience:], default=(False, 0.0)) <= max(
            ranks[:-patience], default=(False, -1.0)
        )


def _calibration_samples(
    data: TrainingSamples, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return some training samples, in the form for the optimiser, and their labels."""
    indices = np.flatnonzero(~data.held_out)[:_JUDGES]
    return data.rows(data.values[indices]), labels[indices]


def _examples(data: TrainingSamples, samples: np.ndarray) -> np.ndarray:
    """Return spike ticks of training samples, spread over all of them, for the network file."""
    trained, width = np.flatnonzero(~data.held_out), len(data.network.inputs)
    count = min(len(trained), max(_FEW, min(MOST_EXAMPLES, _EXAMPLE_TICKS // width)))
    chosen = trained[np.linspace(0, len(trained) - 1, count).astype(int)]
    return encode(data.network, samples[chosen])


def sensible_batch(n: int) -> int:
    """Return the samples per step for n samples: 8 to 200, for some 30 steps per epoch."""
    return min(200, max(8, n // 30))
