# SPDX-License-Identifier: BSD-2-Clause
"""The handler of HELLO, which identifies the board."""

from amaranth.hdl import Cat, Const, Module, Mux, ShapeLike
from amaranth.lib import stream
from amaranth.lib.wiring import In

from firstspike.hdl.flash.weight_port_arbiter import WEIGHT_STATUS
from firstspike.hdl.link.protocol.formats import IdentityFlag, Request

from .handler import Handler


class IdentityHandler(Handler):
    """Answer HELLO with the sequence number expected before this HELLO, and the identity.

    After the payload, the stream of the `request` holds this sequence number: the Receiver stores
    it in the mark.

    Parameters: `length` of the identity, in bytes; `flashed`, whether the first weights are from a
    flash. If so, the flags of the identity report missing weights, and the fault of the flash.

    Latency and throughput: those of the BoardRom.
    """

    requests = (Request.HELLO,)

    def __init__(self, index: ShapeLike, length: int, flashed: bool = False) -> None:
        self._length, self._flashed = length, flashed
        super().__init__(
            index,
            #: The byte of the identity at `request.index`, from the BoardRom.
            stored=In(stream.Signature(8)),
            #: Whether the core lacks weights.
            weight_status=In(WEIGHT_STATUS) if flashed else None,
        )

    def build(self, m: Module) -> None:
        request, response = self.request, self.request.response
        end = request.index == 1 + self._length
        stored = self.stored.payload
        if self._flashed:
            missing = self.weight_status.missing
            # Byte 1 of the answer is the version, byte 2 the flags.
            flags = Cat(Const(0, IdentityFlag.NEEDS_WEIGHTS), missing)
            padding = Const(0, IdentityFlag.FAULT - len(flags))
            fault = (self.weight_status.fault - 1)[:2] & missing.replicate(2)
            stored |= Cat(flags, padding, fault) & (request.index == 2).replicate(8)
        m.d.comb += [
            request.payload.ready.eq(1),
            request.done.eq(1),
            response.valid.eq(end | self.stored.valid),
            response.payload.data.eq(Mux(request.index == 0, request.payload.payload, stored)),
            response.payload.end.eq(end),
            self.stored.ready.eq(response.ready),
        ]
