# SPDX-License-Identifier: BSD-2-Clause
"""Who the board is: HELLO."""

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
        #: What is wrong with the flash.
        "fault": Out(Fault),
    }
)
"""Why a core whose first weights are from a flash cannot decide."""


class IdentityHandler(Handler):
    """Answers HELLO: the sequence that was expected before it, and the identity.

    Behind the payload of the `request` its stream says what was expected.

    Parameters: `length` of the identity, in bytes; `flashed`, whether the first weights are from a
    flash. Then its flags say whether there are any, and why not.

    Throughput: that of the RomReader.
    """

    requests = (Request.HELLO,)

    def __init__(self, index: ShapeLike, length: int, flashed: bool = False) -> None:
        self._length, self._flashed = length, flashed
        super().__init__(
            index,
            #: Of the RomReader: the byte of the identity at `request.index`.
            stored=In(stream.Signature(8)),
            #: Of the FirstWeights.
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
            # The version is in front of them.
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
