"""Who the board is: HELLO."""

from amaranth.hdl import Module
from amaranth.lib import stream
from amaranth.lib.wiring import In

from firstspike.hdl.lib.block import Block
from firstspike.hdl.link.protocol import Request

from .signature import request_signature


class IdentityHandler(Block):
    """Answers HELLO: the sequence that was expected before it, and the identity.

    Ports
    -----
    request : `request_signature`. Behind the payload its stream says what was expected.
    stored : stream of bytes, of the RomReader: that of the identity at `request.index`.

    Parameters: `length` of the identity, in bytes.

    Throughput: that of the RomReader.
    """

    requests = (Request.HELLO,)

    def __init__(self, index, length: int):
        self._length = length
        super().__init__(request=In(request_signature(index)), stored=In(stream.Signature(8)))

    def elaborate(self, platform):
        m = Module()
        request, answer = self.request, self.request.answer
        first, end = request.index == 0, request.index == 1 + self._length
        m.d.comb += [
            request.payload.ready.eq(1),
            request.done.eq(1),
            answer.valid.eq(end | self.stored.valid),
            answer.payload.data.eq(self.stored.payload),
            answer.payload.end.eq(end),
            self.stored.ready.eq(answer.ready),
        ]
        with m.If(first):
            m.d.comb += answer.payload.data.eq(request.payload.payload)
        return m
