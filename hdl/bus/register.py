# SPDX-License-Identifier: BSD-2-Clause
"""The description of registers, shared by hardware, documents and software.

A description is plain Python. `register_file` builds hardware from it, and the package
`firstspike.hdl.flow.bus` generates the files that accompany a core.

>>> status = Register("status", 0x10, "how it is", READ, (Field("busy", 0, 1, "an image is"),))
>>> RegisterMap([status]).unpack("status", 1)
{'busy': 1}
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

WORD_BITS = 32
"""Width of a register, and of the bus."""
WORD_BYTES = WORD_BITS // 8

CONSTANT, READ, HOLD, STICKY, PORT = "constant", "read", "hold", "sticky", "port"
"""Kinds of registers. CONSTANT: the values of its fields. READ: an input from the hardware. HOLD:
the value of the last write. STICKY: bits that the hardware sets and a written 1 clears. PORT: an
access to a block, which answers or refuses it."""


@dataclass(frozen=True)
class Field:
    """A field of a register. `value` is its constant value, or its value after a reset."""

    name: str
    low: int
    bits: int
    meaning: str
    value: int = 0

    @property
    def mask(self) -> int:
        """The bits of the field in the register."""
        return ((1 << self.bits) - 1) << self.low


@dataclass(frozen=True)
class Register:
    """A register, or an `array` of `count` registers at consecutive offsets."""

    name: str
    offset: int
    """Offset in bytes."""
    meaning: str
    kind: str
    fields: tuple[Field, ...]
    array: bool = False
    count: int = 1
    valid_accesses: str = "r"
    """Permitted access to a `PORT`: `r`, `w` or `rw`."""
    port: str = ""
    """Name of the port of a `PORT`; neighbours may share a port, which has an index."""

    @property
    def access(self) -> str:
        """Permitted access: `r`, `w` or `rw`."""
        if self.kind == PORT:
            return self.valid_accesses
        return "rw" if self.kind in (HOLD, STICKY) else "r"

    @property
    def end(self) -> int:
        """The offset after the register."""
        return self.offset + WORD_BYTES * self.count


_LINE = re.compile(
    r"(?P<name>\w+) (?P<offset>0x\w+) (?P<kind>\w+)(?: (?P<port>\w+) (?P<access>r?w?))?: (.*)|"
    r"    (?P<field>\w+) \[(?:(?P<high>\d+):)?(?P<low>\d+)\]: (.*)"
)


def registers_of(table: str, values: Mapping[str, Mapping[str, int]]) -> list[Register]:
    """Parse registers from a table with a line per register, followed by a line per field.

    `values` holds the values of fields, by register and field; other values are 0. The kind of a
    `PORT` is followed by the name of the port and the permitted access, `r`, `w` or `rw`.

    >>> registers_of('''
    ... status 0x10 read: how it is
    ...     busy [0]: an image is under way
    ... ''', {})[0].fields
    (Field(name='busy', low=0, bits=1, meaning='an image is under way', value=0),)
    """
    registers: list[Register] = []
    for line in table.strip().splitlines():
        groups = _LINE.fullmatch(line)
        assert groups, line
        if groups["name"]:
            positional = groups["name"], int(groups["offset"], 16), groups[6], groups["kind"], ()
            valid_accesses, port = groups["access"] or "r", groups["port"] or ""
            registers.append(Register(*positional, valid_accesses=valid_accesses, port=port))
        else:
            register, low = registers[-1], int(groups["low"])
            value = values.get(register.name, {}).get(groups["field"], 0)
            bits = int(groups["high"] or low) - low + 1
            field = Field(groups["field"], low, bits, groups[10], value)
            registers[-1] = replace(register, fields=(*register.fields, field))
    return registers


class RegisterMap:
    """The registers of a core in ascending order of offsets; packs and unpacks their fields.

    Raises ValueError for registers or fields that overlap, and for names that collide in generated
    code: of two registers, of a register and a field (field `b` of register `a`, and register
    `a_b`), or of two fields of different registers.
    """

    def __init__(self, registers: Iterable[Register]) -> None:
        self.registers = tuple(registers)
        self.by_name = {register.name: register for register in self.registers}
        names = set()
        for register in self.registers:
            fields = (f"{register.name}_{field.name}" for field in register.fields)
            for name in (register.name, *fields):
                if name in names:
                    raise ValueError(
                        f"generated code would have two meanings of {name}: rename one."
                    )
                names.add(name)
            used_bits = 0
            for field in register.fields:
                if used_bits & field.mask or field.low + field.bits > WORD_BITS:
                    raise ValueError(f"{register.name}.{field.name} has no bits of its own.")
                used_bits |= field.mask
        for one, other in pairwise(self.registers):
            if one.end > other.offset:
                raise ValueError(f"{other.name} begins at {other.offset:#x}, in {one.name}.")

    def ports(self) -> dict[str, tuple[Register, ...]]:
        """Return the registers of each port, by the name of the port.

        Raises ValueError unless the lowest bits of the offsets are the index of the port.
        """
        groups = {}
        port_registers = (register for register in self.registers if register.kind == PORT)
        for name, group in groupby(port_registers, lambda register: register.port):
            registers = tuple(group)
            words = (registers[-1].end - registers[0].offset) // WORD_BYTES
            port_size = 1 << (words - 1).bit_length()
            if registers[0].offset % (port_size * WORD_BYTES) or name in groups:
                raise ValueError(
                    f"the registers of {name} do not begin at a multiple of {port_size}."
                )
            groups[name] = registers
        return groups

    def pack(self, name: str, **values: int) -> int:
        """Return a register's content; other fields are 0. Raises ValueError for a wide value."""
        fields = {field.name: field for field in self.by_name[name].fields}
        content = 0
        for field, value in values.items():
            low, mask = fields[field].low, fields[field].mask
            if value < 0 or value << low & ~mask:
                raise ValueError(
                    f"{name}.{field} has {fields[field].bits} bits, too few for {value}."
                )
            content |= value << low
        return content

    def unpack(self, name: str, content: int) -> Mapping[str, int]:
        """Return the fields of a register's content, by name."""
        fields = self.by_name[name].fields
        return {field.name: (content & field.mask) >> field.low for field in fields}
