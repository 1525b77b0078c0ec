# SPDX-License-Identifier: BSD-2-Clause
"""The parameters of a training, which `Trainer` and its `Optimiser` read."""

from dataclasses import dataclass, field

from .augment import Augmentation


@dataclass(kw_only=True, eq=False)
class Parameters:
    """Parameters of a training; `Trainer.fit` checks them. The first may be given by position."""

    hidden: tuple[int | str, ...] = field(default=(600,), kw_only=False)
    """Neurons of the hidden layers; the data say how many inputs and classes there are. A layer
    that convolves is written 32c5s2p1: 32 filters of 5 x 5 inputs, by steps of 2, with 1 around."""
    encoding: str = "binary"
    """"binary", "levels-N", for time series "crossings-L", for spike times "ticks"."""
    complement: bool = False
    """Give every feature a second input that is early where the value is small."""
    constant: bool = False
    """Give the network an input that always spikes: it has no bias."""
    threshold: float | None = None
    """Smallest bright value of a feature in a binary encoding. None takes the middle of its range,
    or 128 for pixels."""
    medians: bool = False
    """Accept missing values, NaN, of features: the median over the samples that are trained on
    takes their place, also in samples that the network gets later."""
    unit: int = 16
    """Ticks of z = 1."""
    deadline: int = 96
    """The last tick."""
    late: int = -1
    """Tick at which dark inputs spike, -1 for never."""
    weight_bits: int = 8
    """Bits of a weight, 2..8."""
    n_connected: int | None = 512
    """Number of connected inputs, those that are most often bright. None takes all pixels, and of
    other inputs all that vary."""
    compact: bool = False
    """Drop hidden neurons that take part in no decision."""
    epochs: int = 200
    """Number of epochs with real weights."""
    fine_tuning_epochs: int = 12
    """Number of epochs after those, with quantised weights (straight through)."""
    rate: float = 3e-3
    """Step of Adam at its highest; it warms up over 200 steps and falls, a cosine, to 1 %."""
    fine_tuning_rate: float = 1e-3
    """Highest step of Adam in fine-tuning."""
    batch: int | None = 200
    """Samples per step; None takes what suits their number."""
    patience: int | None = None
    """Begin fine-tuning when so many epochs have brought nothing better on held-out samples, of
    which there must be some."""
    beta: float = 10.0
    """The cost is cross-entropy on softmax(-beta z_out)."""
    phantom: float = 2.5
    """z at which an extra class that is always wrong fires, so the label must be earlier."""
    horizon: float = 3.0
    """z after which a neuron counts as silent; a silent output o costs as if it fired at
    horizon - M_o(horizon), which always has a gradient."""
    sparsity: float = 2e-4
    """Gradient on the drive of hidden neurons that fire before the decision, or shortly after."""
    revival: float = 0.0
    """Gradient that drives hidden neurons that fire for less than 0.2 % of images."""
    weight_decay: float = 0.0
    """Decoupled weight decay per step."""
    smallest_slope: float = 0.1
    """Floor of B - 1, in the gradient only: it bounds the steepest steps."""
    clip: float = 2.0
    """Bound of the gradient on a hidden neuron's drive, for each image."""
    initial: tuple[tuple[float, float], tuple[float, float]] = ((0.012, 0.05), (0.06, 0.08))
    """(mean, standard deviation) of the initial weights, of a first layer of 784 inputs and of
    later ones of 600; for other sizes scaled, so that neurons are driven alike."""
    smoothing: float = 0.0
    """Share of the probability that the cost asks to be spread over all classes."""
    augmentation: Augmentation | None = Augmentation()  # noqa: RUF009, it is frozen
    """Variation of training images; None leaves them as they are."""
    held_out: int | float | None = 5000
    """Samples given to `fit` that choose the best epoch and are not trained on: an int is a number
    of the last ones, a float a stratified share. None is `HELD_OUT` where there are enough samples
    for it (`golden.data.split.held_out`). With 0 the last epoch is the best."""
    seed: int = 1
    """Same seed, parameters and data (and machine): same network."""

    def __post_init__(self) -> None:
        """A list of sizes will do."""
        self.hidden = tuple(self.hidden)

    @property
    def convolves(self) -> bool:
        """Whether a hidden layer convolves."""
        return any(isinstance(one, str) for one in self.hidden)
