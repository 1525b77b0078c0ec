# SPDX-License-Identifier: BSD-2-Clause
"""Limits for the slope S by which a layer without M knows who fires."""

from collections.abc import Iterator
from functools import reduce
from operator import and_, or_

from amaranth.hdl import Module
from amaranth.lib import memory
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block
from firstspike.hdl.lib.memories import Memory

from .config import LayerConfig
from .events import tick_shape


def firing_limits(config: LayerConfig) -> list[int]:
    """The limit of every tick 0 .. deadline: a neuron with S at or above it has fired by then.

    All rows come at tick `unit`, and S is constant from then on. So

        M(z) = -threshold * unit + S * (z - unit),

    and M(z) >= 0 means S >= ceil(threshold * unit / (z - unit)). Up to `unit` nobody fires. A
    limit that no S reaches is as low as such a limit may be.
    """
    assert config.unit is not None
    beyond = 1 << config.widths.S - 1
    needed = config.threshold * config.unit
    ticks = range(1, config.deadline - config.unit + 1)
    later = [min(-(-needed // passed), beyond) for passed in ticks]
    return [beyond] * (config.unit + 1) + later


class Limits(Block):
    """A read-only memory of `firing_limits`, in a module of its own. Latency: 0."""

    def __init__(self, config: LayerConfig) -> None:
        self._limits = firing_limits(config)
        super().__init__(
            tick=In(tick_shape(config.deadline)), limit=Out(range(max(self._limits) + 1))
        )

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """The limits; most have no high bits."""
        limits = firing_limits(config)
        same = reduce(and_, limits) | ~reduce(or_, limits)
        width = max(limits).bit_length()
        varying = (~same & (1 << width) - 1).bit_count()
        yield Memory("", width, len(limits), read_only=True, varying=varying)

    def build(self, m: Module) -> None:
        m.submodules.memory = rom = memory.Memory(
            shape=self.limit.shape(), depth=len(self._limits), init=self._limits
        )
        read = rom.read_port(domain="comb")
        m.d.comb += [read.addr.eq(self.tick), self.limit.eq(read.data)]
