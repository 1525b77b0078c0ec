# SPDX-License-Identifier: BSD-2-Clause
"""The link of a board in plain Python: the frames it takes, drops and counts, and what it refuses.

What the requests do is another's: the fuzz takes those alone that do nothing, and the tests have a
whole board, with weights and decisions, that is built on this.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from firstspike.golden import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.layer.words import chunks_of
from firstspike.hdl.link.protocol.formats import (
    ADDRESS_FORMAT,
    RING_OVERHEAD,
    Cause,
    FrameError,
    Request,
    decode_frame,
)
from firstspike.hdl.link.protocol.messages import WORD_BYTES, lengths_of

BROKEN = 1 << 8
"""Added to a byte: it comes without its stop bit."""


class Taken(NamedTuple):
    """A request that waits to be done."""

    kind: int
    sequence: int
    expected: int
    """The sequence number that was expected when it came, which a HELLO is told."""
    payload: bytes


class LinkModel:
    """What a board expects, holds and counts, from its power-up on."""

    def __init__(
        self, network: Network, config: CoreConfig, ring_bytes: int, bench_images: int = 0
    ) -> None:
        self.lengths = lengths_of(config, network, bench_images)
        self.capacity = ring_bytes - 1
        self.layers = [(layer.words, chunks_of(layer)) for layer in config.layers]
        """Of each the words, and the chunks of one."""
        self.started_anew()

    def started_anew(self) -> None:
        """As after power-up."""
        self.expected = self.dropped = self.cause = 0
        self.ring: deque[Taken] = deque()
        self._begun: list[int] = []

    def receive(self, content: Iterable[int]) -> None:
        """Take bytes off the line, some of them BROKEN; what fails a check is dropped."""
        for byte in content:
            if byte:
                self._begun.append(byte)
            elif self._begun:
                frame, self._begun = self._begun, []
                self._check(frame)

    def _check(self, frame: list[int]) -> None:
        if any(byte & BROKEN for byte in frame):
            return self.drop(Cause.FRAMING)
        try:
            kind, sequence, payload = decode_frame(bytes(frame))
        except FrameError as error:
            return self.drop(error.cause)
        if kind not in self.lengths:
            return self.drop(Cause.TYPE)
        length = self.lengths[Request(kind)]
        more = len(payload) - length.least
        if more < 0 or (more and not length.variable) or more % WORD_BYTES:
            return self.drop(Cause.LENGTH)
        if sequence != self.expected and kind != Request.HELLO:
            return self.drop(Cause.SEQUENCE)
        held = [*(one.payload for one in self.ring), payload]
        if sum(RING_OVERHEAD + len(one) for one in held) > self.capacity:
            return self.drop(Cause.OVERRUN)
        self.ring.append(Taken(kind, sequence, self.expected, payload))
        self.expected = (sequence + 1) & 0xFF
        return None

    def drop(self, cause: Cause) -> None:
        """Count a frame that is dropped."""
        self.cause, self.dropped = cause, (self.dropped + 1) & 0xFFFF

    def words_of(self, request: Taken) -> tuple[int, slice] | None:
        """The layer and the words in it that a READ or WRITE is of; None if there are no such."""
        (place,) = ADDRESS_FORMAT.unpack_from(request.payload)
        layer, first = place & 0xFF, place >> 8
        if layer >= len(self.layers):
            return None
        words, chunks = self.layers[layer]
        content = request.payload[ADDRESS_FORMAT.size :]
        if request.kind == Request.READ:
            count, rest = content[0], 0
        else:
            count, rest = divmod(len(content), chunks * WORD_BYTES)
        if rest or not count or first + count > words:
            return None
        return layer, slice(first, first + count)
