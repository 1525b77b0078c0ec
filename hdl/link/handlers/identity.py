# SPDX-License-Identifier: BSD-2-Clause
"""The handler of HELLO, which identifies the board."""

from amaranth.hdl import Cat, Const, Module, Mux, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.flash import Fault
from firstspike.hdl.link.protocol.formats import IdentityFlag, Request

from .handler import Handler

LACK = wiring.Signature(
    {
        #: The core has no weights, or only a part of them.
        "missing": Out(1),
        #: The fault of the flash image.
        "fault": Out(Fault),
    }
)
"""Signature of the reason why a core with weights from a flash cannot decide."""


class IdentityHandler(Handler):
    """Answer HELLO with the previously expected sequence number, and the identity.

    After the payload, the stream of the `request` holds this sequence number: the Receiver stores
    it in the mark.

    Parameters: `length` of the identity, in bytes; `flashed`, whether the first weights are from a
    flash. If so, the flags of the identity report missing weights, and the fault of the flash.

    Throughput: that of the RomReader.
    """

    requests = (Request.HELLO,)

    def __init__(self, index: ShapeLike, length: int, flashed: bool = False) -> None:
        self._length, self._flashed = length, flashed
        super().__init__(
            index,
            #: The byte of the identity at `request.index`, from the RomReader.
            stored=In(stream.Signature(8)),
            #: Whether the core lacks weights, from FirstWeights.
            lack=In(LACK) if flashed else None,
        )

    def build(self, m: Module) -> None:
        request, answer = self.request, self.request.answer
        end = request.index == 1 + self._length
        expected, stored = (
            byte.bit_select(request.bit, 1)
            for byte in (request.payload.payload, self.stored.payload)
        )
        if self._flashed:
            missing = self.lack.missing
            # Byte 1 of the answer is the version, byte 2 the flags.
            flags = Cat(Const(0, IdentityFlag.LOADED), missing)
            ahead = Const(0, IdentityFlag.FAULT - len(flags))
            flags = Cat(flags, ahead, (self.lack.fault - 1)[:2] & missing.replicate(2))
            stored |= (request.index == 2) & flags.bit_select(request.bit, 1)
        m.d.comb += [
            request.payload.ready.eq(1),
            request.done.eq(1),
            answer.valid.eq(end | self.stored.valid),
            answer.payload.data.eq(Mux(request.index == 0, expected, stored)),
            answer.payload.end.eq(end),
            self.stored.ready.eq(answer.ready & (request.bit == 0)),
        ]
