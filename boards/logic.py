"""How many look-up tables a design takes, by a rule fitted to what Yosys makes of it.

Nearly all that grows with a layer goes with the bits of state in its lanes, which is what the rule
counts; the rest, core and link, is a constant. It is right to some 10 %.
"""

from __future__ import annotations

from dataclasses import dataclass

from firstspike.hdl.core_shape import CoreShape
from firstspike.hdl.devices import ECP5, ICE40, Family


@dataclass(frozen=True)
class Rule:
    """Look-up tables of a family: for the link and the core's frame, a layer, a bit of state."""

    design: int
    layer: int
    registers: float
    """A bit of S or M in a layer of one group."""
    memory: float
    """Likewise in a layer of several, whose state is in memory."""
    window: float
    """More for it, where time advances by windows."""


RULES: dict[Family, Rule] = {
    ICE40: Rule(design=2240, layer=0, registers=3.0, memory=4.8, window=4.0),
    ECP5: Rule(design=2740, layer=0, registers=2.5, memory=3.3, window=3.3),
}


def luts(shape: CoreShape, family: Family) -> int:
    """Without those that serve as memory."""
    rule = RULES[family]
    total = rule.design
    for layer in shape.layers:
        schedule = layer.schedule
        bit = rule.registers if schedule.groups == 1 else rule.memory
        if schedule.window:
            bit += rule.window
        total += rule.layer + bit * schedule.lanes * (layer.widths.S + layer.widths.M)
    return round(total)
