"""Training of networks that decide with their first output spike.

Every step is the exact derivative of the spike times (DESIGN, section 1), with a few terms that
keep training alive or the network sparse; `Parameters` names each. optimiser.py makes the steps.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from firstspike.golden.encoding import encode, pixel_ticks
from firstspike.golden.integer import infer
from firstspike.golden.network import Network, levels_of

from .optimiser import Optimiser
from .parameters import Parameters
from .quantise import best_threshold, compact, most_active_inputs, quantise

_WARM_UP = 200  # steps over which the rate rises to its highest


class TrainingError(ValueError):
    """Training asked for with parameters or data that do not fit; the message says what would."""


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training images came to."""

    #: counted from 1, fine-tuning included
    number: int
    #: epochs there will be
    of: int
    #: mean cost of the (varied) training images
    loss: float
    #: share of them decided right
    training_accuracy: float
    #: accuracy on the held-out images
    validation_accuracy: float
    #: mean hidden spikes until the decision on the held-out images
    hidden_spikes: float
    #: since training began, seconds
    seconds: float


class Trainer(Parameters):
    """Trains a network and quantises it; `Parameters` are plain attributes, results end in `_`.

    Attributes
    ----------
    network_ : the integer `Network`
    uncompacted_ : the same before compaction
    weights_ : the real weights it was rounded from, float32[n_in, n_out] a layer
    history_ : an `Epoch` each
    best_ : the `Epoch` the network is from
    interrupted_ : whether Ctrl-C ended `fit` early
    """

    def fit(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        progress: Callable[[Epoch], None] | None = None,
    ) -> "Trainer":
        """Train on images uint8[n, n_inputs], labels int[n]; `progress` is called every epoch.

        Ctrl-C ends training and keeps the best network so far, if there is one yet.
        Raises `TrainingError`, and `NetworkError` for what no network can be.
        """
        images, labels = self._checked(images, labels)
        rng = np.random.default_rng(self.seed)
        self.shape_ = (images.shape[1], *self.hidden, int(labels.max()) + 1)
        n_connected = self.n_connected or images.shape[1]
        self._inputs = most_active_inputs(images, n_connected, levels_of(self.encoding))
        ticks = pixel_ticks(self._network([np.zeros((n_connected, 1))], [1]))
        times = np.where(ticks > 0, ticks / self.unit, np.inf)
        optimiser = Optimiser(self, self.shape_, n_connected, times, rng)
        self.history_: list[Epoch] = []
        self.interrupted_ = False
        best = None
        try:
            for epoch in self._epochs(optimiser, images, labels, rng):
                self.history_.append(epoch)
                # Epochs with quantised weights go before those without, later ones before earlier.
                rank = (optimiser.thresholds is not None, epoch.validation_accuracy)
                if best is None or rank >= best:
                    best = rank
                    self.best_ = epoch
                    self.weights_ = [W.copy() for W in optimiser.weights]
                    thresholds = optimiser.thresholds
                if progress:
                    progress(epoch)
        except KeyboardInterrupt:
            if best is None:
                raise
            self.interrupted_ = True
        if thresholds is None:
            thresholds = tuple(best_threshold(W, self.weight_bits) for W in self.weights_)
        self.uncompacted_ = self._network(self.weights_, thresholds)
        self.network_ = self.uncompacted_
        if self.compact:
            # A quarter of a unit keeps the neurons that nearly take part: other images need some.
            self.network_ = compact(self.uncompacted_, images, margin=self.unit // 4)
        return self

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Classes int32[n] of images uint8[n, n_inputs], as the integer network decides."""
        return infer(self.network_, encode(self.network_, images)).decision

    def score(self, images: np.ndarray, labels: np.ndarray) -> float:
        """Accuracy of the integer network on images uint8[n, n_inputs], labels int[n]."""
        return float((self.predict(images) == labels).mean())

    def _checked(self, images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        images, labels = np.asarray(images), np.asarray(labels)
        if not self.hidden or min(self.hidden) < 1:
            raise TrainingError(
                f"the hidden layers are {'-'.join(map(str, self.hidden)) or 'none'}: give the "
                "size of at least one, such as 600."
            )
        if images.dtype != np.uint8 or images.ndim != 2:
            raise TrainingError(
                f"the images are {images.dtype} {list(images.shape)}: give uint8 [images, inputs]."
            )
        if labels.shape != (len(images),) or labels.dtype.kind not in "iu" or labels.min() < 0:
            raise TrainingError(
                f"the labels must be {len(images)} classes from 0 on, one an image."
            )
        n_inputs = images.shape[1]
        if len(images) < self.held_out + self.batch or self.held_out < 1:
            raise TrainingError(
                f"there are {len(images)} images: give more than the {self.held_out} held out "
                f"and a batch of {self.batch}."
            )
        if not 1 <= (self.n_connected or n_inputs) <= n_inputs:
            raise TrainingError(
                f"{self.n_connected} inputs are to be connected of {n_inputs}: give 1..{n_inputs}."
            )
        geometric = self.augmentation is not None and self.augmentation.geometric
        if geometric and math.isqrt(n_inputs) ** 2 != n_inputs:
            raise TrainingError(
                f"images of {n_inputs} pixels are not square: augment them by flips only."
            )
        return images, labels.astype(np.int64)

    def _epochs(
        self, optimiser: Optimiser, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> Iterator[Epoch]:
        """Train, yielding after every pass over all but the held-out images."""
        started = time.perf_counter()
        split = len(images) - self.held_out
        held_out = images[split:, self._inputs], labels[split:]
        batches = split // self.batch
        number = 0
        for epochs, highest in (
            (self.epochs, self.rate),
            (self.fine_tuning_epochs, self.fine_tuning_rate),
        ):
            if number or not self.epochs:
                optimiser.start_fine_tuning()
            for epoch in range(epochs):
                number += 1
                loss = right = 0.0
                fields = None
                if self.augmentation and self.augmentation.geometric:
                    fields = self.augmentation.fields(math.isqrt(images.shape[1]), rng)
                shuffled = rng.permutation(split)
                for batch in range(batches):
                    chosen = shuffled[batch * self.batch : (batch + 1) * self.batch]
                    pixels = images[chosen]
                    if self.augmentation:
                        pixels = self.augmentation.apply(pixels, fields, rng)
                    done = epoch * batches + batch
                    cosine = (1 + math.cos(math.pi * done / (epochs * batches))) / 2
                    rate = highest * min(1, (done + 1) / _WARM_UP) * (0.01 + 0.99 * cosine)
                    cost, correct = optimiser.step(pixels[:, self._inputs], labels[chosen], rate)
                    loss += cost
                    right += correct
                accuracy, spikes = optimiser.evaluate(*held_out)
                yield Epoch(
                    number=number,
                    of=self.epochs + self.fine_tuning_epochs,
                    loss=loss / (batches * self.batch),
                    training_accuracy=right / (batches * self.batch),
                    validation_accuracy=accuracy,
                    hidden_spikes=spikes,
                    seconds=time.perf_counter() - started,
                )

    def _network(self, weights: Sequence[np.ndarray], thresholds: Sequence[int]) -> Network:
        bits = self.weight_bits
        return Network(
            weights=tuple(
                quantise(W, bits, threshold)
                for W, threshold in zip(weights, thresholds, strict=True)
            ),
            weight_bits=(bits,) * len(weights),
            thresholds=tuple(thresholds),
            unit=self.unit,
            deadline=self.deadline,
            n_inputs=self.shape_[0],
            inputs=self._inputs,
            encoding=self.encoding,
            late=self.late,
        )
