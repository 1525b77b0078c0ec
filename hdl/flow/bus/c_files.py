# SPDX-License-Identifier: BSD-2-Clause
"""The files in C beside a core on a bus: the header of its registers, the driver, the encoder.

Driver and encoder are files of `hdl/bus/c`, whose names in C begin with `firstspike`. A core of
another name gets another prefix, so that one program can use several cores.
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
"""Suffixes of the files in C; a core that encodes pixels itself has no `ENCODING`."""


def c_files(
    config: CoreConfig, network: Network, registers: RegisterMap, name: str, stem: str, said: str
) -> dict[str, str]:
    """The text of each of `C_SUFFIXES` for module `name`.

    The files' names begin with `stem`; `said` is what a generated file says of itself at first.
    """
    prefix = c_prefix(name)
    folder = files("firstspike.hdl.bus") / "c"
    tables = c_encoding(config, network, prefix)
    texts = {C_SUFFIXES[0]: c_header(registers, prefix, said)}
    replaced = {
        f"{PREFIX}_": f"{prefix}_",
        f"{PREFIX.upper()}_": f"{prefix.upper()}_",
        'include "': f'include "{stem}_',
        "/* @tables@ */": tables,
    }
    # In one pass, because a name may hold the text of a later replacement.
    pattern = re.compile("|".join(map(re.escape, replaced)))
    for suffix in C_SUFFIXES[1:]:
        text = (folder / suffix.removeprefix("_")).read_text()
        texts[suffix] = pattern.sub(lambda found: replaced[found[0]], text)
    return texts
