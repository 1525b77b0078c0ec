# SPDX-License-Identifier: BSD-2-Clause
"""A register map as a header for C: offsets, masks, and functions for them."""

from firstspike.hdl.bus.core_map import EVENT_BEAT, NO_ROW
from firstspike.hdl.bus.register import CONSTANT, WORD_BYTES, Register, RegisterMap

_BEGIN = """\
#ifndef FIRSTSPIKE_REGISTERS_H
#define FIRSTSPIKE_REGISTERS_H

#include <stdint.h>

/* How a register is read and written; define both to do it otherwise. */
#ifndef FIRSTSPIKE_READ
#define FIRSTSPIKE_READ(base, offset) (*(const volatile uint32_t *)((base) + (offset)))
#define FIRSTSPIKE_WRITE(base, offset, value) \\
    (*(volatile uint32_t *)((base) + (offset)) = (value))
#endif
"""


def c_header(registers: RegisterMap, said: str) -> str:
    """The header; `said` is what it says of itself at first. Functions take the core's address."""
    first = "".join(f" * {line}\n" for line in said.splitlines())
    shifts = [f"#define FIRSTSPIKE_EVENT_{f.name.upper()}_SHIFT {f.low}\n" for f in EVENT_BEAT]
    events = ["/* A beat of events. */\n", *shifts, f"#define FIRSTSPIKE_NO_ROW {NO_ROW:#x}u\n"]
    parts = [f"/*\n{first} */\n", _BEGIN, "".join(events)]
    parts += [_register(register) for register in registers.registers]
    return "\n".join([*parts, "#endif\n"])


def _register(register: Register) -> str:
    readable, writable = register.access
    name, upper = register.name, f"FIRSTSPIKE_{register.name.upper()}"
    lines = [f"/* {register.meaning} */", f"#define {upper} {register.offset:#x}u"]
    which, offset = "", upper
    if register.array:
        lines.append(f"#define {upper}_COUNT {register.count}u")
        which, offset = ", uint32_t number", f"{upper} + {WORD_BYTES}u * number"
    for field in register.fields:
        of = f"{upper}_{field.name.upper()}"
        lines += [f"#define {of}_MASK {field.mask:#x}u /* {field.meaning} */"]
        lines += [f"#define {of}_SHIFT {field.low}"]
        if register.kind == CONSTANT:
            lines += [f"#define {of}_VALUE {field.value:#x}u"]
    if readable:
        lines += [
            f"static inline uint32_t firstspike_read_{name}(uintptr_t base{which})",
            f"{{\n    return FIRSTSPIKE_READ(base, {offset});\n}}",
        ]
        for field in register.fields:
            of = f"{upper}_{field.name.upper()}"
            lines += [
                f"static inline uint32_t firstspike_{name}_{field.name}(uint32_t content)",
                f"{{\n    return (content & {of}_MASK) >> {of}_SHIFT;\n}}",
            ]
    if writable:
        lines += [
            f"static inline void firstspike_write_{name}(uintptr_t base{which}, uint32_t content)",
            f"{{\n    FIRSTSPIKE_WRITE(base, {offset}, content);\n}}",
        ]
    return "\n".join(lines) + "\n"
