# SPDX-License-Identifier: BSD-2-Clause
"""The specification of a training, from which options, checks and state files are made."""

import math
from dataclasses import dataclass

from firstspike.golden.data.split import HELD_OUT
from firstspike.golden.encodings.registry import encoding_of, forms
from firstspike.golden.layers.registry import filters
from firstspike.golden.network import LARGEST
from firstspike.golden.system.specification import check, parameter

from .augment import Augmentation, TrainingError

_RECIPE = "the recipe's"
_SHARE = (
    f"{HELD_OUT} for a file with enough samples per class, else 0; the recipe's for a named set"
)

LONGEST = 1_000_000
"""Largest horizon: spike times in single precision stay above the earliest, 1."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """The parameters of a training. Raises `TrainingError` for a value out of its range, and
    `NetworkError` for an unknown encoding or a layer that is none.

    Parameters
    ----------
    hidden
        Hidden layers: sizes, such as 400-400, or filters, such as 16c5s2-64: 16 filters of 5 x 5
        inputs with a stride of 2, then 64 dense neurons.

        In Python ("16c5s2", 64); 32c5s2p1 has a padding of 1. The data determine the numbers of
        inputs and classes.
    encoding
        "binary", "levels-N", for time series "crossings-L", for spike times "ticks".
    complement
        Add an input per feature on which small values spike early.
    constant
        Add one input that always spikes.
    cutoff
        Take values from X on as bright, in a binary encoding.

        With None, it is the middle of the feature's range, or 128 for pixels.
    weight_bits
        Bits per weight.
    n_connected
        Connect only N inputs.

        Connected inputs are bright most often. With None, all pixels are connected, or all inputs
        that vary if samples are not pixels. Held-out samples have no part in this choice.
    compact
        Drop hidden neurons that affect no decision on the training samples.
    seed
        Seed of the weights and the order of the images.

        Equal seeds, parameters and data on the same machine give equal networks.
    epochs
        Train N epochs before those with quantised weights.
    held_out
        Hold out this share of each class's training samples: they choose the epoch. 0 trains on all
        samples.

        An integer is a number of last samples. With None it is `HELD_OUT` if there are enough
        samples for it (`golden.data.split.held_out`). With 0 the last epoch is the best.
    patience
        Go on to quantised weights after N epochs without a better held-out accuracy.
    medians
        Accept missing values (NaN) of features: the median over the training samples replaces them,
        also in later samples of the network.
    unit
        Ticks of z = 1.
    deadline
        The last tick.
    late
        Tick at which dark inputs spike, -1 for never.
    fine_tuning_epochs
        Number of further epochs with quantised weights (straight-through gradient).
    rate
        Largest step of Adam; it rises over 200 steps and then falls to 1 % along a cosine.
    fine_tuning_rate
        Largest step of Adam in fine-tuning.
    batch
        Samples per step; None selects a value that suits the number of samples.
    beta
        The cost is cross-entropy on softmax(-beta z_out).
    phantom
        z at which a further class that is always wrong fires, so the label must be earlier; inf for
        no such class.
    horizon
        z after which a neuron counts as silent; a silent output o costs as much as a spike at
        horizon - M_o(horizon), which always has a gradient.
    sparsity
        Gradient on the drive of hidden neurons that fire before the decision, or shortly after it.
    revival
        Gradient that drives hidden neurons that fire for less than 0.2 % of images.
    weight_decay
        Decoupled weight decay per step.
    smallest_slope
        Floor of B - 1, only in the gradient: it limits the steepest steps.
    clip
        Bound of the gradient on a hidden neuron's drive, for each image; inf for no bound.
    initial
        (mean, standard deviation) of the initial weights, for a first layer of 784 inputs and for
        later layers of 600; scaled for other sizes, so that neurons get the same drive.
    smoothing
        Share of the target probability that the cost spreads over all classes.
    augmentation
        Variation of training images; None trains on the unchanged images.
    """

    hidden: tuple[int | str, ...] = parameter(
        (600,), "--hidden", low=1, high=LARGEST, usual=_RECIPE
    )
    encoding: str = parameter(
        "binary", "--encoding NAME", help=f"Encoding of the samples: {forms()}.", usual=_RECIPE
    )
    complement: bool = parameter(False, "--complement/--no-complement", usual=_RECIPE)
    constant: bool = parameter(False, "--constant/--no-constant", usual=_RECIPE)
    cutoff: float | None = parameter(None, "--cutoff X")
    weight_bits: int = parameter(
        8, "--weight-bits BITS", low=2, high=8, usual=f"{_RECIPE}, most often 8"
    )
    n_connected: int | None = parameter(512, "--inputs N", low=1, usual=_RECIPE)
    compact: bool = parameter(False, "--compact")
    seed: int = parameter(1, "--seed N", low=0, stored=(1 << 128) - 1)
    epochs: int = parameter(200, "--epochs N", low=1, usual=_RECIPE)
    held_out: int | float | None = parameter(
        5000, "--validation-share SHARE", kind=float, low=0, high=1, open=True, usual=_SHARE
    )
    patience: int | None = parameter(None, "--patience N", low=1)
    medians: bool = False
    unit: int = parameter(16, low=1, high=LARGEST // 6)
    deadline: int = parameter(96, low=6, high=LARGEST)
    late: int = parameter(-1, low=-1, high=LARGEST)
    fine_tuning_epochs: int = parameter(12, low=0)
    rate: float = parameter(3e-3, low=0, high=0.1)
    fine_tuning_rate: float = parameter(1e-3, low=0, high=0.1)
    batch: int | None = parameter(200, low=1)
    beta: float = parameter(10.0, low=1e-3, high=1000)
    phantom: float = parameter(2.5, low=1, high=math.inf)
    horizon: float = parameter(3.0, low=1.5, high=LONGEST)
    sparsity: float = parameter(2e-4, low=0, high=1000)
    revival: float = parameter(0.0, low=0, high=1000)
    weight_decay: float = parameter(0.0, low=0, high=10)
    smallest_slope: float = parameter(0.1, low=1e-6, high=1000)
    clip: float = parameter(2.0, low=0, high=math.inf)
    initial: tuple[tuple[float, float], tuple[float, float]] = parameter(
        ((0.012, 0.05), (0.06, 0.08)), low=-1000, high=1000
    )
    smoothing: float = parameter(0.0, low=0, high=1)
    augmentation: Augmentation | None = Augmentation()  # noqa: RUF009, it is frozen

    def __post_init__(self) -> None:
        """Check each field, and those that depend on each other."""
        check(self, TrainingError)
        hidden = tuple(one if isinstance(one, str) else int(one) for one in self.hidden)
        object.__setattr__(self, "hidden", hidden)
        encoding_of(self.encoding)
        for one in hidden:
            if isinstance(one, str):
                filters(one)
        if self.deadline < 6 * self.unit:
            raise TrainingError(
                f"deadline is {self.deadline} with unit {self.unit}: it must be at least 6 units, "
                f"{6 * self.unit}."
            )
        if self.late == 0 or self.late > self.deadline:
            raise TrainingError(
                f"late is {self.late}: give -1 for never, or a tick in 1..{self.deadline}, the "
                "deadline."
            )
        if min(deviation for _, deviation in self.initial) < 0:
            raise TrainingError(
                f"initial is {self.initial}: a standard deviation must be 0 or larger."
            )

    @property
    def all_epochs(self) -> int:
        """Epochs with real weights and with quantised ones."""
        return self.epochs + self.fine_tuning_epochs

    @property
    def convolves(self) -> bool:
        """Whether a hidden layer convolves."""
        return any(isinstance(one, str) for one in self.hidden)
