# SPDX-License-Identifier: BSD-2-Clause
"""The shape of a core: the choices of its user."""

from dataclasses import dataclass

from firstspike.golden.network import NetworkError

Lanes = int | tuple[int, ...]
"""Lanes of a core: P for min(P, neurons) in each layer, or a number per layer."""


def lanes_text(lanes: Lanes) -> str:
    """Return the lanes in the form of the option --lanes."""
    return str(lanes) if isinstance(lanes, int) else ",".join(map(str, lanes))


@dataclass(frozen=True)
class CoreShape:
    """The free parameters of a core. `Folding.of` chooses a field that is None."""

    lanes: Lanes | None = None
    """Neurons that are updated at once."""
    window: int | None = None
    """k: time advances by up to 2^k ticks in one sweep over the groups of a layer."""
    bitmap: int | None = None
    """Bits of a word of the Encoder in front of the core; None for a core that takes events."""
    rows: int | None = None
    """R: rows of weights that are added per cycle, one from each of R banks."""
    overlap: bool | None = None
    """Whether the next image enters while the one before is being decided."""
    one_tick: bool | None = None
    """Whether the core may refuse spikes at ticks other than `unit`, if that saves logic."""

    def check_layers(self, n_layers: int) -> None:
        """Raise NetworkError unless the lanes fit a network of `n_layers` layers."""
        if isinstance(self.lanes, tuple) and len(self.lanes) != n_layers:
            raise NetworkError(
                f"the lanes are {lanes_text(self.lanes)!r}: give one number, or one "
                f"per layer of the network's {n_layers}, separated by commas"
            )

    def lanes_of(self, sizes: tuple[int, ...], default: int) -> tuple[int, ...]:
        """Return the lanes of each layer, for layers of these numbers of neurons.

        Raises NetworkError for less than one lane, and for another number of layers.
        """
        self.check_layers(len(sizes))
        if isinstance(self.lanes, tuple):
            return self.lanes
        lanes = default if self.lanes is None else self.lanes
        if lanes < 1:
            raise NetworkError(f"a core has at least 1 lane, not {lanes}")
        return tuple(min(lanes, size) for size in sizes)


ANY_SHAPE = CoreShape()
"""The shape that leaves every choice open."""
