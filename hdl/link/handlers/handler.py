# SPDX-License-Identifier: BSD-2-Clause
"""The interface between the Engine and the handlers of requests."""

from collections.abc import Sequence

from amaranth.hdl import Array, Cat, Const, Module, ShapeLike, Value, ValueLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CoreSignature
from firstspike.hdl.lib.block import Block
from firstspike.hdl.link.framing.transmitter import RESPONSE_BYTE
from firstspike.hdl.link.protocol.formats import Request
from firstspike.hdl.link.protocol.messages import WORD_BYTES

WORD_BITS = 8 * WORD_BYTES


def request_signature(index: ShapeLike) -> wiring.Signature:
    """Return the signature of a request, with the directions of the Engine.

    `index` is the shape of a byte index. A request has three phases: payload, execution, response:

        active    ___/-------------------------------------------\\___
        payload       L P P P P c                                        c: a byte of the checksum
        execute   __________________/-----\\__________________________
        done      ________________________/-\\________________________
        response                              R R R end
        release   _____________________________________________/-\\__

    While a handler is not active, its inputs are 0 except `index`, `word` and the data of the
    payload, and the Engine ignores its outputs.
    """
    return wiring.Signature(
        {
            #: The request has a type of this handler.
            "active": Out(1),
            #: The type of the request.
            "kind": Out(Request),
            #: The board itself has started the request.
            "internal": Out(1),
            #: The bytes after type and sequence number, and one byte of the checksum.
            "payload": Out(stream.Signature(8)),
            #: Index of the next byte of the payload, or of the response; from 0.
            "index": Out(index),
            #: The latest four bytes of the payload.
            "word": Out(WORD_BITS),
            #: The payload is complete: execute the request.
            "execute": Out(1),
            #: With `execute`: the execution is complete, and the response may start.
            "done": In(1),
            #: With `done`: refuse the request, because it names something that does not exist.
            "refused": In(1),
            #: The bytes of the response's payload; `ready` is high in the cycle of a transfer.
            "response": In(stream.Signature(RESPONSE_BYTE)),
            #: High for a cycle: the response is complete.
            "release": Out(1),
        }
    )


class Handler(Block):
    """Base class of the handlers, each of which executes some types of requests.

    Ports: `request`, a `request_signature`, and the keyword parameters `ports`.
    """

    requests: tuple[Request, ...]
    """The types of requests that the handler executes."""

    def __init__(self, index: ShapeLike, **ports: wiring.Member | None) -> None:
        super().__init__(request=In(request_signature(index)), **ports)

    def respond(self, m: Module, values: Sequence[ValueLike] = ()) -> None:
        """Drive the payload of the response with these values, one byte each."""
        response, index = self.request.response, self.request.index
        count = len(values)
        # The index counts up to the end of the response, so its high bits are 0.
        m.d.comb += [
            response.valid.eq(1),
            response.payload.end.eq(index[: bits_for(count)] == count),
        ]
        if values:
            m.d.comb += response.payload.data.eq(Array(values)[index[: bits_for(count - 1)]])


def core_ports(config: CoreConfig, *names: str) -> dict[str, wiring.Member]:
    """Return those of the named ports that the Core has, with the directions of a handler."""
    members = CoreSignature(config).flip().members
    return {name: members[name] for name in names if name in members}


def bytes_of(value: ValueLike, count: int) -> list[Value]:
    """Return `value` as `count` bytes, the lowest first."""
    padded = Cat(value, Const(0, 8 * count))
    return [padded[8 * i :][:8] for i in range(count)]
