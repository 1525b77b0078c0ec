# SPDX-License-Identifier: BSD-2-Clause
"""Finds what rooms announce: features that are packages of their own, and can be taken out.

A room is all folders of one name in golden, hdl, sim, boards, scripts, docs and tests. The base
names no room: it asks the packages beside it for a table, which a room sets in its `__init__.py`.
A package of a room also says in `NEEDS` which other rooms it needs.
"""

from importlib import import_module
from pkgutil import iter_modules

PLACES = ("golden", "hdl", "sim", "boards", "scripts")

TYPE_CHECKING = False  # as type checkers know it; to import typing would delay the command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def announced(package: str, table: str) -> "Iterator[tuple[str, Any]]":
    """Yield what the packages inside of a package announce in a table of this name.

    Each comes with the full name of its package, in alphabetical order. The packages are imported:
    their `__init__.py` must be fast.
    """
    for found in iter_modules(import_module(package).__path__, f"{package}."):
        if found.ispkg and hasattr(module := import_module(found.name), table):
            yield found.name, getattr(module, table)


def rooms() -> "dict[str, tuple[str, ...]]":
    """Return the names of all rooms, and the rooms that each needs."""
    found: dict[str, tuple[str, ...]] = {}
    for place in PLACES:
        for package, needs in announced(f"{__package__}.{place}", "NEEDS"):
            name = package.rpartition(".")[2]
            found[name] = (*found.get(name, ()), *needs)
    return dict(sorted(found.items()))
