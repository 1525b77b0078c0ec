# SPDX-License-Identifier: BSD-2-Clause
"""Lends what all simulations by Verilator share, which takes long to compile, to an empty cache."""

from pathlib import Path

from firstspike.sim.harness.cache import cache_folder


def lend_runtime(cache: Path) -> set[str]:
    """Link what is compiled into another cache folder; returns the names of what is linked."""
    lent = set()
    for compiled in cache_folder().glob("?" * 40 + "/verilated.o"):
        made = compiled.parent
        for path in (made, made.with_suffix(".sums")):
            if path.exists():
                (cache / path.name).symlink_to(path)
        lent.add(made.name)
    return lent
