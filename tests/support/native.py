# SPDX-License-Identifier: BSD-2-Clause
"""C for a core on a bus, compiled natively: its registers are those of a simulated core."""

import subprocess
from pathlib import Path

from firstspike.hdl.flow.bus.generate import GeneratedBusCore

_REGISTERS = r"""
#include <stdint.h>
static uint32_t (*read_word)(uint32_t);
static void (*write_word)(uint32_t, uint32_t);
#define FIRSTSPIKE_READ(base, offset) read_word((uint32_t)((base) + (offset)))
#define FIRSTSPIKE_WRITE(base, offset, value) write_word((uint32_t)((base) + (offset)), value)

void use_registers(uint32_t (*read)(uint32_t), void (*write)(uint32_t, uint32_t))
{
    read_word = read;
    write_word = write;
}
"""


def library(made: GeneratedBusCore, folder: Path, source: str, *options: str) -> str:
    """Compile `source`, which may include `core_driver.h`, as a library; gives its path.

    Before all else `use_registers` tells it how to read and write a register.
    """
    for suffix in ("_registers.h", "_driver.h"):
        (folder / f"core{suffix}").write_text(made.beside[suffix])
    (folder / "library.c").write_text(_REGISTERS + source)
    words = ["-std=c99", "-Wall", "-Werror", "-shared", "-fPIC", *options]
    subprocess.run(["gcc", *words, "-I.", "-o", "library.so", "library.c"], cwd=folder, check=True)
    return str(folder / "library.so")
