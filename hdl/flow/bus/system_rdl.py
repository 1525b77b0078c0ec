# SPDX-License-Identifier: BSD-2-Clause
"""A register map as SystemRDL 2.0."""

from firstspike.hdl.bus.register import (
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

_HARDWARE = {CONSTANT: "na", READ: "w", HOLD: "r", STICKY: "w", PORT: "rw"}


def system_rdl(registers: RegisterMap, name: str, notice: str) -> str:
    """Return the map as an addrmap called `name`, after the comment `notice`.

    Every name is escaped, so that keywords of SystemRDL are permitted as names.
    """
    first = "".join(f"// {line}\n" for line in notice.splitlines())
    inside = "".join(_register(register) for register in registers.registers)
    return f"{first}\naddrmap \\{name} {{\n  default regwidth = {WORD_BITS};\n{inside}}};\n"


def _register(register: Register) -> str:
    external = "external " if register.kind == PORT else ""
    fields = ""
    for field in register.fields:
        properties = [
            f'desc = "{field.meaning}"',
            f"sw = {register.access}",
            f"hw = {_HARDWARE[register.kind]}",
        ]
        if register.kind == STICKY:
            properties.append("onwrite = woclr")
        value = f" = {field.value:#x}" if register.kind in (CONSTANT, HOLD, STICKY) else ""
        inside = "; ".join(properties)
        high = field.low + field.bits - 1
        fields += f"    field {{ {inside}; }} \\{field.name}[{high}:{field.low}]{value};\n"
    array = f"[{register.count}]" if register.array else ""
    stride = f" += {WORD_BYTES}" if register.array else ""
    return (
        f'  {external}reg {{\n    desc = "{register.meaning}";\n{fields}'
        f"  }} \\{register.name}{array} @ {register.offset:#x}{stride};\n"
    )
