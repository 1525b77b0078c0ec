# SPDX-License-Identifier: BSD-2-Clause
"""What can run a network: a target is a module here with a class named `Target`.

It is imported when it is used, so that nobody need wait for numba or Amaranth without a need.
`target.py` says what a target does, and `comparison.py` compares one with the golden model. Nothing
here knows of the command.
"""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firstspike.golden import Network

    from .target import Progress, Target

TARGETS = ("golden", "rtl", "board")
"""Those that run and learn networks."""

BUILT = ("netlist", "routed", "bitstream")
"""Those that run what was built."""


def target_class(name: str) -> "type[Target]":
    """The class of one of `TARGETS` or `BUILT`."""
    return importlib.import_module(f".{name}", __package__).Target


def opened(
    name: str,
    net: str,
    network: "Network",
    options: Mapping[str, Any],
    progress: "Progress | None" = None,
) -> "Target":
    """Return one of `TARGETS` or `BUILT` for a network that the user calls `net`; use it by `with`.

    `options` are those of `Options`, and maybe others. Raises OptionError as its `check` does, and
    our errors where it cannot be had.
    """
    kind = target_class(name)
    kind.check(name, options)
    target = kind(net, network, **{option: options.get(option) for option in kind.takes})
    if progress is not None:
        target.progress = progress
    return target
