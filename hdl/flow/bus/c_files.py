# SPDX-License-Identifier: BSD-2-Clause
"""The C files that accompany a core on a bus: register header, driver and encoder.

Driver and encoder are files of `hdl/bus/c`, whose identifiers start with `firstspike`. For a core
with another name the prefix is replaced, so that one program can use several cores.
"""

import re
from importlib.resources import files

from firstspike.golden.network import Network
from firstspike.hdl.bus.register import RegisterMap
from firstspike.hdl.core.config import CoreConfig

from .c_encoding import c_encoding
from .c_header import c_header
from .names import PREFIX, c_prefix

ENCODING = "_encoding.h"
C_SUFFIXES = ("_registers.h", "_driver.h", ENCODING)
"""Suffixes of the C files; a core that encodes pixels in hardware has no `ENCODING`."""


def c_files(
    config: CoreConfig, network: Network, registers: RegisterMap, name: str, stem: str, notice: str
) -> dict[str, str]:
    """Return the text of each of `C_SUFFIXES` for module `name`.

    The file names start with `stem`; `notice` is the first comment of a generated file.
    """
    prefix = c_prefix(name)
    folder = files("firstspike.hdl.bus") / "c"
    tables = c_encoding(config, network, prefix)
    texts = {C_SUFFIXES[0]: c_header(registers, prefix, notice)}
    replaced = {
        f"{PREFIX}_": f"{prefix}_",
        f"{PREFIX.upper()}_": f"{prefix.upper()}_",
        'include "': f'include "{stem}_',
        "/* @tables@ */": tables,
    }
    # In one pass, because a replacement may contain the text of another one.
    pattern = re.compile("|".join(map(re.escape, replaced)))
    for suffix in C_SUFFIXES[1:]:
        text = (folder / suffix.removeprefix("_")).read_text()
        texts[suffix] = pattern.sub(lambda match: replaced[match[0]], text)
    return texts
