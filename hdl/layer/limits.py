# SPDX-License-Identifier: BSD-2-Clause
"""A table of firing limits: a layer without M compares the slope S with the limit of the tick."""

from collections.abc import Sequence
from functools import reduce
from operator import and_, or_

from amaranth.hdl import Module
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block
from firstspike.hdl.lib.memories import Memory

from .config import LayerConfig
from .events import tick_shape


def firing_limits(config: LayerConfig) -> list[int]:
    """Return the limit of every tick 0 .. deadline: a neuron has fired by this tick if S >= limit.

    The layer adds all rows at tick `unit`, and S is constant afterwards. Therefore

        M(z) = -threshold * unit + S * (z - unit),

    and M(z) >= 0 is equivalent to S >= ceil(threshold * unit / (z - unit)). No neuron fires up to
    tick `unit`. The limit for 'no neuron' is 2^(bits of S - 1), the lowest value above every S.
    """
    assert config.unit is not None
    beyond = 1 << config.widths.S - 1
    needed = config.threshold * config.unit
    ticks = range(1, config.deadline - config.unit + 1)
    later = [min(-(-needed // passed_ticks), beyond) for passed_ticks in ticks]
    return [beyond] * (config.unit + 1) + later


def limits_memory(limits: Sequence[int]) -> Memory:
    """Return the ROM of `limits`; most limits have no high bits."""
    same = reduce(and_, limits) | ~reduce(or_, limits)
    width = max(limits).bit_length()
    varying = (~same & (1 << width) - 1).bit_count()
    return Memory("", width, len(limits), read_only=True, varying=varying)


class Limits(Block):
    """A ROM with the limit of S for each tick 0 .. deadline, in a layer without M.

    Latency: 0 cycles.
    """

    def __init__(self, limits: Sequence[int]) -> None:
        self._limits = limits
        super().__init__(tick=In(tick_shape(len(limits) - 1)), limit=Out(range(max(limits) + 1)))

    def build(self, m: Module) -> None:
        listed = limits_memory(self._limits)
        m.submodules.memory = rom = listed.create(shape=self.limit.shape(), init=self._limits)
        read = rom.read_port(domain="comb")
        m.d.comb += [read.addr.eq(self.tick), self.limit.eq(read.data)]
