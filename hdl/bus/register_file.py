# SPDX-License-Identifier: BSD-2-Clause
"""The RegisterFile, which decodes addresses, holds register values, and accesses ports."""

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


def port_signature(count: int) -> wiring.Signature:
    """Return the signature of an access to a port of `count` registers, as initiator.

    `valid` is 0 without an access; `index` and `data` then follow the latest access.
    """
    return wiring.Signature(
        {
            "valid": Out(1),
            "write": Out(1),
            "index": Out(range(max(count, 2))),
            "data": Out(WORD_BITS),
            #: Completes the access, in any cycle with `valid`; the next two are valid with `done`.
            "done": In(1),
            "refused": In(1),
            "answer": In(WORD_BITS),
        }
    )


def fields_layout(register: Register) -> data.StructLayout:
    """Return the layout of a register's fields, without the gaps between them."""
    return struct(**{field.name: field.bits for field in register.fields})


class RegisterFile(Block):
    """The registers of the map `registers`, for the accesses of an AxiLite.

    Ports besides `access`, for a register R by its kind: READ: input `R`, the value to read. HOLD:
    output `R`, the value held. STICKY: output `R`, the bits set so far, and input `R_set`, the bits
    to set. PORT: the port P that the register names. `refuses` is high in the cycle in which an
    access is refused. Refused are accesses to an address without a register, reads of a write-only
    register, writes to a read-only register, writes of single bytes, and accesses that a port
    refuses.

    Latency: 0 cycles, or that of the port. Throughput: one access per cycle, or that of the port.
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
            count = (group[-1].end - group[0].offset) // WORD_BYTES
            ports[name] = Out(port_signature(count))
        super().__init__(
            access=In(access_signature(address_bits)),
            refuses=Out(1),
            **ports,
        )

    def build(self, m: Module) -> None:
        access = self.access
        m.d.comb += self.refuses.eq(access.valid & access.done & access.refused)
        # The defaults refuse an access at once.
        m.d.comb += [access.done.eq(1), access.refused.eq(1)]
        writes = access.valid & access.write & access.full_word
        with m.Switch(access.address):
            for register in self._map.registers:
                first = register.offset // WORD_BYTES
                with m.Case(*range(first, first + register.count)):
                    self._register(m, register, access)
        for register in self._map.registers:
            is_addressed = writes & (access.address == register.offset // WORD_BYTES)
            if register.kind == HOLD:
                content = Signal(
                    fields_layout(register),
                    name=register.name,
                    init={field.name: field.value for field in register.fields},
                )
                m.d.comb += getattr(self, register.name).eq(content)
                with m.If(is_addressed):
                    m.d.sync += (
                        content[field.name].eq(access.data[field.low :])
                        for field in register.fields
                    )
            if register.kind == STICKY:
                content = getattr(self, register.name)
                comes = getattr(self, f"{register.name}_set")
                for field in register.fields:
                    clears = is_addressed & access.data[field.low]
                    m.d.sync += content[field.name].eq(
                        comes[field.name] | (content[field.name] & ~clears)
                    )
        for name in self._ports:
            port = getattr(self, name)
            m.d.comb += [port.index.eq(access.address), port.data.eq(access.data)]

    def _register(self, m: Module, register: Register, access: Any) -> None:
        """Drive the answer to an access to `register`."""
        wrong = (access.write & ~access.full_word) if "w" in register.access else access.write
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
