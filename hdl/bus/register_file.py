# SPDX-License-Identifier: BSD-2-Clause
"""The hardware of a register map: it decodes addresses, holds what is held, and asks the rest."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, struct

from .axi_lite import access_signature
from .register import (
    CONSTANT,
    HOLD,
    PORT,
    READ,
    STICKY,
    WORD_BITS,
    WORD_BYTES,
    Register,
    RegisterMap,
)


def port_signature(places: int) -> wiring.Signature:
    """Return the signature of an access to a port of `places` registers, from the registers' side.

    All outputs but `data` are 0 without an access.
    """
    return wiring.Signature(
        {
            "valid": Out(1),
            "write": Out(1),
            "index": Out(range(max(places, 2))),
            "data": Out(WORD_BITS),
            #: From any cycle with `valid` on; what follows is not looked at before.
            "done": In(1),
            "refused": In(1),
            "answer": In(WORD_BITS),
        }
    )


def fields_layout(register: Register) -> data.StructLayout:
    """The fields of a register, without what is between them."""
    return struct(**{field.name: field.bits for field in register.fields})


class RegisterFile(Block):
    """The registers of `registers` behind the accesses of an AxiLite.

    Ports besides `access`, by the kind of a register named R: READ `R`, what is read. HOLD `R`,
    what is held. STICKY `R`, what has come, and `R_set`, what comes. PORT: `P`, its port's name.
    `refuses` is high in the cycle in which an access is refused: of an address without a register,
    a read of what cannot be read, a write of what cannot be written or of some bytes, and what a
    port refuses.

    Latency: 0 cycles, or that of the port. Throughput: that of the accesses.
    """

    def __init__(self, registers: RegisterMap, address_bits: int) -> None:
        self._map = registers
        self._ports = registers.ports()
        ports = {}
        for register in registers.registers:
            if register.kind in (HOLD, STICKY):
                ports[register.name] = Out(fields_layout(register))
            if register.kind == READ:
                ports[register.name] = In(fields_layout(register))
            if register.kind == STICKY:
                ports[f"{register.name}_set"] = In(fields_layout(register))
        for name, group in self._ports.items():
            places = (group[-1].end - group[0].offset) // WORD_BYTES
            ports[name] = Out(port_signature(places))
        super().__init__(
            access=In(access_signature(address_bits)),
            refuses=Out(1),
            **ports,
        )

    def build(self, m: Module) -> None:
        access = self.access
        m.d.comb += self.refuses.eq(access.valid & access.done & access.refused)
        # What is not said below is refused at once.
        m.d.comb += [access.done.eq(1), access.refused.eq(1)]
        writes = access.valid & access.write & access.whole
        with m.Switch(access.address):
            for register in self._map.registers:
                first = register.offset // WORD_BYTES
                with m.Case(*range(first, first + register.count)):
                    self._register(m, register, access)
        for register in self._map.registers:
            here = writes & (access.address == register.offset // WORD_BYTES)
            if register.kind == HOLD:
                content = Signal(
                    fields_layout(register),
                    name=register.name,
                    init={field.name: field.value for field in register.fields},
                )
                m.d.comb += getattr(self, register.name).eq(content)
                with m.If(here):
                    m.d.sync += (
                        content[field.name].eq(access.data[field.low :])
                        for field in register.fields
                    )
            if register.kind == STICKY:
                content = getattr(self, register.name)
                comes = getattr(self, f"{register.name}_set")
                for field in register.fields:
                    clears = here & access.data[field.low]
                    m.d.sync += content[field.name].eq(
                        comes[field.name] | (content[field.name] & ~clears)
                    )
        for name in self._ports:
            port = getattr(self, name)
            m.d.comb += [port.index.eq(access.address), port.data.eq(access.data)]

    def _register(self, m: Module, register: Register, access: Any) -> None:
        """What the access to a register gives."""
        wrong = (access.write & ~access.whole) if "w" in register.access else access.write
        if "r" not in register.access:
            wrong |= ~access.write
        if register.kind != PORT:
            m.d.comb += access.refused.eq(wrong)
            if register.kind == CONSTANT:
                content = sum(field.value << field.low for field in register.fields)
                m.d.comb += access.answer.eq(content)
                return
            content = getattr(self, register.name)
            m.d.comb += (
                access.answer[field.low :][: field.bits].eq(content[field.name])
                for field in register.fields
            )
            return
        port = getattr(self, register.port)
        m.d.comb += [
            port.valid.eq(access.valid & ~wrong),
            port.write.eq(access.write),
            access.done.eq(port.done | wrong),
            access.refused.eq(port.refused | wrong),
            access.answer.eq(port.answer),
        ]
