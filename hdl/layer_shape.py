"""The parameters of a layer in hardware, shared by the blocks it is made of."""

from dataclasses import dataclass

from amaranth.hdl import signed
from amaranth.lib import data

from firstspike.golden.schedule import LayerSchedule
from firstspike.golden.widths import StateWidths

from .events import event_layout, operation_layout


@dataclass(frozen=True, kw_only=True)
class LayerShape:
    """Schedule and number formats of one layer.

    `counted` lists n_in of the earlier layers and of this one: whose spikes its events count.
    """

    schedule: LayerSchedule
    weight_bits: int
    threshold: int
    deadline: int
    widths: StateWidths
    counted: tuple[int, ...]

    @property
    def slope(self):
        """Shape of S."""
        return signed(self.widths.S)

    @property
    def potential(self):
        """Shape of M."""
        return signed(self.widths.M)

    @property
    def word(self):
        """One group's part of a weight row: a weight a lane."""
        return data.ArrayLayout(signed(self.weight_bits), self.schedule.lanes)

    @property
    def words(self):
        """Words of the weight store: group by group, in each a word a row."""
        return self.schedule.groups * self.schedule.n_in

    @property
    def taken(self):
        """Layout of the events the layer takes."""
        return event_layout(self.schedule.n_in, self.deadline, self.counted[:-1])

    @property
    def sent(self):
        """Layout of the events the layer sends."""
        return event_layout(self.schedule.n_out, self.deadline, self.counted)

    @property
    def operation(self):
        """Layout of the operations its sequencer gives to its lanes."""
        return operation_layout(
            self.schedule.groups, self.schedule.window, self.deadline, self.counted
        )

    def lane_exists(self, group, lane):
        """Whether `lane` of `group` (a value) is a neuron: the last group may not be full.

        True, or a one-bit value.
        """
        if (self.schedule.groups - 1) * self.schedule.lanes + lane < self.schedule.n_out:
            return True
        return group != self.schedule.groups - 1
