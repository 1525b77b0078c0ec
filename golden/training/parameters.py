# SPDX-License-Identifier: BSD-2-Clause
"""The parameters of a training, which `Trainer` and `Optimiser` read."""

from dataclasses import dataclass, field

from .augment import Augmentation


@dataclass(kw_only=True, eq=False)
class Parameters:
    """Parameters of a training; `Trainer.fit` checks them. Only `hidden` is also positional."""

    hidden: tuple[int | str, ...] = field(default=(600,), kw_only=False)
    """Neurons of the hidden layers; the data determine the numbers of inputs and classes. A
    convolving layer is written 32c5s2p1: 32 filters of 5 x 5 inputs, stride 2, padding 1."""
    encoding: str = "binary"
    """"binary", "levels-N", for time series "crossings-L", for spike times "ticks"."""
    complement: bool = False
    """Give every feature a second input that spikes early for a small value."""
    constant: bool = False
    """Add an input that always spikes: neurons have no bias."""
    threshold: float | None = None
    """Smallest bright value of a feature in a binary encoding. With None, it is the middle of the
    feature's range, or 128 for pixels."""
    medians: bool = False
    """Accept missing values (NaN) of features: the median over the training samples replaces them,
    also in later samples of the network."""
    unit: int = 16
    """Ticks of z = 1."""
    deadline: int = 96
    """The last tick."""
    late: int = -1
    """Tick at which dark inputs spike, -1 for never."""
    weight_bits: int = 8
    """Bits of a weight, 2..8."""
    n_connected: int | None = 512
    """Number of connected inputs: those that are bright most often. With None, all pixels are
    connected, or all inputs that vary if samples are not pixels."""
    compact: bool = False
    """Remove hidden neurons that take part in no decision."""
    epochs: int = 200
    """Number of epochs with real weights."""
    fine_tuning_epochs: int = 12
    """Number of further epochs with quantised weights (straight-through gradient)."""
    rate: float = 3e-3
    """Largest step of Adam; it rises over 200 steps and then falls to 1 % along a cosine."""
    fine_tuning_rate: float = 1e-3
    """Largest step of Adam in fine-tuning."""
    batch: int | None = 200
    """Samples per step; None selects a value that suits the number of samples."""
    patience: int | None = None
    """Start fine-tuning after this many epochs without improvement on held-out samples, which are
    then required."""
    beta: float = 10.0
    """The cost is cross-entropy on softmax(-beta z_out)."""
    phantom: float = 2.5
    """z at which a further class that is always wrong fires, so the label must be earlier."""
    horizon: float = 3.0
    """z after which a neuron counts as silent; a silent output o costs as much as a spike at
    horizon - M_o(horizon), which always has a gradient."""
    sparsity: float = 2e-4
    """Gradient on the drive of hidden neurons that fire before the decision, or shortly after
    it."""
    revival: float = 0.0
    """Gradient that drives hidden neurons that fire for less than 0.2 % of images."""
    weight_decay: float = 0.0
    """Decoupled weight decay per step."""
    smallest_slope: float = 0.1
    """Floor of B - 1, only in the gradient: it limits the steepest steps."""
    clip: float = 2.0
    """Bound of the gradient on a hidden neuron's drive, for each image."""
    initial: tuple[tuple[float, float], tuple[float, float]] = ((0.012, 0.05), (0.06, 0.08))
    """(mean, standard deviation) of the initial weights, for a first layer of 784 inputs and for
    later layers of 600; scaled for other sizes, so that neurons get the same drive."""
    smoothing: float = 0.0
    """Share of the target probability that the cost spreads over all classes."""
    augmentation: Augmentation | None = Augmentation()  # noqa: RUF009, it is frozen
    """Variation of training images; None trains on the unchanged images."""
    held_out: int | float | None = 5000
    """Samples of `fit` that choose the best epoch and are not trained on: an int is a number of
    last samples, a float a stratified share. With None it is `HELD_OUT` if there are enough samples
    for it (`golden.data.split.held_out`). With 0 the last epoch is the best."""
    seed: int = 1
    """Random seed: equal seeds, parameters and data on the same machine give equal networks."""

    def __post_init__(self) -> None:
        """Accept a list of sizes, too."""
        self.hidden = tuple(self.hidden)

    @property
    def convolves(self) -> bool:
        """Whether a hidden layer convolves."""
        return any(isinstance(one, str) for one in self.hidden)
