# SPDX-License-Identifier: BSD-2-Clause
"""What can run a network for a verb: a target is a module here with a class named `Target`.

It is imported when it is used, so that a verb need not wait for numba or Amaranth. `target.py` says
what a target does.
"""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firstspike.golden import Network

    from .target import Target

TARGETS = ("golden", "rtl", "board")
"""Those that run and learn networks."""

BUILT = ("netlist",)
"""Those that run what was built."""


def target_class(name: str) -> "type[Target]":
    """The class of one of `TARGETS` or `BUILT`."""
    return importlib.import_module(f".{name}", __package__).Target


def opened(name: str, net: str, network: "Network", options: Mapping[str, Any]) -> "Target":
    """One of `TARGETS` or `BUILT` for a network that the user calls `net`; use it by `with`.

    Raises click.UsageError as its `check` does, and our errors where it cannot be had.
    """
    kind = target_class(name)
    kind.check(name, options)
    return kind(net, network, **{option: options.get(option) for option in kind.takes})
