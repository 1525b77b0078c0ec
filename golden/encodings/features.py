# SPDX-License-Identifier: BSD-2-Clause
"""Raw samples to what the encoding takes: levels of inputs, or first crossings (DESIGN, section 2).

`Features` is the part of a network file that says how. Samples of a network without it are pixels
0..255, or, with the encoding "ticks", the spike ticks themselves.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from firstspike.golden.foreign.fields import (
    INTEGER,
    NAMES,
    Fields,
    Kind,
    NetworkError,
    integer,
    texts,
)
from firstspike.golden.system.errors import FirstSpikeError


class EncodingError(FirstSpikeError, ValueError):
    """Samples or spikes that do not fit the network; the message says what would."""


_FEWEST = {"levels": 2, "crossings": 1}


@dataclass(frozen=True)
class Encoding:
    """What an encoding's name says."""

    kind: str
    """"levels", "crossings" or "ticks"."""
    N: int
    """Levels of an input, edges of a channel, or 0."""

    @classmethod
    def of(cls, name: str) -> "Encoding":
        """Of "binary", "levels-N", "crossings-L" or "ticks"; anything else is a `NetworkError`."""
        if name in ("binary", "ticks"):
            return cls("levels", 2) if name == "binary" else cls(name, 0)
        match = re.fullmatch("(levels|crossings)-([1-9][0-9]{0,2})", str(name))
        if not match or not _FEWEST[match[1]] <= int(match[2]) <= 256:
            raise NetworkError(
                f'encoding is {name!r}: it must be "binary" or "levels-N" with N in 2..256, of '
                'time series "crossings-L" with L in 1..256, or of spikes "ticks".'
            )
        return cls(match[1], int(match[2]))


@dataclass(frozen=True, eq=False)
class Features:
    """How samples become the inputs. Raises `NetworkError` if a field is not what is allowed."""

    edges: np.ndarray | None = None
    """float64 [n_features, N-1], ascending; of a series [channels, L]; None where samples are
    pixels 0..255."""
    complement: bool = False
    """Whether the inputs are followed by their complements."""
    constant: bool = False
    """Whether the last input always spikes at z = 1."""
    steps: int = 0
    """Of a time series, else 0."""
    names: tuple[str, ...] = ()
    """Of the features, or none."""

    KINDS: ClassVar[dict[str, Kind]] = {
        "edges": Kind("floating point [n_features, edges]", "f", 2, needed=False),
        **dict.fromkeys(("complement", "constant", "steps"), replace(INTEGER, needed=False)),
        "features": replace(NAMES, needed=False),
    }
    """Of the fields of the network file; "features" are their names."""

    FIELDS: ClassVar[tuple[str, ...]] = tuple(KINDS)

    def __post_init__(self) -> None:
        if self.edges is not None:
            edges = np.array(self.edges, np.float64, order="C")
            if edges.ndim != 2 or not edges.size or not np.isfinite(edges).all():
                raise NetworkError(
                    f"edges is {edges.dtype} {list(edges.shape)}: it must be finite numbers "
                    "[n_features, edges], at least one."
                )
            if np.any(edges[:, 1:] < edges[:, :-1]):
                raise NetworkError("edges must be ascending for each feature.")
            edges.flags.writeable = False
            object.__setattr__(self, "edges", edges)
        object.__setattr__(self, "steps", integer("steps", self.steps, 0, 2**24 - 1))
        object.__setattr__(self, "names", texts("features", self.names))
        for name in ("complement", "constant"):
            object.__setattr__(self, name, bool(integer(name, int(getattr(self, name)), 0, 1)))
        if self.names and (self.edges is None or len(self.names) != len(self.edges)):
            raise NetworkError(f"there are {len(self.names)} names of features: give one for each.")

    def fields(self) -> dict[str, Any]:
        """Those of the network file; without edges where there are none."""
        values = (self.edges, *map(int, (self.complement, self.constant, self.steps)))
        fields = dict(zip(self.FIELDS, (*values, np.array(self.names, str)), strict=True))
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def of(cls, fields: Fields) -> "Features | None":
        """Those in the fields of a network file, if it has any."""
        if not fields.keys() & {*cls.FIELDS}:
            return None
        numbers = {name: fields.take(name, int) for name in cls.FIELDS[1:4]}
        return cls(fields.get("edges"), **numbers, names=fields.take("features", list))

    def check(self, encoding: str, n_inputs: int) -> None:
        """Raise `NetworkError` unless they go with an encoding, and with so many inputs."""
        said = Encoding.of(encoding)
        if said.kind == "ticks":
            raise NetworkError("encoding is 'ticks': spike ticks have no features.")
        if (said.kind == "crossings") != (self.steps > 1) or (self.steps and self.complement):
            raise NetworkError(
                f"steps is {self.steps} with encoding {encoding!r}: time series have at least 2 "
                "and crossings-L without complement, others 0."
            )
        if self.edges is None:
            fits = (n_inputs - self.constant) % (1 + self.complement) == 0 and not self.steps
        else:
            needed = said.N if self.steps else said.N - 1
            if self.edges.shape[1] != needed:
                raise NetworkError(
                    f"edges has {self.edges.shape[1]} columns: {encoding} needs {needed}."
                )
            fits = n_inputs == self.n_inputs(len(self.edges))
        if not fits:
            raise NetworkError(f"n_inputs is {n_inputs}: that is not what the features make.")

    def n_inputs(self, n_features: int) -> int:
        """Inputs of a network whose samples have so many features, or channels."""
        if self.steps and self.edges is not None:
            return 2 * self.edges.size + self.constant
        return n_features * (1 + self.complement) + self.constant

    def count(self, n_inputs: int) -> int:
        """How many features, or channels of a series, a sample has."""
        if self.edges is not None:
            return len(self.edges)
        return (n_inputs - self.constant) // (1 + self.complement)

    def levels(self, samples: np.ndarray, N: int) -> np.ndarray:
        """The level of every input, uint8 [n, n_inputs], of samples [n, n_features] that fit."""
        if self.edges is None:
            parts = [pixel_levels(samples, N)]
        else:
            parts = [np.empty(samples.shape, np.uint8)]
            for feature, edges in enumerate(self.edges):
                parts[0][:, feature] = np.searchsorted(edges, samples[:, feature], side="right")
        if self.complement:
            parts.append(np.uint8(N - 1) - parts[0])
        if self.constant:
            parts.append(np.full((len(samples), 1), N - 1, np.uint8))
        return np.hstack(parts) if len(parts) > 1 else parts[0]

    def crossings(self, series: np.ndarray) -> np.ndarray:
        """The step at which every input spikes, int32 [n, n_inputs], -1 for never.

        `series`: [n, channels, steps] that fit.
        """
        assert self.edges is not None
        n, channels, _ = series.shape
        first = np.empty((n, channels, self.edges.shape[1], 2), np.int32)
        for channel, edges in enumerate(self.edges):
            for place, edge in enumerate(edges):
                above = series[:, channel] >= edge
                for side, crossed in enumerate((above, ~above)):
                    step = crossed.argmax(axis=1)
                    first[:, channel, place, side] = np.where(crossed.any(axis=1), step, -1)
        steps = first.reshape(n, -1)
        return np.hstack([steps, np.zeros((n, 1), np.int32)]) if self.constant else steps

    @classmethod
    def fitted(
        cls,
        samples: np.ndarray,
        encoding: str,
        complement: bool = False,
        constant: bool = False,
        threshold: float | None = None,
        names: tuple[str, ...] = (),
    ) -> "Features | None":
        """Those that suit the samples of a training set; None for plain pixels.

        `samples`: [n, ...], of series [n, channels, steps]. Pixels are uint8 of which some are
        bright, 128 or more. The edges of all else divide the range of each feature evenly, but
        that of a binary encoding is `threshold`, where one is given. Raises `EncodingError`.
        """
        said = Encoding.of(encoding)
        samples = checked_samples(samples)
        if said.kind == "crossings":
            if samples.ndim != 3 or samples.shape[2] < 2:
                raise EncodingError(
                    f"the samples are {list(samples.shape)}: {encoding} is for time series "
                    "[n, channels, steps] of at least 2 steps."
                )
            low, high = samples.min(axis=(0, 2)), samples.max(axis=(0, 2))
            edges = _even(low, high, said.N + 1)
            return cls(edges, False, constant, samples.shape[2], names)
        if is_pixels(samples) and threshold is None:
            return cls(None, complement, constant) if complement or constant else None
        flat = samples.reshape(len(samples), -1)
        if threshold is None:
            edges = _even(flat.min(axis=0), flat.max(axis=0), said.N)
        elif said.N == 2:
            edges = np.full((flat.shape[1], 1), float(threshold))
        else:
            raise EncodingError(f"{encoding} has several thresholds: one goes with binary.")
        return cls(edges, complement, constant, 0, names)


def pixel_levels(pixels: np.ndarray, N: int) -> np.ndarray:
    """Level q = p*N // 256 of pixels p, uint8 of any shape."""
    return (np.arange(256) * N // 256).astype(np.uint8)[pixels]


def is_pixels(samples: np.ndarray) -> bool:
    """Whether samples are taken for pixels 0..255: uint8, of which some are bright."""
    return samples.dtype == np.uint8 and bool(samples.size) and int(samples.max()) >= 128


def checked_samples(samples: Any) -> np.ndarray:
    """Samples [n, ...] as uint8 or finite float64. Raises `EncodingError`."""
    samples = np.asarray(samples)
    if samples.dtype.kind not in "biuf" or samples.ndim < 2 or 0 in samples.shape[1:]:
        raise EncodingError(
            f"the samples are {samples.dtype} {list(samples.shape)}: give numbers [n, features]."
        )
    if samples.dtype == np.uint8:
        return samples
    samples = samples.astype(np.float64)
    if not np.isfinite(samples).all():
        sample, *place = np.argwhere(~np.isfinite(samples))[0].tolist()
        raise EncodingError(
            f"sample {sample} has {samples[sample, *place]} as its feature "
            f"{', '.join(map(str, place))}: every value must be a finite number."
        )
    return samples


def _even(low: np.ndarray, high: np.ndarray, N: int) -> np.ndarray:
    """N - 1 edges [len(low), N-1] between N equal parts of each range."""
    low, high, share = low[:, None], high[:, None], np.arange(1, N) / N
    with np.errstate(over="ignore"):
        width = high - low
    # A range that is wider than the largest float is divided by parts.
    edges = low + np.where(np.isfinite(width), width, 0) * share
    return np.where(np.isfinite(width), edges, low * (1 - share) + high * share)
