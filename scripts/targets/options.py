# SPDX-License-Identifier: BSD-2-Clause
"""The options of all targets, for `compare` and the command."""

import os
from dataclasses import fields
from typing import TypedDict

from firstspike.golden.timing.shape import CoreShape, Lanes


class Options(TypedDict, total=False):
    """Options of targets; for a missing option or None, the target chooses the value."""

    lanes: Lanes | None
    """Lanes of each layer of a generated core, at most one per neuron; or a number per layer."""
    window: int | None
    """The core advances by up to 2^window ticks at once."""
    bitmap: int | None
    """Bits of a word of pixels, which replace events."""
    rows: int | None
    """Rows of weights that the core adds per cycle."""
    overlap: bool | None
    """Whether the core accepts the next image while it decides the previous one."""
    port: str | None
    """Serial port of a board."""
    baud: int | None
    """Baud rate of a board's port."""
    board: str | None
    """Name of the board of a build that is simulated."""
    build: str | os.PathLike[str] | None
    """Folder of `firstspike build` with a netlist or a bitstream."""


HARDWARE = tuple(field.name for field in fields(CoreShape) if field.name != "one_tick")
"""Options of generated hardware. `one_tick` is not an option: `Folding.of` decides about it."""

OWN = {"board": ("port", "baud"), "netlist, routed or bitstream": ("board", "build")}
"""Options of targets with existing hardware."""
