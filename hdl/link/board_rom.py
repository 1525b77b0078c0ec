# SPDX-License-Identifier: BSD-2-Clause
"""The memory with what a board says of itself, which pixels are connected, and its stored image."""

from collections.abc import Iterator, Sequence

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, tap
from firstspike.hdl.lib.memories import Memory

from .framing.receiver import LAST_PLACE
from .protocol.formats import Identity
from .protocol.messages import bitmap_bytes, bitmap_payload, packed


class BoardRom(Block):
    """A read-only memory: the identity, the mask of the connected pixels, the image to show.

    Ports
    -----
    select : {valid, place}. The Receiver reads the mask at `place`; it goes before the RomReader.
    index, digit : Byte `index` is read, with `digit` of the stored image, with its label in front.
        Otherwise it is of the answer to HELLO, whose byte 0 is no constant.
    data : The byte that was asked for in the cycle before.

    Parameters: `identity`; `mask` and `digit`, bool [n], pixels, or None.
    """

    def __init__(
        self, identity: Identity, mask: np.ndarray | None, digit: np.ndarray | None
    ) -> None:
        # The parts begin at multiples of a power of two, so that addresses need no sum.
        parts = [b"\0" + identity.to_bytes(), b"", b""]
        if mask is not None:  # backwards, as places are counted
            parts[1] = bytes(LAST_PLACE) + bytes(reversed(packed(mask)))
        if digit is not None:
            parts[2] = bitmap_payload(digit)
        longest = max(map(len, parts))
        self._bits, _ = _places([len(part) for part in parts])
        self._selects, self._shows = mask is not None, digit is not None
        while not parts[-1]:
            parts.pop()
        # The last one whole, zeros at its end too: what lies behind a memory is not defined.
        *padded, last = parts
        self._content = b"".join(part.ljust(1 << self._bits, b"\0") for part in padded) + last
        place = range(bitmap_bytes(0 if mask is None else len(mask)) + LAST_PLACE)
        super().__init__(
            select=In(tap(place=place)), index=In(range(longest)), digit=In(1), data=Out(8)
        )

    @staticmethod
    def memories(identity: int, mask: int, digit: int) -> Iterator[Memory]:
        """The bytes of an identity, of a mask and a digit; each size is in bytes, 0 for none."""
        lengths = [1 + identity, mask and LAST_PLACE + mask, digit and 1 + digit]
        yield Memory("", 8, _places(lengths)[1], read_only=True)

    def build(self, m: Module) -> None:
        m.submodules.memory = rom = memory.Memory(
            shape=8, depth=len(self._content), init=self._content
        )
        read = rom.read_port()
        place = Cat(self.select.place, Const(0, self._bits))[: self._bits]
        index = Cat(self.index, Const(0, self._bits))[: self._bits]
        selects = self.select.valid if self._selects else Const(0)
        digit = self.digit if self._shows else Const(0)
        m.d.comb += [
            read.addr.eq(Cat(Mux(selects, place, index), selects, ~selects & digit)),
            self.data.eq(read.data),
        ]


def _places(lengths: Sequence[int]) -> tuple[int, int]:
    """Return the bits of a place in each part of these lengths, and the bytes of all parts.

    The parts begin at multiples of a power of two; the memory ends with the last that is there.
    """
    bits = (max(lengths) - 1).bit_length()
    last = max(number for number, length in enumerate(lengths) if length)
    return bits, (last << bits) + lengths[last]


class RomReader(Block):
    """Reads the BoardRom byte by byte, in the cycles in which the Receiver does not.

    Latency 2 cycles, throughput a byte in 3.
    """

    def __init__(self) -> None:
        super().__init__(
            #: The byte at the memory's address, which stays until it has been taken; what has been
            #: read is dropped when it is not wanted any more.
            wanted=In(1),
            #: The other reader has the memory.
            busy=In(1),
            #: Of the BoardRom.
            data=In(8),
            bytes=Out(stream.Signature(8)),
        )

    def build(self, m: Module) -> None:
        asked = Signal()
        m.d.sync += asked.eq(self.wanted & ~self.busy & ~asked & ~self.bytes.valid)
        with m.If(asked):
            m.d.sync += [self.bytes.payload.eq(self.data), self.bytes.valid.eq(1)]
        with m.If((self.bytes.valid & self.bytes.ready) | ~self.wanted):
            m.d.sync += self.bytes.valid.eq(0)
