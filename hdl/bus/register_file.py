# SPDX-License-Identifier: BSD-2-Clause
"""The RegisterFile, which decodes addresses, holds register values, and accesses ports."""

from typing import Any

from amaranth.hdl import Module, Signal, Value
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

    Latency: 0 cycles; for a register of the kind PORT, that of the block behind the port.
    Throughput: one access per cycle, or that of the port.
    """

    def __init__(self, registers: RegisterMap, address_bits: int) -> None:
        self._map = registers
        self._ports = registers.ports()
        ports: dict[str, wiring.Member] = {}
        for register in registers.registers:
            ports |= _ports_of(register)
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
        stores = {HOLD: self._hold, STICKY: self._stick}
        for register in self._map.registers:
            if register.kind in stores:
                is_addressed = writes & (access.address == register.offset // WORD_BYTES)
                stores[register.kind](m, register, is_addressed)
        for name in self._ports:
            port = getattr(self, name)
            m.d.comb += [port.index.eq(access.address), port.data.eq(access.data)]

    def _hold(self, m: Module, register: Register, is_addressed: Value) -> None:
        """Store the fields of a HOLD register that a write addresses."""
        init = {field.name: field.value for field in register.fields}
        content = Signal(fields_layout(register), name=register.name, init=init)
        m.d.comb += getattr(self, register.name).eq(content)
        with m.If(is_addressed):
            m.d.sync += (
                content[field.name].eq(self.access.data[field.low :]) for field in register.fields
            )

    def _stick(self, m: Module, register: Register, is_addressed: Value) -> None:
        """Set the bits of a STICKY register, and clear those that a write to it names."""
        content, sets = getattr(self, register.name), getattr(self, f"{register.name}_set")
        for field in register.fields:
            clears = is_addressed & self.access.data[field.low]
            m.d.sync += content[field.name].eq(sets[field.name] | (content[field.name] & ~clears))

    def _register(self, m: Module, register: Register, access: Any) -> None:
        """Drive the answer to an access to `register`."""
        wrong = (access.write & ~access.full_word) if "w" in register.access else access.write
        if "r" not in register.access:
            wrong |= ~access.write
        answers = {CONSTANT: self._answer_constant, PORT: self._answer_port}
        answers.get(register.kind, self._answer_fields)(m, register, wrong)

    def _answer_constant(self, m: Module, register: Register, wrong: Value) -> None:
        content = sum(field.value << field.low for field in register.fields)
        m.d.comb += [self.access.refused.eq(wrong), self.access.answer.eq(content)]

    def _answer_fields(self, m: Module, register: Register, refused: Value) -> None:
        content = getattr(self, register.name)
        m.d.comb += [
            self.access.refused.eq(refused),
            *(
                self.access.answer[field.low :][: field.bits].eq(content[field.name])
                for field in register.fields
            ),
        ]

    def _answer_port(self, m: Module, register: Register, wrong: Value) -> None:
        access, port = self.access, getattr(self, register.port)
        m.d.comb += [
            port.valid.eq(access.valid & ~wrong),
            port.write.eq(access.write),
            access.done.eq(port.done | wrong),
            access.refused.eq(port.refused | wrong),
            access.answer.eq(port.answer),
        ]


def _ports_of(register: Register) -> dict[str, wiring.Member]:
    """Return the ports of a register of its own; a PORT has one in common with its neighbours."""
    name, layout = register.name, fields_layout(register)
    of_kind = {
        READ: {name: In(layout)},
        HOLD: {name: Out(layout)},
        STICKY: {name: Out(layout), f"{name}_set": In(layout)},
    }
    return of_kind.get(register.kind, {})
