# SPDX-License-Identifier: BSD-2-Clause
"""Targets that run a network: each is a module of this folder with a class named `Target`.

A target is imported when it is used, so that other targets do not wait for numba or Amaranth.
`target.py` defines the interface, and `comparison.py` compares a target with the golden model. This
package does not depend on the command line.
"""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firstspike.golden import Network

    from .target import Progress, Target

TARGETS = ("golden", "rtl", "board")
"""Targets that run and learn networks."""

BUILT = ("netlist", "routed", "bitstream")
"""Targets that run a build."""


def target_class(name: str) -> "type[Target]":
    """Return the class of one of `TARGETS` or `BUILT`."""
    return importlib.import_module(f".{name}", __package__).Target


def opened(
    name: str,
    net: str,
    network: "Network",
    options: Mapping[str, Any],
    progress: "Progress | None" = None,
) -> "Target":
    """Return one of `TARGETS` or `BUILT` for a network with the name `net`; use it with `with`.

    `options` are those of `Options`, and possibly others. Raises OptionError as `Target.check`
    does, and FirstSpike errors if the target is not available.
    """
    kind = target_class(name)
    kind.check(name, options)
    target = kind(net, network, **{option: options.get(option) for option in kind.takes})
    if progress is not None:
        target.progress = progress
    return target
