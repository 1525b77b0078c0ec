# SPDX-License-Identifier: BSD-2-Clause
"""A core behind its link that has its first weights from a flash, and that flash.

host <-> LinkedCore <-> spi_flash.v <- filled
"""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from firstspike.hdl.lib.block import Block, join, tap
from firstspike.hdl.link.linked_core import LinkedCore
from firstspike.sim.benches.flash.model import spi_flash


class FlashedLink(Block):
    """A LinkedCore with the flash that it reads; `filled` is a byte for the flash."""

    def __init__(self, core: LinkedCore) -> None:
        self._core = core
        members = dict(core.signature.members)
        del members["flash"]
        self._ports = members
        super().__init__(**members, filled=In(tap(address=24, data=8)))

    def build(self, m: Module) -> None:
        """Put into the module m what is inside."""
        m.submodules.core = core = self._core
        m.submodules.flash = spi_flash(self.filled, core.flash)
        join(m, wiring.flipped(self), core, *self._ports)
