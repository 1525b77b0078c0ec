# SPDX-License-Identifier: BSD-2-Clause
"""The link of a board in plain Python: the frames it takes, drops and counts, and what it refuses.

It carries no requests out. The fuzz sends only requests that do nothing. The tests build a whole
board, with weights and decisions, on this model.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from firstspike.golden import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.layer.words import chunks_of
from firstspike.hdl.link.protocol.formats import (
    REQUEST_OVERHEAD,
    WEIGHTS_FORMAT,
    Cause,
    FrameError,
    Request,
    decode_frame,
)
from firstspike.hdl.link.protocol.messages import lengths_of

BROKEN = 1 << 8
"""Added to a byte: it comes without its stop bit."""


class ModelRequest(NamedTuple):
    """A request that waits to be done."""

    kind: int
    sequence: int
    expected: int
    """The sequence number that was expected at the arrival; the answer to a HELLO contains it."""
    payload: bytes


class LinkModel:
    """The state of a board's link since power-up: what it expects, holds and counts."""

    def __init__(
        self, network: Network, config: CoreConfig, ring_bytes: int, bench_images: int = 0
    ) -> None:
        self.lengths = lengths_of(config, network, bench_images)
        self.capacity = ring_bytes - 1
        self.layers = [(layer.words, chunks_of(layer)) for layer in config.layers]
        """Words of each layer, and chunks per word."""
        self.started_anew()

    def started_anew(self) -> None:
        """Set the state that holds after power-up."""
        self.expected = self.dropped = self.cause = 0
        self.ring: deque[ModelRequest] = deque()
        self._partial: list[int] = []

    def receive(self, content: Iterable[int]) -> None:
        """Take bytes off the line, some of them BROKEN; what fails a check is dropped."""
        for byte in content:
            if byte:
                self._partial.append(byte)
            elif self._partial:
                frame, self._partial = self._partial, []
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
        if not self.lengths[Request(kind)].permits(payload):
            return self.drop(Cause.LENGTH)
        if sequence != self.expected and kind != Request.HELLO:
            return self.drop(Cause.SEQUENCE)
        held = [*(one.payload for one in self.ring), payload]
        if sum(REQUEST_OVERHEAD + len(one) for one in held) > self.capacity:
            return self.drop(Cause.OVERRUN)
        self.ring.append(ModelRequest(kind, sequence, self.expected, payload))
        self.expected = (sequence + 1) & 0xFF
        return None

    def drop(self, cause: Cause) -> None:
        """Count a frame that is dropped."""
        self.cause, self.dropped = cause, (self.dropped + 1) & 0xFFFF

    def words_of(self, request: ModelRequest) -> tuple[int, slice] | None:
        """The layer and the words in it that a READ or WRITE is of; None if there are no such."""
        start, count = WEIGHTS_FORMAT.unpack_from(request.payload)
        layer, first = start & 0xFF, start >> 8
        if layer >= len(self.layers):
            return None
        words, chunks = self.layers[layer]
        count, rest = divmod(count, chunks)
        if rest or not count or first + count > words:
            return None
        return layer, slice(first, first + count)
