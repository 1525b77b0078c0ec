# SPDX-License-Identifier: BSD-2-Clause
"""The parameters of a layer, in plain Python: who only talks to a core needs no gateware."""

from dataclasses import dataclass

from firstspike.golden.learning.state import MAX_STORED_BITS
from firstspike.golden.network import NetworkError
from firstspike.golden.timing import latencies
from firstspike.golden.timing.layer import LayerFolding
from firstspike.golden.widths import StateWidths

SEGMENT_LANES = 36
"""Lanes with copies of their own of what all are told: the block RAMs of as many are neighbours."""

NEAR_WORDS = 128
"""Words of a bank, at most, that may be in look-up tables."""


@dataclass(frozen=True, kw_only=True)
class Learning:
    """What a core that learns is built for."""

    stored_bits: int
    """Bits of a stored weight; the layers use the top `weight_bits` of them."""
    unit: int
    """Ticks of z = 1 in the network."""


@dataclass(frozen=True, kw_only=True)
class LayerConfig:
    """Folding and number formats of one layer."""

    folding: LayerFolding
    weight_bits: int
    threshold: int
    deadline: int
    widths: StateWidths
    counted: tuple[int, ...]
    """n_in of the earlier layers and of this one: whose spikes its events count."""
    learning: Learning | None = None
    """None in a core that does not learn."""
    unit: int | None = None
    """The tick of all rows, in a layer that gathers or takes rows at one tick alone."""

    def __post_init__(self) -> None:
        if not 1 <= self.weight_bits <= self.stored_bits <= MAX_STORED_BITS:
            raise NetworkError(
                f"weights have 1 to {MAX_STORED_BITS} bits, of which a layer uses all or the top "
                f"ones, not {self.weight_bits} of {self.stored_bits}"
            )
        if self.threshold < 1 or self.deadline < 1:
            raise NetworkError(
                f"threshold and deadline are at least 1, not {self.threshold} and {self.deadline}"
            )
        if (self.folding.gathers or self.folding.one_tick) and self.unit is None:
            raise NetworkError("a layer whose rows are of one tick is told that tick, the unit")
        if not self.counted or self.counted[-1] != self.folding.n_in:
            raise NetworkError(
                f"the spikes counted last are those of the layer's {self.folding.n_in} rows, "
                f"not of {self.counted}"
            )

    @property
    def learns(self) -> bool:
        """Whether a Learner changes the weights."""
        return self.learning is not None

    @property
    def stored_bits(self) -> int:
        """Bits of a weight in the weight store."""
        return self.learning.stored_bits if self.learning else self.weight_bits

    @property
    def unused_bits(self) -> int:
        """Low bits of a stored weight that the layer does not use."""
        return self.stored_bits - self.weight_bits

    @property
    def state_bits(self) -> tuple[int, ...]:
        """Bits of each number that a lane keeps of a neuron: S and M, or S and whether it fired."""
        return self.widths.S, 1 if self.folding.one_tick else self.widths.M

    @property
    def words(self) -> int:
        """Words of the weight store: each is one group's part of a row, a weight a lane."""
        return self.folding.words

    @property
    def word_bits(self) -> int:
        """Bits of such a word."""
        return self.stored_bits * self.folding.lanes

    @property
    def near(self) -> bool:
        """Whether the weights are in look-up tables, on devices whose tables can be memory.

        Those of a last layer with several banks are few, and block RAM is slow and seldom near.
        """
        folding = self.folding
        return folding.last and folding.rows > 1 and folding.bank_words <= NEAR_WORDS

    @property
    def walk_apart(self) -> bool:
        """Whether what a walk's operations have in common goes beside them, not with each.

        Lanes, and what is behind them, take it with the walk's first operation. Until then the
        walk must not be over. So it has more operations than there are registers on the way. A walk
        over positions keeps its tick, for its rows may be under way when the next one begins.
        """
        folding = self.folding
        if folding.convolves:
            return folding.one_walk
        steady = folding.mask_places or folding.rows > 1  # lanes that never wait
        waits = not (folding.window or steady)
        behind = folding.drain_cycles
        if folding.last:
            behind = latencies.POTENTIALS + folding.decision_cycles
        return waits and not self.learns and folding.groups > folding.stages + behind

    @property
    def tick_apart(self) -> bool:
        """Whether the tick is among what goes beside a walk's operations."""
        return self.walk_apart and not self.folding.convolves

    @property
    def segments(self) -> tuple[range, ...]:
        """Lanes that are told together what to do; where lanes may have to wait it is all."""
        lanes = self.folding.lanes
        size = SEGMENT_LANES if self.folding.rows > 1 else lanes
        return tuple(range(first, min(first + size, lanes)) for first in range(0, lanes, size))
