# SPDX-License-Identifier: BSD-2-Clause
"""The shape of a core: the choices of its user."""

from collections.abc import Sequence
from dataclasses import dataclass

from firstspike.golden.network import NetworkError
from firstspike.golden.system.specification import check, parameter

from .layer import MAX_WINDOW, ROWS

Lanes = int | tuple[int, ...]
"""Lanes of a core: P for min(P, neurons) in each layer, or a number per layer."""


def lanes_text(lanes: Lanes) -> str:
    """Return the lanes in the form of the option --lanes."""
    return str(lanes) if isinstance(lanes, int) else ",".join(map(str, lanes))


@dataclass(frozen=True)
class CoreShape:
    """The free parameters of a core. `Folding.of` chooses a field that is None.

    Raises NetworkError for a value out of its range.
    """

    lanes: int | tuple[int, ...] | None = parameter(None, low=1)
    """Neurons that are updated at once."""
    window: int | None = parameter(None, low=0, high=MAX_WINDOW)
    """k: time advances by up to 2^k ticks in one sweep over the groups of a layer."""
    bitmap: int | None = parameter(None, low=1)
    """Bits of a word of the Encoder in front of the core; None for a core that takes events."""
    rows: int | None = parameter(None, low=1, high=max(ROWS))
    """R: rows of weights that are added per cycle, one from each of R banks."""
    overlap: bool | None = None
    """Whether the next image enters while the one before is being decided."""
    one_tick: bool | None = None
    """Whether the core may refuse spikes at ticks other than `unit`, if that saves logic."""

    def __post_init__(self) -> None:
        """Check each field; lanes become a tuple."""
        check(self, NetworkError)
        if isinstance(self.lanes, Sequence):
            object.__setattr__(self, "lanes", tuple(map(int, self.lanes)))

    def check_layers(self, n_layers: int) -> None:
        """Raise NetworkError unless the lanes fit a network of `n_layers` layers."""
        if isinstance(self.lanes, tuple) and len(self.lanes) != n_layers:
            raise NetworkError(
                f"the lanes are {lanes_text(self.lanes)!r}: give one number, or one "
                f"per layer of the network's {n_layers}, separated by commas"
            )

    def lanes_of(self, sizes: tuple[int, ...], default: int) -> tuple[int, ...]:
        """Return the lanes of each layer, for layers of these numbers of neurons.

        Raises NetworkError for another number of layers.
        """
        self.check_layers(len(sizes))
        if isinstance(self.lanes, tuple):
            return self.lanes
        lanes = default if self.lanes is None else self.lanes
        return tuple(min(lanes, size) for size in sizes)


ANY_SHAPE = CoreShape()
"""The shape that leaves every choice open."""
