# SPDX-License-Identifier: BSD-2-Clause
"""What a board knows of itself: its identity, the connected pixels, and the image it can show."""

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, tap

from .framing.receiver import LAST_PLACE
from .protocol.formats import Identity
from .protocol.messages import bitmap_bytes, bitmap_payload, packed


class BoardRom(Block):
    """A read-only memory: the identity, the mask of the connected pixels, the image to show.

    Ports
    -----
    select : {valid, place}, of the Receiver, which goes before the other reader.
    index, digit : which byte: of the answer to HELLO, whose first one is no constant, or of the
        payload of INPUTS, label and image.
    data : of the address of the cycle before.

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
        self._bits = (longest - 1).bit_length()
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
