# SPDX-License-Identifier: BSD-2-Clause
"""The parameters of a layer, in plain Python, so that host software needs no Amaranth."""

from dataclasses import dataclass

from firstspike.golden.learning.state import MAX_STORED_BITS
from firstspike.golden.network import NetworkError
from firstspike.golden.timing import latencies
from firstspike.golden.timing.layer import LayerFolding
from firstspike.golden.widths import StateWidths

SEGMENT_LANES = 36
"""Lanes that share one copy of the control registers: their block RAMs are neighbours."""

NEAR_WORDS = 128
"""Largest number of words of a bank in distributed RAM."""


MAX_ADDRESSES = 4096
"""Largest number of inputs of a layer that learns: the addresses of an AddressSet."""


@dataclass(frozen=True, kw_only=True)
class Learning:
    """The parameters of a core that learns."""

    stored_bits: int
    """Bits of a stored weight, of which the layers use the top `weight_bits`."""
    unit: int
    """Number of ticks for z = 1 in the network."""
    late_inputs: bool = False
    """Whether inputs may spike at several ticks, some of them after the margin."""
    last_layer: bool = False
    """Whether only the last layer learns."""


@dataclass(frozen=True, kw_only=True)
class LayerConfig:
    """The folding and the number formats of one layer."""

    folding: LayerFolding
    weight_bits: int
    threshold: int
    deadline: int
    widths: StateWidths
    counted: tuple[int, ...]
    """n_in of the earlier layers and of this one, whose spikes the sent events count."""
    learning: Learning | None = None
    """The parameters of learning, or None in a core that does not learn."""
    unit: int | None = None
    """The tick of all rows, in a double-buffered layer or in a layer of one tick; else None."""

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
        if (self.folding.double_buffered or self.folding.one_tick) and self.unit is None:
            raise NetworkError("a layer whose rows are of one tick is told that tick, the unit")
        if not self.counted or self.counted[-1] != self.folding.n_in:
            raise NetworkError(
                f"the spikes counted last are those of the layer's {self.folding.n_in} rows, "
                f"not of {self.counted}"
            )

    @property
    def learns(self) -> bool:
        """Whether the core has a Learner."""
        return self.learning is not None

    @property
    def is_updated(self) -> bool:
        """Whether the Learner changes the weights of the layer."""
        if self.learning is None:
            return False
        return self.folding.last or not self.learning.last_layer

    @property
    def late_inputs(self) -> bool:
        """Whether the core learns, and some of its inputs may spike after the margin."""
        return self.learning is not None and self.learning.late_inputs

    @property
    def returns_words(self) -> bool:
        """Whether the Learner reads the words of this layer, to sum the weights itself."""
        return self.is_updated and self.late_inputs and not self.folding.last

    @property
    def stored_bits(self) -> int:
        """Bits of a weight in the weight store."""
        if self.learning is None or not self.is_updated:
            return self.weight_bits
        return self.learning.stored_bits

    @property
    def unused_bits(self) -> int:
        """Low bits of a stored weight that the layer does not use."""
        return self.stored_bits - self.weight_bits

    @property
    def state_bits(self) -> tuple[int, ...]:
        """Bits of each field of a neuron's state: S and M, or S and the flag `fired`."""
        return self.widths.S, 1 if self.folding.one_tick else self.widths.M

    @property
    def words(self) -> int:
        """Words of the weight store. A word has one weight per lane, for a row and a group."""
        return self.folding.words

    @property
    def word_bits(self) -> int:
        """Bits of a word of the weight store."""
        return self.stored_bits * self.folding.lanes

    @property
    def distributed(self) -> bool:
        """Whether the weights are in distributed RAM, on devices that have it.

        The last layer with several banks has few weights; block RAM would be slow and far away.
        """
        folding = self.folding
        return folding.last and folding.rows > 1 and folding.bank_words <= NEAR_WORDS

    @property
    def shared_fields(self) -> tuple[str, ...]:
        """The fields that the operations of a sweep share in one register, see `sweep_layout`.

        Each operation carries the other fields through the pipeline. The lanes and later
        blocks sample the shared register with the first operation of the sweep, so the sweep must
        not end before. This holds if a sweep has more operations than the pipeline has registers.
        In a scan of positions each operation carries the tick, because rows may still be in the
        pipeline when the next scan starts.
        """
        folding = self.folding
        if folding.convolves:
            return ("context",) if folding.serial_sweeps else ()
        never_stalls = folding.mask_fifo_depth or folding.rows > 1
        later = folding.serialiser_cycles
        if folding.last:
            later = latencies.POTENTIALS + folding.decision_cycles
        is_long = folding.groups > folding.stages + later
        if is_long and not (folding.window or never_stalls or self.learns):
            return "tick", "context"
        return ()

    @property
    def segments(self) -> tuple[range, ...]:
        """Ranges of lanes that share control registers; one range for all lanes that may stall."""
        lanes = self.folding.lanes
        size = SEGMENT_LANES if self.folding.rows > 1 else lanes
        return tuple(range(first, min(first + size, lanes)) for first in range(0, lanes, size))
