# SPDX-License-Identifier: BSD-2-Clause
"""The encoding "crossings-L": the steps at which a time series first crosses each of its edges."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from firstspike.golden.foreign.fields import NetworkError

from .encoding import (
    Described,
    EncoderData,
    Encoding,
    check_fields,
    edges_table,
    numbered,
)
from .features import NO_OPTIONS, FeatureOptions, Features
from .samples import EncodingError, SampleKind, checked_samples, even_edges


@dataclass(frozen=True)
class Crossings(Encoding):
    """Per edge, one input spikes at the first step at or above it, another at the first below."""

    L: int

    KIND = "crossings"
    LANGUAGES = frozenset({"C"})
    WRITTEN = "crossings-L with L in 1..256 for time series"
    NOTES = (
        "Tick: of the encoding crossings-L, input 2 (c L + l) spikes at the first of `steps` steps "
        "at which channel c is at or above its edge l, the next input at the first at which it is "
        "below: step s is tick unit + (s * 5 * unit) / (steps - 1).",
    )
    OPTIONS = frozenset({"constant"})

    @classmethod
    def parsed(cls, name: str) -> Self | None:
        """Return the encoding of a name "crossings-L"."""
        L = numbered(name, "crossings", 1)
        return None if L is None else cls(name, L)

    def takes(self, features: Features | None) -> SampleKind:
        """Return time series."""
        return SampleKind.SERIES

    def fitted(self, samples: np.ndarray, options: FeatureOptions = NO_OPTIONS) -> Features:
        """Return edges that divide the range of each channel evenly."""
        samples = checked_samples(samples)
        if samples.ndim != 3 or samples.shape[2] < 2:
            raise EncodingError(
                f"the samples are {list(samples.shape)}: {self.name} is for time series "
                "[n, channels, steps] of at least 2 steps."
            )
        low, high = samples.min(axis=(0, 2)), samples.max(axis=(0, 2))
        edges = even_edges(low, high, self.L + 1)
        return Features(edges, False, options.constant, samples.shape[2], options.names)

    def check(self, features: Features | None, n_inputs: int) -> None:
        """Raise `NetworkError` unless the features have edges for each channel, and steps."""
        if features is None or features.edges is None:
            raise NetworkError("features is missing: crossings-L needs the edges of each channel.")
        steps_fit = features.steps > 1 and not features.complement
        check_fields(self, features, n_inputs, steps_fit, self.L)

    def n_inputs(self, features: Features | None, n_features: int) -> int:
        """Return the number of inputs: two per edge, and the constant input if used."""
        features, edges = _fitted(features)
        return 2 * edges.size + features.constant

    def fitting(self, network: Described, samples: Any) -> np.ndarray:
        """Return series [n, channels, steps] after checking that they fit the network."""
        samples = checked_samples(samples)
        channels, steps = network.n_features, _fitted(network.features)[0].steps
        if samples.shape[1:] != (channels, steps):
            raise EncodingError(
                f"the samples are {list(samples.shape)}: this network takes time series "
                f"[n, {channels}, {steps}]; bring them to {steps} steps."
            )
        return samples

    def values(self, network: Described, samples: Any) -> np.ndarray:
        """Return the tick of each input's spike, int32 [n, n_inputs], 0 for silent."""
        series, (features, fitted) = self.fitting(network, samples), _fitted(network.features)
        n, channels, steps = series.shape
        step_ticks = network.unit + np.arange(steps) * 5 * network.unit // (steps - 1)
        ticks = np.empty((n, channels, self.L, 2), np.int32)
        for channel, edges in enumerate(fitted):
            for edge_index, edge in enumerate(edges):
                above = series[:, channel] >= edge
                for side, crossed in enumerate((above, ~above)):
                    tick = step_ticks[crossed.argmax(axis=1)]
                    ticks[:, channel, edge_index, side] = np.where(crossed.any(axis=1), tick, 0)
        values = ticks.reshape(n, -1)
        if features.constant:
            values = np.hstack([values, np.full((n, 1), network.unit, np.int32)])
        return values

    def sentence(self, network: Described) -> str:
        """Describe the order of the values of a series in a sentence."""
        features, _ = _fitted(network.features)
        return (
            f"A sample is a time series of {network.n_features} channels, one behind the other, "
            f"each of {features.steps} steps. A value is a finite number."
        )

    def how(self, features: Features | None) -> str:
        """Describe when the two inputs of an edge spike."""
        return "An edge is two spikes: when its channel is first above it, and when first below."

    def encoder_data(self, network: Described) -> EncoderData:
        """Return the edges, their number and the number of steps."""
        data, (features, edges) = super().encoder_data(network), _fitted(network.features)
        data.tables["edges"] = edges_table(edges)
        values = network.n_features * features.steps
        data.numbers.update(VALUES=values, EDGES=self.L, STEPS=features.steps)
        return data


def _fitted(features: Features | None) -> tuple[Features, np.ndarray]:
    """Return features and edges, which every checked network has."""
    assert features is not None
    assert features.edges is not None
    return features, features.edges
