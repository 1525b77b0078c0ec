# SPDX-License-Identifier: BSD-2-Clause
"""What an encoding has fitted to the samples of a training set, as the network file holds it."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

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


class Asked(NamedTuple):
    """What features are to be fitted with; an encoding says which of it it takes."""

    complement: bool = False
    """Give every feature a second input that is early where the value is small."""
    constant: bool = False
    """Give the network an input that always spikes."""
    threshold: float | None = None
    """The first bright value of a binary encoding, None for the middle of each range."""
    names: tuple[str, ...] = ()
    """Names of the features."""


ASKED = Asked()
"""What is asked for where nothing is."""


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
    """Steps of a time series; 0 for other samples."""
    names: tuple[str, ...] = ()
    """Names of the features, or none."""

    KINDS: ClassVar[dict[str, Kind]] = {
        "edges": Kind("floating point [n_features, edges]", "f", 2, needed=False),
        **dict.fromkeys(("complement", "constant", "steps"), replace(INTEGER, needed=False)),
        "features": replace(NAMES, needed=False),
    }
    """Kinds of the fields of the network file; "features" are their names."""

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
        """Return the fields of the network file; edges are absent for pixels."""
        values = (self.edges, *map(int, (self.complement, self.constant, self.steps)))
        fields = dict(zip(self.FIELDS, (*values, np.array(self.names, str)), strict=True))
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def of(cls, fields: Fields) -> "Features | None":
        """Return the features in the fields of a network file, None without any."""
        if not fields.keys() & {*cls.FIELDS}:
            return None
        numbers = {name: fields.take(name, int) for name in cls.FIELDS[1:4]}
        return cls(fields.get("edges"), **numbers, names=fields.take("features", list))

    def count(self, n_inputs: int) -> int:
        """Return how many features, or channels of a series, a sample has."""
        if self.edges is not None:
            return len(self.edges)
        return (n_inputs - self.constant) // (1 + self.complement)
