"""The parameters of a layer in hardware, shared by the blocks it is made of."""

from dataclasses import dataclass

from amaranth.hdl import signed
from amaranth.lib import data

from firstspike.golden.timing.folding import LayerFolding
from firstspike.golden.widths import StateWidths

from .events import event_layout, operation_layout


@dataclass(frozen=True, kw_only=True)
class Learning:
    """What a core that learns is built for."""

    stored_bits: int
    """Of a weight; the layers use the top `weight_bits` of them."""
    unit: int
    """Of the network."""


@dataclass(frozen=True, kw_only=True)
class LayerConfig:
    """Folding and number formats of one layer.

    `counted` lists n_in of the earlier layers and of this one: whose spikes its events count.
    `learning` is None in a core that does not learn.
    """

    folding: LayerFolding
    weight_bits: int
    threshold: int
    deadline: int
    widths: StateWidths
    counted: tuple[int, ...]
    learning: Learning | None = None

    @property
    def slope(self):
        """Shape of S."""
        return signed(self.widths.S)

    @property
    def potential(self):
        """Shape of M."""
        return signed(self.widths.M)

    @property
    def learns(self):
        """Whether a Learner changes the weights."""
        return self.learning is not None

    @property
    def unused_bits(self):
        """Low bits of a stored weight that the layer does not use."""
        return self.learning.stored_bits - self.weight_bits if self.learning else 0

    @property
    def word(self):
        """One group's part of a weight row: a stored weight a lane."""
        return data.ArrayLayout(signed(self.weight_bits + self.unused_bits), self.folding.lanes)

    @property
    def words(self):
        """Words of the weight store."""
        return self.folding.words

    @property
    def taken(self):
        """Layout of the events the layer takes."""
        return event_layout(self.folding.n_in, self.deadline, self.counted[:-1], self.learns)

    @property
    def sent(self):
        """Layout of the events the layer sends."""
        return event_layout(self.folding.n_out, self.deadline, self.counted, self.learns)

    @property
    def operation(self):
        """Layout of the operations its sequencer gives to its lanes."""
        return operation_layout(
            self.folding.groups,
            self.folding.window,
            self.deadline,
            self.counted,
            self.learns,
        )

    def lane_exists(self, group, lane):
        """Whether `lane` of `group` (a value) is a neuron: the last group may not be full.

        True, or a one-bit value.
        """
        if (self.folding.groups - 1) * self.folding.lanes + lane < self.folding.n_out:
            return True
        return group != self.folding.groups - 1
