# SPDX-License-Identifier: BSD-2-Clause
"""The options of all targets, as `compare` and the command take them."""

import os
from dataclasses import fields
from typing import TypedDict

from firstspike.golden.timing.shape import CoreShape, Lanes


class Options(TypedDict, total=False):
    """Options of targets; None, or none given, leaves the choice to the target."""

    lanes: Lanes | None
    """Lanes of each layer of a generated core, at most one per neuron; or a number per layer."""
    window: int | None
    """The core advances by up to 2^window ticks at once."""
    bitmap: int | None
    """Bits of a word of pixels, which come in place of events."""
    rows: int | None
    """Rows of weights that the core adds per cycle."""
    overlap: bool | None
    """Whether the core takes the next image in while it decides the one before."""
    port: str | None
    """Serial port of a board."""
    baud: int | None
    """Baud rate of a board's port."""
    board: str | None
    """Name of the board of a build that is simulated."""
    build: str | os.PathLike[str] | None
    """Folder in which `firstspike build` has put a netlist or a bitstream."""


HARDWARE = tuple(field.name for field in fields(CoreShape) if field.name != "one_tick")
"""Options of hardware that is generated. What a layer may leave out of it is no option."""

OWN = {"board": ("port", "baud"), "netlist, routed or bitstream": ("board", "build")}
"""The options of targets with hardware of their own."""
