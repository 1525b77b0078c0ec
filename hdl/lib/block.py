# SPDX-License-Identifier: BSD-2-Clause
"""A base class for components with named ports, and helpers to describe and connect ports."""

from typing import Any

from amaranth.hdl import Module, ShapeLike
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import Out


class Block(wiring.Component):
    """A Component with the ports `name=In(...)` or `name=Out(...)`; None omits a port.

    A subclass defines `build(m)`, which adds the contents of the block to the module m.
    """

    def __init__(self, **ports: wiring.Member | None) -> None:
        super().__init__({name: port for name, port in ports.items() if port is not None})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.build(m)
        return m


def struct(**members: ShapeLike | None) -> data.StructLayout:
    """Return the layout of these members, starting at bit 0; a member of None is omitted."""
    return data.StructLayout({name: shape for name, shape in members.items() if shape is not None})


def tap(**fields: ShapeLike) -> wiring.Signature:
    """Return a signature of `fields` that hold while `valid` is high, without back-pressure."""
    return wiring.Signature({"valid": Out(1)} | {name: Out(fields[name]) for name in fields})


def assign_members(target: Any, source: Any, *names: str) -> list[Any]:
    """Return the statements that assign to the ports or fields `names` those of `source`."""
    return [getattr(target, name).eq(getattr(source, name)) for name in names]


def assign_handshake(sink: stream.Interface, source: stream.Interface) -> list[Any]:
    """Return the statements that connect two streams, except their payloads."""
    return [sink.valid.eq(source.valid), source.ready.eq(sink.ready)]


def join(m: Module, one: wiring.PureInterface, other: wiring.PureInterface, *names: str) -> None:
    """Connect the ports `names` of two blocks: signals, streams and taps.

    To connect ports of `self` to those of a submodule, pass `wiring.flipped(self)` as `one`.
    """
    for name in names:
        member, a, b = one.signature.members[name], getattr(one, name), getattr(other, name)
        if member.is_signature:
            wiring.connect(m, a, b)
        else:
            m.d.comb += b.eq(a) if member.flow is Out else a.eq(b)
