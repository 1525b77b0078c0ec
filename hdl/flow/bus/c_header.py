# SPDX-License-Identifier: BSD-2-Clause
"""A register map as a C header: offsets, masks and access functions."""

import textwrap
import zlib
from collections.abc import Iterable

from firstspike.hdl.bus.core_map import EVENT_BEAT, NO_ROW
from firstspike.hdl.bus.register import CONSTANT, WORD_BYTES, Register, RegisterMap

WIDTH = 100
"""Maximum length of a line in C."""

_BEGIN = """\
#ifdef {P}_REGISTERS_H
#if {P}_REGISTERS_H != {identity}
#error "two cores have the prefix {p}: call one another name by firstspike verilog --name"
#endif
#else
#define {P}_REGISTERS_H {identity}

#include <stdint.h>

/* How a register is read and written; define both to do it otherwise. */
#ifndef {P}_READ
#define {P}_READ(base, offset) (*(const volatile uint32_t *)((base) + (uintptr_t)(offset)))
#define {P}_WRITE(base, offset, value) \\
    (*(volatile uint32_t *)((base) + (uintptr_t)(offset)) = (value))
#endif
"""


def c_header(registers: RegisterMap, prefix: str, notice: str) -> str:
    """Return the header, after the comment `notice`; its identifiers start with `prefix`.

    The functions have the base address of the core as a parameter.
    """
    upper = prefix.upper()
    shifts = [f"#define {upper}_EVENT_{f.name.upper()}_SHIFT {f.low}u\n" for f in EVENT_BEAT]
    no_row = f"#define {upper}_NO_ROW {number(NO_ROW)}\n"
    parts = ["".join(["/* A beat of events. */\n", *shifts, no_row])]
    parts += [_register(register, prefix) for register in registers.registers]
    body = "\n".join([*parts, "#endif\n"])
    identity = number(zlib.crc32(body.encode()))
    return f"{first_comment(notice)}\n{_BEGIN.format(p=prefix, P=upper, identity=identity)}\n{body}"


def first_comment(notice: str) -> str:
    """Return the comment at the start of a C file."""
    return "/*\n" + "".join(f" * {line}\n" for line in notice.splitlines()) + " */\n"


def number(value: int) -> str:
    """Return an unsigned C constant of 32 bits, also for compilers with an `int` of 16 bits."""
    return f"UINT32_C({value:#x})"


def comment(text: str) -> Iterable[str]:
    """Return the lines of a comment."""
    return textwrap.wrap(f"/* {text} */", WIDTH, subsequent_indent=" * ")


def _register(register: Register, prefix: str) -> str:
    name, upper = register.name, f"{prefix.upper()}_{register.name.upper()}"
    lines = [*comment(register.meaning), f"#define {upper} {number(register.offset)}"]
    which, offset = "", upper
    if register.array:
        lines.append(f"#define {upper}_COUNT {number(register.count)}")
        which, offset = ", uint32_t number", f"{upper} + {number(WORD_BYTES)} * number"
    if register.kind == CONSTANT:
        content = sum(field.value << field.low for field in register.fields)
        lines.append(f"#define {upper}_VALUE {number(content)}")
    for field in register.fields:
        of = f"{upper}_{field.name.upper()}"
        lines += comment(f"{field.name}: {field.meaning}")
        lines += [f"#define {of}_MASK {number(field.mask)}", f"#define {of}_SHIFT {field.low}u"]
        if register.kind == CONSTANT:
            lines.append(f"#define {of}_VALUE {number(field.value)}")
    if "r" in register.access:
        lines += [
            f"static inline uint32_t {prefix}_read_{name}(uintptr_t base{which})",
            f"{{\n    return {prefix.upper()}_READ(base, {offset});\n}}",
        ]
        for field in register.fields:
            of = f"{upper}_{field.name.upper()}"
            lines += [
                f"static inline uint32_t {prefix}_{name}_{field.name}(uint32_t content)",
                f"{{\n    return (content & {of}_MASK) >>\n           {of}_SHIFT;\n}}",
            ]
    if "w" in register.access:
        lines += [
            f"static inline void {prefix}_write_{name}(uintptr_t base{which}, uint32_t content)",
            f"{{\n    {prefix.upper()}_WRITE(base, {offset}, content);\n}}",
        ]
    return "\n".join(lines) + "\n"
