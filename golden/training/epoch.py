# SPDX-License-Identifier: BSD-2-Clause
"""The figures of one pass over the training samples."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """Figures of an epoch of a `Trainer`."""

    #: counted from 1, fine-tuning included
    number: int
    #: epochs there will be
    of: int
    #: whether the weights were quantised
    fine_tuning: bool
    #: mean cost of the (varied) training samples
    loss: float
    #: share of them decided right
    training_accuracy: float
    #: accuracy on the held-out samples, None without any
    validation_accuracy: float | None
    #: mean hidden spikes until the decision on the held-out samples
    hidden_spikes: float
    #: since training began, seconds
    seconds: float

    @property
    def rank(self) -> tuple[bool, float]:
        """Sort key for the best epoch: quantised weights go before real ones."""
        return self.fine_tuning, self.validation_accuracy or 0.0
