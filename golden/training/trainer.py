"""Training of networks that decide with their first output spike.

Every step is the exact derivative of the spike times (DESIGN, section 1), with a few terms that
keep training alive or the network sparse; `Trainer` names each. optimiser.py makes the steps.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from firstspike.golden.encoding import encode, pixel_ticks
from firstspike.golden.integer import infer
from firstspike.golden.network import Network, levels_of

from .augment import Augmentation
from .optimiser import Optimiser
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


class Trainer:
    """Trains a network and quantises it; parameters are plain attributes, results end in `_`.

    Parameters
    ----------
    layers : sizes, inputs (pixels) first
    encoding : "binary" or "levels-N"
    unit, deadline : ticks of z = 1, last tick
    late : tick at which dark pixels spike, -1 for never
    weight_bits : 2..8, of every layer
    n_connected : how many inputs are connected, those most often bright; None for all
    compact : drop hidden neurons that take part in no decision
    epochs, fine_tuning_epochs : with real weights; then with quantised ones (straight through)
    rate, fine_tuning_rate : step of Adam at its highest; warms up over 200 steps, cosine to 1 %
    batch : images a step
    beta : the cost is cross-entropy on softmax(-beta z_out)
    phantom : z at which an extra class that is always wrong fires, so the label must be earlier
    horizon : z after which a neuron counts as silent; a silent output o costs as if it fired at
        horizon - M_o(horizon), which always has a gradient
    sparsity : gradient on the drive of hidden neurons that fire before the decision + `leeway`
    revival : gradient that drives hidden neurons that fire for less than 0.2 % of images
    weight_sum : gradient on the weights of neurons whose weights sum to less than 1, which
        could not fire if all inputs did (the publication's cost)
    weight_decay : decoupled, a step
    clip : bound of the gradient on a hidden neuron's drive, for each image
    initial : (mean, standard deviation) of the initial weights, of a first layer of 784 inputs and
        of later ones of 600; for other sizes scaled, so that neurons are driven alike
    augmentation : how training images are varied, None for not at all
    held_out : how many of the last images given to `fit` choose the best epoch instead
    seed : same seed, parameters and data (and machine): same network

    Attributes
    ----------
    network_ : the integer `Network`
    uncompacted_ : the same before compaction
    weights_ : the real weights it was rounded from, float32[n_in, n_out] a layer
    history_ : an `Epoch` each
    best_ : the `Epoch` the network is from
    interrupted_ : whether Ctrl-C ended `fit` early
    """

    def __init__(
        self,
        layers: tuple[int, ...] = (784, 600, 10),
        *,
        encoding: str = "binary",
        unit: int = 16,
        deadline: int = 96,
        late: int = -1,
        weight_bits: int = 8,
        n_connected: int | None = 512,
        compact: bool = False,
        epochs: int = 200,
        fine_tuning_epochs: int = 12,
        rate: float = 3e-3,
        fine_tuning_rate: float = 1e-3,
        batch: int = 200,
        beta: float = 10.0,
        phantom: float = 2.5,
        horizon: float = 3.0,
        sparsity: float = 2e-4,
        leeway: float = 0.1,
        revival: float = 0.0,
        weight_sum: float = 0.0,
        weight_decay: float = 0.0,
        clip: float = 2.0,
        initial: tuple[tuple[float, float], tuple[float, float]] = ((0.012, 0.05), (0.06, 0.08)),
        augmentation: Augmentation | None = Augmentation(),  # noqa: B008, it is frozen
        held_out: int = 5000,
        seed: int = 1,
    ) -> None:
        """Keep the parameters; `fit` checks them."""
        self.layers = tuple(layers)
        self.encoding = encoding
        self.unit = unit
        self.deadline = deadline
        self.late = late
        self.weight_bits = weight_bits
        self.n_connected = n_connected
        self.compact = compact
        self.epochs = epochs
        self.fine_tuning_epochs = fine_tuning_epochs
        self.rate = rate
        self.fine_tuning_rate = fine_tuning_rate
        self.batch = batch
        self.beta = beta
        self.phantom = phantom
        self.horizon = horizon
        self.sparsity = sparsity
        self.leeway = leeway
        self.revival = revival
        self.weight_sum = weight_sum
        self.weight_decay = weight_decay
        self.clip = clip
        self.initial = initial
        self.augmentation = augmentation
        self.held_out = held_out
        self.seed = seed

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
        n_connected = self.n_connected or self.layers[0]
        self._inputs = most_active_inputs(images, n_connected, levels_of(self.encoding))
        ticks = pixel_ticks(self._network([np.zeros((n_connected, 1))], [1]))
        times = np.where(ticks > 0, ticks / self.unit, np.inf)
        optimiser = Optimiser(self, n_connected, times, rng)
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
            thresholds = [best_threshold(W, self.weight_bits) for W in self.weights_]
        self.uncompacted_ = self._network(self.weights_, thresholds)
        # A quarter of a unit keeps the neurons that nearly take part: other images need some.
        self.network_ = (
            compact(self.uncompacted_, images, margin=self.unit // 4)
            if self.compact
            else self.uncompacted_
        )
        return self

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Classes int32[n] of images uint8[n, n_inputs], as the integer network decides."""
        return infer(self.network_, encode(self.network_, images)).decision

    def score(self, images: np.ndarray, labels: np.ndarray) -> float:
        """Accuracy of the integer network on images uint8[n, n_inputs], labels int[n]."""
        return float((self.predict(images) == labels).mean())

    def _checked(self, images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        images, labels = np.asarray(images), np.asarray(labels)
        n_inputs, n_classes = self.layers[0], self.layers[-1]
        if len(self.layers) < 3 or min(self.layers) < 1:
            raise TrainingError(
                f"layers are {'-'.join(map(str, self.layers))}: give inputs, at least one hidden "
                "layer and outputs, such as 784-600-10."
            )
        if images.dtype != np.uint8 or images.ndim != 2 or images.shape[1] != n_inputs:
            raise TrainingError(
                f"the images are {images.dtype} {list(images.shape)}: "
                f"these layers take uint8 [images, {n_inputs}]."
            )
        if labels.shape != (len(images),) or labels.min() < 0 or labels.max() >= n_classes:
            raise TrainingError(
                f"the labels must be {len(images)} classes in 0..{n_classes - 1}, one an image."
            )
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
        self,
        optimiser: Optimiser,
        images: np.ndarray,
        labels: np.ndarray,
        rng: np.random.Generator,
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
                    fields = self.augmentation.fields(math.isqrt(self.layers[0]), rng)
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
            n_inputs=self.layers[0],
            inputs=self._inputs,
            encoding=self.encoding,
            late=self.late,
        )
