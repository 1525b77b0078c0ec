# SPDX-License-Identifier: BSD-2-Clause
"""Memories of blocks: one record lists a memory for the planner of block RAM, and builds it.

A block class lists its memories with `memories(...)`, without elaborating the block.

>>> [memory.path for memory in inside("layer_0", [Memory("store", 8, 40), Memory("", 9, 5)])]
['layer_0.store', 'layer_0']
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from amaranth.hdl import Elaboratable, Fragment, MemoryInstance, Module, Shape, ShapeLike
from amaranth.lib import memory


class Ports(NamedTuple):
    """The ports of a memory."""

    read: memory.ReadPort
    """An asynchronous read port; with a register behind it, Yosys infers block RAM."""
    write: memory.WritePort


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
    no_collisions: bool = False
    """A word that is read in the cycle of its write is not used."""

    def build(
        self, m: Module, name: str, *, shape: ShapeLike | None = None, init: Iterable[Any] = ()
    ) -> Ports:
        """Add the memory to `m` as submodule `name`, with words of `shape`; return its ports."""
        m.submodules[name] = array = self.create(shape=shape, init=init)
        return Ports(array.read_port(domain="comb"), array.write_port())

    def create(self, *, shape: ShapeLike | None = None, init: Iterable[Any] = ()) -> memory.Memory:
        """Return the memory, with words of `shape`, for a block that adds other ports to it."""
        flags = {
            "distributed": self.distributed,
            "compact": self.compact,
            "no_rw_check": self.no_collisions,
        }
        return memory.Memory(
            shape=self.width if shape is None else shape,
            depth=self.depth,
            init=init,
            attrs={flag: 1 for flag, is_set in flags.items() if is_set},
        )


def inside(name: str, memories: Iterable[Memory]) -> Iterator[Memory]:
    """Yield the memories of the submodule `name`, with their paths in the parent module."""
    for listed in memories:
        path = f"{name}.{listed.path}" if listed.path else name
        yield replace(listed, path=path)


def memories_built(block: Elaboratable, outside: str) -> list[Memory]:
    """Return the memories of an elaborated block, without those of its submodule `outside`.

    Width, depth and whether the memory is a ROM are known; other attributes have their defaults.
    """
    children = Fragment.get(block, None).subfragments
    return [
        listed
        for child, name, _ in children
        if name != outside
        for listed in _memories_of_fragment(child, name)
    ]


def _memories_of_fragment(fragment: Fragment, path: str) -> Iterator[Memory]:
    for child, name, _ in fragment.subfragments:
        if isinstance(child, MemoryInstance):
            data, writes = child._data, child._write_ports  # Amaranth has no public names for these
            width = Shape.cast(data.shape).width
            yield Memory(path, width, data.depth, read_only=not writes)
        else:
            yield from _memories_of_fragment(child, f"{path}.{name}")
