# SPDX-License-Identifier: BSD-2-Clause
"""Names of the files that accompany a core on a bus, and of their identifiers in C."""

import re

from firstspike.hdl.flow.identifiers import IdentifierError
from firstspike.hdl.flow.verilog import TOP

PREFIX = "firstspike"
"""Prefix of the identifiers in C for a core with the default name."""


def c_prefix(name: str) -> str:
    """Return the prefix of the C identifiers for module `name`; macros use it in upper case."""
    return PREFIX if name == TOP else name


def check_stem(stem: str) -> None:
    """Raise IdentifierError unless C, FuseSoC and make accept file names that start with `stem`."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*", stem):
        raise IdentifierError(
            f"{stem + '.v'!r} cannot be named in C and in FuseSoC: with --bus name the file by the "
            "letters A to Z, digits and _ . + -, and begin with a letter, a digit or _."
        )
