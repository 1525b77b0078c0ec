# SPDX-License-Identifier: BSD-2-Clause
"""What memories a block has: each block says so itself, so that designs are planned unbuilt.

>>> [memory.path for memory in inside("layer_0", [Memory("store", 8, 40), Memory("", 9, 5)])]
['layer_0.store', 'layer_0']
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Memory:
    """A memory of a design."""

    path: str
    """Path of the module that has it, with dots; empty for the block that says so."""
    width: int
    """Bits of a word."""
    depth: int
    """Words."""
    looked_up: bool = False
    """The word is needed in the cycle that asks for it, which block RAM cannot give."""
    read_only: bool = False
    varying: int | None = None
    """Bits of a word that differ from word to word, if it is only read; None for all of them."""
    near: bool = False
    """The words belong into look-up tables, on devices whose tables can be memory."""
    compact: bool = False
    """The words belong into block RAM, on devices whose tables cannot be memory."""
    one_address: bool = False
    """Reads and writes share an address, never in one cycle: single-port RAM will do."""


def inside(place: str, memories: Iterable[Memory]) -> Iterator[Memory]:
    """The memories of a submodule, as its parent says them; `place` is the submodule's name."""
    for memory in memories:
        path = f"{place}.{memory.path}" if memory.path else place
        yield replace(memory, path=path)
