# SPDX-License-Identifier: BSD-2-Clause
"""What a handler of requests has to do with the Engine."""

from collections.abc import Sequence

from amaranth.hdl import Array, Cat, Const, Module, ShapeLike, Value, ValueLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CoreSignature
from firstspike.hdl.lib.block import Block
from firstspike.hdl.link.framing.transmitter import ANSWER_BIT
from firstspike.hdl.link.protocol.formats import Request
from firstspike.hdl.link.protocol.messages import WORD_BYTES

WORD_BITS = 8 * WORD_BYTES


def request_signature(index: ShapeLike) -> wiring.Signature:
    """A request under way, from the Engine's side; `index` is the shape of a byte's number.

    First comes the payload, then it is carried out, then answered:

        active   ___/-------------------------------------------\\___
        payload      L P P P P c                                        c: a byte of the checksum
        do       __________________/-----\\__________________________
        done     ________________________/-\\________________________
        answer                               A A A end
        release  _____________________________________________/-\\__

    All inputs of a handler but `index`, `word` and the payload's data are 0 while it is not active;
    and its outputs are not looked at.
    """
    return wiring.Signature(
        {
            #: Its type is one of the handler's.
            "active": Out(1),
            "kind": Out(Request),
            #: The board itself wants it, and there is no host that has asked.
            "unasked": Out(1),
            #: The handler has asked for it `again`.
            "second": Out(1),
            #: The bytes behind type and sequence, and a byte of the checksum.
            "payload": Out(stream.Signature(8)),
            #: Number of the payload's byte that is next, or of the answer's; from 0.
            "index": Out(index),
            #: The latest four bytes of the payload.
            "word": Out(WORD_BITS),
            #: The payload has been taken: carry the request out.
            "do": Out(1),
            #: With `do`: the answer may begin.
            "done": In(1),
            #: With `done`: the answer is a notice that there is no such thing.
            "refused": In(1),
            #: With `done`, if not refused: let it come once more, from its first byte.
            "again": In(1),
            #: Number of the answer's bit that is next, in its byte: from 7 to 0.
            "bit": Out(3),
            #: The payload of the answer; a handler sees `ready` where its bit is taken.
            "answer": In(stream.Signature(ANSWER_BIT)),
            #: For a cycle: all has been answered.
            "release": Out(1),
        }
    )


class Handler(Block):
    """Carries out some types of requests; its ports are the `request`, and `ports`."""

    requests: tuple[Request, ...]
    """The types that it takes."""

    def __init__(self, index: ShapeLike, **ports: wiring.Member) -> None:
        super().__init__(request=In(request_signature(index)), **ports)

    def answer_with(self, m: Module, values: Sequence[ValueLike] = ()) -> None:
        """Let the payload of the answer be these values, each in a byte."""
        answer, index = self.request.answer, self.request.index
        count = len(values)
        # The index goes up to the end, and its high bits stay 0.
        m.d.comb += [
            answer.valid.eq(1),
            answer.payload.end.eq(index[: bits_for(count)] == count),
        ]
        if values:
            byte = Array(values)[index[: bits_for(count - 1)]]
            m.d.comb += answer.payload.data.eq(bytes_of(byte, 1)[0].bit_select(self.request.bit, 1))


def core_ports(config: CoreConfig, *names: str) -> dict[str, wiring.Member]:
    """Those of these ports that the Core has, from a handler's side; the Engine joins them."""
    members = CoreSignature(config).flip().members
    return {name: members[name] for name in names if name in members}


def bytes_of(value: ValueLike, count: int) -> list[Value]:
    """`value` in so many bytes, the lowest first."""
    padded = Cat(value, Const(0, 8 * count))
    return [padded[8 * i :][:8] for i in range(count)]
