# SPDX-License-Identifier: BSD-2-Clause
"""Names in the files beside a core on a bus: of the files themselves, and in C."""

import re

from firstspike.hdl.flow.identifiers import IdentifierError
from firstspike.hdl.flow.verilog import TOP

PREFIX = "firstspike"
"""Prefix of the names in C for a core that was given no name."""


def c_prefix(name: str) -> str:
    """Return the prefix of all names in C for the core of module `name`; of macros it is upper
    case.
    """
    return PREFIX if name == TOP else name


def check_stem(stem: str) -> None:
    """Raise IdentifierError unless C, FuseSoC and make take file names that begin with `stem`."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*", stem):
        raise IdentifierError(
            f"{stem + '.v'!r} cannot be named in C and in FuseSoC: with --bus name the file by the "
            "letters A to Z, digits and _ . + -, and begin with a letter, a digit or _."
        )
