# SPDX-License-Identifier: BSD-2-Clause
"""The ROM of a board: its identity, the mask of the connected pixels, and an image to show."""

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
    """A ROM with the identity, the mask of the connected pixels, and the image to show.

    Ports
    -----
    select : {valid, place}; the Receiver reads the mask at `place`, with priority over the
        RomReader.
    index, digit : address for the RomReader. With `digit`, byte `index` of the stored image, which
        starts with the label; otherwise, of the answer to HELLO, whose byte 0 is not a constant.
    data : the byte at the address of the previous cycle.

    Latency: 1 cycle; throughput: one byte per cycle.

    Parameters: `identity`; `mask` and `digit`, bool [n] pixels, or None.
    """

    def __init__(
        self, identity: Identity, mask: np.ndarray | None, digit: np.ndarray | None
    ) -> None:
        # Each part starts at a multiple of a power of two, so that addresses need no adder.
        parts = [b"\0" + identity.to_bytes(), b"", b""]
        if mask is not None:  # reversed, because the Receiver counts down
            parts[1] = bytes(LAST_PLACE) + bytes(reversed(packed(mask)))
        if digit is not None:
            parts[2] = bitmap_payload(digit)
        longest = max(map(len, parts))
        self._bits, _ = _places([len(part) for part in parts])
        self._selects, self._shows = mask is not None, digit is not None
        while not parts[-1]:
            parts.pop()
        # The last part is not padded; reads beyond the end of the memory are undefined.
        *padded, last = parts
        self._content = b"".join(part.ljust(1 << self._bits, b"\0") for part in padded) + last
        place = range(bitmap_bytes(0 if mask is None else len(mask)) + LAST_PLACE)
        super().__init__(
            select=In(tap(place=place)), index=In(range(longest)), digit=In(1), data=Out(8)
        )

    @staticmethod
    def memories(identity: int, mask: int, digit: int) -> Iterator[Memory]:
        """Yield the ROM for an identity, a mask and a digit of these sizes in bytes (0: none)."""
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
    """Return the address bits inside a part, and the bytes of all parts of these lengths.

    Each part starts at a multiple of a power of two; the memory ends with its last part.
    """
    bits = (max(lengths) - 1).bit_length()
    last = max(number for number, length in enumerate(lengths) if length)
    return bits, (last << bits) + lengths[last]


class RomReader(Block):
    """Read the BoardRom byte by byte, in the cycles in which the Receiver does not use it.

    Latency: 2 cycles; throughput: one byte every 3 cycles.
    """

    def __init__(self) -> None:
        super().__init__(
            #: Enables reads. The address must be stable until the byte has been transferred.
            #: Without `wanted`, a byte that was read is dropped.
            wanted=In(1),
            #: The Receiver uses the memory in this cycle.
            busy=In(1),
            #: Read data of the BoardRom.
            data=In(8),
            #: The bytes read.
            bytes=Out(stream.Signature(8)),
        )

    def build(self, m: Module) -> None:
        asked = Signal()
        m.d.sync += asked.eq(self.wanted & ~self.busy & ~asked & ~self.bytes.valid)
        with m.If(asked):
            m.d.sync += [self.bytes.payload.eq(self.data), self.bytes.valid.eq(1)]
        with m.If((self.bytes.valid & self.bytes.ready) | ~self.wanted):
            m.d.sync += self.bytes.valid.eq(0)
