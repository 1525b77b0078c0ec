# SPDX-License-Identifier: BSD-2-Clause
"""A proof around a block: its ports are those of the block, and constants of any value."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import Out

from firstspike.hdl.lib.block import Block, join, tap


class BlockProof(wiring.Component):
    """Properties of a block and their invariants, which may look at the registers of the block.

    Parameters: the `block` under proof; `constants`, inputs that keep a value, whatever it is.
    """

    def __init__(self, block: Block, **constants: wiring.Member) -> None:
        self._block = block
        self.constants = tuple(constants)
        members = {name: _driven(member) for name, member in block.signature.members.items()}
        super().__init__({**members, **constants})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        inner = self._block.elaborate(platform)  # now, for its registers and submodules
        self._block.elaborate = lambda platform: inner  # type: ignore[method-assign]
        m.submodules.block = self._block
        for name, member in self._block.signature.members.items():
            if _driven(member) is member:
                join(m, wiring.flipped(self), self._block, name)
            else:
                taker, giver = getattr(self._block, name), getattr(self, name)
                if member.flow is Out:
                    taker, giver = giver, taker
                m.d.comb += [taker.valid.eq(giver.valid), taker.payload.eq(giver.payload)]
        self.check(m)
        return m

    def check(self, m: Module) -> None:
        """Add the properties and the invariants to the module around the block."""
        raise NotImplementedError


def _driven(member: wiring.Member) -> wiring.Member:
    """A port of a block as one of a top level, which has no constant for `ready`."""
    is_stream = member.is_signature and isinstance(member.signature, stream.Signature)
    if not (is_stream and member.signature.always_ready):
        return member
    return wiring.Member(member.flow, tap(payload=member.signature.members["payload"].shape))
