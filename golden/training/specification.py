# SPDX-License-Identifier: BSD-2-Clause
"""The specification of a training, from which options, checks and state files are made."""

from dataclasses import dataclass

from firstspike.golden.data.split import HELD_OUT
from firstspike.golden.encodings.registry import forms
from firstspike.golden.system.errors import FirstSpikeError
from firstspike.golden.system.specification import check, parameter

from .augment import Augmentation

_RECIPE = "the recipe's"
_SHARE = (
    f"{HELD_OUT} for a file with enough samples per class, else 0; the recipe's for a named set"
)


class TrainingError(FirstSpikeError, ValueError):
    """Parameters or data of a training do not fit; the message gives what does."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """The parameters of a training. Raises `TrainingError` for a value out of its range.

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
        that vary if samples are not pixels.
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
        z at which a further class that is always wrong fires, so the label must be earlier.
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
        Bound of the gradient on a hidden neuron's drive, for each image.
    initial
        (mean, standard deviation) of the initial weights, for a first layer of 784 inputs and for
        later layers of 600; scaled for other sizes, so that neurons get the same drive.
    smoothing
        Share of the target probability that the cost spreads over all classes.
    augmentation
        Variation of training images; None trains on the unchanged images.
    """

    hidden: tuple[int | str, ...] = parameter((600,), "--hidden", usual=_RECIPE)
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
    unit: int = 16
    deadline: int = 96
    late: int = -1
    fine_tuning_epochs: int = 12
    rate: float = 3e-3
    fine_tuning_rate: float = 1e-3
    batch: int | None = 200
    beta: float = 10.0
    phantom: float = 2.5
    horizon: float = 3.0
    sparsity: float = 2e-4
    revival: float = 0.0
    weight_decay: float = parameter(0.0, low=0)
    smallest_slope: float = 0.1
    clip: float = 2.0
    initial: tuple[tuple[float, float], tuple[float, float]] = ((0.012, 0.05), (0.06, 0.08))
    smoothing: float = 0.0
    augmentation: Augmentation | None = Augmentation()  # noqa: RUF009, it is frozen

    def __post_init__(self) -> None:
        """Accept a list of sizes, too."""
        object.__setattr__(self, "hidden", tuple(self.hidden))
        check(self, TrainingError)

    @property
    def all_epochs(self) -> int:
        """Epochs with real weights and with quantised ones."""
        return self.epochs + self.fine_tuning_epochs

    @property
    def convolves(self) -> bool:
        """Whether a hidden layer convolves."""
        return any(isinstance(one, str) for one in self.hidden)
