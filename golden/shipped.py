# SPDX-License-Identifier: BSD-2-Clause
"""Finds the networks of the package, in this folder, and loads networks by name."""

import os
from pathlib import Path
from typing import Protocol

from firstspike.golden.foreign.fields import NetworkError
from firstspike.golden.network import Network
from firstspike.golden.system.errors import quoted, remedy


class Fitted(Protocol):
    """A classifier or trainer that is fitted."""

    network_: Network


NetworkSource = Network | str | os.PathLike[str] | Fitted
"""The values from which `load_network` returns a network."""

_NETWORKS = Path(__file__).with_name("networks")


def shipped() -> list[str]:
    """Return the names of the networks of the package."""
    return sorted(file.stem for file in _NETWORKS.glob("*.npz"))


def shipped_file(name: str) -> Path | None:
    """Return the file of a network of the package, None for another name."""
    return _NETWORKS / f"{name}.npz" if name in shipped() else None


def load_network(source: "NetworkSource") -> Network:
    """Load a network of the package by its name (see `shipped`), or a network file by its path.

    A `Network`, and the network of a fitted classifier or trainer, are returned as they are: each
    function that takes a network accepts all of these. Raises as `Network.load`, and `NetworkError`
    if there is no network.
    """
    network = getattr(source, "network_", source)
    if isinstance(network, Network):
        return network
    if not isinstance(source, str | os.PathLike):
        raise NetworkError(
            f"network is {quoted(source)}: give a Network, a network file, one of "
            f"{', '.join(shipped())}, or a classifier or trainer that is fitted."
        )
    name = os.fspath(source)
    file = shipped_file(name)
    if file is not None:
        return Network.load(file)
    if not os.path.exists(name):
        raise NetworkError(
            f"there is no network {name!r}: {remedy(name, shipped(), 'give a network file, or')}"
        )
    return Network.load(name)
