"""Training of networks that decide with their first output spike.

Every step is the exact derivative of the spike times (DESIGN, section 1), with a few terms that
keep training alive or the network sparse; `Parameters` names each. optimiser.py makes the steps.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from firstspike.golden.data.split import apart
from firstspike.golden.encoding import encode, input_levels, level_ticks
from firstspike.golden.features import Features, checked_samples, is_pixels, pixel_levels
from firstspike.golden.integer import infer
from firstspike.golden.network import Network

from .checkpoint import Checkpoint
from .epoch import Epoch
from .optimiser import Optimiser
from .parameters import Parameters
from .quantise import best_threshold, compact, most_active_inputs, quantise

_WARM_UP = 200  # steps over which the rate rises to its highest


class TrainingError(ValueError):
    """Training asked for with parameters or data that do not fit; the message says what would."""


@dataclass(frozen=True, eq=False)
class _Data:
    """Samples as the optimiser takes them."""

    values: np.ndarray
    """uint8 or uint16 [n, n_inputs]: pixels, levels or ticks of all inputs."""
    table: np.ndarray
    """float64: the z at which an input of each value spikes, inf for never."""
    labels: np.ndarray
    held_out: np.ndarray
    """bool [n]: those that are not trained on, but choose the epoch."""


class Trainer(Parameters):
    """Trains a network and quantises it; `Parameters` are plain attributes, results end in `_`.

    Attributes
    ----------
    network_ : the integer `Network`
    uncompacted_ : the same before compaction
    weights_ : the real weights it was rounded from, float32[n_in, n_out] a layer
    held_out_ : bool[n], which samples were not trained on
    history_ : an `Epoch` each
    best_ : the `Epoch` the network is from
    interrupted_ : whether Ctrl-C ended `fit` early
    """

    def fit(
        self,
        samples: np.ndarray,
        labels: np.ndarray,
        progress: Callable[[Epoch], None] | None = None,
        *,
        n_classes: int | None = None,
        groups: np.ndarray | None = None,
        names: tuple[str, ...] = (),
        classes: tuple[str, ...] = (),
        resumed: Checkpoint | None = None,
        save: Callable[[Checkpoint], None] | None = None,
    ) -> "Trainer":
        """Train on samples [n, ...] (pixels uint8, other features, series or ticks), labels int[n].

        The samples of one of `groups` [n] are held out together; `names` and `classes` are names of
        the features and of the classes, for the network to keep.
        `progress` is called every epoch, and before it `save`, with what a later `fit` of the same
        parameters and data can go on from as `resumed`, to the same network. Ctrl-C ends training
        and keeps the best network so far, if there is one yet. Raises `TrainingError`,
        `EncodingError`, `SplitError`, and `NetworkError` for what no network can be.
        """
        samples, labels = self._checked(samples, labels, n_classes)
        rng = np.random.default_rng(self.seed)
        self._template, data = self._prepared(samples, labels, groups, names, n_classes)
        self._classes = tuple(classes)
        n_rows = len(self._template.inputs)
        optimiser = Optimiser(self, self._shape, n_rows, data.table, rng)
        self.history_: list[Epoch] = []
        self.interrupted_ = False
        best = Checkpoint.best_of(optimiser, 0)
        if resumed is not None:
            self.history_, best = resumed.restore(optimiser, rng)
        try:
            for epoch in self._epochs(optimiser, data, rng):
                self.history_.append(epoch)
                if not best.epoch or epoch.rank >= self.history_[best.epoch - 1].rank:
                    best = Checkpoint.best_of(optimiser, len(self.history_))
                if save:
                    save(Checkpoint.of(optimiser, rng, self.history_, best))
                if progress:
                    progress(epoch)
        except KeyboardInterrupt:
            if not best.epoch:
                raise
            self.interrupted_ = True
        self.best_ = self.history_[best.epoch - 1]
        self.weights_ = best.weights
        thresholds = best.thresholds
        if thresholds is None:
            thresholds = tuple(best_threshold(W, self.weight_bits) for W in self.weights_)
        self.uncompacted_ = self._network(self.weights_, thresholds)
        self.network_ = self.uncompacted_
        if self.compact:
            # A quarter of a unit keeps the neurons that nearly take part: other images need some.
            self.network_ = compact(self.uncompacted_, samples, margin=self.unit // 4)
        return self

    def predict(self, samples: np.ndarray) -> np.ndarray:
        """Classes int32[n] of samples, as the integer network decides."""
        return infer(self.network_, encode(self.network_, samples)).decision

    def score(self, samples: np.ndarray, labels: np.ndarray) -> float:
        """Accuracy of the integer network on samples [n, ...], labels int[n]."""
        return float((self.predict(samples) == labels).mean())

    def _checked(
        self, samples: np.ndarray, labels: np.ndarray, n_classes: int | None
    ) -> tuple[np.ndarray, np.ndarray]:
        samples, labels = checked_samples(samples), np.asarray(labels)
        if not self.hidden or min(self.hidden) < 1:
            raise TrainingError(
                f"the hidden layers are {'-'.join(map(str, self.hidden)) or 'none'}: give the "
                "size of at least one, such as 600."
            )
        highest = "" if n_classes is None else f"..{n_classes - 1}"
        if (
            labels.shape != (len(samples),)
            or labels.dtype.kind not in "iu"
            or not labels.size
            or labels.min() < 0
            or (n_classes is not None and labels.max() >= n_classes)
        ):
            raise TrainingError(
                f"the labels must be {len(samples)} classes, integers in 0{highest}, one a sample."
            )
        classes = len(np.unique(labels))
        if classes < 2:
            raise TrainingError("all samples are of one class: give two classes or more.")
        if len(labels) < classes:
            raise TrainingError(f"there are {len(labels)} samples for {classes} classes.")
        return samples, labels.astype(np.int64)

    def _prepared(
        self,
        samples: np.ndarray,
        labels: np.ndarray,
        groups: np.ndarray | None,
        names: tuple[str, ...],
        n_classes: int | None,
    ) -> tuple[Network, _Data]:
        """A network without weights, fitted to what is trained on, and the data it makes of all."""
        self.held_out_ = held_out = self._held_out(labels, groups)
        features = None
        if self.encoding != "ticks":
            features = Features.fitted(
                samples if is_pixels(samples) else samples[~held_out],
                self.encoding,
                complement=self.complement,
                constant=self.constant,
                threshold=self.threshold,
                names=names,
            )
        width = samples[0].size if self.encoding == "ticks" or features is None else 0
        if features is not None:
            width = features.n_inputs(samples.shape[1] if features.steps else samples[0].size)
        if self.augmentation is not None and (
            features is not None or not is_pixels(samples) or self.encoding == "ticks"
        ):
            raise TrainingError("only pixels can be augmented: give no augmentation.")
        geometric = self.augmentation is not None and self.augmentation.geometric
        if geometric and math.isqrt(width) ** 2 != width:
            raise TrainingError(
                f"images of {width} pixels are not square: augment them by flips only."
            )
        n_classes = n_classes or int(labels.max()) + 1
        self._shape = (width, *self.hidden, n_classes)
        whole = Network(
            weights=(np.zeros((width, 1), int),),
            weight_bits=(self.weight_bits,),
            thresholds=(1,),
            unit=self.unit,
            deadline=self.deadline,
            n_inputs=width,
            inputs=np.arange(width),
            encoding=self.encoding,
            late=self.late,
            features=features,
        )
        if features is None and whole.levels:
            values = samples.reshape(len(samples), -1)
            ticks = level_ticks(whole)[pixel_levels(np.arange(256), whole.levels)]
            spiking = pixel_levels(values, whole.levels)
        else:
            if whole.levels:
                values, ticks = input_levels(whole, samples), level_ticks(whole)
            else:
                values, ticks = encode(whole, samples), np.arange(self.deadline + 1)
            values = values.astype(np.min_scalar_type(len(ticks)))
            spiking = values
        inputs = self._inputs(spiking, features)
        template = replace(whole, weights=(np.zeros((len(inputs), 1), int),), inputs=inputs)
        table = np.where(ticks > 0, ticks / self.unit, np.inf)
        return template, _Data(values, table, labels, held_out)

    def _held_out(self, labels: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
        if isinstance(self.held_out, float):
            return apart(labels, self.held_out, groups)
        if not 0 <= self.held_out < len(labels):
            raise TrainingError(
                f"there are {len(labels)} samples: give more than the {self.held_out} held out."
            )
        return np.arange(len(labels)) >= len(labels) - self.held_out

    def _inputs(self, values: np.ndarray, features: Features | None) -> np.ndarray:
        """Which inputs are connected, of `values` [n, n_inputs], 0 where one does not spike."""
        n_inputs = values.shape[1]
        if self.n_connected is not None:
            if not 1 <= self.n_connected <= n_inputs:
                raise TrainingError(
                    f"{self.n_connected} inputs are to be connected of {n_inputs}: give "
                    f"1..{n_inputs}."
                )
            return most_active_inputs(values, self.n_connected)
        if features is None:
            return np.arange(n_inputs, dtype=np.int32)
        # What is always the same says nothing, but for the constant input.
        varied = values.min(axis=0) != values.max(axis=0)
        varied[-1] |= features.constant
        return np.flatnonzero(varied if varied.any() else ~varied).astype(np.int32)

    def _epochs(
        self, optimiser: Optimiser, data: _Data, rng: np.random.Generator
    ) -> Iterator[Epoch]:
        """Train on from `history_`, yielding after every pass over all but the held-out samples."""
        before = self.history_[-1].seconds if self.history_ else 0.0
        started = time.perf_counter() - before
        training = np.flatnonzero(~data.held_out)
        batch = min(self.batch or sensible_batch(len(training)), len(training))
        batches = len(training) // batch
        inputs = self._template.inputs
        side = math.isqrt(self._shape[0])
        held_out = data.values[data.held_out][:, inputs], data.labels[data.held_out]
        for tuning, epochs, highest in (
            (False, self.epochs, self.rate),
            (True, self.fine_tuning_epochs, self.fine_tuning_rate),
        ):
            done = sum(epoch.fine_tuning == tuning for epoch in self.history_)
            if tuning and not done:
                optimiser.start_fine_tuning()
            for epoch in range(done, epochs):
                if not tuning and self._has_stopped():
                    break
                loss = right = 0.0
                fields = None
                if self.augmentation and self.augmentation.geometric:
                    fields = self.augmentation.fields(side, rng)
                shuffled = rng.permutation(training)
                for part in range(batches):
                    chosen = shuffled[part * batch : (part + 1) * batch]
                    values = data.values[chosen]
                    if self.augmentation:
                        values = self.augmentation.apply(values, fields, rng)
                    step = epoch * batches + part
                    cosine = (1 + math.cos(math.pi * step / (epochs * batches))) / 2
                    rise = min(1, (step + 1) / min(_WARM_UP, 1 + epochs * batches // 10))
                    rate = highest * rise * (0.01 + 0.99 * cosine)
                    cost, correct = optimiser.step(values[:, inputs], data.labels[chosen], rate)
                    loss += cost
                    right += correct
                accuracy, spikes = optimiser.evaluate(*held_out) if len(held_out[1]) else (None, 0)
                yield Epoch(
                    number=len(self.history_) + 1,
                    of=self.epochs + self.fine_tuning_epochs,
                    fine_tuning=tuning,
                    loss=loss / (batches * batch),
                    training_accuracy=right / (batches * batch),
                    validation_accuracy=accuracy,
                    hidden_spikes=spikes,
                    seconds=time.perf_counter() - started,
                )

    def _has_stopped(self) -> bool:
        """Whether the last `patience` epochs before fine-tuning brought nothing better."""
        ranks = [epoch.rank for epoch in self.history_ if not epoch.fine_tuning]
        patience = self.patience
        return patience is not None and max(ranks[-patience:], default=(False, 0.0)) <= max(
            ranks[:-patience], default=(False, -1.0)
        )

    def _network(self, weights: Sequence[np.ndarray], thresholds: Sequence[int]) -> Network:
        bits = self.weight_bits
        return replace(
            self._template,
            weights=tuple(
                quantise(W, bits, threshold)
                for W, threshold in zip(weights, thresholds, strict=True)
            ),
            weight_bits=(bits,) * len(weights),
            thresholds=tuple(thresholds),
            classes=self._classes,
        )


def sensible_batch(n: int) -> int:
    """Samples a step for a training on n: some 30 steps an epoch, of 8 to 200 samples."""
    return min(200, max(8, n // 30))
