# SPDX-License-Identifier: BSD-2-Clause
"""The description of a register map for JSON."""

from typing import Any

from firstspike.hdl.bus.bus_core import DECISIONS, REGISTERS
from firstspike.hdl.bus.core_map import ADDRESS_BITS, EVENT_BEAT, NO_ROW, decision_words
from firstspike.hdl.bus.images import EVENTS, Images
from firstspike.hdl.bus.register import (
    CONSTANT,
    HOLD,
    PORT,
    STICKY,
    Field,
    Register,
    RegisterMap,
)
from firstspike.hdl.core.config import CoreConfig

_ACCESS = {"r": "read", "w": "write", "rw": "read and write"}


def access(register: Register) -> str:
    """Return the permitted access to a register in words."""
    return "read, a written 1 clears" if register.kind == STICKY else _ACCESS[register.access]


def description(registers: RegisterMap, config: CoreConfig, images: Images) -> dict[str, Any]:
    """Return the description of a core's registers, and of the beats of its streams."""
    stream: dict[str, Any] = {"bus": images.bus}
    if images.kind == EVENTS:
        stream |= {"fields": [_field(field) for field in EVENT_BEAT], "no_row": NO_ROW}
    else:
        stream |= {"pixels": images.bits // images.pixel_bits, "pixel_bits": images.pixel_bits}
    words = [word.name for word in decision_words(config) for _ in range(word.count)]
    return {
        "bus": REGISTERS,
        "address_bits": ADDRESS_BITS,
        "registers": [
            {
                "name": register.name,
                "offset": register.offset,
                "count": register.count,
                "access": access(register),
                "meaning": register.meaning,
                "fields": [_field(field) | _live(register, field) for field in register.fields],
            }
            for register in registers.registers
        ],
        "images": stream,
        "decisions": {"bus": DECISIONS, "words": words},
    }


def _field(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "low": field.low,
        "bits": field.bits,
        "meaning": field.meaning,
    }


def _live(register: Register, field: Field) -> dict[str, Any]:
    """Return kind and access of a field, and its value after a reset, or None if unknown.

    A value of a field in a read-only port is constant. The values of the fields in a writable port
    are those after a reset, if any field of the port has a value.
    """
    if register.kind == PORT and "w" not in register.access:
        kind, known = (CONSTANT, True) if field.value else (PORT, False)
    else:
        kind = register.kind
        valued = any(other.value for other in register.fields)
        known = kind in (CONSTANT, HOLD, STICKY) or (kind == PORT and valued)
    return {
        "kind": kind,
        "access": access(register),
        "reset": field.value if known else None,
    }
