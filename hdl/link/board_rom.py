# SPDX-License-Identifier: BSD-2-Clause
"""The ROM of a board: its identity, and an image to show."""

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block
from firstspike.hdl.lib.memories import Memory

from .protocol.formats import Identity
from .protocol.messages import bitmap_payload


class BoardRom(Block):
    """A ROM with the answer to HELLO, and the payload of INPUTS for the image to show.

    Parameters: `identity`; `digit`, bool [n_connected], the image to show, or None.

    Latency: 2 cycles; throughput: one byte every 3 cycles.
    """

    def __init__(self, identity: Identity, digit: np.ndarray | None) -> None:
        # Each part starts at a multiple of a power of two, so that addresses need no adder. Byte 0
        # of the answer to HELLO is not a constant.
        parts = [b"\0" + identity.to_bytes(), b"" if digit is None else bitmap_payload(digit)]
        self._bits, _ = _layout([len(part) for part in parts])
        (self._memory,) = self.memories(*(len(part[1:]) for part in parts))
        # The last part is not padded; reads beyond the end of the memory are undefined.
        self._content = parts[0].ljust(1 << self._bits, b"\0") + parts[1] if parts[1] else parts[0]
        super().__init__(
            #: Enables reads. The address must be stable until the byte has been transferred.
            #: Without `enable`, a byte that was read is dropped.
            enable=In(1),
            #: Address: byte `index` of the answer to HELLO, or with `digit` of the stored image,
            #: which starts with the label.
            index=In(range(max(map(len, parts)))),
            digit=In(1) if parts[1] else None,
            #: The bytes read.
            bytes=Out(stream.Signature(8)),
        )

    @staticmethod
    def memories(identity: int, digit: int) -> tuple[Memory]:
        """Return the ROM for an identity and a digit of these sizes in bytes (0: none)."""
        return (Memory("", 8, _layout([1 + identity, digit and 1 + digit])[1], read_only=True),)

    def build(self, m: Module) -> None:
        m.submodules.memory = rom = self._memory.create(init=self._content)
        read = rom.read_port()
        index = Cat(self.index, Const(0, self._bits))[: self._bits]
        digit = self.digit if "digit" in self.signature.members else Const(0, 0)
        reading = Signal()
        m.d.comb += read.addr.eq(Cat(index, digit))
        m.d.sync += reading.eq(self.enable & ~reading & ~self.bytes.valid)
        with m.If(reading):
            m.d.sync += [self.bytes.payload.eq(read.data), self.bytes.valid.eq(1)]
        with m.If((self.bytes.valid & self.bytes.ready) | ~self.enable):
            m.d.sync += self.bytes.valid.eq(0)


def _layout(lengths: Sequence[int]) -> tuple[int, int]:
    """Return the address bits inside a part, and the bytes of all parts of these lengths.

    Each part starts at a multiple of a power of two; the memory ends with its last part.
    """
    bits = (max(lengths) - 1).bit_length()
    last = max(number for number, length in enumerate(lengths) if length)
    return bits, (last << bits) + lengths[last]
