# SPDX-License-Identifier: BSD-2-Clause
"""The fitted part of an encoding, as the network file holds it."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from firstspike.golden.foreign.fields import (
    INTEGER,
    NAMES,
    TEXT,
    Fields,
    Kind,
    NetworkError,
    array,
    flag,
    integer,
    of_type,
    texts,
)
from firstspike.golden.motion.front import MotionFrontEnd
from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.system.representation import short_repr

from .samples import EncodingError


class FeatureOptions(NamedTuple):
    """Options for fitting features; `Encoding.OPTIONS` names those that an encoding supports."""

    complement: bool = False
    """Give every feature a second input that spikes early for a small value."""
    constant: bool = False
    """Add an input that always spikes."""
    cutoff: float | None = None
    """Smallest bright value of a binary encoding, None for the middle of each range."""
    names: tuple[str, ...] = ()
    """Names of the features."""
    sound: FrontEnd | None = None
    """The front end that made the samples, if they are pictures of words."""
    medians: bool = False
    """Accept missing values (NaN): each is replaced by the median of its feature."""


_FRONT_ENDS: dict[str, type[FrontEnd | MotionFrontEnd]] = {
    "sound": FrontEnd,
    "motion": MotionFrontEnd,
}

NO_OPTIONS = FeatureOptions()
"""The default: no options."""


@dataclass(frozen=True, eq=False)
class Features:
    """Describes how samples become inputs. A field out of range raises `NetworkError`."""

    edges: np.ndarray | None = None
    """float64 [n_features, N-1], ascending; for a series [channels, L]; None if samples are pixels
    0..255."""
    complement: bool = False
    """Whether a complement follows each input."""
    constant: bool = False
    """Whether the last input always spikes at z = 1."""
    steps: int = 0
    """Steps of a time series; 0 for other samples."""
    names: tuple[str, ...] = ()
    """Names of the features; empty without names."""
    sound: FrontEnd | None = None
    """The front end that makes pictures of words, whose pixels are the features; otherwise None."""
    motion: MotionFrontEnd | None = None
    """The front end that makes pictures of motion, whose pixels are the features; otherwise
    None."""
    medians: np.ndarray | None = None
    """float64 [n_features], the replacement of each feature's missing values. If None, missing
    values are refused."""

    KINDS: ClassVar[dict[str, Kind]] = {
        "edges": Kind("floating point [n_features, edges]", "f", 2, needed=False),
        **dict.fromkeys(("complement", "constant", "steps"), replace(INTEGER, needed=False)),
        "features": replace(NAMES, needed=False),
        **dict.fromkeys(("sound", "motion"), replace(TEXT, needed=False, most=1 << 16)),
        "medians": Kind("floating point [n_features]", "f", 1, needed=False),
    }
    """Kinds of the fields in the network file; the field "features" holds their names."""

    FIELDS: ClassVar[tuple[str, ...]] = tuple(KINDS)

    __repr__ = short_repr

    def __post_init__(self) -> None:
        if self.edges is not None:
            edges = array("edges", self.edges, np.float64)
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
            object.__setattr__(self, name, flag(name, getattr(self, name)))
        for name, kind in _FRONT_ENDS.items():
            front = of_type(name, getattr(self, name), kind)
            if front is not None and self.edges is not None:
                raise NetworkError(
                    f"there are edges: a network of {name} takes pixels, which have none."
                )
        if self.sound is not None and self.motion is not None:
            raise NetworkError("there are front ends for sound and for motion: give one of them.")
        if self.names and (self.edges is None or len(self.names) != len(self.edges)):
            raise NetworkError(f"there are {len(self.names)} names of features: give one for each.")
        if self.medians is not None:
            object.__setattr__(self, "medians", self._checked_medians(self.medians))

    def _checked_medians(self, medians: np.ndarray) -> np.ndarray:
        medians = array("medians", medians, np.float64)
        if self.edges is None or self.steps:
            raise NetworkError(
                "there are medians: only features with edges, and without steps, have them."
            )
        if medians.shape != (len(self.edges),) or not np.isfinite(medians).all():
            raise NetworkError(
                f"medians is {medians.dtype} {list(medians.shape)}: it must be {len(self.edges)} "
                "finite numbers, one per feature."
            )
        medians.flags.writeable = False
        return medians

    def filled(self, samples: np.ndarray) -> np.ndarray:
        """Return samples [n, n_features] with NaN replaced by the medians, if there are any."""
        if self.medians is None:
            return samples
        return np.where(np.isnan(samples), self.medians, samples)

    def fields(self) -> dict[str, Any]:
        """Return the fields of the network file; pixels have no edges.

        `sound` is present only for pictures of words, `motion` only for pictures of motion, and
        `medians` only if missing values are accepted.
        """
        values = (self.edges, *map(int, (self.complement, self.constant, self.steps)))
        fronts = (front and front.to_json() for front in (self.sound, self.motion))
        names = np.array(self.names, str)
        fields = dict(zip(self.FIELDS, (*values, names, *fronts, self.medians), strict=True))
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def of(cls, fields: Fields) -> "Features | None":
        """Return the features in the fields of a network file, or None if there are none."""
        if not fields.keys() & {*cls.FIELDS}:
            return None
        numbers = {name: fields.take(name, int) for name in cls.FIELDS[1:4]}
        names = fields.take("features", list)
        fronts: dict[str, Any] = {
            name: kind.from_json(fields.take(name, str))
            for name, kind in _FRONT_ENDS.items()
            if name in fields
        }
        edges, medians = fields.get("edges"), fields.get("medians")
        return cls(edges, **numbers, names=names, medians=medians, **fronts)

    def count(self, n_inputs: int) -> int:
        """Return the number of features, or of channels of a series, per sample."""
        if self.edges is not None:
            return len(self.edges)
        return (n_inputs - self.constant) // (1 + self.complement)


def medians_of(samples: np.ndarray, names: tuple[str, ...] = ()) -> np.ndarray:
    """Return the median of each feature of samples [n, n_features], NaN ignored: [n_features].

    The median is always a value of the feature: of an even number of values, the lower of the two
    in the middle. `names` are the names of the features. Raises `EncodingError` for a feature
    without any value.
    """
    counts = np.count_nonzero(~np.isnan(samples), axis=0)
    if not counts.all():
        feature = int(np.argmin(counts))
        raise EncodingError(
            f"the feature {names[feature] if names else feature} has no value in any of the "
            f"{len(samples)} samples that are trained on: leave it out."
        )
    middle = (counts - 1) // 2  # NaN is sorted after all numbers
    return np.take_along_axis(np.sort(samples, axis=0), middle[None], axis=0)[0]
