# SPDX-License-Identifier: BSD-2-Clause
"""The shape of a core, as whoever builds one asks for it."""

from dataclasses import dataclass

from firstspike.golden.network import NetworkError


@dataclass(frozen=True)
class CoreShape:
    """What one may choose about a core. None leaves a choice to the function that lays it out."""

    lanes: int | tuple[int, ...] | None = None
    """Neurons that are added at once: P for min(P, n_out) in every layer, or a number per layer."""
    window: int | None = None
    """k: time advances by up to 2^k ticks in one walk over the groups of a layer."""
    bitmap: int | None = None
    """Bits of a word of the Encoder in front of the core; None for a core that takes events."""
    rows: int | None = None
    """R: rows of weights that are added per cycle, one from each of R banks."""
    overlap: bool | None = None
    """Whether the next image enters while the one before is being decided."""

    def lanes_of(self, sizes: tuple[int, ...], default: int) -> tuple[int, ...]:
        """Lanes of each layer, for layers of these numbers of neurons.

        Raises NetworkError for less than one lane, and for another number of layers.
        """
        if isinstance(self.lanes, tuple):
            if len(self.lanes) != len(sizes):
                raise NetworkError(
                    f"lanes are given for {len(self.lanes)} layers, and the network has "
                    f"{len(sizes)}: give one number for all layers, or one per layer"
                )
            return self.lanes
        lanes = default if self.lanes is None else self.lanes
        if lanes < 1:
            raise NetworkError(f"a core has at least 1 lane, not {lanes}")
        return tuple(min(lanes, size) for size in sizes)


ANY_SHAPE = CoreShape()
"""The shape that leaves every choice open."""
