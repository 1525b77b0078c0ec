# SPDX-License-Identifier: BSD-2-Clause
"""The FIFO in which masks of fired neurons wait for their serialiser."""

from collections.abc import Callable, Iterator, Sequence

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.memories import Memory, inside
from firstspike.hdl.lib.pipeline import FallThroughFifo

Flags = Callable[[Value], Sequence[Value]]
"""A function that computes the flags of a mask."""


def entry_layout(fired: data.StructLayout, flags: Flags) -> data.StructLayout:
    """Return the layout of an entry of the FIFO: a payload of `fired`, and the flags of its mask.

    Raises TypeError for a layout without a field `mask`.
    """
    if "mask" not in fired.members:
        raise TypeError(f"a payload has a mask of fired neurons, not only {[*fired.members]}.")
    return struct(fired=fired, flags=len(flags(Const(0, fired.members["mask"]))))


class MaskFifo(Block):
    """The FIFO for the masks of a serialiser, which adds flags about the lanes of each mask.

    Latency: `latencies.MASK_CHECK` cycles; throughput: one mask per cycle. The sender must not
    exceed `depth` masks; `fired` has no back-pressure.

    Parameters: `fired`, the layout of a payload, with a field `mask`; `flags`; `depth` of the FIFO,
    a power of two.
    """

    def __init__(self, *, fired: data.StructLayout, flags: Flags, depth: int) -> None:
        self._fired, self._flags, self._depth = fired, flags, depth
        entry = entry_layout(fired, flags)
        super().__init__(
            #: Masks; always ready.
            fired=In(stream.Signature(fired)),
            #: Masks with their flags.
            o=Out(stream.Signature(entry)),
            #: The flags of `o` if the FIFO stores the mask, else 0.
            stored_flags=Out(entry["flags"].shape),
            #: The flags of `o` if the mask passes by the FIFO, else 0.
            passing_flags=Out(entry["flags"].shape),
        )

    @staticmethod
    def memories(fired: data.StructLayout, flags: Flags, depth: int) -> Iterator[Memory]:
        """Yield the memory of the FIFO."""
        memories = FallThroughFifo.memories(entry_layout(fired, flags), depth)
        yield from inside("waiting", memories)

    def build(self, m: Module) -> None:
        valid, arrival = Signal(), Signal(self._fired, reset_less=True)
        m.d.comb += self.fired.ready.eq(1)
        m.d.sync += [valid.eq(self.fired.valid), arrival.eq(self.fired.payload)]
        m.submodules.waiting = waiting = FallThroughFifo(self.o.payload.shape(), self._depth)
        flags = Cat(self._flags(arrival.mask))
        is_stored = waiting.filled.replicate(len(flags))
        self._registers = valid, arrival, waiting  # for a formal proof
        m.d.comb += [
            waiting.i.valid.eq(valid),
            waiting.i.payload.fired.eq(arrival),
            waiting.i.payload.flags.eq(flags),
            self.stored_flags.eq(is_stored & waiting.read.data.flags),
            self.passing_flags.eq(~is_stored & flags),
        ]
        wiring.connect(m, waiting.o, wiring.flipped(self.o))
