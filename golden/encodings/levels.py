# SPDX-License-Identifier: BSD-2-Clause
"""The encodings "levels-N" and "binary": brighter pixels or larger values spike earlier."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from .encoding import (
    Described,
    EncoderData,
    Encoding,
    Table,
    check_fields,
    edges_table,
    numbered,
)
from .features import NO_OPTIONS, FeatureOptions, Features, medians_of
from .samples import EncodingError, SampleKind, checked_samples, even_edges, is_pixels


@dataclass(frozen=True)
class Levels(Encoding):
    """Every value of a sample has a level 0..N-1, and every level a tick; "binary" is levels-2."""

    N: int

    KIND = "levels"
    LANGUAGES = frozenset({"C", "JavaScript"})
    WRITTEN = "binary, levels-N with N in 2..256"
    NOTES = (
        "Level: each input has a level q, 0 .. N - 1, where N is that of the encoding levels-N, "
        "and 2 for binary. For a pixel of value p, 0 .. 255, q is p * N / 256, rounded down; "
        "`bright_from` is the smallest p with q > 0. If samples are not pixels, or the network was "
        "trained with --cutoff, q of feature i with value x is the number of `features.edges[i]` "
        "that are <= x. With `features.complement` a second set of inputs follows, of level N - 1 "
        "- q. With `features.constant` one more input follows, of level N - 1.",
        "Tick: an input of level q > 0 spikes at tick `unit` + ((N - 1 - q) * 5 * `unit`) / (N - "
        "1), rounded down. An input of level 0 spikes at tick `late`, or never if `late` is -1.",
    )
    OPTIONS = frozenset({"complement", "constant", "cutoff", "medians"})

    @classmethod
    def parsed(cls, name: str) -> Self | None:
        """Return the encoding of a name "binary" or "levels-N"."""
        N = 2 if name == "binary" else numbered(name, "levels", 2)
        return None if N is None else cls(name, N)

    @property
    def levels(self) -> int:
        """Number of levels of an input."""
        return self.N

    def takes(self, features: Features | None) -> SampleKind:
        """Return pixels, or features if there are edges."""
        edges = None if features is None else features.edges
        return SampleKind.PIXELS if edges is None else SampleKind.TABLE

    def sees_pixels(self, samples: np.ndarray, cutoff: float | None) -> bool:
        """Whether samples are pixels and no cutoff is given."""
        return is_pixels(samples) and cutoff is None

    def fitted(self, samples: np.ndarray, options: FeatureOptions = NO_OPTIONS) -> Features | None:
        """Return features without edges for pixels, some of which must be bright (128 or more).

        For all other samples, edges divide the range of each feature evenly; `cutoff`, if given,
        is the edge of a binary encoding.
        """
        samples = checked_samples(samples, options.medians)
        complement, constant, cutoff, names, sound, fills = options
        if self.sees_pixels(samples, cutoff):
            if fills:
                raise EncodingError(
                    "the samples are pixels, of which none is missing: leave the medians out."
                )
            plain = not (complement or constant or sound)
            return None if plain else Features(None, complement, constant, sound=sound)
        if sound is not None:
            raise EncodingError(
                "sound becomes pixels, of which some must be bright, and that are bright from 128 "
                "on: leave the cutoff out."
            )
        flat = samples.reshape(len(samples), -1)
        medians = medians_of(flat, names) if fills else None
        if cutoff is None:
            edges = even_edges(np.nanmin(flat, axis=0), np.nanmax(flat, axis=0), self.N)
        elif self.N == 2:
            edges = np.full((flat.shape[1], 1), float(cutoff))
        else:
            raise EncodingError(
                f"cutoff is {cutoff:g}, and {self.name} has several thresholds: leave the cutoff "
                "out, or take the encoding binary."
            )
        return Features(edges, complement, constant, 0, names, medians=medians)

    def check(self, features: Features | None, n_inputs: int) -> None:
        """Raise `NetworkError` unless there are N - 1 edges per feature, or none."""
        if features is not None:
            check_fields(self, features, n_inputs, features.steps == 0, self.N - 1)

    def takes_bitmap(self, late: int) -> bool:
        """Whether the encoding is "binary" and dark inputs are silent."""
        return self.name == "binary" and late == -1

    def values(self, network: Described, samples: Any) -> np.ndarray:
        """Return the level of each input, uint8 [n, n_inputs]."""
        samples = self.fitting(network, samples)
        return self.input_levels(samples, network.features)

    def input_levels(self, samples: np.ndarray, features: Features | None) -> np.ndarray:
        """Return the level of each input, uint8 [n, n_inputs], for samples that fit the network."""
        if features is None:
            return pixel_levels(samples, self.N)
        if features.edges is None:
            parts = [pixel_levels(samples, self.N)]
        else:
            parts = [np.empty(samples.shape, np.uint8)]
            for feature, edges in enumerate(features.edges):
                parts[0][:, feature] = np.searchsorted(edges, samples[:, feature], side="right")
        if features.complement:
            parts.append(np.uint8(self.N - 1) - parts[0])
        if features.constant:
            parts.append(np.full((len(samples), 1), self.N - 1, np.uint8))
        return np.hstack(parts)

    def table(self, network: Described) -> np.ndarray:
        """Return the tick of each level, 0 for silent."""
        N, unit = self.N, network.unit
        ticks = unit + (N - 1 - np.arange(N)) * 5 * unit // (N - 1)
        ticks[0] = max(network.late, 0)
        return ticks.astype(np.int32)

    def sentence(self, network: Described) -> str:
        """Give the number of pixels or features of a sample in a sentence."""
        if self.takes(network.features) is SampleKind.PIXELS:
            return f"A sample is {network.n_features} pixels, 0 .. 255."
        return f"A sample is {network.n_features} features. A value is a finite number."

    def how(self, features: Features | None) -> str:
        """Describe that brighter pixels or larger values spike earlier."""
        if self.takes(features) is SampleKind.PIXELS:
            if features is not None and features.complement:
                return "A bright pixel spikes early, and so does the complement of a dark pixel."
            return "A bright pixel is one spike, early in time. Dark ones stay silent."
        return "A feature is one spike: the larger its value, the earlier."

    def encoder_data(self, network: Described) -> EncoderData:
        """Return the tick of each level, and the edges if there are any."""
        data = super().encoder_data(network)
        data.tables["level_ticks"] = Table(
            "The tick at which an input of each level spikes; 0 is never.", self.table(network)
        )
        if network.features is not None and network.features.edges is not None:
            data.tables["edges"] = edges_table(network.features.edges)
            data.numbers["EDGES"] = self.N - 1
            if network.features.medians is not None:
                missing = np.full((1, network.n_features), np.nan)
                levels = self.values(network, missing)[0, : network.n_features]
                data.tables["missing_levels"] = Table(
                    "The level of each feature whose value is missing, NaN.", levels
                )
                data.numbers["MISSING"] = 1
        return data


def pixel_levels(pixels: np.ndarray, N: int) -> np.ndarray:
    """Return level q = p*N // 256 of pixels p, uint8 of any shape."""
    return (np.arange(256) * N // 256).astype(np.uint8)[pixels]
