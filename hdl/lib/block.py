# SPDX-License-Identifier: BSD-2-Clause
"""Components whose ports are given by name, what these carry, and how they are connected."""

from amaranth.hdl import Module, ShapeLike
from amaranth.lib import data, wiring
from amaranth.lib.wiring import Out


class Block(wiring.Component):
    """A Component whose ports are given as `name=In(...)` or `name=Out(...)`, None for no port.

    `build` puts into the module m what is inside.
    """

    def __init__(self, **ports: wiring.Member | None) -> None:
        super().__init__({name: port for name, port in ports.items() if port is not None})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.build(m)
        return m


def struct(**members: ShapeLike | None) -> data.StructLayout:
    """The layout of these members, from the lowest bit on; None is for no member."""
    return data.StructLayout({name: shape for name, shape in members.items() if shape is not None})


def tap(**fields: ShapeLike) -> wiring.Signature:
    """What is looked at while `valid` is high, with nothing to wait for."""
    return wiring.Signature({"valid": Out(1)} | {name: Out(fields[name]) for name in fields})


def join(m: Module, one: wiring.PureInterface, other: wiring.PureInterface, *names: str) -> None:
    """Connect the ports of these names of two blocks, streams and taps as well as signals.

    For a block inside the one whose module `m` is, `one` is `wiring.flipped(self)`.
    """
    for name in names:
        member, a, b = one.signature.members[name], getattr(one, name), getattr(other, name)
        if member.is_signature:
            wiring.connect(m, a, b)
        else:
            m.d.comb += b.eq(a) if member.flow is Out else a.eq(b)
