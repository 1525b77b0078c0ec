# SPDX-License-Identifier: BSD-2-Clause
"""The base class of all encodings, with the interface that every encoding implements.

An encoding converts samples to spike ticks. `Network.encoding` names it, `registry.py` finds its
class, and all other code uses the methods of the class.
"""

import math
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from firstspike.golden.foreign.fields import NetworkError

from .features import NO_OPTIONS, FeatureOptions, Features
from .samples import EncodingError, SampleKind, checked_samples

MOST = 256
"""Largest number in the name of an encoding."""

NO_INPUT = (1 << 32) - 1
"""Marks the absence of a constant input."""


class Described(Protocol):
    """The properties of a network that an encoding uses."""

    @property
    def unit(self) -> int:
        """Ticks of z = 1."""

    @property
    def deadline(self) -> int:
        """The last tick."""

    @property
    def late(self) -> int:
        """Tick of dark inputs, -1 if they are silent."""

    @property
    def n_inputs(self) -> int:
        """Number of inputs, unconnected ones included."""

    @property
    def n_features(self) -> int:
        """Number of pixels or features of a sample, or of channels of a series."""

    @property
    def inputs(self) -> np.ndarray:
        """The connected inputs, int32, ascending."""

    @property
    def features(self) -> Features | None:
        """The features that were fitted to samples, or None."""


@dataclass(frozen=True)
class Table:
    """An array that an encoder in another language needs."""

    meaning: str
    """Description in one sentence, for the comment in generated code."""
    values: np.ndarray
    """Spike ticks int32 [n], or numbers float64 [n, m]."""


@dataclass(frozen=True)
class EncoderData:
    """Numbers and tables for an encoder in another language."""

    numbers: dict[str, int]
    tables: dict[str, Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Encoding(ABC):
    """Converts samples to spike ticks."""

    name: str
    """Name in the network file."""

    KIND: ClassVar[str]
    """Name of the encoder in another language that generates these spikes."""
    LANGUAGES: ClassVar[frozenset[str]] = frozenset()
    """Languages, of "C" and "JavaScript", with this encoder; in other languages the program
    receives spike ticks."""
    WRITTEN: ClassVar[str]
    """Pattern of the names, as part of an error message."""
    NOTES: ClassVar[tuple[str, ...]] = ()
    """Rules for the tick of an input, in words for users of a generated core, in their order."""
    OPTIONS: ClassVar[frozenset[str]] = frozenset()
    """Options of `FeatureOptions` that the encoding supports: a subset of "complement", "constant",
    "cutoff", "medians"."""

    @classmethod
    @abstractmethod
    def parsed(cls, name: str) -> Self | None:
        """Return the encoding with this name, or None if the name belongs to another class."""

    @property
    def levels(self) -> int:
        """Number of levels of an input; 0 for an encoding without levels."""
        return 0

    @abstractmethod
    def takes(self, features: Features | None) -> SampleKind:
        """Return the kind of the samples."""

    def sees_pixels(self, samples: np.ndarray, cutoff: float | None) -> bool:
        """Whether samples of a training set are pixels that need no edges."""
        return False

    @abstractmethod
    def fitted(self, samples: np.ndarray, options: FeatureOptions = NO_OPTIONS) -> Features | None:
        """Return features fitted to the samples [n, ...] of a training set, or None without any.

        Raises `EncodingError`.
        """

    @abstractmethod
    def check(self, features: Features | None, n_inputs: int) -> None:
        """Raise `NetworkError` unless `features` and the number of inputs fit the encoding."""

    def n_inputs(self, features: Features | None, n_features: int) -> int:
        """Return the number of inputs of a network whose samples have `n_features` features."""
        if features is None:
            return n_features
        return n_features * (1 + features.complement) + features.constant

    def takes_bitmap(self, late: int) -> bool:
        """Whether an Encoder in front of the core can generate the spikes from a bitmap."""
        return False

    def fitting(self, network: Described, samples: Any) -> np.ndarray:
        """Return samples [n, n_features] that fit a network, with missing values filled in.

        Raises `EncodingError`.
        """
        features = network.features
        missing = features is not None and features.medians is not None
        samples = checked_samples(samples, missing)
        samples = samples.reshape(len(samples), math.prod(samples.shape[1:]))
        pixels = self.takes(features) is SampleKind.PIXELS
        count = network.n_features
        if samples.shape[1] != count or (pixels and samples.dtype != np.uint8):
            raise EncodingError(
                f"the samples are {samples.dtype} {list(samples.shape)}: this network takes "
                + (f"uint8 pixels [n, {count}]." if pixels else f"numbers [n, {count}].")
            )
        return samples if features is None else features.filled(samples)

    @abstractmethod
    def values(self, network: Described, samples: Any) -> np.ndarray:
        """Return the value of every input, integers [n, n_inputs]; 0 is dark or silent.

        Values are indices into `table`. Raises `EncodingError`.
        """

    def table(self, network: Described) -> np.ndarray:
        """Return the tick at which an input of each value spikes, int32 [values], 0 for silent."""
        return np.arange(network.deadline + 1, dtype=np.int32)

    def ticks(self, network: Described, samples: Any) -> np.ndarray:
        """Return the spike ticks of the connected inputs, int32 [n, n_rows], 0 for silent.

        `samples` are as `fitting` accepts them. Raises `EncodingError`.
        """
        table = self.table(network)
        if table.size and table.max() > network.deadline:
            raise EncodingError(
                f"the encoding {self.name} has spikes up to tick {table.max()} and the deadline is "
                f"{network.deadline}: give a later deadline, or let those spikes never come."
            )
        return table[self.values(network, samples)[:, network.inputs]]

    @abstractmethod
    def sentence(self, network: Described) -> str:
        """Describe a sample in a sentence."""

    @abstractmethod
    def how(self, features: Features | None) -> str:
        """Describe when an input spikes, for a display of the spikes."""

    def encoder_data(self, network: Described) -> EncoderData:
        """Return the numbers and tables that an encoder in another language needs."""
        features = network.features
        constant = features is not None and features.constant
        return EncoderData(
            {
                "VALUES": network.n_features,
                "LEVELS": self.levels,
                "EDGES": 0,
                "STEPS": 0,
                "MISSING": 0,
                "CONSTANT_INPUT": network.n_inputs - 1 if constant else NO_INPUT,
            }
        )


def numbered(name: str, kind: str, fewest: int) -> int | None:
    """Return N of a name "kind-N" with N in fewest..`MOST`, or None for another name."""
    match = re.fullmatch(f"{kind}-([1-9][0-9]{{0,2}})", name)
    return int(match[1]) if match and fewest <= int(match[1]) <= MOST else None


def edges_table(edges: np.ndarray) -> Table:
    """Return the edges as a table."""
    return Table("The edges of each feature, or of each channel of a series.", edges)


def check_fields(
    encoding: Encoding, features: Features, n_inputs: int, steps_fit: bool, n_edges: int
) -> None:
    """Raise `NetworkError` unless steps, edges per feature and inputs fit the encoding."""
    if not steps_fit:
        raise NetworkError(
            f"steps is {features.steps} with encoding {encoding.name!r}: time series have at least "
            "2 and crossings-L without complement, others 0."
        )
    if features.edges is not None and features.edges.shape[1] != n_edges:
        raise NetworkError(
            f"edges has {features.edges.shape[1]} columns: {encoding.name} needs {n_edges}."
        )
    for name, front in (("sound", features.sound), ("motion", features.motion)):
        if front is not None and features.count(n_inputs) != front.n_pixels:
            raise NetworkError(
                f"there are {features.count(n_inputs)} features: the front end for {name} makes "
                f"{front.n_pixels} pixels."
            )
    if n_inputs != encoding.n_inputs(features, features.count(n_inputs)):
        raise NetworkError(f"n_inputs is {n_inputs}: that is not what the features make.")
