# SPDX-License-Identifier: BSD-2-Clause
"""Finds the networks of the package, in this folder, and loads networks by name."""

import os
from pathlib import Path

from firstspike.golden.foreign.fields import NetworkError
from firstspike.golden.network import Network
from firstspike.golden.system.errors import remedy

_NETWORKS = Path(__file__).parent


def shipped() -> list[str]:
    """Return the names of the networks of the package."""
    return sorted(file.stem for file in _NETWORKS.glob("*.npz"))


def shipped_file(name: str) -> Path | None:
    """Return the file of a network of the package, None for another name."""
    return _NETWORKS / f"{name}.npz" if name in shipped() else None


def load_network(name_or_path: str | os.PathLike[str]) -> Network:
    """Load a network of the package by its name (see `shipped`), or a network file by its path.

    Raises as `Network.load`, and `NetworkError` if there is neither.
    """
    name = os.fspath(name_or_path)
    file = shipped_file(name)
    if file is not None:
        return Network.load(file)
    if not os.path.exists(name):
        raise NetworkError(
            f"there is no network {name!r}: {remedy(name, shipped(), 'give a network file, or')}"
        )
    return Network.load(name)
