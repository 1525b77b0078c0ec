# SPDX-License-Identifier: BSD-2-Clause
"""The encoding "ticks": samples are recorded spike ticks."""

from typing import Any, Self

import numpy as np

from firstspike.golden.foreign.fields import NetworkError

from .encoding import Described, EncoderData, Encoding
from .features import NO_OPTIONS, FeatureOptions, Features
from .samples import EncodingError, SampleKind

TICKS = "ticks"


class Ticks(Encoding):
    """A sample is the spike tick of every input, 1 .. deadline, or 0 for a silent input."""

    KIND = "ticks"
    LANGUAGES = frozenset({"C", "JavaScript"})
    WRITTEN = "ticks for recorded spikes"

    @classmethod
    def parsed(cls, name: str) -> Self | None:
        """Return the encoding of the name "ticks"."""
        return cls(name) if name == TICKS else None

    def takes(self, features: Features | None) -> SampleKind:
        """Return spike ticks."""
        return SampleKind.TICKS

    def fitted(self, samples: np.ndarray, options: FeatureOptions = NO_OPTIONS) -> None:
        """Return None: spike ticks have no features."""

    def check(self, features: Features | None, n_inputs: int) -> None:
        """Raise `NetworkError` if there are features."""
        if features is not None:
            raise NetworkError("encoding is 'ticks': spike ticks have no features.")

    def values(self, network: Described, samples: Any) -> np.ndarray:
        """Return the ticks, int32 [n, n_inputs]."""
        samples = self.fitting(network, samples)
        if samples.dtype.kind == "f" and np.any(samples != np.rint(samples)):
            raise EncodingError("the samples are no integers: this network takes spike ticks.")
        if samples.size and (samples.min() < 0 or samples.max() > network.deadline):
            raise EncodingError(
                f"the ticks go from {samples.min():g} to {samples.max():g}: "
                f"they must be in 1..{network.deadline}, the deadline, or 0 for silent."
            )
        return samples.astype(np.int32)

    def sentence(self, network: Described) -> str:
        """Give the range of the ticks in a sentence."""
        return (
            f"A sample is the spike ticks of {network.n_inputs} inputs, 1 .. {network.deadline}; "
            "0 is silent."
        )

    def how(self, features: Features | None) -> str:
        """Describe that each input has its own tick."""
        return "Each is one spike at a time of its own, or stays silent."

    def encoder_data(self, network: Described) -> EncoderData:
        """Return numbers for ticks of all inputs, for a network of any encoding."""
        data = super().encoder_data(network)
        data.numbers["VALUES"] = network.n_inputs
        return data
