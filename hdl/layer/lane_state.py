# SPDX-License-Identifier: BSD-2-Clause
"""The state of a layer's neurons: its layouts, and the memory of a layer with several words."""

from amaranth.hdl import Const, Module, Mux, Shape, Value, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing.layer import LayerFolding
from firstspike.hdl.lib.block import Block, struct, tap
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.lib.resetless_register import resetless_register

from .config import LayerConfig


def slope_shape(config: LayerConfig) -> Shape:
    """Return the shape of S."""
    return signed(config.widths.S)


def potential_shape(config: LayerConfig) -> Shape:
    """Return the shape of M."""
    return signed(config.widths.M)


def state_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of a neuron's state: M and S, or `fired` and S in a layer of one tick."""
    if config.folding.one_tick:
        return struct(fired=1, S=slope_shape(config))
    return struct(M=potential_shape(config), S=slope_shape(config))


def states_layout(config: LayerConfig) -> data.ArrayLayout:
    """Return the layout of a word of state: the state of one neuron per lane."""
    return data.ArrayLayout(state_layout(config), config.folding.lanes)


def lane_exists(folding: LayerFolding, group: Value, lane: int) -> Value:
    """Return whether `lane` of `group` is a neuron; the last group may be incomplete."""
    if (folding.groups - 1) * folding.lanes + lane < folding.columns:
        return Const(1)
    return group != folding.groups - 1


class StateMemory(Block):
    """A memory with a word of state per group, or per position and group.

    A word that is read in the cycle of its write is undefined. With `forwards`, the memory returns
    the written word instead.

    Latency: 1 cycle from `fetch` to `fetched`; throughput: one read and one write per cycle.

    Parameters: `shape` of a word; `depth`, the number of words, at least 2; `forwards`.
    """

    def __init__(self, *, shape: data.ArrayLayout, depth: int, forwards: bool) -> None:
        if depth < 2:
            raise ValueError(f"a memory of states has at least 2 words, not {depth}.")
        self._memory = state_memory(shape, depth)
        self._shape, self._forwards = shape, forwards
        super().__init__(
            #: Read the word at `address`.
            fetch=In(tap(address=range(depth))),
            #: The latest word read; undefined before the first read.
            fetched=Out(shape),
            #: Write `word` at `address`.
            store=In(tap(address=range(depth), word=shape)),
        )

    def build(self, m: Module) -> None:
        fetch, store = self.fetch, self.store
        read, write = self._memory.build(m, "memory", shape=self._shape.size)
        same = store.valid & (store.address == fetch.address) & self._forwards
        fetched = resetless_register(self._shape.size, "fetched")
        m.d.comb += [
            read.addr.eq(fetch.address),
            write.addr.eq(store.address),
            write.data.eq(store.word),
            write.en.eq(store.valid),
            self.fetched.eq(fetched),
        ]
        with m.If(fetch.valid):
            m.d.sync += fetched.eq(Mux(same, store.word.as_value(), read.data))


def state_memory(shape: data.ArrayLayout, depth: int) -> Memory:
    """Return the memory of a StateMemory."""
    return Memory("", shape.size, depth, no_collisions=True)
