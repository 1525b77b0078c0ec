# SPDX-License-Identifier: BSD-2-Clause
"""C for a core on a bus, compiled natively: as a library for a simulated core, or as a program."""

import os
import subprocess
from pathlib import Path
from typing import Any

from firstspike.golden.network import Network
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.bus.core_map import core_map
from firstspike.hdl.bus.images import Images
from firstspike.hdl.bus.register import RegisterMap
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow.bus.c_files import C_SUFFIXES, c_files
from firstspike.hdl.flow.bus.generate import GeneratedBusCore
from firstspike.hdl.flow.verilog import TOP

STRICT = ("-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
LANGUAGES = {"C99": ("gcc", "-std=c99"), "C++": ("g++", "-x", "c++", "-std=c++11")}
"""Compilers by the language that they take a file for."""

_SANITIZED = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

_REGISTERS = r"""
#include <stdint.h>
static uint32_t (*read_word)(uint32_t);
static void (*write_word)(uint32_t, uint32_t);
static uint32_t (*irq)(void);
#define FIRSTSPIKE_READ(base, offset) read_word((uint32_t)((base) + (offset)))
#define FIRSTSPIKE_WRITE(base, offset, value) write_word((uint32_t)((base) + (offset)), value)

void use_registers(uint32_t (*read)(uint32_t), void (*write)(uint32_t, uint32_t),
                   uint32_t (*level)(void))
{
    read_word = read;
    write_word = write;
    irq = level;
}
"""


def library(core: GeneratedBusCore, folder: Path, source: str, *options: str) -> str:
    """Compile `source`, which may include `core_driver.h`, as a library; gives its path.

    Call its `use_registers` first: it takes functions that access registers and see `irq`.
    """
    for suffix in C_SUFFIXES:
        (folder / f"core{suffix}").write_text(core.files.get(suffix, ""))
    return shared_library(folder, source, *options)


def shared_library(folder: Path, source: str, *options: str) -> str:
    """Likewise with the files of a core that are in the folder."""
    (folder / "library.c").write_text(_REGISTERS + source)
    words = ["-std=c99", "-Wall", "-Werror", "-shared", "-fPIC", *options]
    subprocess.run(["gcc", *words, "-I.", "-o", "library.so", "library.c"], cwd=folder, check=True)
    return str(folder / "library.so")


def write_c_files(
    folder: Path, network: Network, stem: str, name: str = TOP, learns: int | None = None, **of: Any
) -> tuple[CoreConfig, RegisterMap]:
    """Write the files in C of a core, whose folding is `of` and which may learn, without the core.

    Returns its configuration and its registers.
    """
    config = CoreConfig.of(
        network, Folding.of(network, CoreShape(**of)), any_weights=True, stored_bits=learns
    )
    registers = core_map(config, network, True, Images.of(config, network))
    texts = c_files(config, network, registers, name, stem, "made by a test")
    for suffix, text in texts.items():
        (folder / f"{stem}{suffix}").write_text(text)
    return config, registers


def complaints(folder: Path, source: str, language: str = "C99") -> str:
    """Return what a strict compiler of one of the `LANGUAGES` says of `source`."""
    (folder / "user.c").write_text(source)
    command = [*LANGUAGES[language], *STRICT, "-fsyntax-only", "user.c"]
    return subprocess.run(command, cwd=folder, stderr=subprocess.PIPE, text=True).stderr


def sanitized(folder: Path, source: str) -> Path:
    """Compile `source` as a program that stops at a fault of memory or an undefined result."""
    (folder / "program.c").write_text(source)
    command = ["gcc", "-std=c99", *STRICT, *_SANITIZED, "-o", "program", "program.c"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "program"


def ran(program: Path, *words: object, sent: bytes = b"") -> subprocess.CompletedProcess:
    """Run a program of `sanitized`; what it prints is bytes."""
    return subprocess.run(
        [program, *map(str, words)],
        input=sent,
        capture_output=True,
        env=os.environ | {"ASAN_OPTIONS": "detect_leaks=0"},
        timeout=600,
    )
