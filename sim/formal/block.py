# SPDX-License-Identifier: BSD-2-Clause
"""A proof around a block: its ports are those of the block, and constants of any value."""

from amaranth.hdl import Module
from amaranth.lib import wiring

from firstspike.hdl.lib.block import Block, join


class BlockProof(wiring.Component):
    """Properties of a block and their invariants, which may look at the registers of the block.

    Parameters: the `block` under proof; `constants`, inputs that keep a value, whatever it is.
    """

    def __init__(self, block: Block, **constants: wiring.Member) -> None:
        self._block = block
        self.constants = tuple(constants)
        super().__init__({**block.signature.members, **constants})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        inner = self._block.elaborate(platform)  # now, for its registers and submodules
        self._block.elaborate = lambda platform: inner  # type: ignore[method-assign]
        m.submodules.block = self._block
        join(m, wiring.flipped(self), self._block, *self._block.signature.members)
        self.check(m)
        return m

    def check(self, m: Module) -> None:
        """Add the properties and the invariants to the module around the block."""
        raise NotImplementedError
