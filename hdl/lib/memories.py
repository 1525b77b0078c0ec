# SPDX-License-Identifier: BSD-2-Clause
"""The list of memories of a block. Each block class provides it without elaborating the block.

>>> [memory.path for memory in inside("layer_0", [Memory("store", 8, 40), Memory("", 9, 5)])]
['layer_0.store', 'layer_0']
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Memory:
    """A memory of a design."""

    path: str
    """Path of the module that contains the memory, with dots; empty for the listing block."""
    width: int
    """Bits of a word."""
    depth: int
    """Number of words."""
    asynchronous_read: bool = False
    """The read port is asynchronous (no read latency), which block RAM does not support."""
    read_only: bool = False
    """The memory is a ROM."""
    varying: int | None = None
    """Number of bits of a word that differ between words of a ROM; None if all of them may."""
    distributed: bool = False
    """The memory should be distributed RAM, on devices whose look-up tables can be memory."""
    compact: bool = False
    """The memory should be block RAM, on devices whose look-up tables cannot be memory."""
    one_address: bool = False
    """Reads and writes share an address and never coincide, so single-port RAM suffices."""


def inside(place: str, memories: Iterable[Memory]) -> Iterator[Memory]:
    """Yield the memories of the submodule named `place`, with their paths in the parent module."""
    for memory in memories:
        path = f"{place}.{memory.path}" if memory.path else place
        yield replace(memory, path=path)
